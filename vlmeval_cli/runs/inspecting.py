"""What can be told of files before they are scored."""

from __future__ import annotations

from dataclasses import replace

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.runs.answers import take_answers
from vlmeval_cli.runs.gathering import Gathered
from vlmeval_cli.runs.values import as_values
from vlmeval_cli.tasks import NAMES
from vlmeval_cli.tasks import task as task_called

_SILENT = NoProgress()
_DEFAULTS = RunConfig()


def how_read(found: Gathered, config: RunConfig = _DEFAULTS) -> tuple[str, ...]:
    """How the task reads the predictions that were found, such as the format of boxes, in words.

    Of a task that cannot be scored yet nothing is told.
    """
    if found.task not in NAMES:
        return ()
    task = task_called(found.task)
    config = replace(config, join=replace(config.join, missing="skip", on_bad_row="skip"))
    try:
        _, answers = take_answers(as_values(found, task, config), task, config, _SILENT)
    except VlmevalError as error:
        return (f"the predictions cannot be read as they are: {error.message}. {error.hint}",)
    return (*answers.notes, *(warning.message for warning in answers.parsed.warnings))
