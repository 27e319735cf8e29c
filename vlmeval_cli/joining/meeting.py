"""The inner part of a join: keys are known, rows meet and are counted."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, islice
from typing import Any, Literal, NamedTuple

from vlmeval_cli.core.config import JoinPolicy
from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.core.results import JoinReport
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.joining.columns import Columns
from vlmeval_cli.joining.items import Items, Keys
from vlmeval_cli.joining.paths import WHOLE_ROW
from vlmeval_cli.joining.selection import Selection

EXAMPLES = 5

# Several predictions of one id: an error, a list, or a list that is empty where there is none
# (in detection the item is the image, and no box is a prediction too); this last one always, or
# only where some id repeats. "list_by_question" is a list too, of rows that ask the same.
Repeats = Literal["error", "list", "list_by_question", "list_or_empty", "list_if_repeated"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """``n`` reference items with their predictions.

    Attributes:
        ids: as the references spell them.
        predictions: None where missing; lists where a task takes several.
        references: accepted answers of each item.
        fields: other fields by name; the references' where both files have them.
        lines: line of each item in the references.
        prediction_lines: line of each prediction, the first of several, 0 where missing.
    """

    ids: Sequence[str]
    predictions: list[Any]
    references: list[list[Any]]
    fields: Mapping[str, list[Any]]
    lines: Sequence[int]
    prediction_lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, items: Sequence[int]) -> Dataset:
        """The data set of only those items, in the order given."""
        return Dataset(
            ids=_at(self.ids, items),
            predictions=_at(self.predictions, items),
            references=_at(self.references, items),
            fields={name: _at(column, items) for name, column in self.fields.items()},
            lines=array("q", _at(self.lines, items)),
            prediction_lines=array("q", _at(self.prediction_lines, items)),
        )


class Meeting(NamedTuple):
    """Two files whose rows have keys, and the items of the references.

    ``remedy`` says what would let more of them meet, if anything would.
    """

    predictions: Columns
    references: Columns
    prediction_name: str
    reference_name: str | None
    id_names: tuple[str, str]
    keys: Keys
    items: Items
    remedy: str = ""


class Wanted(NamedTuple):
    """The selected items that can be scored, by their first rows, and those that cannot."""

    rows: Sequence[int]
    references: list[list[Any]]
    unanswered: list[int]


def meet(
    meeting: Meeting, policy: JoinPolicy, selection: Selection, repeats: Repeats
) -> tuple[Dataset, JoinReport]:
    """Give each selected item its prediction, and count what did not meet.

    Raises:
        DataError: repeated ids of predictions, or missing predictions that are an error.
    """
    repeats = _settled(meeting, repeats)
    index = _index(meeting, repeats)
    wanted = _wanted(meeting, selection)
    met = _met(meeting, index, wanted.rows)
    dataset = Dataset(
        ids=_at(meeting.keys.shown, wanted.rows),
        predictions=_predictions(meeting, met, repeats),
        references=wanted.references,
        fields=_fields(meeting, wanted.rows, met, repeats),
        lines=array("q", _at(meeting.references.lines, wanted.rows)),
        prediction_lines=_lines(meeting.predictions, met),
    )
    report = _report(meeting, dataset, wanted, index)
    if report.missing and policy.missing == "error":
        _refuse_missing(meeting, dataset, report)
    said = {"missing": policy.missing, **selection.policy()}
    return dataset, replace(report, policy=said)


def every_reference(meeting: Meeting) -> list[list[Any]]:
    """Accepted answers of all items, selected or not."""
    id_name = meeting.id_names[1]
    return meeting.items.references(meeting.references, meeting.reference_name, id_name)


def _settled(meeting: Meeting, repeats: Repeats) -> Repeats:
    if repeats == "list_by_question":
        return "list"
    if repeats != "list_if_repeated":
        return repeats
    keys = meeting.keys.predictions
    repeat = len(set(keys)) < len(keys) or bool(meeting.items.more)
    return "list_or_empty" if repeat else "error"


def _met(meeting: Meeting, index: Mapping[str, int], rows: Sequence[int]) -> Sequence[int | None]:
    """The row of the predictions that each of the ``rows`` of the references meets."""
    keys = _at(meeting.keys.references, rows)
    if keys == meeting.keys.predictions:  # as in two files of one order
        return range(len(keys))
    return list(map(index.get, keys))


def _at(values: Sequence[Any], rows: Iterable[int]) -> list[Any]:
    if rows == range(len(values)):
        return list(values)
    return list(map(values.__getitem__, rows))


def _index(meeting: Meeting, repeats: Repeats) -> dict[str, int]:
    """Key → first row of the predictions."""
    keys = meeting.keys.predictions
    last = dict(zip(keys, range(len(keys)), strict=True))
    if len(last) == len(keys):
        return last
    if repeats == "error":
        _refuse_repeats(meeting)
    # Written backwards, the first row of each key is the one that stays.
    return dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))


def _refuse_repeats(meeting: Meeting) -> None:
    first: dict[str, int] = {}
    repeated: dict[str, tuple[int, int]] = {}
    for row, key in enumerate(meeting.keys.predictions):
        if (head := first.setdefault(key, row)) != row:
            repeated.setdefault(key, (head, row))
    key, (head, row) = next(iter(repeated.items()))
    columns = meeting.predictions
    others = f"; {len(repeated):,} ids repeat" if len(repeated) > 1 else ""
    raise DataError(
        f"{columns.where(row)}: id {quoted(key)} repeats "
        f"{columns.layout.unit} {columns.lines[head]}, "
        f"expected one prediction for each id{others}",
        hint=_swap_hint(meeting, len(repeated))
        or "Keep one row of each id, or name another field with --id-field.",
    )


def _swap_hint(meeting: Meeting, n_repeated: int) -> str:
    """Several rows of most ids on this side only: these may be the references."""
    n_ids = len(set(meeting.keys.predictions))
    if n_repeated * 2 < n_ids or meeting.items.more:
        return ""
    mine, theirs = meeting.predictions.path, meeting.references.path
    return f"Are the two files swapped? Then: vlmeval score {theirs} {mine}"


def _wanted(meeting: Meeting, selection: Selection) -> Wanted:
    rows = selection.rows(meeting.references, meeting.items.first)
    chosen = Items(rows, meeting.items.more)
    name, id_name = meeting.reference_name, meeting.id_names[1]
    answers = chosen.references(meeting.references, name, id_name)
    if selection.keeps_empty and name is not None:
        recorded = meeting.references[name]
        answers = [
            [[]] if not given and recorded[row] == [] else given
            for row, given in zip(rows, answers, strict=True)
        ]
    if name is None or selection.keeps_unanswered or all(answers):
        return Wanted(rows, answers, [])
    unanswered = [row for row, given in zip(rows, answers, strict=True) if not given]
    return Wanted(list(compress(rows, answers)), [a for a in answers if a], unanswered)


def _predictions(meeting: Meeting, met: Sequence[int | None], repeats: Repeats) -> list[Any]:
    values = meeting.predictions[meeting.prediction_name]
    if meeting.prediction_name == WHOLE_ROW:
        id_name = meeting.id_names[0]
        values = [{key: row[key] for key in row if key != id_name} for row in values]
    return _of_items(meeting, values, met, repeats)


def _of_items(
    meeting: Meeting, values: Sequence[Any], met: Sequence[int | None], repeats: Repeats
) -> list[Any]:
    """The value of each item, or the list of its values where predictions repeat ids."""
    if repeats == "error":
        return _at_or_none(values, met)
    gathered: dict[str, list[Any]] = {}
    keys = meeting.keys.predictions
    for key, value in zip(keys, values, strict=True):
        gathered.setdefault(key, []).append(value)
    absent: list[Any] | None = [] if repeats == "list_or_empty" else None
    return [absent if row is None else gathered[keys[row]] for row in met]


def _at_or_none(values: Sequence[Any], rows: Sequence[int | None]) -> list[Any]:
    if isinstance(rows, range):
        return _at(values, rows)
    return [None if row is None else values[row] for row in rows]


def _fields(
    meeting: Meeting, rows: Sequence[int], met: Sequence[int | None], repeats: Repeats
) -> dict[str, list[Any]]:
    """Columns that are neither the prediction nor the references, the references' own first.

    Where predictions repeat ids, a field of theirs is a list per item.
    """
    is_one_file = meeting.predictions is meeting.references
    theirs = meeting.references.columns
    mine = meeting.predictions.columns
    if is_one_file:
        mine, theirs = ({}, theirs) if repeats == "error" else (mine, {})
    values = {meeting.prediction_name, meeting.reference_name}
    fields = {
        name: _at(column, rows)
        for name, column in theirs.items()
        if name not in values and _is_there(meeting.references, name)
    }
    for name, column in mine.items():
        is_new = name not in fields and name != meeting.prediction_name
        if is_new and _is_there(meeting.predictions, name):
            fields[name] = _of_items(meeting, column, met, repeats)
    return fields


def _is_there(columns: Columns, name: str) -> bool:
    if name in columns.known or "." not in name:
        return name in columns.known
    return any(value is not None for value in columns[name])


def _lines(columns: Columns, met: Sequence[int | None]) -> Sequence[int]:
    lines = columns.lines
    if isinstance(met, range):
        return array("q", _at(lines, met))
    return array("q", [0 if row is None else lines[row] for row in met])


def _report(
    meeting: Meeting, dataset: Dataset, wanted: Wanted, index: Mapping[str, int]
) -> JoinReport:
    missing = _missing_ids(dataset)
    pairs = zip(dataset.ids, dataset.predictions, strict=True)
    empty = [name for name, own in pairs if is_empty(own)]
    known = set(meeting.keys.references)
    extra = [] if index.keys() <= known else [key for key in index if key not in known]
    unanswered = _at(meeting.keys.shown, wanted.unanswered)
    kinds = {"missing": missing, "extra": extra, "empty": empty, "no_reference": unanswered}
    return JoinReport(
        matched=len(dataset) - len(missing),
        missing=len(missing),
        extra=len(extra),
        empty=len(empty),
        no_reference=len(unanswered),
        examples={kind: tuple(islice(ids, EXAMPLES)) for kind, ids in kinds.items() if ids},
    )


def _missing_ids(dataset: Dataset) -> list[str]:
    """Ids of the items without a prediction, which are few or none."""
    if None not in dataset.predictions:
        return []
    pairs = zip(dataset.ids, dataset.predictions, strict=True)
    return [name for name, own in pairs if own is None]


def is_empty(prediction: object) -> bool:
    """Whether a prediction is a text of white space alone, which has the outcome ``empty``."""
    return isinstance(prediction, str) and (not prediction or prediction.isspace())


def _refuse_missing(meeting: Meeting, dataset: Dataset, report: JoinReport) -> None:
    mine, theirs = meeting.predictions, meeting.references
    shown = ", ".join(quoted(text, 40) for text in report.examples["missing"])
    more = ", …" if report.missing > EXAMPLES else ""
    are = number_of(report.missing, "id has", "ids have")
    if mine is theirs:
        sizes = f"{mine.path} has {number_of(len(dataset), 'item', 'items')}"
    else:
        n_theirs = len(dataset) + report.no_reference
        own = number_of(len(mine), "item", "items")
        sizes = f"{mine.path} has {own}, {theirs.path} has {n_theirs:,}"
    raise DataError(
        f"{sizes}; {are} no prediction: {shown}{more}",
        hint=f"{meeting.remedy + ' Or add' if meeting.remedy else 'Add'} them or pass --missing "
        "skip (leave them out) or worst (score them as empty).",
    )
