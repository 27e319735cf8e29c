"""What each task is made of: fields, parser, metrics, diagnosis.

Every task is a module of its own that ends with ``TASK``. They are loaded when they are asked for,
since most runs need one.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.tasks.base import Task

# In the order in which they are listed.
_ALL = (
    "captioning", "vqa", "docqa", "grounding", "freeform", "text", "classification", "choice",
    "code", "language_modeling", "rationality", "preference",
)  # fmt: skip
_HERE = {module.name for module in iter_modules(__path__)}
NAMES = tuple(name for name in _ALL if name in _HERE)
PLANNED = tuple(name for name in _ALL if name not in _HERE)


def task(name: str) -> Task:
    """The task called ``name``.

    Raises:
        UsageError: it does not exist, or cannot be scored yet.
    """
    if name in NAMES:
        return _load(name)
    if name in PLANNED:
        raise UsageError(
            f"the task is {name}, which this version cannot score yet",
            hint=f"It scores {', '.join(NAMES)}. To score the texts as short answers all the "
            "same, pass --task vqa.",
        )
    raise UsageError(f"unknown task {quoted(name)}. {did_you_mean(name, [*NAMES])}")


@cache
def _load(name: str) -> Task:
    found = import_module(f"{__name__}.{name}").TASK
    assert isinstance(found, Task)
    return found
