"""From two paths (or one) to the items of a run: read, recognise, collect, join."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, NamedTuple

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import InputFile, JoinReport
from vlmeval_cli.detection import Detected, TaskFound, detect
from vlmeval_cli.joining import (
    Columns,
    Dataset,
    Joined,
    Repeats,
    Roles,
    Selection,
    collect,
    join,
    join_one_file,
)
from vlmeval_cli.joining.paths import WHOLE_ROW
from vlmeval_cli.readers import Layout
from vlmeval_cli.readers.coco import empty_results
from vlmeval_cli.registry import choose
from vlmeval_cli.runs.opening import Opened, Shelf, open_file
from vlmeval_cli.runs.sliceable import can_slice
from vlmeval_cli.runs.unread_choices import refuse_unread_choices
from vlmeval_cli.tasks import NAMES, task
from vlmeval_cli.tasks.base import Task

EXAMPLES = 5
FINISH_REASON = "finish_reason"
STDIN = "-"


class Origin(NamedTuple):
    """Where a column comes from: its file, and the field that holds it."""

    path: str
    layout: Layout
    field: str

    def place(self, lines: Sequence[int]) -> Callable[[int], str]:
        """Row → where it stands, for messages; ``lines`` are the lines of the rows."""
        return lambda row: self.layout.where(self.path, lines[row])


@dataclass(frozen=True, slots=True)
class Gathered:
    """The items of a run, and how they were found.

    Attributes:
        dataset: items in the order of the references.
        report: how predictions and references met.
        task, task_reason: what was recognised, and why.
        fields: role → field that plays it, with the reason.
        predictions, references: where the two columns come from.
        inputs: the files.
        notes: what the user should know.
        warnings: what the user must know.
        roles: the fields that are question, options and image, if there are any.
        known_fields: every field of the files, for messages.
        every_reference: gives the recorded references of all items, where some are not wanted.
        labels: gives the different texts among the references of all items, wanted or not, as the
            task reads them (:mod:`vlmeval_cli.runs.values`).
    """

    dataset: Dataset
    report: JoinReport
    task: str
    task_reason: str
    fields: Mapping[str, str]
    predictions: Origin
    references: Origin
    inputs: Sequence[InputFile]
    notes: Sequence[str]
    warnings: Sequence[str]
    roles: Roles
    known_fields: frozenset[str]
    every_reference: Callable[[], Sequence[Sequence[Any]]] | None = None
    labels: Callable[[], Sequence[str]] = list


def gather(
    predictions: str,
    references: str | None,
    config: RunConfig,
    progress: Progress,
    *,
    must_be_scorable: bool = True,
    shelf: Shelf | None = None,
) -> Gathered:
    """The items that the files hold.

    Args:
        predictions: path, or ``-`` for standard input; of the one file where it holds both sides.
        references: path, ``-``, or None.
        config: the choices of the user.
        progress: told of every phase.
        must_be_scorable: refuse a task that is recognised and cannot be scored yet.
        shelf: keeps the references for the next run.

    Raises:
        UsageError: a file is not there, or what it holds cannot be decided.
        DataError: the files cannot be read or do not meet.
    """
    if predictions == references == STDIN:
        raise UsageError(
            "both files are -, and standard input holds one",
            hint="Give the other file its name.",
        )
    progress.start("reading", None)
    shelf = shelf or Shelf()
    theirs = None if references is None else shelf.open(references, config)
    mine = open_file(predictions, config, _if_empty(theirs))
    detected = _detected(mine, theirs, config)
    known = _known_task(detected, config, must_be_scorable=must_be_scorable)
    if known is not None and theirs is not None:
        detected = _with_whole_rows(detected, mine, theirs, known)
    extra = _extra_fields(known, config)
    left = collect(mine, (*detected.prediction_names, *extra, *_sliceable(mine, config)))
    right = None
    if theirs is not None:
        names = (*detected.reference_names, *extra, *_sliceable(theirs, config))
        right = shelf.collect(theirs, names)
    progress.start("joining", len(left))
    joined = _join(left, right, detected, known, config)
    opened = [mine] if theirs is None else [mine, theirs]
    inputs = _inputs(opened, [left, right])
    return Gathered(
        dataset=joined.dataset,
        report=_with_bad_rows(joined.report, opened),
        task=detected.task,
        task_reason=detected.task_reason,
        fields=_described(detected, joined),
        predictions=_origin(mine, detected.fields.predictions.value),
        references=_origin(theirs or mine, detected.fields.references.value),
        inputs=inputs,
        notes=(*_file_notes(opened), *detected.notes, *joined.notes, *_same_file_note(inputs)),
        warnings=joined.warnings,
        roles=_roles(detected),
        known_fields=left.known | (right.known if right is not None else frozenset()),
        every_reference=joined.every_reference,
    )


def _if_empty(theirs: Opened | None) -> Layout | None:
    """What a predictions file without rows is, beside these references."""
    return None if theirs is None else empty_results(theirs.side().head)


def _detected(mine: Opened, theirs: Opened | None, config: RunConfig) -> Detected:
    return detect(
        mine.side(),
        None if theirs is None else theirs.side(),
        fields=config.fields,
        task=config.task,
        selected=config.where,
        only_images=_only_images(config),
        asked=_task_asked_for(config),
    )


def _task_asked_for(config: RunConfig) -> TaskFound | None:
    """The task of a metric that only one has, where those asked for agree on it."""
    own = {one.metric.info.name: one.metric.info.tasks for one in choose(config.metrics)}
    single = {name: tasks[0] for name, tasks in own.items() if len(tasks) == 1}
    if not config.metrics or len({*single.values()}) != 1:
        return None
    name, task_name = next(iter(single.items()))
    return TaskFound(task_name, f"{name} was asked for, which only {task_name} has")


def _only_images(config: RunConfig) -> bool:
    """Whether every metric that was asked for holds texts against images, and not references."""
    if not config.metrics or config.task not in (None, "captioning"):
        return False
    needs = [one.metric.needs() for one in choose(config.metrics)]
    return all(
        any(need.startswith("image.") for need in own)
        and not any(need.startswith("references.") for need in own)
        for own in needs
    )


def _origin(opened: Opened, field: str | None) -> Origin:
    return Origin(opened.path, opened.layout, field or "")


def _known_task(detected: Detected, config: RunConfig, *, must_be_scorable: bool) -> Task | None:
    """The task, if it can be scored; the user's choices for it are checked."""
    known = task(detected.task) if must_be_scorable or detected.task in NAMES else None
    if known is not None:
        refuse_unread_choices(known, detected.task_reason, config.parse)
    return known


