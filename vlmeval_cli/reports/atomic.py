"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import IO

from vlmeval_cli.core.errors import OutputError, UsageError, quoted

Write = Callable[[IO[bytes]], None]


def write_file(path: Path, write: Write) -> None:
    """Let ``write`` fill a file beside ``path``, then put it in its place.

    A link keeps pointing where it points, and a device or pipe is written to directly.

    Raises:
        OutputError: it cannot be written; what was at ``path`` is still there.
    """
    with reported(path):
        if is_stream(path):
            with path.open("wb") as stream:
                write(stream)
            return
        _replace(path.resolve(), write)


def check_writable(path: Path) -> None:
    """Find out before the work whether ``path`` can be written.

    Raises:
        UsageError: it is a folder, or its folder does not exist.
        OutputError: there is no permission.
    """
    if is_stream(path):
        _require_access(path, path)
        return
    target = path.resolve()
    if target.is_dir():
        raise UsageError(
            f"{quoted(str(path))} is a folder, expected a file to write",
            hint="Name a file in it, or use --output for a whole report.",
        )
    if not target.parent.is_dir():
        raise UsageError(
            f"{quoted(str(path))}: the folder {quoted(str(target.parent))} does not exist",
            hint="Create it first.",
        )
    _require_access(target.parent, path)


def is_stream(path: Path) -> bool:
    """Whether ``path`` is a device or a pipe, such as ``/dev/stdout``: written to, not replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def from_chunks(chunks: Iterable[bytes]) -> Write:
    """A writer of ``chunks``."""

    def write(file: IO[bytes]) -> None:
        file.writelines(chunks)

    return write


def fill(path: Path, write: Write) -> None:
    """Create ``path``, let ``write`` fill it, and see it on the disk."""
    with path.open("xb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def temporary_name(path: Path) -> str:
    """A hidden name that nobody else uses, short enough for any file system."""
    return f".{path.name[:60]}.{token_hex(6)}.tmp"


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn failures of the file system into one message about ``path``."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"{quoted(str(path))} cannot be written: {error.strerror or error}",
            hint="Nothing was left half-written. Free some space, or choose another place.",
        ) from error


def not_permitted(path: Path) -> OutputError:
    """The error of a place without permission."""
    return OutputError(
        f"{quoted(str(path))} cannot be written: no permission", hint="Choose another place."
    )


def _require_access(place: Path, path: Path) -> None:
    if not os.access(place, os.W_OK):
        raise not_permitted(path)


def _replace(target: Path, write: Write) -> None:
    temporary = target.parent / temporary_name(target)
    try:
        fill(temporary, write)
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:  # also Ctrl-C: nothing may be left half-written
        with suppress(OSError):
            temporary.unlink()
        raise
