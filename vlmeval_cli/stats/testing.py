"""Which test an output gets, and what a test found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from vlmeval_cli.core.config import Test
from vlmeval_cli.core.metric import Output

Kind = Literal["bootstrap", "randomization", "mcnemar", "sacrebleu_bs", "sacrebleu_ar", "comet"]
ROUNDING = 1e-10  # of a score: differences closer than this are one and the same

_ONLY_FOR: Mapping[str, str] = {
    "mcnemar": "McNemar's test is for single right-or-wrong answers",
    "sacrebleu_bs": "sacrebleu's test is for sums over items",
    "sacrebleu_ar": "sacrebleu's test is for sums over items",
    "comet": "COMET's procedure is for means of item scores",
}


class Tested(NamedTuple):
    """What a test found.

    Attributes:
        p_value: two-sided; None where the test says nothing.
        test: in words.
        reason: why there is no p-value.
        details: further numbers of the procedure.
    """

    p_value: float | None
    test: str
    reason: str | None = None
    details: Mapping[str, float] = {}


class Facts(NamedTuple):
    """What decides the test of an output.

    Attributes:
        is_pooled: its score is no function of sums.
        is_binary: every item scores 0 or 1.
        is_clustered: several items share a cluster.
    """

    is_pooled: bool
    is_binary: bool
    is_clustered: bool


def choose(test: Test, output: Output, facts: Facts) -> tuple[Kind, str]:
    """The test of an output, and why it is not the one that was asked for, if it is not.

    McNemar is for answers that are right or wrong and do not share a cluster; the procedures of
    sacrebleu need sums, and COMET's the mean of item scores. Where ``test`` does not fit, the
    output gets that of "auto".
    """
    if test == "auto":
        return _auto(facts), ""
    if _fits(test, output, facts):
        return test, ""
    return _auto(facts), _ONLY_FOR[test]


def _auto(facts: Facts) -> Kind:
    if facts.is_pooled:
        return "bootstrap"
    return "mcnemar" if facts.is_binary and not facts.is_clustered else "randomization"


def _fits(test: Kind, output: Output, facts: Facts) -> bool:
    if test == "mcnemar":
        return facts.is_binary and not facts.is_clustered and not facts.is_pooled
    if test == "comet":
        return output.has_item_score and output.kind in ("binary", "mean") and not facts.is_pooled
    return test in ("bootstrap", "randomization") or not facts.is_pooled
