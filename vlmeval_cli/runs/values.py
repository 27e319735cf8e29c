"""The values of the items as their task reads them; others are refused, or left out and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError
from vlmeval_cli.core.results import JoinReport
from vlmeval_cli.joining import Dataset, is_empty
from vlmeval_cli.runs.gathering import EXAMPLES, Gathered
from vlmeval_cli.tasks.base import Task

# Layouts in which "" is a reference: SQuAD v2 answers unanswerable questions by it, and in a file
# of lines it is a segment without a text.
_EMPTY_IS_ANSWER = frozenset({"squad_v2", "lines"})


def as_values(gathered: Gathered, task: Task, config: RunConfig) -> Gathered:
    """The items with predictions and references as the task reads them.

    Items without a reference are left out, unless the task needs none or no field holds any. A
    prediction that is none of the task's is an error; where bad rows are left out it is missing, as
    if its row could not be read at all.

    Raises:
        DataError: a value is none of the task's, or no item has a reference.
    """
    dataset, policy = gathered.dataset, config.join.on_bad_row
    left, right = gathered.predictions, gathered.references
    mine = task.read_predictions(
        dataset.predictions, left.field, left.place(dataset.prediction_lines), policy
    )
    theirs = task.read_references(
        dataset.references,
        right.field,
        right.place(dataset.lines),
        policy,
        empty_is_answer=right.layout.name in _EMPTY_IS_ANSWER,
    )
    needs = task.needs_references and bool(right.field) and not all(theirs.values)
    unusable = {i for i, found in enumerate(theirs.values) if not found} if needs else set()
    unanswered = [i for i in sorted(unusable) if i not in theirs.bad]
    lost = {i: why for i, why in mine.bad.items() if i not in unusable}
    if lost and config.join.missing == "error":
        _refuse_lost(gathered, lost)
    dataset = replace(dataset, predictions=mine.values, references=theirs.values)
    if len(unusable) == len(dataset):
        raise DataError(
            f'{right.path}: no item has a reference in "{right.field}"',
            hint="Name the field that holds the accepted answers with --reference-field.",
        )
    if unusable:
        dataset = dataset.at([i for i in range(len(dataset)) if i not in unusable])
    report = gathered.report
    if lost or theirs.bad or unusable:
        bad = [*lost.values(), *theirs.bad.values()]
        report = _recounted(report, dataset, bad, [gathered.dataset.ids[i] for i in unanswered])
    labels = cache(lambda: _labels(gathered, task, theirs.values))
    return replace(gathered, dataset=dataset, report=report, labels=labels)


def _labels(gathered: Gathered, task: Task, wanted: Sequence[Sequence[Any]]) -> list[str]:
    """The texts among all references, so that a selection of items changes no reading of them."""
    if gathered.every_reference is not None:
        right, recorded = gathered.references, gathered.every_reference()
        wanted = task.read_references(recorded, right.field, str, "skip").values
    flat = [*chain.from_iterable(wanted)]
    if set(map(type, flat)) == {str}:
        return sorted(set(flat))
    return sorted({text for text in flat if isinstance(text, str)})


def _refuse_lost(gathered: Gathered, lost: Mapping[int, str]) -> None:
    first = next(iter(lost.values()))
    many = f" ({len(lost):,} such rows)" if len(lost) > 1 else ""
    raise DataError(
        f"{first}{many}; without it the item has no prediction",
        hint="Pass --missing skip (leave such items out) or worst (score them as missing) too.",
    )


def _recounted(
    report: JoinReport, left: Dataset, bad: Sequence[str], unanswered: Sequence[str]
) -> JoinReport:
    """The join report of the items that are ``left``, with the rows that are not.

    Args:
        report: of all items.
        left: those with values of the task.
        bad: what is wrong with values that are none of the task's.
        unanswered: ids of items without a reference.
    """
    pairs = [*zip(left.ids, left.predictions, strict=True)]
    missing = [name for name, prediction in pairs if prediction is None]
    empty = [name for name, prediction in pairs if is_empty(prediction)]
    examples = {
        **report.examples,
        "missing": missing,
        "empty": empty,
        "bad_rows": [*report.examples.get("bad_rows", ()), *bad],
        "no_reference": [*report.examples.get("no_reference", ()), *unanswered],
    }
    return replace(
        report,
        matched=len(left) - len(missing),
        missing=len(missing),
        empty=len(empty),
        bad_rows=report.bad_rows + len(bad),
        no_reference=report.no_reference + len(unanswered),
        examples={kind: tuple(shown[:EXAMPLES]) for kind, shown in examples.items() if shown},
    )
