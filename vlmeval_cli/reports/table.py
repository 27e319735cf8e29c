"""Blocks for a terminal: Rich tables, folded to its width, never cut."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from io import StringIO
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from vlmeval_cli.reports.blocks import Block, Facts, Grid, Heading, Paragraph, visible

ColorSystem = Literal["auto", "standard", "256", "truecolor", "windows"]
_NARROWEST = 12  # cells that a column of text keeps when it is folded


def render_terminal(blocks: Iterable[Block], width: int, color_system: ColorSystem | None) -> str:
    """``blocks`` as text for a terminal of ``width`` cells.

    Columns of text are folded to fit; where the numbers alone are wider than the terminal, lines
    are longer than it, because a number must not be cut.

    Args:
        blocks: what to say.
        width: of the terminal.
        color_system: as Rich names it; None writes no escape sequence at all.
    """
    parts = []
    for block in blocks:
        needed = _needed(block) if isinstance(block, Grid) else 0
        console = Console(
            file=StringIO(),
            width=max(width, needed),
            color_system=color_system,
            force_terminal=color_system is not None,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        with console.capture() as captured:
            console.print(_renderable(block))
        parts.append(captured.get())
    lines = "\n".join(parts).split("\n")
    return "\n".join(line.rstrip() for line in lines)


def _needed(grid: Grid) -> int:
    """Cells without which a number or an id would be cut."""
    total = 0
    for i, heading in enumerate(grid.columns):
        widest = max((Text(visible(row[i])).cell_len for row in grid.rows), default=0)
        name = Text(visible(heading.name)).cell_len
        least = widest if heading.is_number or heading.is_name else min(_NARROWEST, widest)
        total += max(name, least)
    return total + 3 * (len(grid.columns) - 1)


@singledispatch
def _renderable(block: Block) -> RenderableType:
    raise TypeError(f"no terminal form of {block!r}")


@_renderable.register
def _(block: Facts) -> RenderableType:
    table = Table.grid(Column(style="cyan", no_wrap=True), Column(overflow="fold"), padding=(0, 2))
    for label, text in block.pairs:
        table.add_row(Text(visible(label)), Text(visible(text)))
    return table


@_renderable.register
def _(block: Grid) -> RenderableType:
    table = Table(
        *map(_column, block.columns),
        box=SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for number, row in enumerate(block.rows):
        style = "bold" if number == block.marked else None
        table.add_row(*(Text(visible(text)) for text in row), style=style)
    return Group(Text(visible(block.title), style="bold"), table)


@_renderable.register
def _(block: Paragraph) -> RenderableType:
    lines = [Padding(Text(visible(line)), (0, 0, 0, 2)) for line in block.lines]
    title = [Text(visible(block.title), style="bold")] if block.title else []
    return Group(*title, *lines)


def _column(heading: Heading) -> Column:
    is_whole = heading.is_number or heading.is_name
    return Column(
        Text(visible(heading.name)),
        justify="right" if heading.is_number else "left",
        no_wrap=is_whole,
        overflow="fold",
        min_width=None if is_whole else min(_NARROWEST, len(heading.name)),
    )
