"""Predictions and references become one data set, with a report of how they met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from vlmeval_cli.core.config import JoinPolicy
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.results import JoinReport
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.joining.columns import Columns, Roles
from vlmeval_cli.joining.ids import Candidate, IdColumn, IdPair, as_ids, choose, keep, usable_rows
from vlmeval_cli.joining.items import (
    Items,
    Keys,
    disagreement,
    group,
    must_agree,
    refuse_disagreement,
)
from vlmeval_cli.joining.meeting import (
    EXAMPLES,
    Dataset,
    Meeting,
    Repeats,
    every_reference,
    meet,
)
from vlmeval_cli.joining.repairs import Fix, best_fix
from vlmeval_cli.joining.selection import Selection

AS_THEY_ARE = JoinPolicy()
EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of the two files are joined.

    Attributes:
        ids: pairs of id fields to choose from, the preferred first.
        predictions: roles of the predictions file, or of the one file.
        references: roles of the references file; of the one file where that holds both.
    """

    ids: Sequence[IdPair]
    predictions: Roles
    references: Roles = field(default_factory=Roles)


@dataclass(frozen=True, slots=True)
class Joined:
    """A data set, how it came about, and what the user should know of it.

    Attributes:
        dataset: the selected items.
        report: how the files met.
        ids: the pair of fields that were compared; None where rows are numbered.
        notes: what the user should know.
        warnings: what the user must know.
        every_reference: gives the accepted answers of all items, where only some were selected.
    """

    dataset: Dataset
    report: JoinReport
    ids: IdPair | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    every_reference: Callable[[], list[list[Any]]] | None = None


def join(
    predictions: Columns,
    references: Columns,
    fields: Fields,
    *,
    policy: JoinPolicy = AS_THEY_ARE,
    selection: Selection = EVERYTHING,
    repeats: Repeats = "error",
) -> Joined:
    """Join two files by the id that fits best.

    Args:
        predictions: columns of ``fields.predictions`` and of the first name of each id pair.
        references: columns of ``fields.references``, the second names and the selecting fields.
        fields: what to join.
        policy: what to do with missing predictions, ids that a repair would match, bad rows.
        selection: which reference items are wanted; decided before anything is counted.
        repeats: what several predictions of one id are.

    Returns:
        Items in the order of the references, less those without an accepted answer.

    Raises:
        UsageError: two id fields match as well and pair different rows; an unknown field selects.
        DataError: no id in common, repeated or unusable ids, or missing predictions.
    """
    question = fields.references.question
    says_nothing = repeats == "list_or_empty" and not len(predictions)
    chosen = choose(fields.ids, predictions, references, question)
    fix = _best_repair(chosen)
    if not chosen.matched:
        chosen, fix = _repairable(fields.ids, predictions, references, (chosen, fix))
    mine_named, theirs_named = chosen.pair
    predictions, mine, bad = _usable(predictions, mine_named, chosen.predictions, policy)
    references, theirs, more_bad = _usable(references, theirs_named, chosen.references, policy)
    notes = _float_notes(chosen, predictions, references)
    applied = fix if policy.fix_ids else None
    if not chosen.matched and applied is None and not says_nothing:
        _refuse_strangers(chosen, predictions, references, fix)
    keys = _keys(mine, theirs, applied)
    items, keys, more_notes = _as_items(keys, predictions, references, fields)
    meeting = Meeting(
        predictions=predictions,
        references=references,
        prediction_name=_value_of(fields.predictions),
        reference_name=fields.references.value,
        id_names=chosen.pair,
        keys=keys,
        items=items,
        remedy="" if fix is None or applied else _fixing(fix, len(references), "more "),
    )
    dataset, report = meet(meeting, policy, selection, repeats)
    report = _with_ids(report, [*bad, *more_bad], fix, applied)
    return Joined(
        dataset=dataset,
        report=report,
        ids=chosen.pair,
        notes=(*notes, *more_notes),
        warnings=_extra(report, predictions),
        every_reference=_unselected(meeting, selection),
    )


