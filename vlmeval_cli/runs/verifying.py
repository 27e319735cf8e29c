"""Scores a saved run again from the inputs and choices that its report records."""

from __future__ import annotations

from pathlib import Path

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.config_record import restored
from vlmeval_cli.core.errors import DataError, UsageError, VlmevalError, quoted
from vlmeval_cli.runs.saved import SavedRun

_STDIN = "<stdin>"


def recorded_choices(saved: SavedRun) -> RunConfig:
    """How the run was scored.

    Raises:
        DataError: the report does not say it, or says what this version does not know.
    """
    choices = saved.result.signature.recorded.get("choices")
    if choices is None:
        raise DataError(
            f"{saved.path}: the report does not record how the run was scored",
            hint="Score it again with this version of vlmeval.",
        )
    try:
        return restored(choices)
    except (TypeError, KeyError, ValueError, VlmevalError) as error:
        raise DataError(
            f"{saved.path}: the recorded choices are not known here: {error}",
            hint="The report may be of a later version.",
        ) from error


def recorded_inputs(saved: SavedRun, folder: str | None) -> tuple[str, str | None]:
    """Paths of predictions and references as they are now.

    Args:
        saved: the run.
        folder: where to look for the files by their names; None: where the report says, seen from
            here or from the report.

    Raises:
        UsageError: a file is not there.
    """
    files = saved.result.inputs
    if not files:
        raise DataError(f"{saved.path}: the report records no inputs", hint="Score it again.")
    found = [_found(one.path, saved, folder) for one in files]
    return found[0], found[1] if len(found) > 1 else None


def _found(path: str, saved: SavedRun, folder: str | None) -> str:
    if path == _STDIN:
        raise UsageError(
            f"{saved.path}: an input came from standard input and cannot be read again",
            hint="Score it from a file.",
        )
    beside = Path(saved.path)
    beside = beside if beside.is_dir() else beside.parent
    places = [Path(folder) / Path(path).name] if folder else [Path(path), beside / path]
    for place in places:
        if place.is_file():
            return str(place)
    raise UsageError(
        f"{saved.path}: the recorded input {quoted(path)} is not there",
        hint="Name the folder that holds it with --inputs.",
    )
