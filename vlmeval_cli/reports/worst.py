"""The worst items of a run, the first place to look for what went wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.results import ItemScores, RunResult
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.reports.blocks import Block, Grid, Heading, Paragraph
from vlmeval_cli.reports.figures import View, figure
from vlmeval_cli.reports.json_bytes import json_bytes

_SEPARATOR = " | "


def worst_items(result: RunResult, view: View) -> Block:
    """The ``view.worst`` items with the worst item score of the primary output, worst first.

    Ties keep the order of the references. Items without a score are not listed. A primary output
    without item scores gives way to the first output that has them.
    """
    name = _ranked_by(result)
    if name is None:
        return Paragraph("Worst items", ("no score of this run has values of single items",))
    output = result.scores[name].output
    chosen = _worst(result.items, name, view.worst, ascending=output.higher_is_better)
    columns = (
        Heading("id"),
        Heading(name, is_number=True),
        Heading("outcome"),
        Heading("prediction"),
        Heading("references"),
    )
    rows = tuple(
        (
            result.items.ids[i],
            figure(float(result.items.scores[name][i]), output, view),
            result.items.outcomes[i],
            cut(_prediction(result.items.predictions[i], result.items.raw[i]), view),
            cut(_SEPARATOR.join(map(_text, result.items.references[i])), view),
        )
        for i in chosen.tolist()
    )
    end = "Lowest" if output.higher_is_better else "Highest"
    return Grid(f"{end} {number_of(len(rows), 'item')} by {name}", columns, rows)


def _ranked_by(result: RunResult) -> str | None:
    names = (result.primary, *result.scores)
    return next((name for name in names if name in result.items.scores), None)


def _worst(items: ItemScores, name: str, limit: int, *, ascending: bool) -> Ints:
    column = items.scores[name]
    known = np.flatnonzero(~np.isnan(column))
    keys = column[known] if ascending else -column[known]
    return known[np.argsort(keys, kind="stable")[:limit]]


def _prediction(value: Any, raw: str | None) -> str:  # noqa: ANN401  (any parsed value)
    """The value; the recorded text where none could be read from it."""
    shown = raw if value is None else value
    return "(missing)" if shown is None else _text(shown)


def _text(value: Any) -> str:  # noqa: ANN401  (any parsed value)
    """A text as it is, any other value as JSON."""
    return value if isinstance(value, str) else json_bytes(value).decode("utf-8")


def cut(text: str, view: View) -> str:
    """``text``, or its start and how much more there is."""
    if view.cell_limit is None or len(text) <= view.cell_limit:
        return text
    return f"{text[: view.cell_limit]} (+ {len(text) - view.cell_limit:,} more characters)"