def join_one_file(
    rows: Columns,
    fields: Fields,
    *,
    policy: JoinPolicy = AS_THEY_ARE,
    selection: Selection = EVERYTHING,
    repeats: Repeats = "error",
) -> Joined:
    """Items of a file whose rows hold both the prediction and its references.

    Every row is an item; ids only name it. Where the id field repeats or fails, image (or whatever
    the id is) and question together are the id, or else the row number. Where a task takes several
    predictions of an item, rows of one id are one item, and a selection is one of rows.
    """
    if repeats in ("list", "list_by_question") and selection.where:
        rows = _selected(rows, selection)
    ids, id_name, notes = _own_ids(rows, fields, repeats)
    meeting = Meeting(
        predictions=rows,
        references=rows,
        prediction_name=_value_of(fields.predictions),
        reference_name=fields.references.value,
        id_names=(id_name, id_name),
        keys=Keys(ids, ids, ids),
        items=group(ids),
    )
    dataset, report = meet(meeting, policy, selection, repeats)
    pair = IdPair(id_name, id_name) if id_name else None
    report = _with_ids(report, [], None, None)
    rest = _unselected(meeting, selection)
    return Joined(dataset, report, pair, notes, every_reference=rest)


def _selected(rows: Columns, selection: Selection) -> Columns:
    """The rows that have the values wanted."""
    wanted = {*replace(selection, limit=None).rows(rows, range(len(rows)))}
    return rows.without(row for row in range(len(rows)) if row not in wanted)


def _unselected(meeting: Meeting, selection: Selection) -> Callable[[], list[list[Any]]] | None:
    return partial(every_reference, meeting) if selection.is_part else None


def _value_of(roles: Roles) -> str:
    if roles.value is None:
        raise UsageError("no field holds the predictions", hint="Name it with --prediction-field.")
    return roles.value


def _own_ids(
    rows: Columns, fields: Fields, repeats: Repeats
) -> tuple[list[str], str, tuple[str, ...]]:
    may_repeat = repeats in ("list", "list_by_question", "list_or_empty")
    by_question = fields.references.question if repeats == "list_by_question" else None
    first_usable: tuple[str, list[str]] | None = None
    for name in dict.fromkeys(pair.references for pair in fields.ids):
        column = as_ids(rows[name])
        if column.bad:
            continue
        texts = keep(column.texts, ())
        if may_repeat or len(set(texts)) == len(texts):
            return _with_question(texts, name, rows, by_question)
        first_usable = first_usable or (name, texts)
    question = fields.references.question
    if first_usable is not None and question is not None:
        name, texts = first_usable
        both = Keys(texts, texts, texts).with_questions(rows[question], rows[question])
        if len(set(both.shown)) == len(rows):
            note = f'"{name}" repeats: "{name}" and "{question}" together are the id'
            return list(both.shown), name, (note,)
    numbers = [f"row {row}" for row in range(1, len(rows) + 1)]
    why = f'"{first_usable[0]}" repeats' if first_usable else "no field could be an id"
    return numbers, "", (f"{rows.path}: {why}: rows are numbered",)


def _with_question(
    ids: list[str], name: str, rows: Columns, question: str | None
) -> tuple[list[str], str, tuple[str, ...]]:
    """The ids, with the question behind them where rows of one id ask different things."""
    if question is None or question == name:
        return ids, name, ()
    both = list(Keys(ids, ids, ids).with_questions(rows[question], rows[question]).shown)
    if len(set(both)) == len(set(ids)):
        return ids, name, ()
    return both, name, (f'"{name}" repeats: "{name}" and "{question}" together are the id',)


def _best_repair(chosen: Candidate) -> Fix | None:
    mine = keep(chosen.predictions.texts, chosen.predictions.bad)
    theirs = keep(chosen.references.texts, chosen.references.bad)
    return best_fix(mine, theirs) if chosen.matched < len(theirs) else None


