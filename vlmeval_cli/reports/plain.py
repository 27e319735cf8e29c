"""Blocks as plain text for pipes and files: whole columns, no width limit, nothing cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch

from vlmeval_cli.reports.blocks import Block, Facts, Grid, Paragraph, visible

_GAP = "  "


def render_plain(blocks: Iterable[Block]) -> str:
    """``blocks`` as text that ends with a newline, an empty line between two of them."""
    return "\n".join("".join(f"{line}\n" for line in _lines(block)) for block in blocks)


@singledispatch
def _lines(block: Block) -> list[str]:
    raise TypeError(f"no plain form of {block!r}")


@_lines.register
def _(block: Facts) -> list[str]:
    return _columns([(f"{label}:", text) for label, text in block.pairs], [False, False])


@_lines.register
def _(block: Grid) -> list[str]:
    rows = [tuple(heading.name for heading in block.columns), *block.rows]
    numeric = [heading.is_number for heading in block.columns]
    title = [visible(block.title)] if block.title else []
    return title + _columns(rows, numeric)


@_lines.register
def _(block: Paragraph) -> list[str]:
    title = [visible(block.title)] if block.title else []
    return title + [f"{_GAP if title else ''}{visible(line)}" for line in block.lines]


def _columns(rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> list[str]:
    """Aligned lines, numbers at the right of their column."""
    cells = [[visible(text) for text in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    return [
        _GAP.join(
            _padded(text, width, at_right=at_right)
            for text, width, at_right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]


def _padded(text: str, width: int, *, at_right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if at_right else text + space


def _width(text: str) -> int:
    """Terminal cells of ``text``: Chinese and emoji take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
