"""``report.md``: the same blocks as Markdown, every cell escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import singledispatch

from vlmeval_cli.core.results import RunResult
from vlmeval_cli.reports.blocks import Block, Facts, Grid, Paragraph, visible
from vlmeval_cli.reports.figures import View
from vlmeval_cli.reports.summary import advice, signatures, summarise

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")
# What would begin a list, a rule or a heading: "- ", "1. ".
_LINE_START = re.compile(r"^(\s*(?:\d+(?=[.)](?:\s|$)))?)([-+=.)])")


def markdown_report(result: RunResult, view: View) -> bytes:
    """The report on ``result`` as GitHub-flavoured Markdown, UTF-8.

    Text of the user is escaped: a caption cannot open a link, a tag or a table.
    """
    blocks = [*summarise(result, view), *advice(result), signatures(result)]
    return markdown_page(f"vlmeval: {result.task}", blocks)


def markdown_page(title: str, blocks: Iterable[Block]) -> bytes:
    """``blocks`` under a title, UTF-8."""
    return f"# {escaped(title)}\n\n{render_markdown(blocks)}".encode()


def render_markdown(blocks: Iterable[Block]) -> str:
    """``blocks`` as Markdown, an empty line between two of them."""
    return "\n".join("".join(f"{line}\n" for line in _lines(block)) for block in blocks)


def escaped(text: str) -> str:
    r"""``text`` as literal Markdown on one line.

    >>> escaped("[a](b) | *c*")
    '\\[a\\](b) \\| \\*c\\*'
    """
    return _LINE_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", visible(text)))


@singledispatch
def _lines(block: Block) -> list[str]:
    raise TypeError(f"no Markdown form of {block!r}")


@_lines.register
def _(block: Facts) -> list[str]:
    return [f"- **{escaped(label)}**: {escaped(text)}" for label, text in block.pairs]


@_lines.register
def _(block: Grid) -> list[str]:
    names = [heading.name for heading in block.columns]
    rules = ["---:" if heading.is_number else "---" for heading in block.columns]
    rows = [
        _row(list(map(escaped, row)), bold=i == block.marked) for i, row in enumerate(block.rows)
    ]
    return [f"## {escaped(block.title)}", "", _row(list(map(escaped, names))), _row(rules), *rows]


@_lines.register
def _(block: Paragraph) -> list[str]:
    return [f"## {escaped(block.title)}", "", *(f"- {escaped(line)}" for line in block.lines)]


def _row(cells: list[str], *, bold: bool = False) -> str:
    shown = [f"**{text}**" if bold and text.strip() else text for text in cells]
    return f"| {' | '.join(shown)} |"
