"""Scores of pairs of texts that a network reads together: a prediction with each reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints, TextColumn
from vlmeval_cli.models.columns import Provenance

Bools = npt.NDArray[np.bool_]
_UNKNOWN = Provenance()


@dataclass(frozen=True, slots=True)
class PairColumn:
    """A score of each item's prediction with each of its references.

    Attributes:
        scores: item after item, float64, shape (n_pairs,).
        cut: pairs that lost their ends because the network takes no more, shape (n_pairs,).
        item_offsets: shape (n + 1,); item ``i`` owns
            ``scores[item_offsets[i]:item_offsets[i+1]]``.
        provenance: the weights, and what else was at work.
    """

    scores: Array
    cut: Bools
    item_offsets: Ints
    provenance: Provenance = _UNKNOWN

    def part(self, start: int, stop: int) -> PairColumn:
        """The scores of items ``start`` to ``stop``."""
        own = self.item_offsets[start : stop + 1]
        first, last = int(own[0]), int(own[-1])
        return replace(
            self,
            scores=self.scores[first:last],
            cut=self.cut[first:last],
            item_offsets=own - first,
        )


class DifferentPairs(NamedTuple):
    """The different pairs of a run, and which of them each pair is.

    Attributes:
        pairs: (reference, prediction), each different one once.
        which: the different pair that each pair is, shape (n_pairs,).
    """

    pairs: Sequence[tuple[str, str]]
    which: Ints


def different_pairs(predictions: TextColumn, references: TextColumn) -> DifferentPairs:
    """Every prediction beside every reference of its item, each different pair once.

    >>> ours = TextColumn(["a", "a"], np.array([0, 1, 2]))
    >>> theirs = TextColumn(["x", "y", "x"], np.array([0, 2, 3]))
    >>> found = different_pairs(ours, theirs)
    >>> found.pairs, found.which.tolist()
    ([('x', 'a'), ('y', 'a')], [0, 1, 0])
    """
    each = np.diff(references.item_offsets).tolist()
    ours = [text for text, n in zip(predictions.texts, each, strict=True) for _ in range(n)]
    places: dict[tuple[str, str], int] = {}
    pairs = zip(references.texts, ours, strict=True)
    which = [places.setdefault(pair, len(places)) for pair in pairs]
    return DifferentPairs([*places], np.array(which, dtype=np.int64))
