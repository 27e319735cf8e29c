"""How long the answers are beside the references, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import ItemScores, RunResult
from vlmeval_cli.tasks import NAMES, task

_LOOKED_AT: Final = 2_000  # items, from all over the file; the median of more is no other


@dataclass(frozen=True, slots=True)
class Lengths:
    """Words in the median of the items.

    Attributes:
        words: of an answer.
        references: of the references, the mean of those of an item; None where these are no texts
            of the same kind as the answers, but letters, labels or documents.
        n: items that were looked at.
    """

    words: float
    references: float | None
    n: int

    @property
    def ratio(self) -> float | None:
        """Words of an answer for each word of the references."""
        return self.words / self.references if self.references else None


def lengths(result: RunResult) -> Lengths | None:
    """Lengths of the answers of a run; None where most answers are no texts.

    Answers are without their reasoning where a task scores them as texts; elsewhere they are as
    they were recorded.
    """
    items = result.items
    are_texts = result.task in NAMES and task(result.task).parse is None
    places = range(0, len(items), max(1, len(items) // _LOOKED_AT))
    found = [(i, text) for i in places if (text := _answer(items, i, are_texts)) is not None]
    if not found or 2 * len(found) < len(places):
        return None
    own = [len(text.split()) for _, text in found]
    theirs = [_words(items.references[i]) for i, _ in found] if are_texts else []
    known = [one for one in theirs if one is not None]
    return Lengths(median(own), median(known) if known else None, len(found))


def _answer(items: ItemScores, i: int, are_texts: bool) -> str | None:
    """The text of an answer; None where there is none."""
    raw, read = items.raw[i], items.predictions[i]
    text = read if are_texts or raw is None else raw
    return text if isinstance(text, str) and text.strip() else None


def _words(references: Sequence[Any]) -> float | None:
    """Mean words of the references of an item."""
    counts = [len(text.split()) for text in references if isinstance(text, str)]
    return sum(counts) / len(counts) if counts else None


def length_table(results: Mapping[str, RunResult]) -> Table | None:
    """Lengths of several runs; None where no answers are texts."""
    found = {name: lengths(result) for name, result in results.items()}
    rows = [
        (name, _whole(one.words), _whole(one.references), one.ratio)
        for name, one in found.items()
        if one is not None
    ]
    if not rows:
        return None
    columns = ("run", "words of an answer", "words of a reference", "ratio")
    return Table("Length of the answers (medians)", columns, rows)


def _whole(number: float | None) -> float | int | None:
    """A whole number without its decimals."""
    return int(number) if number is not None and number == int(number) else number
