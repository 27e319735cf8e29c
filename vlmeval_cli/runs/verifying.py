"""Scores a saved run again from the inputs and choices that its report records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.config_record import restored
from vlmeval_cli.core.errors import DataError, ModelError, UsageError, VlmevalError, quoted
from vlmeval_cli.models.loading import is_on_disk
from vlmeval_cli.runs.saved import SavedRun

_STDIN = "<stdin>"
_FOLDER = "folder"  # what Located.source calls a folder of the user


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


def with_models(
    choices: RunConfig,
    saved: SavedRun,
    folder: str | None,
    *,
    images: str | None,
    cache: bool | None,
    offline: bool | None,
) -> RunConfig:
    """The recorded choices, with what is said anew of networks and images.

    Args:
        choices: as recorded.
        saved: the run.
        folder: that holds the inputs; a relative folder of images is looked for there.
        images: folder of images; None takes the recorded one.
        cache: whether there is a cache; None as recorded.
        offline: whether nothing may be fetched; None as recorded.

    Raises:
        UsageError: the recorded folder of images is not there.
    """
    models = choices.models
    if images is None and models.images is not None:
        images = _images(models.images, saved, folder)
    said: dict[str, Any] = {"images": images, "cache": cache, "offline": offline}
    known = {name: value for name, value in said.items() if value is not None}
    return replace(choices, models=replace(models, **known))


def check_models(saved: SavedRun) -> None:
    """Refuse models whose folder is gone: the hub may have other weights of that name.

    Raises:
        ModelError: a folder is not there.
    """
    for score in saved.result.scores.values():
        name = score.signature.comparable.get("model")
        was_folder = score.signature.recorded.get("model_source") == _FOLDER
        if was_folder and not is_on_disk(str(name)):
            raise ModelError(
                f"{saved.path}: {score.metric} was scored with the model in the folder "
                f"{quoted(name)}, which is not there with a configuration and weights",
                hint="Put it there, or run this where the name leads to it.",
            )


def _images(path: str, saved: SavedRun, folder: str | None) -> str:
    """The recorded folder of images as it is now."""
    places = _places(path, saved, folder)
    for place in (*places, Path(path)) if Path(path).is_absolute() else places:
        if place.is_dir():
            return str(place)
    raise UsageError(
        f"{saved.path}: the recorded folder of images {quoted(path)} is not there",
        hint="Name it with --images, or the folder that holds it and the inputs with --inputs.",
    )


def _places(path: str, saved: SavedRun, folder: str | None) -> list[Path]:
    """Where a recorded path may lead: into ``folder``, or from here or from the report."""
    if folder is not None:
        return [Path(folder) / path, Path(folder) / Path(path).name]
    beside = Path(saved.path)
    return [Path(path), (beside if beside.is_dir() else beside.parent) / path]


def _found(path: str, saved: SavedRun, folder: str | None) -> str:
    if path == _STDIN:
        raise UsageError(
            f"{saved.path}: an input came from standard input and cannot be read again",
            hint="Score it from a file.",
        )
    places = _places(path, saved, folder)
    for place in places[-1:] if folder is not None else places:  # by its name alone
        if place.is_file():
            return str(place)
    raise UsageError(
        f"{saved.path}: the recorded input {quoted(path)} is not there",
        hint="Name the folder that holds it with --inputs.",
    )
