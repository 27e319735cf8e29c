"""Greedy matching of tokens by the cosine of their vectors: the arithmetic of BERTScore.

Pairs of texts are put into buckets by their lengths, and a bucket is one batched matrix product. A
text is padded with copies of its own first token, which have no weight: a copy changes no maximum,
so that no mask is needed and a score does not depend on what else stands in its batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Floats, Ints
from vlmeval_cli.models.token_products import Chosen, Products

_STEPS = ((32, 4), (128, 16), (1 << 62, 64))  # texts up to so many tokens: padded to multiples of


class Tokens(NamedTuple):
    """Different texts as tokens.

    Attributes:
        ids: what the tokens are, text after text, shape (total,).
        offsets: text ``t`` owns the tokens ``offsets[t]`` to ``offsets[t + 1]``.
    """

    ids: npt.NDArray[np.integer[Any]]
    offsets: Ints


class Matches(NamedTuple):
    """Weighted means of the best cosines of the tokens of either side, shape (n_pairs,) both.

    A token that is like none of the other text has 0, not a cosine below it.
    """

    ours: Array
    theirs: Array


class Matching(NamedTuple):
    """What a match of tokens counts.

    Attributes:
        weights: of each token id, at least 0, shape (n_ids,).
        hides_ends: the first and the last token of a text match nothing and count nothing.
    """

    weights: Array
    hides_ends: bool = False

    def of_pairs(self, products: Products, ours: Side, theirs: Side) -> Matches:
        """How well the tokens of either text of each pair are matched in the other.

        Args:
            products: cosines of the tokens of both sides.
            ours: one text of each pair, which has a token at least.
            theirs: the other text of each pair.

        Returns:
            NaN where the tokens of a text weigh nothing in all.
        """
        found = Matches(np.zeros(len(ours.text)), np.zeros(len(ours.text)))
        our_length, their_length = ours.lengths(), theirs.lengths()
        for pairs in _buckets(our_length, their_length):
            mine, other = int(our_length[pairs[0]]), int(their_length[pairs[0]])
            size = max(1, products.block_tokens // (mine + other))
            for start in range(0, len(pairs), size):
                block = pairs[start : start + size]
                one, two = self._chosen(ours, block, mine), self._chosen(theirs, block, other)
                best = products.best(one.tokens, two.tokens)
                found.ours[block] = _mean(best[0], one.weights)
                found.theirs[block] = _mean(best[1], two.weights)
        return found

    def _chosen(self, side: Side, pairs: Ints, length: int) -> _Weighted:
        text, offsets = side.text[pairs], side.tokens.offsets
        first, last = offsets[text][:, None], offsets[text + 1][:, None]
        places = first + np.arange(length)
        counts = places < last
        places = np.where(counts, places, first)
        hidden = None
        if self.hides_ends:
            hidden = (places == first) | (places == last - 1)
            counts &= ~hidden
        weights = self.weights[side.tokens.ids[places]] * counts
        with np.errstate(invalid="ignore"):
            weights /= weights.sum(axis=1, keepdims=True)
        return _Weighted(Chosen(places, hidden), weights)


class Side(NamedTuple):
    """One text of each pair, shape (n_pairs,), among different texts."""

    tokens: Tokens
    text: Ints

    def lengths(self) -> Ints:
        """Tokens of each, padding included."""
        return _padded(np.diff(self.tokens.offsets)[self.text])


class _Weighted(NamedTuple):
    """Tokens of a block, and what each of them counts, shape (b, length)."""

    tokens: Chosen
    weights: Array


def _padded(lengths: Ints) -> Ints:
    """The length that each text is padded to; it depends on that text alone."""
    padded = lengths.copy()
    low = 0
    for high, step in _STEPS:
        own = (lengths > low) & (lengths <= high)
        padded[own] = -(-lengths[own] // step) * step
        low = high
    return padded


def _buckets(ours: Ints, theirs: Ints) -> Iterator[Ints]:
    """Pairs of equal lengths, as places in the order of the pairs."""
    order = np.lexsort((theirs, ours))
    is_new = (np.diff(ours[order]) != 0) | (np.diff(theirs[order]) != 0)
    yield from (own for own in np.split(order, np.flatnonzero(is_new) + 1) if len(own))


def _mean(best: Floats, weights: Array) -> Array:
    # Rounding may lift the cosine of a token with itself above 1, and nothing alike is no match.
    found: Array = (np.clip(best.astype(np.float64), 0.0, 1.0) * weights).sum(axis=1)
    return found
