"""What a task is made of, and what its defaults may depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vlmeval_cli.core.results import Diagnosis, Score


@dataclass(frozen=True, slots=True)
class Facts:
    """What the defaults of a task look at; all of it comes from the references.

    Attributes:
        typical_references: median number of references of an item.
        median_words: median number of words of a reference.
    """

    typical_references: float
    median_words: float


@dataclass(frozen=True, slots=True)
class Defaults:
    """Metrics scored when none is asked for; the first named output is the primary one."""

    metrics: tuple[str, ...]
    primary: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    Attributes:
        name: as ``--task`` takes it.
        defaults: which metrics fit these references.
        has_right_answers: an item can be right, partial or wrong, not just better or worse.
        free_groups: fields that group the scores without being asked for.
        diagnose: patterns in the scores, with advice.
    """

    name: str
    defaults: Callable[[Facts], Defaults]
    has_right_answers: bool
    free_groups: tuple[str, ...]
    diagnose: Callable[[Mapping[str, Score]], Sequence[Diagnosis]]


def value(scores: Mapping[str, Score], output: str) -> float | None:
    """The value of ``output`` if it was scored."""
    found = scores.get(output)
    return None if found is None else found.value
