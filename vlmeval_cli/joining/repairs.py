"""Changes of ids that would let more rows meet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from vlmeval_cli.core.results import Repair

EXAMPLES = 5
# Repairs are compared on so many unmatched ids of each side, and the better ones tried on all.
SAMPLE = 20_000

_WHOLE_NUMBER = re.compile(r"(\d+)\.0+")


class Step(NamedTuple):
    """One change of an id, and what it is called."""

    name: str
    change: Callable[[str], str]


def _without_directory(text: str) -> str:
    return text.replace("\\", "/").rsplit("/", 1)[-1]


def _without_extension(text: str) -> str:
    stem, dot, extension = text.rpartition(".")
    is_one = 2 <= len(extension) <= 5 and extension.isalnum() and extension[0].isalpha()
    return stem if dot and is_one else text


def _number_at_end(text: str) -> str:
    prefix = text.rstrip("0123456789")
    digits = text[len(prefix) :]
    return digits.lstrip("0") or "0" if prefix and digits else text


def _without_padding(text: str) -> str:
    return text.lstrip("0") or "0" if text.isascii() and text.isdecimal() else text


def _without_fraction(text: str) -> str:
    return match[1] if (match := _WHOLE_NUMBER.fullmatch(text)) else text


# In the order in which they are applied.
STEPS = (
    Step("strip the directory", _without_directory),
    Step("strip the extension", _without_extension),
    Step("write 7.0 as 7", _without_fraction),
    Step("ignore upper and lower case", str.casefold),
    Step("strip zero padding", _without_padding),
    Step("keep the number at the end", _number_at_end),
)


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair and the function that does it, on the ids of both files."""

    repair: Repair
    steps: tuple[Callable[[str], str], ...]

    def __call__(self, text: str) -> str:
        """``text`` as both files would spell it."""
        for step in self.steps:
            text = step(text)
        return text


def best_fix(predictions: Sequence[str], references: Sequence[str]) -> Fix | None:
    """The repair that lets most unmatched reference ids meet a prediction.

    It must keep different ids different in both files; of equally good ones the one with fewest
    steps is taken.

    Args:
        predictions: all ids of the predictions.
        references: all ids of the references.

    Returns:
        None where no repair helps.
    """
    mine, theirs = dict.fromkeys(predictions), dict.fromkeys(references)
    lost = [text for text in theirs if text not in mine]
    free = [text for text in mine if text not in theirs]
    if not free or not lost:
        return None
    for steps in _ranked(free[:SAMPLE], lost[:SAMPLE]):
        fix = _fix(steps, mine, theirs)
        if fix is not None:
            return fix
    return None


def _ranked(free: Sequence[str], lost: Sequence[str]) -> list[tuple[Step, ...]]:
    """Combinations of steps that let some ids meet: most ids first, then fewest steps."""
    useful = _steps_that_change([*free, *lost])
    found: list[tuple[int, tuple[Step, ...]]] = []
    for size in range(1, len(useful) + 1):
        for steps in combinations(useful, size):
            n_met = _n_met(steps, free, lost)
            if n_met:
                found.append((n_met, steps))
            if n_met == min(len(free), len(lost)):  # nothing can match more with fewer steps
                return [steps, *(other for _, other in _best_first(found) if other != steps)]
    return [steps for _, steps in _best_first(found)]


def _best_first(found: list[tuple[int, tuple[Step, ...]]]) -> list[tuple[int, tuple[Step, ...]]]:
    return sorted(found, key=lambda pair: -pair[0])  # stable: fewest steps first among equals


def _steps_that_change(ids: Sequence[str]) -> list[Step]:
    """Steps that change some id, each tried on what the steps before it leave."""
    seen = set(ids)
    useful = []
    for step in STEPS:
        changed = {text: step.change(text) for text in seen}
        if any(before != after for before, after in changed.items()):
            useful.append(step)
            seen.update(changed.values())
    return useful


def _n_met(steps: Sequence[Step], free: Sequence[str], lost: Sequence[str]) -> int:
    met = set(_spelled(steps, free))
    return sum(text in met for text in _spelled(steps, lost))


def _spelled(steps: Sequence[Step], ids: Iterable[str]) -> Iterable[str]:
    """The ids after all steps."""
    for step in steps:
        ids = map(step.change, ids)
    return ids


def _fix(
    steps: Sequence[Step], predictions: dict[str, None], references: dict[str, None]
) -> Fix | None:
    """What the steps do to all ids; None if they make different ids of a file the same."""
    mine, theirs = (
        dict(zip(_spelled(steps, ids), ids, strict=True)) for ids in (predictions, references)
    )
    if len(mine) < len(predictions) or len(theirs) < len(references):
        return None
    met = [(mine[key], text) for key, text in theirs.items() if key in mine]
    new = [pair for pair in met if pair[1] not in predictions]
    description = ", ".join(step.name for step in steps)
    repair = Repair(description, len(new), tuple(new[:EXAMPLES]))
    return Fix(repair, tuple(step.change for step in steps))
