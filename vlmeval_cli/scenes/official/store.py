"""Compared scenes kept on disk, so that the next run over the same captions starts no Java.

One SQLite file holds them, shared by processes as the encodings are
(:mod:`vlmeval_cli.models.cache`). No failure of it stops a run.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar
from zlib import compress, crc32, decompress

import numpy as np

from vlmeval_cli.models.cache_folder import cache_folder
from vlmeval_cli.scenes.official.captions import Captions
from vlmeval_cli.scenes.tuples import Found, Scene, SceneTuple

_FILE = "scenes-1.sqlite"
_WAIT_S = 60.0
_AT_ONCE = 500  # rows of a query or transaction
_SCHEMA = """
CREATE TABLE IF NOT EXISTS scenes (key BLOB PRIMARY KEY, body BLOB NOT NULL, sum INTEGER NOT NULL)
"""
FoundT = TypeVar("FoundT")
_Row = tuple[bytes, bytes, int]


class Kept(NamedTuple):
    """What was found of an item, and by which Java."""

    found: Found
    java: str


def scenes_file() -> Path:
    """The file that holds the compared scenes."""
    return cache_folder() / _FILE


@dataclass(frozen=True, slots=True)
class SceneStore:
    """Compared scenes in a file.

    Attributes:
        path: the file.
        space: what compared them: scenes of another program are not these.
        tell: given a line when the file is made anew, or cannot be used.
        failed: why the file cannot be used; once there is a reason it is left alone.
    """

    path: Path
    space: str
    tell: Callable[[str], None]
    failed: list[Exception] = field(default_factory=list, compare=False)

    def take(self, items: Sequence[Captions]) -> dict[Captions, Kept]:
        """Those of ``items`` that are kept."""
        own = {self._key(one): one for one in items}
        keys = [*own]
        found: dict[Captions, Kept] = {}
        for start in range(0, len(keys), _AT_ONCE):
            rows: list[_Row] = self._try(partial(_selected, keys[start : start + _AT_ONCE]), [])
            for key, body, total in rows:
                if crc32(body) == total:
                    found[own[key]] = _read(body)
        return found

    def put(self, items: Mapping[Captions, Found], java: str) -> None:
        """Keep what ``java`` found."""
        rows = self._rows(items, java)
        while some := [*islice(rows, _AT_ONCE)]:
            self._try(partial(_inserted, some), None)

    def _rows(self, items: Mapping[Captions, Found], java: str) -> Iterator[_Row]:
        for captions, found in items.items():
            body = _written(Kept(found, java))
            yield self._key(captions), body, crc32(body)

    def _key(self, captions: Captions) -> bytes:
        told = json.dumps([self.space, captions.prediction, captions.references])
        return blake2b(told.encode("ascii"), digest_size=16).digest()

    def _try(self, action: Callable[[sqlite3.Connection], FoundT], otherwise: FoundT) -> FoundT:
        """What ``action`` finds; ``otherwise`` where the file cannot be used, now or before."""
        if self.failed:
            return otherwise
        try:
            return self._with_file(action)
        except (sqlite3.DatabaseError, OSError) as error:
            is_damaged = not isinstance(error, OSError | sqlite3.OperationalError)
            if is_damaged and self._is_removed():
                self.tell(f"{self.path} was damaged; it is made anew")
            else:
                self.failed.append(error)
                self.tell(f"{self.path} cannot be used ({error}); results of SPICE are not kept")
            return otherwise

    def _with_file(self, action: Callable[[sqlite3.Connection], FoundT]) -> FoundT:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=_WAIT_S)) as base:
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("PRAGMA synchronous=NORMAL")
            base.execute(_SCHEMA)
            return action(base)

    def _is_removed(self) -> bool:
        """Remove a damaged file; processes that have it open keep theirs and lose it later."""
        try:
            for end in ("", "-wal", "-shm"):
                self.path.with_name(f"{self.path.name}{end}").unlink(missing_ok=True)
        except OSError:
            return False
        return True


def _selected(keys: Sequence[bytes], base: sqlite3.Connection) -> list[_Row]:
    marks = ",".join("?" * len(keys))
    query = f"SELECT key, body, sum FROM scenes WHERE key IN ({marks})"
    return base.execute(query, keys).fetchall()


def _inserted(rows: Sequence[_Row], base: sqlite3.Connection) -> None:
    with base:
        base.executemany("INSERT OR REPLACE INTO scenes VALUES (?, ?, ?)", rows)


def _written(kept: Kept) -> bytes:
    scene = kept.found.scene
    values = {"java": kept.java, "counts": kept.found.counts.tolist(), "scene": scene}
    return compress(json.dumps(values).encode("ascii"), 1)


def _read(body: bytes) -> Kept:
    values = json.loads(decompress(body))
    sides = values["scene"]
    scene = None if sides is None else Scene(*map(_tuples, sides))
    return Kept(Found(np.array(values["counts"], dtype=np.int64), scene), values["java"])


def _tuples(given: Sequence[tuple[Sequence[str], bool]]) -> tuple[SceneTuple, ...]:
    return tuple(SceneTuple(tuple(words), is_matched) for words, is_matched in given)
