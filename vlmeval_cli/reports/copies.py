"""Several files of lines that are written side by side into one folder, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.reports.atomic import not_permitted, reported, temporary_name
from vlmeval_cli.reports.json_bytes import exact_line


def check_copies(folder: Path, names: Sequence[str], *, force: bool) -> None:
    """Find out before the work whether files of these names can be written into ``folder``.

    Raises:
        UsageError: it is a file, or one of the files exists and must not be replaced.
        OutputError: there is no permission.
    """
    with reported(folder):
        if folder.exists() and not folder.is_dir():
            raise UsageError(
                f"output folder {quoted(str(folder))} is a file, expected a folder",
                hint="Name a folder that does not exist yet.",
            )
        there = [name for name in names if (folder / name).exists()]
    if there and not force:
        more = f" exists, and {len(there) - 1} more" if len(there) > 1 else " exists"
        raise UsageError(
            f"{quoted(str(folder / there[0]))}{more}", hint="Replace what exists with --force."
        )
    place = next((one for one in (folder, *folder.resolve().parents) if one.exists()), folder)
    if not place.is_dir():
        raise UsageError(
            f"output folder {quoted(str(folder))}: {quoted(str(place))} is a file, expected a "
            "folder",
            hint="Name a place inside a folder.",
        )
    if not os.access(place, os.W_OK):
        raise not_permitted(folder)


def write_copies(
    folder: Path, names: Sequence[str], rows: Iterable[Sequence[Mapping[str, Any]]]
) -> None:
    """Write a file of JSON lines per name, one line of each for every element of ``rows``.

    All are put in place when all are complete.

    Raises:
        OutputError: they cannot be written; what was in the folder is still there.
    """
    with reported(folder):
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        workplace = folder / temporary_name(folder.resolve())
        workplace.mkdir()
    try:
        _fill(workplace, names, rows)
        with reported(folder):
            for name in names:
                (workplace / name).replace(folder / name)
    except BaseException:  # also Ctrl-C: nothing may be left half-written
        shutil.rmtree(folder if is_new else workplace, ignore_errors=True)
        raise
    workplace.rmdir()


def _fill(
    workplace: Path, names: Sequence[str], rows: Iterable[Sequence[Mapping[str, Any]]]
) -> None:
    with ExitStack() as opened:
        with reported(workplace.parent):
            files = [opened.enter_context((workplace / name).open("xb")) for name in names]
        for copies in rows:
            lines = [exact_line(row) for row in copies]
            with reported(workplace.parent):
                for file, line in zip(files, lines, strict=True):
                    file.write(line)
        with reported(workplace.parent):
            for file in files:
                file.flush()
                os.fsync(file.fileno())
