"""Changes of ids that would let more rows meet."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from vlmeval_cli.core.results import Repair

EXAMPLES = 5
# Steps are tried on so many ids first; one that changes none of them is not tried on the rest.
PROBE = 1000

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}\Z")
_NUMBER_AT_END = re.compile(r"\A.*\D0*(\d+)\Z", re.DOTALL)


def _without_directory(text: str) -> str:
    return text.replace("\\", "/").rsplit("/", 1)[-1]


def _without_extension(text: str) -> str:
    return _EXTENSION.sub("", text)


def _number_at_end(text: str) -> str:
    return _NUMBER_AT_END.sub(r"\1", text)


def _without_padding(text: str) -> str:
    return text.lstrip("0") or "0" if text.isascii() and text.isdecimal() else text


# In the order in which they are applied.
STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("strip the directory", _without_directory),
    ("strip the extension", _without_extension),
    ("ignore upper and lower case", str.casefold),
    ("strip zero padding", _without_padding),
    ("keep the number at the end", _number_at_end),
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
    steps = _steps_that_change(free, lost)
    found: list[tuple[int, Fix]] = []
    for size in range(1, len(steps) + 1):
        for chosen in combinations(steps, size):
            fix = _fix(chosen, free, lost)
            if fix is not None:
                found.append((fix.repair.matched_more, fix))
    ranked = sorted(found, key=lambda pair: -pair[0])  # stable: fewest steps first among equals
    one_to_one = (fix for _, fix in ranked if _keeps_apart(fix, mine) and _keeps_apart(fix, theirs))
    return next(one_to_one, None)


def _steps_that_change(
    free: Sequence[str], lost: Sequence[str]
) -> list[tuple[str, Callable[[str], str]]]:
    """Steps that change some id, each tried on what the steps before it leave."""
    probe = [*islice(free, PROBE), *islice(lost, PROBE)]
    useful = []
    for name, step in STEPS:
        changed = [step(text) for text in probe]
        if changed != probe:
            useful.append((name, step))
            probe = [*probe, *changed]
    return useful


def _fix(
    chosen: Sequence[tuple[str, Callable[[str], str]]], free: Sequence[str], lost: Sequence[str]
) -> Fix | None:
    fix = Fix(Repair("", 0), tuple(step for _, step in chosen))
    spelled = {fix(text): text for text in free}
    met = [(spelled[key], text) for text in lost if (key := fix(text)) in spelled]
    if not met:
        return None
    description = ", ".join(name for name, _ in chosen)
    return Fix(Repair(description, len(met), tuple(met[:EXAMPLES])), fix.steps)


def _keeps_apart(fix: Fix, ids: dict[str, None]) -> bool:
    return len({fix(text) for text in ids}) == len(ids)