def _roles(detected: Detected) -> Roles:
    """Fields of the references play a part before those of the predictions."""
    mine, theirs = detected.fields.predictions, detected.fields.references
    return Roles(
        question=theirs.question or mine.question,
        options=theirs.options or mine.options,
        image=theirs.image or mine.image,
    )


def _extra_fields(known: Task | None, config: RunConfig) -> tuple[str, ...]:
    """Fields without a role: they group, select or cluster, or the task reads them."""
    cluster = config.statistics.cluster_by
    names = (
        *config.grouping_fields(),
        *config.where,
        *((*known.free_groups, *known.fields) if known else ()),
        *(() if cluster in ("auto", "none") else (cluster,)),
        FINISH_REASON,
    )
    return tuple(dict.fromkeys(names))


def _sliceable(opened: Opened, config: RunConfig) -> list[str]:
    """Fields whose values name groups of items, where slices are wanted."""
    if not config.slices:
        return []
    side = opened.side()
    names: dict[str, None] = {}
    for row in side.head:
        for name, value in row.items():
            inner = value if isinstance(value, dict) else ()
            names |= dict.fromkeys([f"{name}.{key}" for key in inner] if inner else [name])
    return [name for name in names if can_slice(name, side.values(name))]


def _join(
    left: Columns,
    right: Columns | None,
    detected: Detected,
    known: Task | None,
    config: RunConfig,
) -> Joined:
    keeps_empty = known is not None and known.empty_list_is_answer
    has_references = detected.fields.references.value is not None
    keeps_unanswered = known is not None and not (known.needs_references and has_references)
    selection = Selection(config.where, config.limit, keeps_empty, keeps_unanswered)
    repeats = _repeats(left, right, detected, known)
    if right is None:
        return join_one_file(
            left, detected.fields, policy=config.join, selection=selection, repeats=repeats
        )
    return join(
        left, right, detected.fields, policy=config.join, selection=selection, repeats=repeats
    )


