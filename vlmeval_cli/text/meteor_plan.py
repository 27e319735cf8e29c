"""What METEOR 1.5's search needs to know of the candidates of many pairs of texts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints, offsets_of
from vlmeval_cli.text.meteor_candidates import EXACT_MODULE, Candidates

BITS = 64  # of a number in a mask of words
TOO_HIGH = 1 << 62
_MOST_RANK = 1 << 61

Bools = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint64]


class Moves(NamedTuple):
    """Candidates as the search takes them.

    Attributes:
        gain: by how much it raises the count of covered words.
        distance: between its first words on both sides.
        until: the word of the reference after it.
        start, end: its first word in the prediction, and the one after it.
        column, bits, more_bits: the words of the prediction that it covers: which number of a mask
            has them, and which bits of it and of the number after it.
    """

    gain: Ints
    distance: Ints
    until: Ints
    start: Ints
    end: Ints
    column: Ints
    bits: Bits
    more_bits: Bits


class Scale(NamedTuple):
    """How ranks are written, by pair.

    Attributes:
        chunk: what a chunk adds to a rank; more than all distances together.
        lack: what a lacking word adds; more than all chunks together.
        highest: above all ranks; ``TOO_HIGH`` where they would not fit into a number.
    """

    chunk: Ints
    lack: Ints
    highest: Ints

    def at(self, pairs: Ints) -> Scale:
        """Those of some pairs, as a column."""
        return Scale(*(digits[pairs, None] for digits in self))


class Plan(NamedTuple):
    """The words of references where something may happen.

    Attributes:
        steps: pair ``p`` has the steps ``steps[p]`` to ``steps[p + 1]``, words of its reference at
            which a candidate begins or may have ended.
        word: which word of the reference a step is about.
        begin: first candidate of every step, and the end of the last one.
        tried: how many candidates a step has.
        most: the most that a candidate of the step gains.
        is_fixed: the step's one candidate is taken without a choice.
        moves: the candidates.
        lengths: of each pair, the words of its longer side.
        scale: of the ranks of each pair.
    """

    steps: Ints
    word: Ints
    begin: Ints
    tried: Ints
    most: Ints
    is_fixed: Bools
    moves: Moves
    lengths: Ints
    scale: Scale


def plan_of(own: Candidates, lengths: Ints) -> Plan:
    """The plan of candidates of pairs whose longer sides have these lengths."""
    n_pairs, width = len(lengths), int(lengths.max(initial=0)) + 1
    moves = _moves(own)
    keys = own.pair * width + own.start
    step_keys = np.union1d(keys, own.pair * width + moves.until)
    begin = np.append(np.searchsorted(keys, step_keys), len(keys))
    tried = np.diff(begin)
    most = np.zeros(len(step_keys), dtype=np.int64)
    if len(keys):  # the 0 stands where steps without candidates begin, after all that have some
        reduced = np.maximum.reduceat(np.append(moves.gain, 0), begin[:-1])
        most = np.where(tried > 0, reduced, 0)
    is_alone = _lone(keys, own.length, n_pairs * width)
    is_alone &= _lone(own.pair * width + own.our_start, own.our_length, n_pairs * width)
    is_fixed = tried == 1
    is_fixed[is_fixed] = is_alone[begin[:-1][is_fixed]]
    steps = np.searchsorted(step_keys, np.arange(n_pairs + 1) * width)
    pair, word = np.divmod(step_keys, width)
    scale = _scale(
        np.bincount(own.pair, moves.distance, n_pairs).astype(np.float64),
        np.diff(steps),
        np.bincount(pair, most, n_pairs).astype(np.float64),
    )
    return Plan(steps, word, begin, tried, most, is_fixed, moves, lengths, scale)


def _moves(own: Candidates) -> Moves:
    column, place = np.divmod(own.our_start, BITS)
    mask = (np.uint64(1) << own.our_length.astype(np.uint64)) - np.uint64(1)
    room = np.minimum(BITS - place, BITS - 1).astype(np.uint64)  # a shift by 64 is undefined
    return Moves(
        _gains(own),
        np.abs(own.start - own.our_start),
        own.start + own.length,
        own.our_start,
        own.our_start + own.our_length,
        column,
        mask << place.astype(np.uint64),
        mask >> room,
    )


def _gains(found: Candidates) -> Ints:
    """See :func:`vlmeval_cli.text.meteor_alignment.gain`."""
    halves = found.length // 2 + found.our_length // 2
    whole = found.length + found.our_length
    return np.where(found.module == EXACT_MODULE, whole, halves)


def _scale(distance: Array, n_steps: Ints, lack: Array) -> Scale:
    """Digits for the most that each of them can be."""
    fits = (distance + 1) * (n_steps + 2) * (lack + 1) < _MOST_RANK
    most = (np.where(fits, n, 0).astype(np.int64) for n in (distance, n_steps + 1, lack))
    chunk, chunks, lacks = (n + 1 for n in most)
    return Scale(chunk, chunk * chunks, np.where(fits, chunk * chunks * lacks, TOO_HIGH))


def _lone(begin: Ints, length: Ints, n_words: int) -> Bools:
    """Candidates whose words on one side no other candidate covers."""
    owner = np.repeat(np.arange(len(begin)), length)
    within = np.arange(len(owner)) - np.repeat(offsets_of(length)[:-1], length)
    word = begin[owner] + within
    covers = np.bincount(word, minlength=n_words)
    is_alone: Bools = np.bincount(owner, covers[word], len(begin)) == length
    return is_alone
