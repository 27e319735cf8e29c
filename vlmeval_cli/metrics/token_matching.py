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

# Vectors of a block: small enough for a processor's cache, large enough to hide the calls.
BLOCK_BYTES = 1 << 22
_STEPS = ((32, 4), (128, 16), (1 << 62, 64))  # texts up to so many tokens: padded to multiples of


class Tokens(NamedTuple):
    """Different texts as tokens.

    Attributes:
        vectors: of all tokens, text after text, of any length, shape (total, d).
        ids: what the tokens are, shape (total,).
        offsets: text ``t`` owns the tokens ``offsets[t]`` to ``offsets[t + 1]``.
    """

    vectors: Floats
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

    def of_pairs(self, ours: Tokens, theirs: Tokens, our_text: Ints, their_text: Ints) -> Matches:
        """How well the tokens of either text of each pair are matched in the other.

        Args:
            ours: texts of one side, each with a token at least.
            theirs: texts of the other side.
            our_text: text of ``ours`` in each pair, shape (n_pairs,).
            their_text: text of ``theirs`` in each pair.

        Returns:
            NaN where the tokens of a text weigh nothing in all.
        """
        found = Matches(np.zeros(len(our_text)), np.zeros(len(our_text)))
        our_length = _padded(np.diff(ours.offsets)[our_text])
        their_length = _padded(np.diff(theirs.offsets)[their_text])
        bytes_per_token = 4 * ours.vectors.shape[1]
        for pairs in _buckets(our_length, their_length):
            mine, other = int(our_length[pairs[0]]), int(their_length[pairs[0]])
            size = max(1, BLOCK_BYTES // (bytes_per_token * (mine + other)))
            for start in range(0, len(pairs), size):
                block = pairs[start : start + size]
                one = self._gathered(ours, our_text[block], mine)
                two = self._gathered(theirs, their_text[block], other)
                found.ours[block], found.theirs[block] = _means(one, two)
        return found

    def _gathered(self, tokens: Tokens, texts: Ints, length: int) -> _Block:
        first, last = tokens.offsets[texts][:, None], tokens.offsets[texts + 1][:, None]
        places = first + np.arange(length)
        counts = places < last
        places = np.where(counts, places, first)
        vectors = np.asarray(tokens.vectors[places], dtype=np.float32)
        norms = np.sqrt(np.einsum("bld,bld->bl", vectors, vectors))
        scale = 1.0 / np.maximum(norms, np.finfo(np.float32).tiny)
        if self.hides_ends:
            is_end = (places == first) | (places == last - 1)
            scale[is_end] = 0.0  # their cosine is 0, as it is under a mask
            counts &= ~is_end
        vectors *= scale[:, :, None]
        weights = self.weights[tokens.ids[places]] * counts
        with np.errstate(invalid="ignore"):
            return _Block(vectors, weights / weights.sum(axis=1, keepdims=True))


class _Block(NamedTuple):
    """Unit vectors of the tokens of texts, (b, length, d), and their weights, (b, length)."""

    vectors: Floats
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


def _means(ours: _Block, theirs: _Block) -> tuple[Array, Array]:
    cosines = np.matmul(ours.vectors, theirs.vectors.transpose(0, 2, 1))
    return _mean(cosines.max(axis=2), ours.weights), _mean(cosines.max(axis=1), theirs.weights)


def _mean(best: Floats, weights: Array) -> Array:
    # Rounding may lift the cosine of a token with itself above 1, and nothing alike is no match.
    found: Array = (np.clip(best.astype(np.float64), 0.0, 1.0) * weights).sum(axis=1)
    return found