def _repairable(
    pairs: Sequence[IdPair],
    predictions: Columns,
    references: Columns,
    best: tuple[Candidate, Fix | None],
) -> tuple[Candidate, Fix | None]:
    """Where nothing matches: the pair of fields whose repair would match most."""
    for pair in pairs:
        other = choose([pair], predictions, references, None)
        fix = _best_repair(other)
        gain = best[1].repair.matched_more if best[1] else 0
        if fix is not None and fix.repair.matched_more > gain:
            best = other, fix
    return best


def _usable(
    columns: Columns, name: str, ids: IdColumn, policy: JoinPolicy
) -> tuple[Columns, list[str], list[str]]:
    """Rows that have an id, their ids, and what was wrong with the others."""
    bad = usable_rows(columns, name, ids, skip=policy.on_bad_row == "skip")
    return columns.without(ids.bad), keep(ids.texts, ids.bad), bad


def _float_notes(chosen: Candidate, predictions: Columns, references: Columns) -> list[str]:
    sides = (
        (predictions.path, chosen.pair.prediction, chosen.predictions.n_floats),
        (references.path, chosen.pair.references, chosen.references.n_floats),
    )
    return [
        f'{path}: {number_of(n, "id", "ids")} in "{name}" written as decimal numbers, such as 7.0: '
        "read as integers"
        for path, name, n in sides
        if n
    ]


def _keys(mine: list[str], theirs: list[str], fix: Fix | None) -> Keys:
    if fix is None:
        return Keys(mine, theirs, theirs)
    return Keys([fix(text) for text in mine], [fix(text) for text in theirs], theirs)


def _as_items(
    keys: Keys, predictions: Columns, references: Columns, fields: Fields
) -> tuple[Items, Keys, tuple[str, ...]]:
    """Items of the references, under a composite id where rows of one id ask different things."""
    items = group(keys.references)
    names = must_agree(fields.references)
    found = disagreement(items, references, names)
    if found is None:
        merged = len(items.more)
        repeat = number_of(merged, "id repeats", "ids repeat")
        note = f"{repeat} in {references.path}: each row adds its references"
        return items, keys, (note,) if merged else ()
    mine, theirs = fields.predictions.question, fields.references.question
    if mine is not None and theirs is not None:
        keys = keys.with_questions(predictions[mine], references[theirs])
        items = group(keys.references)
        found = disagreement(items, references, names)
    if found is not None:
        refuse_disagreement(found, references, keys.shown)
    note = f'ids repeat with different questions: the id and "{theirs}" together are the id'
    return items, keys, (note,)


def _with_ids(
    report: JoinReport, bad: Sequence[str], fix: Fix | None, applied: Fix | None
) -> JoinReport:
    """The report with what was done about ids."""
    ids = "as they are" if applied is None else applied.repair.description
    return replace(
        report,
        bad_rows=len(bad),
        repair=None if fix is None else replace(fix.repair, applied=applied is not None),
        examples={**report.examples, "bad_rows": tuple(bad[:EXAMPLES])} if bad else report.examples,
        policy={**report.policy, "ids": ids},
    )


def _extra(report: JoinReport, predictions: Columns) -> tuple[str, ...]:
    if not report.extra:
        return ()
    shown = ", ".join(quoted(text, 40) for text in report.examples["extra"])
    have = number_of(report.extra, "prediction has", "predictions have")
    return (f"{predictions.path}: {have} no reference: {shown}",)


def _fixing(fix: Fix, n: int, more: str = "") -> str:
    how, gain = fix.repair.description, fix.repair.matched_more
    return f"Pass --fix-ids to {how}: {gain:,} {more}of {n:,} would match."


def _refuse_strangers(
    chosen: Candidate, predictions: Columns, references: Columns, fix: Fix | None
) -> None:
    mine, theirs = (
        ", ".join(quoted(text, 40) for text in [*dict.fromkeys(filter(None, ids.texts))][:3])
        for ids in (chosen.predictions, chosen.references)
    )
    hint = "Name the id with --id-field."
    if fix is not None:
        hint = _fixing(fix, len(references))
    raise DataError(
        f'no id of {predictions.path} is in {references.path}: got {mine or "none"} in "'
        f'{chosen.pair.prediction}", expected ids such as {theirs} in "{chosen.pair.references}"',
        hint=hint,
    )
