"""What the name of a run says of the noise in its inputs: the kind, the severity, the model."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

CLEAN: Final = "clean"
_CLEAN_NAMES: Final = frozenset({"clean", "original", "unperturbed", "none"})
_PARTS: Final = re.compile(r"[/\\:]")
_LEVEL: Final = re.compile(r"(?:s|sev|severity|level|l)?[-_. ]?(\d{1,2})", re.IGNORECASE)
_WITH_LEVEL: Final = re.compile(
    r"(.*?[^\W_])(?:[-_. ]+(?:s|sev|severity|level|l)?[-_. ]?|(?:sev|severity|level))(\d{1,2})",
    re.IGNORECASE,
)
_MOST: Final = 10  # no data set has more severities; larger numbers are part of a name


class Condition(NamedTuple):
    """Under which noise a run was made.

    Attributes:
        model: which model, empty where the names do not say; all that stands before the noise.
        corruption: the kind of noise, "clean" without any.
        severity: None where the name has none.
    """

    model: str
    corruption: str
    severity: int | None

    @property
    def is_clean(self) -> bool:
        """Whether there is no noise."""
        return self.corruption == CLEAN


def condition_of(name: str) -> Condition:
    """The noise that a run's name tells, such as its path in a folder ``corruption/severity``.

    >>> condition_of("typos-3")
    Condition(model='', corruption='typos', severity=3)
    >>> condition_of("lora/gaussian_noise/5")
    Condition(model='lora', corruption='gaussian_noise', severity=5)
    >>> condition_of("lora:clean")
    Condition(model='lora', corruption='clean', severity=None)
    """
    *before, last = [part.strip() for part in _PARTS.split(name) if part.strip()] or [name]
    level = _LEVEL.fullmatch(last)
    if level is not None and before and int(level[1]) <= _MOST:
        *before, corruption = before
        return _condition(before, corruption, int(level[1]))
    named = _WITH_LEVEL.fullmatch(last)
    if named is not None and int(named[2]) <= _MOST:
        return _condition(before, named[1], int(named[2]))
    return _condition(before, last, None)


def _condition(model: list[str], corruption: str, severity: int | None) -> Condition:
    is_clean = corruption.lower() in _CLEAN_NAMES or severity == 0
    return Condition(
        "/".join(model), CLEAN if is_clean else corruption, None if is_clean else severity
    )
