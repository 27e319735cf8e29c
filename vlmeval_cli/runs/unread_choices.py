"""Choices of the user that the task has no use for: told, since they would change nothing."""

from __future__ import annotations

from dataclasses import fields

from vlmeval_cli.core.config import ParsePolicy
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.tasks import NAMES, task
from vlmeval_cli.tasks.base import Task

_UNSTATED = ParsePolicy()
_FOR_ALL = frozenset({"reasoning"})


def refuse_unread_choices(chosen: Task, reason: str, policy: ParsePolicy) -> None:
    """Stop if a choice of how predictions are read is one that the task does not look at.

    Args:
        chosen: the task of the run.
        reason: why it is that task.
        policy: what the user chose.

    Raises:
        UsageError: naming the choice, the tasks that read it, and the task of the run.
    """
    for name in (one.name for one in fields(policy)):
        is_stated = getattr(policy, name) != getattr(_UNSTATED, name)
        if is_stated and name not in _FOR_ALL | chosen.reads:
            readers = [other for other in NAMES if name in task(other).reads]
            raise UsageError(
                f"{name}: only the task {' or '.join(readers)} reads it, and the task is "
                f"{chosen.name} ({reason})",
                hint=f"Leave it out, or pass --task {readers[0]}.",
            )
