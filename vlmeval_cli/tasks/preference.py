"""Preference: recorded verdicts of judges or people on pairs of answers. No judge is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.parsing.items import Place, ReferenceValues
from vlmeval_cli.parsing.judgments.columns import JUDGES, LENGTHS, ORDERS, RIVALS
from vlmeval_cli.parsing.judgments.fields import FIELDS
from vlmeval_cli.parsing.judgments.reading import judgments, read_winners
from vlmeval_cli.tasks.base import Defaults, Facts, Task, value

_BESIDE = {
    LENGTHS: "length_controlled_win_rate",
    ORDERS: "position_bias",
    JUDGES: "judge_agreement",
    RIVALS: "bradley_terry",
}
_BY_LENGTH = 0.05
_LOW_CONSISTENCY = 0.8
_LEANS = 0.1
_TENTATIVE = 0.667  # Krippendorff 2004, page 241


def _defaults(facts: Facts) -> Defaults:
    beside = (name for column, name in _BESIDE.items() if column in facts.columns)
    return Defaults(("win_rate", *beside), primary="win_rate")


def _no_references(
    values: Sequence[Any],
    field: str,
    place: Place,
    on_bad_row: OnBadRow = "error",
    /,
    *,
    empty_is_answer: bool = False,
) -> ReferenceValues:
    """Verdicts are compared with nothing, whatever else a row holds."""
    return ReferenceValues([[] for _ in values], {})


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    return [*_about_length(scores), *_about_position(scores), *_about_judges(scores)]


def _about_length(scores: Mapping[str, Score]) -> list[Diagnosis]:
    raw, controlled = (value(scores, n) for n in ("win_rate", "length_controlled_win_rate"))
    if raw is None or controlled is None or abs(raw - controlled) <= _BY_LENGTH:
        return []
    is_helped = raw > controlled
    return [
        Diagnosis(
            pattern=f"the win rate is {raw:.2f}, and {controlled:.2f} at equal length",
            meaning="the model wins partly by the length of its answers"
            if is_helped
            else "the length of its answers costs the model wins",
            advice="report both, and see the table of length and verdicts; bring the answers to "
            "like lengths and judge again",
        )
    ]


def _about_position(scores: Mapping[str, Score]) -> list[Diagnosis]:
    same, first, second = (
        value(scores, n) for n in ("position_consistency", "biased_to_first", "biased_to_second")
    )
    if same is None or first is None or second is None or same >= _LOW_CONSISTENCY:
        return []
    leaning = ""
    if abs(first - second) > _LEANS:
        leaning = f", mostly to the answer shown {'first' if first > second else 'second'}"
    return [
        Diagnosis(
            pattern=f"{1 - same:.0%} of the verdicts change when the answers change places",
            meaning=f"the judge is moved by the order{leaning}",
            advice="judge every pair in both orders and let the two verdicts count together, as "
            "win_rate does; take a stronger judge",
        )
    ]


def _about_judges(scores: Mapping[str, Score]) -> list[Diagnosis]:
    alpha = value(scores, "judge_alpha")
    if alpha is None or alpha >= _TENTATIVE:
        return []
    return [
        Diagnosis(
            pattern=f"judges agree little (alpha {alpha:.2f})",
            meaning="who judges matters as much as who answers",
            advice="see the table of judges; write clearer instructions, or look at win rates of "
            "each judge alone",
        )
    ]


TASK = Task(
    name="preference",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=_diagnose,
    fields=FIELDS,
    needs_references=False,
    repeats="list",
    read_predictions=read_winners,
    read_references=_no_references,
    parse=judgments,
    reads=frozenset({"model"}),
)