def _with_whole_rows(detected: Detected, mine: Opened, theirs: Opened, known: Task) -> Detected:
    """The fields, where a value has parts in other fields as whole rows."""
    fields = detected.fields
    predictions, references = (
        replace(roles, value=WHOLE_ROW)
        if roles.value and _has_parts(side, roles.value, known)
        else roles
        for side, roles in ((mine, fields.predictions), (theirs, fields.references))
    )
    changed = replace(fields, predictions=predictions, references=references)
    return replace(detected, fields=changed)


def _has_parts(opened: Opened, name: str, known: Task) -> bool:
    side = opened.side()
    values = side.values(name)
    return not (known.belongs_to_value - {name}).isdisjoint(side.filled) and not any(
        isinstance(value, str) for value in values
    )


def _repeats(
    left: Columns, right: Columns | None, detected: Detected, known: Task | None
) -> Repeats:
    """What several predictions of one id are."""
    if known is None:
        return "error"
    roles = detected.fields.predictions
    if known.rows_repeat is None or roles.value is None:
        return known.repeats
    layouts = frozenset(side.layout.name for side in (left, right) if side is not None)
    return known.rows_repeat(left[roles.value], roles, layouts)


def _with_bad_rows(report: JoinReport, opened: Sequence[Opened]) -> JoinReport:
    """The report with the rows that readers left out."""
    bad = [
        f"{one.layout.where(one.path, row.line)}: {row.message}"
        for one in opened
        for row in one.source.bad_rows
    ]
    if not bad:
        return report
    shown = tuple(islice(chain(bad, report.examples.get("bad_rows", ())), EXAMPLES))
    return replace(
        report,
        bad_rows=report.bad_rows + len(bad),
        examples={**report.examples, "bad_rows": shown},
    )


def _described(detected: Detected, joined: Joined) -> dict[str, str]:
    """Role → its field and why; of the candidates for the id, the one that was joined by."""
    if joined.ids is None:
        return {**detected.reasons, "id": "rows are numbered"}
    if len(detected.ids) == 1:
        return dict(detected.reasons)
    matched = f"{joined.report.matched:,} of {len(joined.dataset):,} items match"
    passed = ", ".join(f'"{pair}"' for pair in detected.ids if pair != joined.ids)
    return {**detected.reasons, "id": f'"{joined.ids}", {matched}; also tried: {passed}'}


def _file_notes(opened: Sequence[Opened]) -> tuple[str, ...]:
    return tuple(f"{one.path}: {one.layout.note}" for one in opened if one.layout.note)


def _same_file_note(inputs: Sequence[InputFile]) -> tuple[str, ...]:
    if len({one.sha256 for one in inputs}) == len(inputs):
        return ()
    return ("both files have the same content: the references are scored against themselves",)


def _inputs(opened: Sequence[Opened], columns: Sequence[Columns | None]) -> list[InputFile]:
    roles = ("predictions", "references") if len(opened) == 2 else ("predictions and references",)
    return [
        InputFile(role, one.path, one.source.sha256(), len(rows or ()))
        for role, one, rows in zip(roles, opened, columns, strict=False)
    ]
