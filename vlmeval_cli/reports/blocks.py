"""What a report says, before it is decided how it looks: facts, grids and paragraphs."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Control characters, marks that reorder or break a line, and lone surrogates: a terminal obeys
# the first, a table is broken by the second, and UTF-8 cannot hold the third.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Facts:
    """Labelled lines: ``task  captioning``."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """Name of a column.

    Attributes:
        name: above the cells.
        is_number: cells are aligned at the right and never folded.
        is_name: cells are names, which are never folded either.
    """

    name: str
    is_number: bool = False
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text.

    Attributes:
        title: one line above it.
        columns: as many as each row has cells.
        rows: the cells.
        marked: index of the row that stands out, if any.
    """

    title: str
    columns: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: int | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of prose under a title, which may be empty."""

    title: str
    lines: tuple[str, ...]


Block = Facts | Grid | Paragraph


def visible(text: str) -> str:
    r"""``text`` on one line, with everything that a terminal would obey written as an escape.

    >>> visible("a\x1b[31m\n")
    'a\\x1b[31m\\n'
    """
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
