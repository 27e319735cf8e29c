"""What each task is made of: fields, parser, metrics, diagnosis."""

from __future__ import annotations

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.tasks import captioning, vqa
from vlmeval_cli.tasks.base import Task

TASKS: dict[str, Task] = {task.name: task for task in (captioning.TASK, vqa.TASK)}
PLANNED = (
    "docqa", "grounding", "freeform", "text", "classification", "choice", "code",
    "language_modeling", "rationality", "preference",
)  # fmt: skip


def task(name: str) -> Task:
    """The task called ``name``.

    Raises:
        UsageError: it does not exist, or cannot be scored yet.
    """
    if name in TASKS:
        return TASKS[name]
    if name in PLANNED:
        raise UsageError(
            f"the task is {name}, which this version cannot score yet",
            hint=f"It scores {' and '.join(TASKS)}. To score short answers all the same, pass "
            "--task vqa; sentences, --task captioning.",
        )
    raise UsageError(f"unknown task {quoted(name)}. {did_you_mean(name, [*TASKS])}")
