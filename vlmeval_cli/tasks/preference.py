"""Preference: recorded verdicts of judges or people on pairs of answers. No judge is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.parsing.items import Place, ReferenceValues
from vlmeval_cli.parsing.judgments.columns import JUDGES, LENGTHS, ORDERS, RIVALS
from vlmeval_cli.parsing.judgments.fields import FIELDS
from vlmeval_cli.parsing.judgments.reading import judgments, read_winners
from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.preference import PATTERNS

_BESIDE = {
    LENGTHS: "length_controlled_win_rate",
    ORDERS: "position_bias",
    JUDGES: "judge_agreement",
    RIVALS: "bradley_terry",
}


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


TASK = Task(
    name="preference",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=PATTERNS,
    fields=FIELDS,
    needs_references=False,
    repeats="list_by_question",
    read_predictions=read_winners,
    read_references=_no_references,
    parse=judgments,
    reads=frozenset({"model"}),
)
