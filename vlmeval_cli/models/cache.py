"""Encodings kept on disk, so that the next run over the same texts or images needs no network.

One SQLite file holds them. Processes may share it: it is written in short transactions, ahead of
the main file (WAL), and whoever finds it locked waits a few seconds. What is damaged is computed
again. No failure of the cache stops a run: it goes on without.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import islice
from math import inf, nan
from pathlib import Path
from secrets import randbelow
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.models.cache_folder import cache_folder
from vlmeval_cli.models.columns import Vectors
from vlmeval_cli.models.kept_file import FileState, KeptFile, files_of, state_of

LIMIT_VARIABLE = "VLMEVAL_CACHE_GIB"
_FILE = "encodings-1.sqlite"
_LIMIT_GIB = 20.0
_SHARE_KEPT = 0.75  # of the limit, when old encodings are dropped
_AT_ONCE = 500  # rows of a query or transaction; SQLite takes 999 parameters everywhere
_MOST_NUMBERS = 2**61  # a quarter of what SQLite counts to


class Head(NamedTuple):
    """What is known of an encoding before its vectors are read."""

    number: int
    ids: npt.NDArray[np.int32]
    n_cut: int


class Entry(NamedTuple):
    """The encoding of one text or image; of an image there are no ids."""

    key: bytes
    ids: npt.NDArray[np.int32]
    n_cut: int
    vectors: Vectors


def cache_file() -> Path:
    """The file that holds the encodings."""
    return cache_folder() / _FILE


def cache_size() -> int:
    """Bytes that the encodings take on disk."""
    found = 0
    for file in files_of(cache_file()):
        with suppress(OSError):
            found += file.stat().st_size
    return found


def keys_of(space: str, values: Sequence[str]) -> list[bytes]:
    """The keys of texts (or of the hashes of images) encoded as ``space`` says.

    Args:
        space: weights, layer, numbers, kind: all that decides an encoding beside the value.
        values: texts.
    """
    start = blake2b(space.encode(), digest_size=16)
    found = []
    for value in values:
        one = start.copy()
        one.update(b"\0" + value.encode("utf-8", "surrogatepass"))
        found.append(one.digest())
    return found


def _nobody(line: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class EncodingCache:
    """The encodings in a file.

    Attributes:
        path: the file.
        tell: given a line when the file is made anew, or cannot be used.
        state: what is known of it; caches of one file share it, so that nobody waits twice or is
            told twice.
    """

    path: Path
    tell: Callable[[str], None] = _nobody
    state: FileState = field(default_factory=FileState, compare=False)

    @classmethod
    def of(cls, policy: ModelPolicy, tell: Callable[[str], None] = _nobody) -> EncodingCache | None:
        """The cache of this user; None where none is wanted.

        Raises:
            UsageError: the limit of its size is no number.
        """
        if not policy.cache:
            return None
        _limit_gib()  # told before anything is computed
        path = cache_file()
        return cls(path, tell, state_of(path))

    def heads(self, keys: Sequence[bytes]) -> dict[int, Head]:
        """Place of a key → what is known of its encoding, for those that are kept."""
        places = {key: place for place, key in enumerate(keys)}
        query = "SELECT key, number, n_cut, ids, head_sum FROM encodings WHERE key IN ({})"
        return {
            places[key]: Head(number, np.frombuffer(ids, np.int32), n_cut)
            for key, number, n_cut, ids, head_sum in self._asked(query, list(places))
            if _head_sum(key, n_cut, ids) == head_sum
        }

    def vectors(self, numbers: Sequence[int]) -> Iterator[tuple[int, Vectors]]:
        """Number of an encoding and its vectors, flat; nothing for those that are damaged."""
        query = "SELECT number, vectors, body_sum FROM encodings WHERE number IN ({})"
        for number, content, body_sum in self._asked(query, numbers):
            if crc32(content) == body_sum:
                yield number, np.frombuffer(content, np.float32)

    def put(self, entries: Iterable[Entry]) -> None:
        """Keep encodings; the oldest are dropped where they would take too much."""
        left = iter(entries)
        while rows := [*map(_row, islice(left, _AT_ONCE))]:
            self._file().write(partial(_write, rows))

    def _asked(self, query: str, wanted: Sequence[object]) -> Iterator[tuple[Any, ...]]:
        """Rows of a query, so many parameters at a time."""
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marked = query.format(",".join("?" * len(some)))
            yield from self._file().read(partial(_rows, query=marked, wanted=some))

    def _file(self) -> KeptFile:
        return KeptFile(self.path, self.tell, self.state)


def _rows(base: sqlite3.Connection, query: str, wanted: Sequence[object]) -> list[tuple[Any, ...]]:
    return base.execute(query, wanted).fetchall()


def _write(rows: list[tuple[object, ...]], base: sqlite3.Connection) -> None:
    """Add rows in one transaction, and make room."""
    insert = (
        "INSERT OR REPLACE INTO encodings (key, n_cut, ids, vectors, head_sum, body_sum{}) "
        "VALUES (?, ?, ?, ?, ?, ?{})"
    )
    with base:
        if base.execute("SELECT 1 FROM encodings LIMIT 1").fetchone() is None:
            # The numbers of a file that was made anew are not those that a reader of the old one
            # still asks for: it would be given the vectors of other texts.
            number = randbelow(_MOST_NUMBERS)
            base.execute(insert.format(", number", ", ?"), (*rows[0], number))
            rows = rows[1:]
        base.executemany(insert.format("", ""), rows)
    _drop_oldest(base)


def _row(entry: Entry) -> tuple[object, ...]:
    ids = np.ascontiguousarray(entry.ids, np.int32).tobytes()
    vectors = np.ascontiguousarray(entry.vectors, np.float32).tobytes()
    head = _head_sum(entry.key, entry.n_cut, ids)
    return entry.key, entry.n_cut, ids, vectors, head, crc32(vectors)


def _head_sum(key: bytes, n_cut: int, ids: bytes) -> int:
    return crc32(b"%b%d:%b" % (key, n_cut, ids))


def _limit_gib() -> float:
    """What the user allows, in GiB."""
    given = os.environ.get(LIMIT_VARIABLE)
    try:
        limit = float(given or _LIMIT_GIB)
    except ValueError:
        limit = nan
    if not 0 <= limit < inf:
        raise UsageError(
            f"{LIMIT_VARIABLE}: got {quoted(given)}, expected a number of GiB from 0 up",
            hint="To keep no encodings at all, pass --no-cache.",
        )
    return limit


def _drop_oldest(base: sqlite3.Connection) -> None:
    """Make room: the pages of what is dropped are used again, so the file grows no further."""
    limit = _limit_gib() * 2**30
    pages, free, size = (
        base.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    used = (pages - free) * size
    if used <= limit:
        return
    first, last = base.execute("SELECT min(number), max(number) FROM encodings").fetchone()
    dropped = 1.0 - _SHARE_KEPT * limit / used
    with base:
        base.execute(
            "DELETE FROM encodings WHERE number < ?", (first + int((last - first) * dropped) + 1,)
        )
