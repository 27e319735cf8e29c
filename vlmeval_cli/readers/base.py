"""What every reader gives: a layout and rows, streamed from the start as often as asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Literal, NamedTuple, Protocol

_ROWS_AT_ONCE = 1024


class Row(NamedTuple):
    """One row of a file.

    Attributes:
        line: line in a file of lines, else the place of the row counted from 1.
        fields: field name → value as JSON gives it; tables give text.
    """

    line: int
    fields: dict[str, Any]


class Chunk(NamedTuple):
    """Consecutive rows, at least one: their lines and their fields."""

    lines: Sequence[int]
    fields: Sequence[dict[str, Any]]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Chunk:
        """The chunk of some rows."""
        return cls(*zip(*rows, strict=True))

    def rows(self) -> Iterator[Row]:
        """The rows, one after the other."""
        return map(Row, self.lines, self.fields)


class ChunkedRows(Iterator[Row]):
    """Rows one after the other; or as many at a time as were read at once, which is faster."""

    def __init__(self, chunks: Iterator[Chunk]) -> None:
        """The rows of ``chunks``."""
        self._chunks = chunks
        self._begun: Iterator[Row] = iter(())

    def __next__(self) -> Row:
        """The next row."""
        for row in self._begun:
            return row
        self._begun = next(self._chunks).rows()
        return next(self._begun)

    def chunks(self) -> Iterator[Chunk]:
        """The rows that are left."""
        rest = [*self._begun]
        return chain([Chunk.of(rest)], self._chunks) if rest else self._chunks


def chunked(rows: Iterator[Row]) -> Iterator[Chunk]:
    """The rows that are left, many at a time."""
    return rows.chunks() if isinstance(rows, ChunkedRows) else _put_together(rows)


def _put_together(rows: Iterator[Row]) -> Iterator[Chunk]:
    while some := [*islice(rows, _ROWS_AT_ONCE)]:
        yield Chunk.of(some)


class BadRow(NamedTuple):
    """A row that could not be read: where, and what is wrong with it."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The structure that was recognised in a file.

    Attributes:
        name: ``jsonl``, ``json_array``, ``json_by_id``, ``csv``, ``tsv``, ``coco_captions``,
            ``vqav2_annotations``, …
        reason: the evidence, in words for the user.
        task: the task that this layout fixes, if any.
        roles: role (id, prediction, references, question, options) → field, where it is fixed.
        side: which side of the pair such a file is, if that is certain.
        unit: what :attr:`Row.line` counts: lines of the file, or rows of a JSON document.
        note: what the user should know of how the file is read, if anything.
    """

    name: str
    reason: str
    task: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    side: str | None = None
    unit: Literal["line", "row"] = "line"
    note: str = ""

    def where(self, path: str, line: int) -> str:
        """The place of a row as messages give it.

        >>> Layout("jsonl", "").where("preds.jsonl", 17)
        'preds.jsonl:17'
        >>> Layout("json_array", "", unit="row").where("preds.json", 17)
        'preds.json: row 17'
        """
        return f"{path}:{line}" if self.unit == "line" else f"{path}: row {line}"


class Source(Protocol):
    """A file that was recognised and can be read."""

    @property
    def path(self) -> str:
        """The name the user gave, ``<stdin>`` for standard input."""
        ...

    @property
    def layout(self) -> Layout:
        """What was recognised."""
        ...

    @property
    def bad_rows(self) -> Sequence[BadRow]:
        """Rows left out by the last complete pass over :meth:`rows`, where they may be skipped."""
        ...

    def rows(self) -> Iterator[Row]:
        """All rows, from the first, streamed.

        Raises:
            DataError: a row is malformed and bad rows are errors.
        """
        ...

    def sha256(self) -> str:
        """Digest of the file's bytes as they are on disk."""
        ...
