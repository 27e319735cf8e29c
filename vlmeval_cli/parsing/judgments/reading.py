"""From recorded winners to columns of verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array, Column, Ints, NumberColumn
from vlmeval_cli.core.config import OnBadRow, RunConfig
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.parsing.items import Items, Parsed, Place, Values
from vlmeval_cli.parsing.judgments.columns import (
    JUDGES,
    JUDGMENTS,
    LENGTHS,
    ORDERS,
    RIVALS,
    UNKNOWN,
    Flags,
    JudgmentColumn,
    sign,
)
from vlmeval_cli.parsing.judgments.compared import (
    Compared,
    Reading,
    compared_models,
    winner_of,
)
from vlmeval_cli.parsing.judgments.fields import ALPACA_MODELS, Fields, Names, flat
from vlmeval_cli.parsing.judgments.labels import EXPECTED
from vlmeval_cli.parsing.texts import refused

NO_VERDICT = "no verdict was recorded"


def read_winners(
    values: Sequence[Any], field: str, place: Place, on_bad_row: OnBadRow = "error", /
) -> Values:
    """Recorded winners: texts and numbers, one or several of an item; null is no verdict.

    Raises:
        DataError: a winner is a list, an object, or true or false.
    """
    bad: dict[int, str] = {}
    found: list[Any] = []
    for row, recorded in enumerate(values):
        wrong = [one for one in flat(recorded) if not _may_be_winner(one)]
        if wrong:
            bad[row] = refused(place(row), field, wrong[0], EXPECTED, on_bad_row)
        found.append(None if row in bad else recorded)
    return Values(found, bad)


def _may_be_winner(recorded: object) -> bool:
    is_plain = recorded is None or isinstance(recorded, str | int | float)
    return is_plain and not isinstance(recorded, bool)


def judgments(items: Items, config: RunConfig) -> Parsed:
    """The verdicts of the items.

    Args:
        items: their predictions are lists of recorded winners.
        config: the choices of the user: the model, and what to do with bad rows.

    Raises:
        DataError: a winner is none of the two answers, or models are not named.
        UsageError: winners may be read in two ways, or the model asked for is not there.
    """
    fields = Fields.of(items)
    reading = Reading(fields, items.field_name, config.join.on_bad_row, {})
    compared = compared_models(reading)
    winners = [winner_of(reading, compared, row) for row in range(len(fields.recorded))]
    kept = [row for row, known in enumerate(winners) if known is not None]
    pairs = [pair for row in kept if (pair := compared.models[row]) is not None]
    models = _models(pairs, compared, config.parse.model)
    usual = UNKNOWN if compared.are_winners else 0
    shown, order_note = fields.shown_first([pair or ("", "") for pair in compared.models], usual)
    shares = np.array([one.share for one in winners if one is not None], dtype=np.float64)
    column = _column(fields, kept, pairs, shares, shown, models)
    columns = _columns(column)
    return Parsed(
        values=_values(column),
        unparsed=_unparsed(column, reading),
        columns=columns,
        notes=(
            *_about_model(column, compared, config.parse.model),
            *_about_lost(reading, kept),
            *([order_note] if order_note else ()),
            *_about_alpaca(compared, columns),
        ),
        inferred={"model": models[0] if models else None},
        decided={"against": list(column.opponents)},
    )


def _models(pairs: Sequence[Names], compared: Compared, asked: str | None) -> list[str]:
    """Names of the models, the one that is asked for first.

    Raises:
        UsageError: the one the user named is not there.
    """
    names = sorted({name for pair in pairs for name in pair})
    if asked is not None and asked not in names:
        raise UsageError(
            f"no verdict compares the model {quoted(asked)}", hint=did_you_mean(asked, names)
        )
    first = asked if asked is not None else compared.asked
    first = first if first in names else next(iter(names), "")
    return [first, *(name for name in names if name != first)] if names else []


def _column(
    fields: Fields,
    kept: Sequence[int],
    pairs: Sequence[Names],
    shares: Array,
    shown: Ints,
    models: Sequence[str],
) -> JudgmentColumn:
    """The verdicts that could be read."""
    place = {name: code for code, name in enumerate(models)}
    judges, tasks = fields.judges(), fields.tasks()
    length_a, length_b = fields.lengths()
    rows = np.array(kept, dtype=np.int64)
    who = sorted({judges[row] for row in kept})
    judge_of, task_of = _codes(who), _codes([tasks[row] for row in kept])
    return JudgmentColumn(
        item_offsets=np.searchsorted(rows, fields.offsets),
        a=np.array([place[a] for a, _ in pairs], dtype=np.int64),
        b=np.array([place[b] for _, b in pairs], dtype=np.int64),
        share=shares,
        judge=np.array([judge_of[judges[row]] for row in kept], dtype=np.int64),
        task=np.array([task_of[tasks[row]] for row in kept], dtype=np.int64),
        shown_first=shown[rows],
        length_a=length_a[rows],
        length_b=length_b[rows],
        models=tuple(models),
        judges=tuple(who),
    )


def _codes(names: Sequence[str]) -> Mapping[str, int]:
    return {name: code for code, name in enumerate(dict.fromkeys(names))}


def _columns(column: JudgmentColumn) -> dict[str, Column]:
    """The verdicts, and a column for each further thing that can be said of them."""
    found: dict[str, Column] = {JUDGMENTS: column}

    def add(name: str, values: Array | Ints) -> None:
        found[name] = NumberColumn(np.asarray(values, dtype=np.float64), column.item_offsets)

    own = column.of_model
    if not np.isnan(own.longer_by).all():
        add(LENGTHS, column.length_a - column.length_b)
    pairs = column.pairs
    unit = (column.item, column.task, pairs.first, pairs.second)
    known = pairs.shown_first != UNKNOWN
    if _n_different(unit, column.judge, known) < _n_different(
        unit, column.judge, known, pairs.shown_first
    ):
        add(ORDERS, column.shown_first)
    every = np.ones(len(known), dtype=np.bool_)
    if _n_different(unit, None, every) < _n_different(unit, column.judge, every):
        add(JUDGES, column.judge)
    if len(column.models) > 2:
        add(RIVALS, column.a)
    return found


def _n_different(
    unit: tuple[Ints, ...],
    judge: Ints | None,
    chosen: Flags,
    order: Ints | None = None,
) -> int:
    """Number of different combinations among the chosen verdicts."""
    keys = [*unit, *(one for one in (judge, order) if one is not None)]
    stacked = np.stack(keys)[:, chosen]
    return int(np.unique(stacked, axis=1).shape[1]) if stacked.shape[1] else 0


def _values(column: JudgmentColumn) -> list[Any]:
    """Who won, for reports: a name or "tie"; several verdicts are a list."""
    who = [
        column.models[a] if side > 0 else column.models[b] if side < 0 else "tie"
        for a, b, side in zip(
            column.a.tolist(), column.b.tolist(), sign(column.share).tolist(), strict=True
        )
    ]
    offsets = column.item_offsets.tolist()
    each = [who[start:stop] for start, stop in pairwise(offsets)]
    return [None if not own else own[0] if len(own) == 1 else own for own in each]


def _unparsed(column: JudgmentColumn, reading: Reading) -> dict[int, str]:
    """Items without a verdict that could be read."""
    counts = np.diff(column.item_offsets)
    why = {reading.fields.item[row]: message for row, message in reading.bad.items()}
    given = reading.fields.items.predictions
    return {
        i: why.get(i, NO_VERDICT)
        for i in np.flatnonzero(counts == 0).tolist()
        if given[i] is not None
    }


def _about_model(column: JudgmentColumn, compared: Compared, asked: str | None) -> tuple[str, ...]:
    if not column.models:
        return ()
    model, others = column.models[0], column.opponents
    against = quoted(others[0]) if len(others) == 1 else f"{len(others)} other models"
    why = "as named" if asked is not None else compared.why
    return (f"win rates are those of {quoted(model)} against {against} ({why}); --model chooses",)


def _about_lost(reading: Reading, kept: Sequence[int]) -> tuple[str, ...]:
    """Verdicts that are left out of items that have others."""
    rows = {*range(len(reading.fields.recorded))} - {*kept}
    scored = {reading.fields.item[row] for row in kept}
    lost = sorted(row for row in rows if reading.fields.item[row] in scored)
    bad = [reading.bad[row] for row in lost if row in reading.bad]
    n = len(lost) - len(bad)
    parts = [f"{number_of(n, 'verdict')} beside others left out: none was recorded"] if n else []
    if bad:
        told = f"{number_of(len(bad), 'verdict')} beside others left out, the first: {bad[0]}"
        parts.append(told)
    return tuple(parts)


def _about_alpaca(compared: Compared, columns: Mapping[str, Column]) -> tuple[str, ...]:
    if compared.fields != ALPACA_MODELS or ORDERS not in columns:
        return ()
    return (
        "output_1 is taken to be what the judge saw first; AlpacaEval shows the outputs in an "
        "order of its own unless is_randomize_output_order is false",
    )
