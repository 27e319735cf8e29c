"""What each task is made of: fields, parser, metrics, diagnosis.

Every task is a module of its own that ends with ``TASK``. They are loaded when they are asked for,
since most runs need one.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.tasks.base import Task

# In the order in which they are listed.
NAMES = (
    "captioning", "vqa", "docqa", "grounding", "freeform", "text", "classification", "choice",
    "code", "language_modeling", "rationality", "preference",
)  # fmt: skip


def task(name: str) -> Task:
    """The task called ``name``.

    Raises:
        UsageError: it does not exist.
    """
    if name in NAMES:
        return _load(name)
    raise UsageError(f"unknown task {quoted(name)}. {did_you_mean(name, [*NAMES])}")


@cache
def _load(name: str) -> Task:
    found = import_module(f"{__name__}.{name}").TASK
    assert isinstance(found, Task)
    return found
