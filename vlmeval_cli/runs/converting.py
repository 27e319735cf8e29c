"""Files of any layout as rows of one form: id, prediction, references, question and the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, Final

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.detection import Side, rules
from vlmeval_cli.detection.fields import choose_values, options_of, question_of
from vlmeval_cli.detection.ids import id_pairs
from vlmeval_cli.detection.sides import Chosen
from vlmeval_cli.joining.paths import ROW_NUMBER, WHOLE_ROW, value_at
from vlmeval_cli.joining.references import accepted, as_written
from vlmeval_cli.readers import Layout, Row, open_source
from vlmeval_cli.runs.gathering import Gathered, gather
from vlmeval_cli.runs.opening import HEAD
from vlmeval_cli.tasks import NAMES, task

ID: Final = "id"
PREDICTION: Final = "prediction"
REFERENCES: Final = "references"
CANONICAL: Final = (ID, PREDICTION, REFERENCES, "question", "options")
_BOX_NAMES: Final = frozenset({"bboxes", "boxes", "bbox"})


@dataclass(frozen=True, slots=True)
class Converted:
    """What was recognised in the files, and the rows that say the same.

    Attributes:
        rows: streamed once, in the order of the references, or of the one file.
        task: the task, where both sides are there.
        fields: role → the field that plays it and why.
        notes: what the user should know.
    """

    rows: Iterator[dict[str, Any]]
    task: str | None
    fields: Mapping[str, str]
    notes: Sequence[str]


def convert(
    predictions: str, references: str | None, config: RunConfig, progress: Progress
) -> Converted:
    """Rows of the canonical form; of one file with the side, or the sides, that it has.

    Raises:
        UsageError: which field is what cannot be decided.
        DataError: the files cannot be read, or do not meet.
    """
    try:
        return _joined(predictions, references, config, progress)
    except UsageError:
        is_known = config.task is None or config.task in rules.TASKS
        alone = _one_side(predictions, config) if references is None and is_known else None
        if alone is None:
            raise
    return alone


def _joined(
    predictions: str, references: str | None, config: RunConfig, progress: Progress
) -> Converted:
    """Items with both sides. Those without a prediction keep their references, and null says so."""
    config = replace(config, join=replace(config.join, missing="worst"))
    seen = gather(predictions, references, config, progress)
    everything = (*config.by, *sorted(seen.known_fields))
    found = gather(predictions, references, replace(config, by=everything), progress)
    return Converted(_joined_rows(found), found.task, found.fields, (*found.notes, *found.warnings))


def _joined_rows(found: Gathered) -> Iterator[dict[str, Any]]:
    items = found.dataset
    own = {
        name: role
        for role, name in (("question", found.roles.question), ("options", found.roles.options))
        if name is not None and name != "A"  # columns A, B, … stay columns
    }
    dropped = _in_values(found)
    columns = {name: column for name, column in items.fields.items() if name not in dropped}
    names = _renamed(columns, own)
    # Log-probabilities are no answer: their field says how they were recorded.
    recorded = found.predictions.field in rules.LOG_PROBABILITIES
    predicted = found.predictions.field if recorded else PREDICTION
    for i, id_ in enumerate(items.ids):
        row = {ID: id_, predicted: _flat(items.predictions[i])}
        row |= _references(items.references[i], id_)
        cells = ((names[name], column[i]) for name, column in columns.items())
        yield _ordered(row | {name: cell for name, cell in cells if cell is not None})


def _in_values(found: Gathered) -> frozenset[str]:
    """Fields that would be there twice: the id, and what is part of values that are whole rows."""
    dropped = {ID} if found.predictions.field != ID else set()
    if WHOLE_ROW not in (found.predictions.field, found.references.field):
        return frozenset(dropped)
    parts = task(found.task).belongs_to_value if found.task in NAMES else frozenset()
    if parts:
        return frozenset(dropped | parts | _BOX_NAMES)
    whole = found.dataset.references if found.references.field == WHOLE_ROW else ()
    inside = (one for given in whole for one in given if isinstance(one, dict))
    return frozenset(dropped.union(*islice(inside, HEAD)))


def _flat(prediction: object) -> object:
    """One list where the boxes of an image came from several rows."""
    if (
        isinstance(prediction, list)
        and prediction
        and all(
            isinstance(part, list) and all(isinstance(box, dict) for box in part)
            for part in prediction
        )
    ):
        return [*chain.from_iterable(prediction)]
    return prediction


def _references(given: Sequence[Any], id_: str) -> dict[str, Any]:
    """The references as they will be read again; nothing where there are none."""
    if not given:
        return {}
    written = given[0] if len(given) == 1 and isinstance(given[0], dict | list) else list(given)
    if written != [] and accepted(written) != list(given):
        raise DataError(
            f"item {quoted(id_)} has {len(given)} references that one row cannot hold apart",
            hint="Give every item one document or one list of boxes.",
        )
    return {REFERENCES: written}


def _renamed(names: Mapping[str, object] | Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """Field → its canonical name; another field of that name is kept as ``recorded_…``."""
    taken = {PREDICTION, REFERENCES, ID, *own.values()}
    return {name: own.get(name) or _free(name, taken) for name in names}


def _free(name: str, taken: set[str]) -> str:
    return f"recorded_{name}" if name in taken else name


def _ordered(row: dict[str, Any]) -> dict[str, Any]:
    first = {name: row[name] for name in CANONICAL if name in row}
    return first | row


def _one_side(path: str, config: RunConfig) -> Converted | None:
    """Rows of a file of predictions or of references; None of a file that has both."""
    source = open_source(path, on_bad_row=config.join.on_bad_row)
    side = Side(path, source.layout, [row.fields for row in islice(source.rows(), HEAD)])
    prediction, references = _values(side, config)
    if None not in (prediction.name, references.name):
        return None
    id_name = id_of(side, config, (prediction.name, references.name))
    roles = {
        ID: id_name,
        PREDICTION: prediction.name,
        REFERENCES: references.name,
        "question": question_of(side),
        "options": options_of(side),
    }
    named = {role: name for role, name in roles.items() if name is not None and name != "A"}
    reasons = {PREDICTION: prediction.reason, REFERENCES: references.reason}
    told = {role: reasons.get(role) or f'"{name}"' for role, name in named.items()}
    note = (source.layout.note,) if source.layout.note else ()
    rows = (_row(row, named, source.layout) for row in source.rows())
    return Converted(rows, None, told, note)


def _row(row: Row, named: Mapping[str, str], layout: Layout) -> dict[str, Any]:
    """A row of a file by itself."""
    fields = row.fields
    found = {role: _cell(row, name) for role, name in named.items()}
    if REFERENCES in found:
        (found[REFERENCES],) = as_written(layout, [found[REFERENCES]])
    if found.get(PREDICTION) == fields and ID in named:
        found[PREDICTION] = {name: fields[name] for name in fields if name != named[ID]}
    moved = {name for role, name in named.items() if role != ID or name == ID}
    rest = {
        _free(name, {*named, PREDICTION, REFERENCES}): value
        for name, value in fields.items()
        if name not in moved and value is not None
    }
    return _ordered(found | (rest if WHOLE_ROW not in named.values() else {}))


def _cell(row: Row, name: str) -> Any:  # noqa: ANN401  (JSON)
    return row.line if name == ROW_NUMBER else value_at(row.fields, name)


def _values(side: Side, config: RunConfig) -> tuple[Chosen, Chosen]:
    """The field of the predictions and of the references, of which one may be missing.

    Raises:
        UsageError: a field may be either, or no field is one of them.
    """
    choice, nothing = config.fields, Chosen(None)
    prediction, references = choose_values(side, None, choice)
    if choice.prediction is None and side.layout.side in ("references", "questions"):
        prediction = nothing
        references = references if references.name else choose_values(side, side, choice)[1]
    elif choice.references is None and side.layout.side == "predictions":
        references = nothing
    elif (prediction.name is None) != (references.name is None):
        _refuse_either(side, prediction.name or references.name or "", config)
    if prediction.name is None and references.name is None and side.layout.side != "questions":
        raise UsageError(
            f"{side.path}: no field looks like predictions or references; its fields: "
            f"{', '.join(side.fields)}",
            hint="Name it with --prediction-field or --reference-field.",
        )
    return prediction, references


def _refuse_either(side: Side, name: str, config: RunConfig) -> None:
    if name in (config.fields.prediction, config.fields.references):
        return
    if name not in rules.PREDICTION_ONLY | rules.REFERENCE_ONLY:
        raise UsageError(
            f'{side.path}: "{name}" may hold predictions or references',
            hint=f"Say which: --prediction-field {name} or --reference-field {name}. "
            "Or give both files.",
        )


def id_of(side: Side, config: RunConfig, taken: Sequence[str | None]) -> str | None:
    """The first field that could be an id and does not repeat, or the first of all.

    Args:
        side: the file.
        config: may name the field.
        taken: fields that are something else.
    """
    names = [pair.references for pair in id_pairs(side, None, config.fields.id, taken)]
    unique = [
        name
        for name in names
        if name == ROW_NUMBER or len(set(map(str, side.values(name)))) == len(side.head)
    ]
    return next(iter((*unique, *names)), None)
