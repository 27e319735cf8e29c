"""The SQLite file of the cache: opened, found damaged, locked or read-only, without stopping a run.

What is wrong with a file is told once, and known to whoever uses the file in this process.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

FoundT = TypeVar("FoundT")
WAIT_S = 5.0  # for another process that is writing
_TABLE = """encodings (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    n_cut INTEGER NOT NULL,
    ids BLOB NOT NULL,
    vectors BLOB NOT NULL,
    head_sum INTEGER NOT NULL,
    body_sum INTEGER NOT NULL
)"""
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class _OtherContent(sqlite3.DatabaseError):
    """The file is a database, and not one of encodings."""


@dataclass(slots=True)
class FileState:
    """What this process knows of a file.

    Attributes:
        is_read: whether it is read, until that fails.
        is_written: whether encodings are added, until that fails.
        is_protected: it may not be written, so that it is read as it lies.
    """

    is_read: bool = True
    is_written: bool = True
    is_protected: bool = False


_STATES: dict[Path, FileState] = {}


def state_of(path: Path) -> FileState:
    """The state that everybody in this process who uses the file shares."""
    return _STATES.setdefault(path, FileState())


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of encodings.

    Attributes:
        path: where it lies.
        tell: given a line when it is made anew, or cannot be used.
        state: what is known of it.
    """

    path: Path
    tell: Callable[[str], None]
    state: FileState = field(default_factory=FileState, compare=False)

    def read(self, action: Callable[[sqlite3.Connection], Sequence[FoundT]]) -> Sequence[FoundT]:
        """What ``action`` finds; nothing where the file cannot be read, or is not there."""
        if not self.state.is_read or not self._is_there():
            return []
        try:
            return self._protected(action) if self.state.is_protected else self._opened(action)
        except (sqlite3.DatabaseError, OSError) as error:
            if self._is_found_protected(error):
                return self.read(action)
            self.state.is_read = self._is_made_anew(error)
            if not self.state.is_read:
                self._stop_writing(_reason(error))
            return []

    def write(self, action: Callable[[sqlite3.Connection], None]) -> None:
        """Do ``action``, if the file can be written."""
        if not self.state.is_written:
            return
        if self.state.is_protected:
            self._stop_writing("may not be written")
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._opened(action)
        except (sqlite3.DatabaseError, OSError) as error:
            if self._is_found_protected(error):
                self.write(action)
            elif not self._is_made_anew(error):
                self._stop_writing(_reason(error))

    def _stop_writing(self, why: str) -> None:
        if self.state.is_written:
            self.state.is_written = False
            self.tell(f"warning: {self.path} {why}; new encodings are not kept")

    def _is_there(self) -> bool:
        try:
            return self.path.stat().st_size > 0
        except OSError:
            return False

    def _is_found_protected(self, error: Exception) -> bool:
        """Whether the file is there, and only its writing is not allowed; noted at once."""
        if self.state.is_protected or not isinstance(error, sqlite3.OperationalError):
            return False
        is_kind = _code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
        files = (self.path, self.path.parent)
        self.state.is_protected = is_kind and self._is_there() and not all(map(_is_free, files))
        return self.state.is_protected

    def _opened(self, action: Callable[[sqlite3.Connection], FoundT]) -> FoundT:
        with closing(sqlite3.connect(self.path, timeout=WAIT_S)) as base:
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("PRAGMA synchronous=NORMAL")
            if not _is_ours(base):
                base.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE}")
            return action(base)

    def _protected(self, action: Callable[[sqlite3.Connection], FoundT]) -> FoundT:
        """Read as it lies; nobody who could write it is waited for."""
        place = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(place, uri=True)) as base:
            if not _is_ours(base):
                raise _OtherContent("it holds nothing")
            return action(base)

    def _is_made_anew(self, error: Exception) -> bool:
        """Remove the file, if it is damaged; others are left alone."""
        is_trouble = isinstance(error, OSError | sqlite3.OperationalError)
        if is_trouble or self.state.is_protected or not self._is_removed():
            return False
        was = "held something else" if isinstance(error, _OtherContent) else "was damaged"
        self.tell(f"warning: {self.path} {was}; it is made anew")
        return True

    def _is_removed(self) -> bool:
        """Remove a damaged file; processes that have it open keep theirs and lose it later."""
        try:
            for file in files_of(self.path):
                file.unlink(missing_ok=True)
        except OSError:
            return False
        return True


def files_of(path: Path) -> list[Path]:
    """The file, and those that SQLite keeps beside it."""
    return [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]


def _is_ours(base: sqlite3.Connection) -> bool:
    """Whether the database is one of encodings; False where it is empty.

    Raises:
        _OtherContent: it is another one.
    """
    tables = [*base.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")]
    if tables and (f"CREATE TABLE {_TABLE}",) not in tables:
        raise _OtherContent("it holds something else")
    return bool(tables)


def _is_free(path: Path) -> bool:
    """Whether this user may write the file or folder."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _code(error: sqlite3.Error) -> int:
    """What SQLite calls the error, without the details that it adds."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _reason(error: Exception) -> str:
    if isinstance(error, sqlite3.OperationalError) and _code(error) in _LOCKED:
        return f"is locked by another process, {WAIT_S:g} s long"
    return f"cannot be used ({error})"
