"""``--output DIR``: all reports of a run in one folder, replaced as a whole."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.reports.atomic import (
    fill,
    from_chunks,
    not_permitted,
    reported,
    temporary_name,
)
from vlmeval_cli.reports.bundle import Bundle
from vlmeval_cli.reports.json_report import KINDS, TOOL

REPORT = "report.json"
OURS = frozenset(
    {
        REPORT, "samples.jsonl", "statistics.npz", "scores.csv", "tables.csv", "pairs.csv",
        "report.md", "report.html", "gate.md", "junit.xml",
    }
)  # fmt: skip


def check_folder(path: Path) -> None:
    """Find out before the work whether ``path`` can become a report folder.

    Raises:
        UsageError: it is a file, or holds something else than a report of ours.
        OutputError: there is no permission.
    """
    target = path.resolve()
    if target.exists() and not target.is_dir():
        raise UsageError(
            f"output folder {quoted(str(path))} is a file, expected a folder",
            hint="Name a folder; --json F and --csv F write single files.",
        )
    with reported(path):
        if target.is_dir():
            _refuse_foreign(path, target)
        else:
            target = _nearest_folder(target)
    if not os.access(target, os.W_OK):
        raise not_permitted(path)


def write_folder(path: Path, bundle: Bundle) -> None:
    """Write every form of a result to ``path``, in place of an older report.

    ``report.json`` names the other files with their SHA-256.

    Raises:
        UsageError: the folder holds something else.
        OutputError: it cannot be written; an older report is still there.
    """
    check_folder(path)
    target = path.resolve()
    with reported(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _workplace(target) as workplace:
            _fill_all(workplace, bundle)
            _put_in_place(workplace, target)


def _fill_all(folder: Path, bundle: Bundle) -> None:
    files = {}
    for name, (file_name, write) in bundle.files().items():
        fill(folder / file_name, write)
        files[name] = {"path": file_name, "sha256": _sha256(folder / file_name)}
    fill(folder / REPORT, from_chunks([bundle.report(files)]))


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """An empty folder from which files can be renamed into ``target``, removed at the end."""
    inside = not _can_be_swapped(target)
    place = target if inside else target.parent
    workplace = place / temporary_name(target)
    workplace.mkdir()
    try:
        yield workplace
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _can_be_swapped(target: Path) -> bool:
    """Whether the folder itself can be renamed: not a mount, nor where somebody is at home."""
    if not target.exists():
        return True
    at_home = Path.cwd().is_relative_to(target)
    return not (at_home or target.is_mount()) and os.access(target.parent, os.W_OK)


def _put_in_place(workplace: Path, target: Path) -> None:
    if workplace.parent == target:
        _move_files(workplace, target)
        return
    old = target.parent / temporary_name(target)
    existed = target.exists()
    if existed:
        target.rename(old)
    try:
        workplace.rename(target)
    except BaseException:
        if existed:
            old.rename(target)
        raise
    if existed:
        shutil.rmtree(old, ignore_errors=True)


def _move_files(workplace: Path, target: Path) -> None:
    """Move the new files over the old ones; without its report.json a folder is no report."""
    for name in (REPORT, *sorted(OURS - {REPORT})):
        with suppress(FileNotFoundError):
            (target / name).unlink()
    for file in sorted(workplace.iterdir(), key=lambda file: file.name == REPORT):
        file.replace(target / file.name)


def _refuse_foreign(path: Path, target: Path) -> None:
    names = sorted(entry.name for entry in target.iterdir())
    foreign = [name for name in names if name not in OURS]
    if foreign:
        what = ", ".join(map(quoted, foreign[:3]))
    elif REPORT in names and not _is_report(target / REPORT):
        what = f"a {REPORT} of another program"
    else:
        return
    raise UsageError(
        f"output folder {quoted(str(path))} holds something else than a report of vlmeval: {what}",
        hint="An older report would be replaced as a whole, other files are never touched. "
        "Name a new or empty folder.",
    )


def _is_report(path: Path) -> bool:
    try:
        report = orjson.loads(path.read_bytes())
        return bool(report["tool"]["name"] == TOOL and report["kind"] in KINDS)
    except (ValueError, TypeError, KeyError, IsADirectoryError):
        return False


def _nearest_folder(path: Path) -> Path:
    """The folder in which the first missing part of ``path`` would be created."""
    nearest = next(parent for parent in path.parents if parent.exists())
    if not nearest.is_dir():
        raise UsageError(
            f"output folder {quoted(str(path))}: {quoted(nearest)} is a file, expected a folder",
            hint="Name a place inside a folder.",
        )
    return nearest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
