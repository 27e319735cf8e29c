"""The needed fields of a file, collected as columns in one pass over its rows."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from operator import itemgetter
from typing import Any, Protocol

from vlmeval_cli.joining.paths import ROW_NUMBER, value_at
from vlmeval_cli.readers.base import Layout, Row, chunked

A_LINE_A_ROW = Layout("jsonl", "an object a line")


class RowSource(Protocol):
    """A file that gives numbered rows; what readers open is one."""

    @property
    def path(self) -> str:
        """The name that messages use."""
        ...

    @property
    def layout(self) -> Layout:
        """What was recognised; it says what a row's number counts."""
        ...

    def rows(self) -> Iterator[Row]:
        """Line (or place) and fields of each row."""
        ...


@dataclass(frozen=True, slots=True)
class Roles:
    """Which field plays which part in one file; None where no field does."""

    value: str | None = None
    question: str | None = None
    options: str | None = None
    image: str | None = None

    def names(self) -> tuple[str, ...]:
        """The fields named, without repeats."""
        named = (self.value, self.question, self.options, self.image)
        return tuple(dict.fromkeys(name for name in named if name is not None))


@dataclass(frozen=True, slots=True)
class Columns:
    """``n`` rows of a file as columns.

    Attributes:
        path: the file, for messages.
        lines: line of each row, length n.
        columns: field → its values, length n each; None where a row lacks the field.
        known: every field name that any row has, for messages.
        layout: of the file; it says whether ``lines`` are lines or rows.
    """

    path: str
    lines: Sequence[int]
    columns: Mapping[str, list[Any]]
    known: frozenset[str] = frozenset()
    layout: Layout = A_LINE_A_ROW

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def where(self, row: int) -> str:
        """``file:line`` of a row, or ``file: row n``."""
        return self.layout.where(self.path, self.lines[row])

    def without(self, rows: Iterable[int]) -> Columns:
        """The same columns less some rows."""
        dropped = set(rows)
        if not dropped:
            return self
        kept = [row for row in range(len(self)) if row not in dropped]
        lines = array("q", (self.lines[row] for row in kept))
        columns = {name: [col[row] for row in kept] for name, col in self.columns.items()}
        return replace(self, lines=lines, columns=columns)


def collect(source: RowSource, names: Iterable[str]) -> Columns:
    """Keep only the fields ``names`` of all rows of ``source``.

    Args:
        source: read once, streamed.
        names: fields; dots reach inside objects, ``.`` keeps whole rows, ``#`` numbers them.

    Returns:
        Columns in the order of the rows. A field that no row has is a column of None.
    """
    lines = array("q")
    known: set[str] = set()
    columns: dict[str, list[Any]] = {name: [] for name in dict.fromkeys(names)}
    for places, rows in chunked(source.rows()):
        lines.extend(places)
        own = set().union(*rows)
        known |= own
        for name, column in columns.items():
            if name == ROW_NUMBER:
                column.extend(range(len(column) + 1, len(column) + 1 + len(rows)))
            elif "." in name:
                column.extend([value_at(fields, name) for fields in rows])
            elif name in own:
                column.extend(_values(rows, name))
            else:
                column.extend(repeat(None, len(rows)))
    return Columns(source.path, lines, columns, frozenset(known), source.layout)


def _values(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """The field ``name`` of each row; None where a row lacks it, which is rare."""
    try:
        return [*map(itemgetter(name), rows)]
    except KeyError:
        return [fields.get(name) for fields in rows]
