"""The scores of groups as a table that fits a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vlmeval_cli.core.results import Group, RunResult
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.reports.blocks import Grid, Heading, visible
from vlmeval_cli.reports.figures import UNKNOWN, View, figure, interval

_MOST_GROUPS = 50
_BETWEEN = 3  # cells between two columns


def group_grid(
    fields: Sequence[str], groups: Sequence[Group], result: RunResult, view: View
) -> Grid:
    """The groups of one grouping, with the interval of the primary score.

    On a terminal that is too narrow, the last scores are left to the files, and so are many groups
    everywhere.
    """
    shown = groups[:_MOST_GROUPS]
    names = [*dict.fromkeys(name for group in groups for name in group.scores)]
    grid = _grid(fields, shown, names, result, view)
    n_names = len(names)
    while view.width is not None and grid_width(grid) > view.width and len(names) > 1:
        names.remove(next(name for name in reversed(names) if name != result.primary))
        grid = _grid(fields, shown, names, result, view)
    parts = (
        *_hidden(len(groups) - len(shown), "more group"),
        *_hidden(n_names - len(names), "more score"),
    )
    more = f" (and {' and '.join(parts)}, in the JSON report)" if parts else ""
    return replace(grid, title=f"{grid.title}{more}")


def _hidden(number: int, what: str) -> Iterator[str]:
    if number:
        yield number_of(number, what)


def _grid(
    fields: Sequence[str],
    groups: Sequence[Group],
    names: Sequence[str],
    result: RunResult,
    view: View,
) -> Grid:
    columns = [*map(Heading, fields), Heading("items", is_number=True)]
    rows = [[*group.by.values(), f"{group.n:,}"] for group in groups]
    for name in names:
        scores = [group.scores.get(name) for group in groups]
        columns.append(Heading(name, is_number=True))
        _add(rows, [figure(one.value, one.output, view) if one else UNKNOWN for one in scores])
        if name == result.primary and any(one and one.ci_low is not None for one in scores):
            confidence = result.statistics_options.get("confidence", 0.95)
            columns.append(Heading(f"{100 * confidence:g}% interval", is_number=True))
            _add(rows, [interval(one, view) if one else UNKNOWN for one in scores])
    return Grid(f"By {', '.join(fields)}", tuple(columns), tuple(map(tuple, rows)))


def _add(rows: Sequence[list[str]], cells: Sequence[str]) -> None:
    for row, text in zip(rows, cells, strict=True):
        row.append(text)


def grid_width(grid: Grid) -> int:
    """Cells that a terminal needs to show the table without folding."""
    widest = [
        max(len(visible(text)) for text in (heading.name, *(row[i] for row in grid.rows)))
        for i, heading in enumerate(grid.columns)
    ]
    return sum(widest) + _BETWEEN * (len(widest) - 1)
