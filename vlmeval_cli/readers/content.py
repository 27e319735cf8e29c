"""The bytes of an input: from a file or standard input, packed or not."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, cast

from vlmeval_cli.core.errors import DataError, OutputError, UsageError
from vlmeval_cli.readers.signatures import refuse_what_is_not_text

BLOCK_BYTES = 4 << 20
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
# First bytes of tables that are no text.
TABLES = {
    b"PK\x03\x04": "xlsx",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow_stream",
}
_MAGIC_BYTES = 8
_HEAD_BYTES = 4096


class Content:
    """Bytes that can be read from the start as often as asked.

    Attributes:
        path: the name the user gave, ``<stdin>`` for standard input.
        file: where the bytes are.
        kind: "text", or the kind of table that is none: "xlsx", "parquet", "arrow",
            "arrow_stream".
        part: the sheet of a workbook that the user named as ``FILE#SHEET``.
    """

    def __init__(
        self, path: str, file: Path, *, is_temporary: bool = False, part: str | None = None
    ) -> None:
        """Bytes of ``file``, told under the name ``path``; a temporary file dies with the value."""
        self.path = path
        self.file = file
        self.part = part
        if is_temporary:
            weakref.finalize(self, file.unlink, missing_ok=True)
        with file.open("rb") as opened:
            first = opened.read(_MAGIC_BYTES)
        self._is_packed = first.startswith(_GZIP)
        self.kind = next(
            (kind for start, kind in TABLES.items() if first.startswith(start)), "text"
        )
        if self.kind == "text":
            refuse_what_is_not_text(path, next(self._unpacked(_HEAD_BYTES), b""))

    def blocks(self, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """The unpacked bytes in blocks, without a byte order mark.

        Raises:
            DataError: the bytes cannot be read or unpacked.
        """
        blocks = self._unpacked(size)
        first = next(blocks, b"").removeprefix(_BOM)
        if first:
            yield first
        yield from blocks

    def line_blocks(self, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """The unpacked bytes in blocks that end with a line; the last may lack its newline."""
        parts: list[bytes] = []
        for block in self.blocks(size):
            cut = block.rfind(b"\n") + 1
            if cut:
                yield b"".join([*parts, block[:cut]])
                parts.clear()
            if cut < len(block):
                parts.append(block[cut:])
        if parts:
            yield b"".join(parts)

    def read_all(self) -> bytes:
        """All unpacked bytes."""
        return b"".join(self.blocks())

    def sha256(self) -> str:
        """Digest of the bytes as they are on disk, packed or not."""
        with self.file.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    def _unpacked(self, size: int) -> Iterator[bytes]:
        try:
            with self._open() as stream:
                while block := stream.read(size):
                    yield block
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            what = "is cut off" if isinstance(error, EOFError) else "is damaged"
            raise DataError(
                f"{self.path}: the gzip file {what}", hint="Copy or download it again."
            ) from error
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror or error}") from error

    def _open(self) -> BinaryIO:
        if self._is_packed:
            return cast("BinaryIO", gzip.GzipFile(self.file, "rb"))
        return self.file.open("rb", buffering=0)


def open_text(path: str) -> Content:
    """As :func:`open_content`, and refuse tables that are no text.

    Raises:
        DataError: the bytes are no text.
    """
    content = open_content(path)
    if content.kind != "text":
        with content.file.open("rb") as file:
            refuse_what_is_not_text(path, file.read(_HEAD_BYTES))
    return content


def open_content(path: str) -> Content:
    """Find the bytes that ``path`` names; ``-`` is standard input, ``FILE#SHEET`` a sheet.

    Pipes (standard input, ``<(zcat refs.gz)``) are copied to a temporary file, because the rows
    are read more than once; it is deleted with the value.

    Raises:
        UsageError: there is no such file, it is a folder, or it may not be read.
        DataError: the bytes are no text.
        OutputError: the temporary copy cannot be written.
    """
    if path == "-":
        if sys.stdin is None:
            raise UsageError("<stdin>: standard input is closed", hint="Name a file instead of -.")
        return Content("<stdin>", _spooled("<stdin>", sys.stdin.buffer), is_temporary=True)
    file = Path(path)
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise UsageError(f"{path}: is a folder, expected a file", hint=_files_inside(file))
        if stat.S_ISREG(mode):
            return Content(path, file)
        with file.open("rb") as stream:
            return Content(path, _spooled(path, stream), is_temporary=True)
    except (FileNotFoundError, NotADirectoryError) as error:
        workbook, mark, sheet = path.rpartition("#")
        if mark and Path(workbook).is_file():
            return _sheet(workbook, sheet)
        raise UsageError(f"{path}: no such file", hint=_near_names(file)) from error
    except PermissionError as error:
        raise UsageError(
            f"{path}: may not be read (permission denied)", hint="Check its permissions."
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be opened: {error}") from error


def _sheet(path: str, name: str) -> Content:
    content = Content(path, Path(path), part=name)
    if content.kind != "xlsx":
        raise UsageError(
            f"{path}#{name}: no such file, and {path} is no Excel workbook with sheets",
            hint=f"Give {path} alone.",
        )
    return content


def _spooled(path: str, stream: BinaryIO) -> Path:
    handle, name = tempfile.mkstemp(prefix="vlmeval-")
    try:
        with os.fdopen(handle, "wb") as copy:
            shutil.copyfileobj(stream, copy, BLOCK_BYTES)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise OutputError(
            f"{path}: its temporary copy cannot be written: {error.strerror or error}",
            hint="Free some space, or point TMPDIR to another folder.",
        ) from error
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _near_names(file: Path) -> str:
    from difflib import get_close_matches

    if not file.parent.is_dir():
        return f"There is no folder {file.parent} either."
    names = [entry.name for entry in _entries(file.parent)]
    close = get_close_matches(file.name, names, n=1)
    return f"Did you mean {file.parent / close[0]}?" if close else ""


def _files_inside(folder: Path) -> str:
    names = sorted(str(entry) for entry in _entries(folder) if entry.is_file())
    return f"Name a file in it, such as {', '.join(names[:3])}." if names else "Name a file."


def _entries(folder: Path) -> list[Path]:
    """Entries of a folder; a hint is not worth a second error."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []
