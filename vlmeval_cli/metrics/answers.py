"""Predictions and accepted answers as integers, and the best or the sum over an item's answers.

Answers repeat a great deal. So each distinct text is normalised once, texts are compared as
integers, and what happens per item is arithmetic on whole columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.text.normalize import each, squad_normalized

Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Element = TypeVar("Element", bound=np.generic)
NEEDS = ("prediction.text", "references.text")
NO_REFERENCE = "no_reference"


class Pairs(NamedTuple):
    """Distinct pairs of a prediction and one of its answers.

    Attributes:
        prediction: code of the prediction, shape (p,).
        reference: code of the answer, shape (p,).
        of_reference: which pair each answer of the batch belongs to, shape (n_references,).
    """

    prediction: Ints
    reference: Ints
    of_reference: Ints


@dataclass(frozen=True, slots=True)
class Answers:
    """Predictions and accepted answers of a batch of n items, as codes of distinct texts.

    Attributes:
        texts: the distinct texts; a code is a place in this list.
        predictions: code of each prediction, shape (n,).
        references: codes of the accepted answers, item after item.
        offsets: shape (n + 1,); item ``i`` owns ``references[offsets[i]:offsets[i + 1]]``.
    """

    texts: Sequence[str]
    predictions: Codes
    references: Codes
    offsets: Ints

    @classmethod
    def of(cls, batch: Batch) -> Answers:
        """The answers of ``batch``."""
        return batch.once("answers", lambda: cls._of(batch))

    @classmethod
    def squad(cls, batch: Batch) -> Answers:
        """The answers of ``batch``, normalised by SQuAD's rule."""
        return batch.once("answers squad", lambda: cls.of(batch).normalized(squad_normalized))

    @classmethod
    def _of(cls, batch: Batch) -> Answers:
        predictions, references = batch.text(NEEDS[0]), batch.text(NEEDS[1])
        code_of = numbering()
        predicted = _codes(predictions.texts, code_of)
        accepted = _codes(references.texts, code_of)
        return cls(list(code_of), predicted, accepted, references.item_offsets)

    @property
    def counts(self) -> Ints:
        """Accepted answers per item, shape (n,)."""
        return np.diff(self.offsets)

    def normalized(
        self, prediction: Callable[[str], str], reference: Callable[[str], str] | None = None
    ) -> Answers:
        """The answers with every text normalised.

        Args:
            prediction: normaliser of predictions.
            reference: normaliser of accepted answers, if it is another one.
        """
        code_of = numbering()
        predicted = _codes(each(prediction, self.texts), code_of)
        accepted = predicted
        if reference is not None and reference is not prediction:
            accepted = _codes(each(reference, self.texts), code_of)
        return Answers(
            list(code_of), predicted[self.predictions], accepted[self.references], self.offsets
        )

    @property
    def skips(self) -> dict[int, str]:
        """Items that have no accepted answer, and so no score."""
        return dict.fromkeys(np.flatnonzero(self.counts == 0).tolist(), NO_REFERENCE)

    def spread(self, per_item: npt.NDArray[Element]) -> npt.NDArray[Element]:
        """A value per item, repeated for each of its answers."""
        return np.repeat(per_item, self.counts)

    def agree(self) -> Flags:
        """Whether each accepted answer equals its item's prediction, shape (n_references,)."""
        equal: Flags = self.references == self.spread(self.predictions)
        return equal

    def unanimous(self) -> Flags:
        """Whether all accepted answers of an item are the same, shape (n,)."""
        filled = self.counts > 0
        firsts = self.references[self.offsets[:-1][filled]]
        others = np.not_equal(self.references, np.repeat(firsts, self.counts[filled]))
        same: Flags = self.total(others) == 0
        return same

    def total(self, flags: Flags) -> Ints:
        """How many answers of each item are flagged, shape (n,)."""
        sums = np.zeros(len(self.offsets) - 1, dtype=np.int64)
        filled = self.counts > 0
        starts = self.offsets[:-1][filled]
        if len(starts):
            sums[filled] = np.add.reduceat(flags, starts, dtype=np.int64)
        return sums

    def best(self, values: Array) -> Array:
        """The largest value among the answers of each item; 0 where there is none. Shape (n,)."""
        largest = np.zeros(len(self.offsets) - 1)
        filled = self.counts > 0
        starts = self.offsets[:-1][filled]
        if len(starts):
            largest[filled] = np.maximum.reduceat(values, starts)
        return largest

    def pairs(self) -> Pairs:
        """Each prediction beside each of its answers, repeated pairs once."""
        size = max(len(self.texts), 1)
        keys = np.repeat(self.predictions.astype(np.int64) * size, self.counts) + self.references
        distinct, of_reference = np.unique(keys, return_inverse=True)
        return Pairs(distinct // size, distinct % size, of_reference)


def without_vanished(normalized: Answers) -> Flags:
    """Which accepted answers count by SQuAD's v2.0 rule, shape (n_references,).

    Answers that normalise to nothing are left out, unless an item has no others.
    """
    full: Flags = normalized.references != _code_of("", normalized)
    counts: Flags = full | normalized.spread(normalized.total(full) == 0)
    return counts


def vanished_items(raw: Answers, normalized: Answers) -> int:
    """Items whose prediction, or whose every accepted answer, is a text that became nothing."""
    before, after = _code_of("", raw), _code_of("", normalized)
    prediction = (raw.predictions != before) & (normalized.predictions == after)
    reference = (raw.references != before) & (normalized.references == after)
    every = normalized.total(reference) == normalized.counts
    return int(np.count_nonzero(prediction | (every & (normalized.counts > 0))))


def vanished_notice(facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
    """What it means that texts became nothing, from the fact ``vanished``."""
    vanished = facts.get("vanished", 0)
    if not vanished:
        return ()
    return (
        Notice(
            "vanished_answers",
            f"in {vanished:,} of {n:,} items the prediction or the accepted answer is nothing but "
            'articles and punctuation ("A", "The", "?"); normalisation leaves nothing of it, and '
            "nothing equals nothing. If such answers mean something, take "
            "exact_match:normalize=lower",
        ),
    )


def numbering() -> defaultdict[str, int]:
    """A dictionary that gives each new text the next number."""
    return defaultdict(count().__next__)


def _code_of(text: str, answers: Answers) -> int:
    """The code of ``text``, -1 where it does not occur."""
    return answers.texts.index(text) if text in answers.texts else -1


def _codes(texts: Sequence[str], code_of: Mapping[str, int]) -> Codes:
    return np.fromiter(map(code_of.__getitem__, texts), dtype=np.int32, count=len(texts))
