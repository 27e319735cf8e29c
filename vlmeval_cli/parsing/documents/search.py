"""Where in a model's text a document stands: in a fence, or between brackets amid prose."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO
from itertools import islice, takewhile
from typing import NamedTuple

from vlmeval_cli.parsing.documents.bounds import DEEPEST
from vlmeval_cli.parsing.documents.syntax import DELIMITERS, OPENER, Syntax

_FENCE = re.compile(
    r"```[ \t]*(?:(jsonc|json5|json|yaml|yml|csv|tsv|python|py|plaintext|text|txt)\b)?"
    r"(.*?)(?:```|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_SYNTAX_OF_TAG: dict[str, Syntax] = {
    "json": "JSON", "jsonc": "JSON", "json5": "JSON",
    "yaml": "YAML", "yml": "YAML", "csv": "CSV", "tsv": "CSV",
}  # fmt: skip
_FENCES = 8  # that are looked at
_PIECES = 100

# What could begin an object or a list, and not a footnote such as "[see below]".
_START = re.compile(
    r"\{\s*(?:[\"'}]|\w+\s*:)|\[\s*(?:[\[{\"'\]0-9-]|(?:true|false|null|True|False|None)\b)"
)
# Strings are passed over as a whole; one that never ends takes the rest of the text.
_MARK = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)|\'(?:[^\'\\]|\\.?)*+(?:\'|\Z)|[\[\]{}]', re.DOTALL)
_BARE_KEY = re.compile(r'\s*"[^"\n]{1,100}"\s*:')
_YAML_LINE = re.compile(r"(?:- )?[\w .'\"-]+:(?:\s.*)?")
# The line below the header of a Markdown table, and what parts its cells.
_RULE_LINE = re.compile(r"\s*+\|?+(?:\s*+:?-++:?\s*+\|)++(?:\s*+:?-++:?)?\s*")
_BAR = re.compile(r"(?<!\\)\|")


class Fence(NamedTuple):
    """What stands in a fence, and the syntax that its mark names, if it names one."""

    text: str
    syntax: Syntax | None


class Piece(NamedTuple):
    """A text that begins with a bracket, and whether it ends with the one that closes it."""

    text: str
    is_closed: bool


def fence(text: str) -> Fence | None:
    r"""The first fence that is marked as a document, or else the first; the last may lack its end.

    >>> fence("Here you are:\n```json\n{}\n```")
    Fence(text='\n{}\n', syntax='JSON')
    """
    if "```" not in text:
        return None
    found = [
        Fence(mark[2], _SYNTAX_OF_TAG.get((mark[1] or "").lower()))
        for mark in islice(_FENCE.finditer(text), _FENCES)
    ]
    return next((one for one in found if one.syntax is not None), found[0])


def pieces(text: str) -> Iterator[Piece]:
    """The outermost objects and lists in ``text``.

    Brackets inside strings do not count. One that is never closed takes the rest of the text and
    ends the search: what is inside of it is a part of a document that was cut off.

    >>> [piece.text for piece in pieces('see [a]: {"b": "}"} and [1, 2]')]
    ['{"b": "}"}', '[1, 2]']
    """
    at = 0
    for _ in range(_PIECES):
        start = _START.search(text, at)
        if start is None:
            return
        end = _end(text, start.start())
        yield Piece(text[start.start() : end], end is not None)
        if end is None:
            return
        at = end


def _end(text: str, start: int) -> int | None:
    """Behind the bracket that closes the one at ``start``; None where none does."""
    depth = 0
    for mark in _MARK.finditer(text, start):
        if mark[0] in ("{", "["):
            depth += 1
            if depth > DEEPEST:
                return None
        elif mark[0] in ("}", "]"):
            depth -= 1
            if depth == 0:
                return mark.end()
    return None


def begins_with_key(text: str) -> bool:
    """Whether a text is an object that lacks its opening brace."""
    return _BARE_KEY.match(text) is not None


def lines_of_yaml(text: str) -> str:
    """The lines from the first that has a key to the last that has one or is indented."""
    lines = text.splitlines()
    keyed = [i for i, line in enumerate(lines) if _YAML_LINE.fullmatch(line)]
    if not keyed:
        return ""
    inside = [i for i, line in enumerate(lines) if line[:1] in (" ", "-") and line.strip()]
    return "\n".join(lines[keyed[0] : max([*keyed, *inside]) + 1])


def lines_of_table(text: str) -> str:
    """The longest run of lines that have as many commas, tabs or semicolons, one or more."""
    lines = OPENER.sub("", text).splitlines()
    longest = max((_run(lines, delimiter) for delimiter in DELIMITERS), key=len)
    return "\n".join(longest)


def _run(lines: list[str], delimiter: str) -> list[str]:
    best: list[str] = []
    run: list[str] = []
    for line in lines:
        if run and line.count(delimiter) != run[0].count(delimiter):
            run = []
        if delimiter in line:
            run.append(line)
        best = run if len(run) > len(best) else best
    return best


def markdown_table(text: str) -> str:
    r"""The first table in Markdown, as CSV; empty without one.

    >>> markdown_table("Here:\n| item | qty |\n|---|--:|\n| bolt, M8 | 2 |\n\nDone.")
    'item,qty\n"bolt, M8",2\n'
    """
    lines = text.splitlines()
    rule = next(
        (i for i in range(1, len(lines)) if "|" in lines[i - 1] and _RULE_LINE.fullmatch(lines[i])),
        None,
    )
    if rule is None:
        return ""
    table = StringIO()
    rows = [lines[rule - 1], *takewhile(lambda line: "|" in line, lines[rule + 1 :])]
    csv.writer(table, lineterminator="\n").writerows(map(_cells, rows))
    return table.getvalue()


def _cells(line: str) -> list[str]:
    bare = line.strip().removeprefix("|")
    bare = bare.removesuffix("|") if not bare.endswith("\\|") else bare
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(bare)]
