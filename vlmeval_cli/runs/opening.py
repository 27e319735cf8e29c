"""Files that are being read, and those that several runs share, which are read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.detection import Side
from vlmeval_cli.joining import Columns, collect
from vlmeval_cli.readers import Layout, Row, Source, open_source
from vlmeval_cli.readers.base import ChunkedRows, chunked

HEAD = 4_000  # rows that detection looks at, at most
HEAD_CHARACTERS = 16_000_000  # of text in them, at most


class Opened(NamedTuple):
    """A source that is being read: its first rows, and those that follow."""

    source: Source
    head: list[Row]
    following: Iterator[Row]

    @property
    def path(self) -> str:
        """The name that messages use."""
        return self.source.path

    @property
    def layout(self) -> Layout:
        """What was recognised."""
        return self.source.layout

    def rows(self) -> Iterator[Row]:
        """All rows, once: the file is not read again, and its first rows are let go."""
        return ChunkedRows(chain(chunked(_let_go(self.head)), chunked(self.following)))

    def side(self) -> Side:
        """What detection looks at."""
        return Side(self.path, self.layout, [row.fields for row in self.head])


def open_file(path: str, config: RunConfig, if_empty: Layout | None = None) -> Opened:
    """The file at ``path``, read as far as detection looks."""
    source = open_source(path, on_bad_row=config.join.on_bad_row, if_empty=if_empty)
    rows = source.rows()
    head: list[Row] = []
    room = HEAD_CHARACTERS
    for row in islice(rows, HEAD):
        head.append(row)
        room -= sum([len(value) for value in row.fields.values() if type(value) is str])
        if room < 0:
            break
    return Opened(source, head, rows)


class Shelf:
    """Files of references that several runs share: each is read once and its columns kept."""

    def __init__(self) -> None:
        self._opened: dict[str, Opened] = {}
        self._columns: dict[tuple[str, tuple[str, ...]], Columns] = {}

    def open(self, path: str, config: RunConfig) -> Opened:
        """The file at ``path``; its first rows are kept for the next run."""
        if path not in self._opened:
            self._opened[path] = open_file(path, config)
        kept = self._opened[path]
        return kept._replace(head=[*kept.head])

    def collect(self, opened: Opened, names: Sequence[str]) -> Columns:
        """The columns ``names`` of a file that this shelf opened."""
        path, wanted = opened.path, tuple(names)
        if (path, wanted) not in self._columns:
            is_read = any(path == other for other, _ in self._columns)
            rows = opened.source if is_read else opened
            self._columns[path, wanted] = collect(rows, wanted)
        return self._columns[path, wanted]


def _let_go(rows: list[Row]) -> Iterator[Row]:
    """The rows, none of them kept once it was given."""
    rows.reverse()
    while rows:
        yield rows.pop()
