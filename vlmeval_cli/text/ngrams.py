"""N-grams of many texts at once, as sorted integers.

Within a set of texts an n-gram is a *gram number*: the rank of (number of its first n-1 tokens,
last token) among those that occur. Numbers are made order by order from the token integers, so
that equal numbers mean equal n-grams without a hash. One sort per order finds, for every n-gram,
the texts that hold it and how often, and puts a prediction beside the references of its item.

Across batches and processes, where token integers mean nothing, an n-gram is a 64-bit *key* mixed
from its tokens' texts. Two of ``m`` distinct n-grams share a key with probability of about
``m**2 / 2**65``: 3e-8 for a million distinct n-grams, 3e-4 for a hundred million; one such pair
would change the document frequency of those two n-grams and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints, Keys, TokenColumn, Vocabulary, offsets_of

Flags = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]

BLOCK_TOKENS = 1 << 16
_SORTABLE_BITS = 63
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts in one row of tokens, item after item, the prediction before its references.

    Attributes:
        tokens: all tokens, shape (total,).
        offsets: shape (n_texts + 1,); text ``t`` owns ``tokens[offsets[t]:offsets[t + 1]]``.
        item: item of each text, ascending, shape (n_texts,).
        is_prediction: whether a text is its item's prediction, shape (n_texts,).
        text_of: text of each token, shape (total,).
    """

    tokens: Int32s
    offsets: Ints
    item: Int32s
    is_prediction: Flags
    text_of: Int32s

    @property
    def lengths(self) -> Ints:
        """Tokens of each text, shape (n_texts,)."""
        return np.diff(self.offsets)

    def blocks(self) -> Iterator[Texts]:
        """The same texts in runs of whole items, small enough for the processor's cache.

        Where only n-grams of the same item meet, blocks change no number, save time and bound
        memory. There is always one; items are counted from 0 in each.
        """
        if not len(self.item):
            yield self
            return
        first_text = np.flatnonzero(_starts_run(self.item))
        item_end = self.offsets[np.append(first_text[1:], len(self.item))]
        block_start = first_text[_starts_run(item_end // BLOCK_TOKENS)]
        for first, stop in pairwise([*block_start.tolist(), len(self.item)]):
            start, end = self.offsets[[first, stop]].tolist()
            yield Texts(
                self.tokens[start:end],
                self.offsets[first : stop + 1] - start,
                self.item[first:stop] - self.item[first],
                self.is_prediction[first:stop],
                self.text_of[start:end] - np.int32(first),
            )

    def sums_by_text(
        self, position: Ints, values: Array, *, at: Flags | None = None, value: float = 0.0
    ) -> Array:
        """Sums of the values that stand at these tokens, shape (n_texts,).

        ``value`` stands at the tokens flagged in ``at``, shape (total,).

        Each text is summed on its own, in the order of its tokens, so that the last bit depends
        neither on the other texts nor on the integers that tokens happen to have.
        """
        per_token = np.zeros(len(self.tokens) + 1)  # reduceat needs an element at every offset
        if at is not None:
            np.multiply(at, value, out=per_token[:-1])
        per_token[position] = values
        return np.where(self.lengths > 0, np.add.reduceat(per_token, self.offsets)[:-1], 0.0)


@dataclass(frozen=True, slots=True)
class NgramCounts:
    """How often each n-gram of one order occurs in each text.

    One *entry* per n-gram and text that holds it; sorted by n-gram, then text, so that a prediction
    stands right before the references of its item.

    Attributes:
        order: n.
        text: text of each entry, shape (m,).
        gram: gram number of each entry, ascending, shape (m,).
        count: occurrences in the text, shape (m,).
        position: first token of the first occurrence, shape (m,).
        group_start: first entry of every (n-gram, item), ascending, shape (n_groups,).
        group_size: entries of every group, shape (n_groups,).
        in_prediction: whether a group's first entry is of the prediction, shape (n_groups,).
        n_grams: distinct n-grams.
        is_lone: tokens where an n-gram begins that occurs nowhere else and was left out, shape
            (total,); None if every n-gram has its entry.
    """

    order: int
    text: Int32s
    gram: Int32s
    count: Ints
    position: Ints
    group_start: Ints
    group_size: Ints
    in_prediction: Flags
    n_grams: int
    is_lone: Flags | None = None

    def matches(self) -> Matches:
        """Entries of references whose n-gram the prediction of their item holds too."""
        shared = self.in_prediction & (self.group_size > 1)
        head, n_references = self.group_start[shared], self.group_size[shared] - 1
        prediction = np.repeat(head, n_references)
        place = np.arange(len(prediction)) - np.repeat(offsets_of(n_references)[:-1], n_references)
        return Matches(prediction, prediction + 1 + place)

    def items_with_reference(self) -> Ints:
        """Items that hold each n-gram in a reference, shape (n_grams,)."""
        if not self.n_grams:
            return np.zeros(0, dtype=np.int64)
        in_reference = ~(self.in_prediction & (self.group_size == 1))
        first_group = np.flatnonzero(_starts_run(self.gram[self.group_start]))
        return np.add.reduceat(in_reference, first_group, dtype=np.int64)


class Matches(NamedTuple):
    """Pairs of entries, shape (k,) each: one of a prediction, one of a reference of its item."""

    prediction: Ints
    reference: Ints


def references_alone(references: TokenColumn) -> Texts:
    """The references of each item, without predictions."""
    n_texts = len(references.offsets) - 1
    n_items = len(references.item_offsets) - 1
    item = np.repeat(np.arange(n_items, dtype=np.int32), np.diff(references.item_offsets))
    text_of = np.repeat(np.arange(n_texts, dtype=np.int32), np.diff(references.offsets))
    return Texts(
        references.tokens, references.offsets, item, np.zeros(n_texts, dtype=np.bool_), text_of
    )


def predictions_with_references(predictions: TokenColumn, references: TokenColumn) -> Texts:
    """Each prediction followed by the references of its item."""
    n_items = len(predictions.offsets) - 1
    of_prediction = references.item_offsets[:-1] + np.arange(n_items)
    n_texts = n_items + len(references.offsets) - 1
    is_prediction = np.zeros(n_texts, dtype=np.bool_)
    is_prediction[of_prediction] = True
    starts, lengths = np.empty((2, n_texts), dtype=np.int64)
    starts[is_prediction] = predictions.offsets[:-1]
    starts[~is_prediction] = references.offsets[:-1] + len(predictions.tokens)
    lengths[is_prediction] = np.diff(predictions.offsets)
    lengths[~is_prediction] = np.diff(references.offsets)
    offsets = offsets_of(lengths)
    source = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Texts(
        tokens=np.concatenate([predictions.tokens, references.tokens])[source],
        offsets=offsets,
        item=np.cumsum(is_prediction, dtype=np.int32) - np.int32(1),
        is_prediction=is_prediction,
        text_of=np.repeat(np.arange(n_texts, dtype=np.int32), lengths),
    )


def counted(
    texts: Texts, max_order: int, *, shared_only: bool = False, lone_apart: bool = False
) -> Iterator[NgramCounts]:
    """Counts of the n-grams of order 1, 2, …, ``max_order``.

    Args:
        texts: where to count.
        max_order: longest n-grams.
        shared_only: leave out n-grams of order 2 and more that cannot occur both in a prediction
            and in a reference of the same item, which is faster where only matches matter.
        lone_apart: give n-grams that occur once in all texts no entry, but a flag. Most long ones
            are, and so is every n-gram that holds one, which spares sorting it.
    """
    gram_at = texts.tokens
    positions = np.arange(len(texts.tokens))
    continues = texts.text_of[1:] == texts.text_of[:-1]
    for order in range(1, max_order + 1):
        last = texts.tokens[positions + (order - 1)]
        occurrences = _sorted_occurrences(
            gram_at[positions] if order > 1 else None, last, positions
        )
        is_lone = None
        if lone_apart:
            is_lone = _begins(texts, order)
            occurrences = _repeated(occurrences)
            is_lone[occurrences.position] = False
        counts = _counts(order, texts, occurrences, is_lone)
        yield counts
        if order < max_order:
            kept = _of_shared_groups(counts) if shared_only else slice(None)
            gram_at = np.full(len(texts.tokens), -1, dtype=np.int32)
            gram_at[occurrences.position[kept]] = occurrences.gram[kept]
            # A longer n-gram begins where two n-grams of this order follow each other.
            extends = (gram_at[:-1] >= 0) & (gram_at[1:] >= 0) & continues
            positions = np.flatnonzero(extends)


class _Occurrences(NamedTuple):
    """All places of the n-grams of one order, by n-gram and then place."""

    position: Ints
    gram: Int32s
    is_new: Flags


def _sorted_occurrences(prefix: Int32s | None, last: Int32s, positions: Ints) -> _Occurrences:
    """Number the n-grams (``prefix``, ``last``) that start at ``positions`` (ascending).

    The sort keys carry the position in their lowest bits: sorting such integers is several times
    faster than finding a sorting permutation.
    """
    code = last.astype(np.int64)
    bits = _bits(last)
    if prefix is not None:
        code |= prefix.astype(np.int64) << bits
        bits += _bits(prefix)
    position_bits = _bits(positions)
    if bits + position_bits <= _SORTABLE_BITS:
        code <<= position_bits
        code |= positions
        code.sort()
        positions = code & ((1 << position_bits) - 1)
        code >>= position_bits
    else:
        order = np.argsort(code, kind="stable")
        code, positions = code[order], positions[order]
    is_new = _starts_run(code)
    return _Occurrences(positions, np.cumsum(is_new, dtype=np.int32) - np.int32(1), is_new)


def _begins(texts: Texts, order: int) -> Flags:
    """Tokens where an n-gram begins: those with enough tokens of their text behind them."""
    begins = np.zeros(len(texts.tokens), dtype=np.bool_)
    if order <= len(begins):
        ends = texts.text_of[order - 1 :]
        np.equal(texts.text_of[: len(ends)], ends, out=begins[: len(ends)])
    return begins


def _repeated(found: _Occurrences) -> _Occurrences:
    """Only the n-grams that occur more than once, numbered anew."""
    is_last = np.ones_like(found.is_new)
    is_last[:-1] = found.is_new[1:]
    kept = np.flatnonzero(~(found.is_new & is_last))
    is_new = found.is_new[kept]
    gram = np.cumsum(is_new, dtype=np.int32) - np.int32(1)
    return _Occurrences(found.position[kept], gram, is_new)


def _bits(values: npt.NDArray[Any]) -> int:
    return int(values.max(initial=0)).bit_length()


def _starts_run(values: npt.NDArray[Any]) -> Flags:
    """Where a value differs from the one before it."""
    is_new = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=is_new[1:])
    return is_new


def _run_lengths(start: Ints, total: int) -> Ints:
    """Lengths of runs that start at ``start`` and fill ``total`` places."""
    return np.diff(np.append(start, total))


def _counts(order: int, texts: Texts, found: _Occurrences, is_lone: Flags | None) -> NgramCounts:
    text = texts.text_of[found.position]
    start = np.flatnonzero(found.is_new | _starts_run(text))
    entry_text = text[start]
    starts_group = found.is_new[start] | _starts_run(texts.item[entry_text])
    group_start = np.flatnonzero(starts_group)
    return NgramCounts(
        order=order,
        text=entry_text,
        gram=found.gram[start],
        count=_run_lengths(start, len(text)),
        position=found.position[start],
        group_start=group_start,
        group_size=_run_lengths(group_start, len(start)),
        in_prediction=texts.is_prediction[entry_text[group_start]],
        n_grams=int(found.gram[-1]) + 1 if len(text) else 0,
        is_lone=is_lone,
    )


def _of_shared_groups(counts: NgramCounts) -> Flags:
    """Which occurrences belong to an n-gram of a prediction and a reference of the same item."""
    shared = counts.in_prediction & (counts.group_size > 1)
    return np.repeat(np.repeat(shared, counts.group_size), counts.count)


def clipped_matches(texts: Texts, max_order: int) -> list[Ints]:
    """Matches of each prediction with its references together, as BLEU counts them.

    An n-gram counts as often as the prediction has it, but at most as often as the reference that
    has it most.

    Returns:
        One array of shape (n_items,) per order.
    """
    return _over_blocks(texts, max_order, _clipped)


def pair_overlaps(texts: Texts, max_order: int) -> list[Ints]:
    """Matches of each reference with the prediction of its item, as ROUGE-N counts them.

    Returns:
        One array of shape (n_texts,) per order, 0 for predictions.
    """
    return _over_blocks(texts, max_order, _overlaps)


def _over_blocks(
    texts: Texts, max_order: int, count: Callable[[Texts, NgramCounts], Ints]
) -> list[Ints]:
    blocks = [
        [count(block, counts) for counts in counted(block, max_order, shared_only=True)]
        for block in texts.blocks()
    ]
    return [np.concatenate(order) for order in zip(*blocks, strict=True)]


def _clipped(texts: Texts, counts: NgramCounts) -> Ints:
    matches = counts.matches()
    start = np.flatnonzero(_starts_run(matches.prediction))
    in_references = counts.count[matches.reference]
    most = np.maximum.reduceat(in_references, start) if len(start) else in_references
    predicted = matches.prediction[start]
    item = texts.item[counts.text[predicted]]
    n_items = int(np.count_nonzero(texts.is_prediction))
    return _int_sums(np.minimum(counts.count[predicted], most), item, n_items)


def _overlaps(texts: Texts, counts: NgramCounts) -> Ints:
    matches = counts.matches()
    common = np.minimum(counts.count[matches.prediction], counts.count[matches.reference])
    return _int_sums(common, counts.text[matches.reference], len(texts.item))


def _int_sums(values: Ints, owners: npt.NDArray[Any], n: int) -> Ints:
    # Exact: the sums are integers far below 2**53.
    return np.bincount(owners, weights=values, minlength=n).astype(np.int64)


def gram_keys(texts: Texts, counts: NgramCounts, vocabulary: Vocabulary) -> Keys:
    """64-bit key of every gram number, shape (n_grams,); equal n-grams have equal keys anywhere."""
    token_keys = vocabulary.keys64
    first = counts.position[_starts_run(counts.gram)]
    return mixed_keys([token_keys[texts.tokens[first + i]] for i in range(counts.order)])


def mixed_keys(token_keys: list[Keys]) -> Keys:
    """Keys of n-grams from the keys of their first, second, … tokens; order matters.

    Each step is one round of the SplitMix64 finaliser (Steele, Lea and Flood 2014), a bijection, so
    that n-grams which differ in one token never collide.
    """
    key = np.full(len(token_keys[0]), len(token_keys), dtype=np.uint64)
    for token_key in token_keys:
        key = scrambled(key * _GOLDEN ^ token_key)
    return key


def scrambled(key: Keys) -> Keys:
    """Every input bit moves about half of the output bits; a bijection of 64-bit integers."""
    key = key + _GOLDEN
    key ^= key >> np.uint64(30)
    key *= _MIX_1
    key ^= key >> np.uint64(27)
    key *= _MIX_2
    key ^= key >> np.uint64(31)
    return key
