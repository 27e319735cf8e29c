"""METEOR 1.5's beam search over many pairs of texts at once.

All alignments of a block of pairs stand in arrays and are carried from word to word of their
references together. An alignment's *rank* is what the original sorts by, in one number: the covered
words that it lacks, its chunks, its distance. Each of the three only grows along an alignment.
So a few alignments per pair are often enough: where no alignment that was dropped ranked before
the one that won, none of those that grow from it could have won, and a wider beam gives the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints, offsets_of
from vlmeval_cli.text.meteor_alignment import BEAM, Match, align
from vlmeval_cli.text.meteor_candidates import EXACT_MODULE, Candidates
from vlmeval_cli.text.meteor_relations import LONGEST_PHRASE

_NARROW = 5
_MOST_NARROW_STEPS = 40  # a narrow beam is nearly never enough for longer texts
_BLOCK_CELLS = 1 << 17  # alignments times candidates of a step, held at once
_BITS = 64
_NONE = -1
_NONE_INT = np.int32(-1)
_MOST_RANK = 1 << 61
_TOO_HIGH = 1 << 62
_MOST_KEY = 1 << 63
# Masks of the lowest 0 to 64 bits.
_LOWEST = np.array([(1 << n) - 1 for n in range(_BITS + 1)], dtype=np.uint64)

Bools = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int32]


class _Plan(NamedTuple):
    """What is known of candidates, and of the words of references where something may happen.

    Attributes:
        steps: pair ``p`` has the steps ``steps[p]`` to ``steps[p + 1]``, words of its reference at
            which a candidate begins or may have ended.
        word: which word of the reference a step is about.
        begin: first candidate of every step, and the end of the last one.
        tried: how many candidates a step has.
        most: the most that a candidate of the step gains.
        is_fixed: the step's one candidate is taken without a choice.
        gain, distance, until, end: of each candidate; the words after it on both sides.
        words: of each pair, those of its longer side.
        scale: of its ranks.
    """

    steps: Ints
    word: Ints
    begin: Ints
    tried: Ints
    most: Ints
    is_fixed: Bools
    gain: Ints
    distance: Ints
    until: Ints
    end: Ints
    words: Ints
    scale: _Scale


class _Scale(NamedTuple):
    """How ranks are written, by pair.

    Attributes:
        chunk: what a chunk adds to a rank; more than all distances together.
        lack: what a lacking word adds; more than all chunks together.
        highest: above all ranks; the rank of no alignment.
    """

    chunk: Ints
    lack: Ints
    highest: Ints

    def at(self, pairs: Ints) -> _Scale:
        """Those of some pairs, as a column."""
        return _Scale(*(digits[pairs, None] for digits in self))


class _States(NamedTuple):
    """Alignments, shape (pairs, width), those of a pair best first.

    Attributes:
        rank: the scale's highest where there is none.
        until: the next word of the reference.
        end: where an open chunk goes on in the prediction; -1 where none is open.
        used: bits of the covered words of the prediction, shape (bits / 64, pairs, width).
    """

    rank: Ints
    until: Places
    end: Places
    used: Bits


class _Step(NamedTuple):
    """A step of every pair of a block.

    Attributes:
        number: -1 where the pair has none left.
        offsets: the candidates of pair ``p`` are ``offsets[p]`` to ``offsets[p + 1]``.
        row, slot: of each candidate, its pair, and its place among those of the pair.
        candidate: which it is of all.
        bits: of the words of the prediction that it covers, shape (bits / 64, candidates).
        is_free: whether the word is still free in each alignment.
    """

    number: Ints
    offsets: Ints
    row: Ints
    slot: Ints
    candidate: Ints
    bits: Bits
    is_free: Bools


class _Choice(NamedTuple):
    """Alignments that are kept: their ranks, what they grew from, and by which candidate."""

    rank: Ints
    parent: Ints
    slot: Ints


class _Found(NamedTuple):
    """The best alignment of each pair of a block.

    Attributes:
        pair: of each chosen candidate, the place of its pair in the block.
        candidate: chosen candidates.
        is_sure: of each pair, whether nothing was dropped that could have won.
    """

    pair: Ints
    candidate: Ints
    is_sure: Bools


def chosen_matches(candidates: Candidates, lengths: Ints) -> Bools:
    """Which candidates the original would choose.

    Args:
        candidates: of all pairs, in order.
        lengths: words of the longer side of each pair.
    """
    chosen = np.zeros(len(candidates.pair), dtype=bool)
    plan = _plan(candidates, lengths)
    n_steps = np.diff(plan.steps)
    is_slow = plan.scale.highest == _TOO_HIGH
    for pair in np.flatnonzero(is_slow).tolist():
        rows = slice(*np.searchsorted(candidates.pair, [pair, pair + 1]).tolist())
        chosen[rows] = _aligned(Candidates(*(column[rows] for column in candidates)))
    pairs = np.flatnonzero((n_steps > 0) & ~is_slow)
    pairs = pairs[np.argsort(n_steps[pairs], kind="stable")]
    is_short = n_steps[pairs] <= _MOST_NARROW_STEPS
    unsure = [pairs[~is_short]]
    for block in _blocks(pairs[is_short], plan, _NARROW):
        found = _search(candidates, plan, block, _NARROW)
        chosen[found.candidate[found.is_sure[found.pair]]] = True
        unsure.append(block[~found.is_sure])
    for block in _blocks(np.concatenate([*unsure[1:], unsure[0]]), plan, BEAM):
        chosen[_search(candidates, plan, block, BEAM).candidate] = True
    return chosen


def _aligned(own: Candidates) -> Bools:
    """Which candidates of one pair the plain search chooses."""
    columns = (own.length, own.our_start, own.our_length, own.module)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    matches: list[list[Match]] = [[] for _ in range(int(own.start.max()) + LONGEST_PHRASE + 1)]
    for start, row in zip(own.start.tolist(), rows, strict=True):
        matches[start].append(Match(*row))
    before = np.searchsorted(own.start, np.arange(len(matches)))
    chosen = np.zeros(len(own.start), dtype=bool)
    chosen[[before[start] + place for start, place in align(matches)]] = True
    return chosen


def _blocks(pairs: Ints, plan: _Plan, width: int) -> list[Ints]:
    """Pairs that are searched together."""
    if not len(pairs):
        return []
    tried = np.maximum.reduceat(np.append(plan.tried, 0), plan.steps[:-1])[pairs]
    widest = np.maximum.accumulate(tried + 1) * width
    blocks, start = [], 0
    while start < len(pairs):
        held = widest[start:] * np.arange(1, len(pairs) - start + 1)
        stop = start + max(1, int(np.searchsorted(held, _BLOCK_CELLS, side="right")))
        blocks.append(pairs[start:stop])
        start = stop
    return blocks


def _gains(found: Candidates) -> Ints:
    """See :func:`vlmeval_cli.text.meteor_alignment.gain`."""
    halves = found.length // 2 + found.our_length // 2
    whole = found.length + found.our_length
    return np.where(found.module == EXACT_MODULE, whole, halves)


def _plan(own: Candidates, lengths: Ints) -> _Plan:
    n_pairs, width = len(lengths), int(lengths.max(initial=0)) + 1
    until, end = own.start + own.length, own.our_start + own.our_length
    keys = own.pair * width + own.start
    step_keys = np.union1d(keys, own.pair * width + until)
    begin = np.append(np.searchsorted(keys, step_keys), len(keys))
    gain, tried = _gains(own), np.diff(begin)
    most = np.zeros(len(step_keys), dtype=np.int64)
    if len(gain):  # the 0 stands where steps without candidates begin, after all that have some
        reduced = np.maximum.reduceat(np.append(gain, 0), begin[:-1])
        most = np.where(tried > 0, reduced, 0)
    is_alone = _lone(own.pair * width + own.start, own.length, n_pairs * width)
    is_alone &= _lone(own.pair * width + own.our_start, own.our_length, n_pairs * width)
    is_fixed = tried == 1
    is_fixed[is_fixed] = is_alone[begin[:-1][is_fixed]]
    steps = np.searchsorted(step_keys, np.arange(n_pairs + 1) * width)
    distance = np.abs(own.start - own.our_start)
    pair_of_step, word = np.divmod(step_keys, width)
    scale = _scale(
        np.bincount(own.pair, distance, n_pairs).astype(np.float64),
        np.diff(steps),
        np.bincount(pair_of_step, most, n_pairs).astype(np.float64),
    )
    return _Plan(
        steps, word, begin, tried, most, is_fixed, gain, distance, until, end, lengths, scale
    )


def _scale(distance: Array, n_steps: Ints, lack: Array) -> _Scale:
    """Digits for the most that each of them can be; ``_TOO_HIGH`` where they are too many."""
    fits = (distance + 1) * (n_steps + 2) * (lack + 1) < _MOST_RANK
    most = (np.where(fits, n, 0).astype(np.int64) for n in (distance, n_steps + 1, lack))
    chunk, chunks, lacks = (n + 1 for n in most)
    return _Scale(chunk, chunk * chunks, np.where(fits, chunk * chunks * lacks, _TOO_HIGH))


def _lone(begin: Ints, length: Ints, n_words: int) -> Bools:
    """Candidates whose words on one side no other candidate covers."""
    owner = np.repeat(np.arange(len(begin)), length)
    within = np.arange(len(owner)) - np.repeat(offsets_of(length)[:-1], length)
    word = begin[owner] + within
    covers = np.bincount(word, minlength=n_words)
    is_alone: Bools = np.bincount(owner, covers[word], len(begin)) == length
    return is_alone


def _search(own: Candidates, plan: _Plan, block: Ints, width: int) -> _Found:
    """Carry the alignments of a block of pairs from step to step."""
    first, n_steps = plan.steps[block], np.diff(plan.steps)[block]
    scale = plan.scale.at(block)
    states = _first_states(scale.highest, width, int(plan.words[block].max()))
    dropped = scale.highest[:, 0].copy()
    history = []
    for number in range(int(n_steps.max())):
        step = _step(own, plan, np.where(number < n_steps, first + number, _NONE), states)
        taken, passed = _ranks(own, plan, states, step, scale)
        choice = _best(step, taken, passed, scale, dropped)
        states, candidate = _grown(plan, states, step, choice)
        history.append((choice.parent, candidate))
    last = np.minimum(states.rank + scale.chunk * (states.end != _NONE), scale.highest)
    return _traced(last, history, dropped)


def _first_states(highest: Ints, width: int, n_words: int) -> _States:
    """Nothing aligned yet."""
    rank = np.repeat(highest, width, axis=1)
    rank[:, 0] = 0
    zeros = np.zeros(rank.shape, dtype=np.int32)
    used = np.zeros((n_words // _BITS + 1, *rank.shape), dtype=np.uint64)
    return _States(rank, zeros, zeros + _NONE_INT, used)


def _step(own: Candidates, plan: _Plan, number: Ints, states: _States) -> _Step:
    """What may happen at one step of every pair."""
    tried = np.where(number >= 0, plan.tried[number], 0)
    offsets = offsets_of(tried)
    row = np.repeat(np.arange(len(tried)), tried)
    slot = np.arange(len(row)) - offsets[row]
    candidate = plan.begin[number][row] + slot
    lowest = _BITS * np.arange(len(states.used))[:, None]
    start, end = own.our_start[candidate], plan.end[candidate]
    bits = _LOWEST[np.clip(end - lowest, 0, _BITS)] & ~_LOWEST[np.clip(start - lowest, 0, _BITS)]
    is_free = (number >= 0)[:, None] & (states.until <= plan.word[number][:, None])
    return _Step(number, offsets, row, slot, candidate, bits, is_free)


def _ranks(
    own: Candidates, plan: _Plan, states: _States, step: _Step, scale: _Scale
) -> tuple[Ints, Ints]:
    """Ranks of all alignments with every candidate of the step, and of all with none.

    Each candidate tried adds its distance to those tried after it and to the alignment that goes on
    without any, but not to its own.
    """
    row, candidate = step.row, step.candidate
    takes = step.is_free[row]
    for used, bits in zip(states.used, step.bits, strict=True):
        if bits.any():
            takes &= (used[row] & bits[:, None]) == 0
    upto = np.zeros((len(row) + 1, takes.shape[1]), dtype=np.int64)
    np.cumsum(takes * plan.distance[candidate][:, None], axis=0, out=upto[1:])
    before = upto[step.offsets[:-1]]
    most = np.where(step.number >= 0, plan.most[step.number], 0)[:, None] * scale.lack
    closed = states.rank + most + scale.chunk * (states.end != _NONE)
    taken = (closed - before)[row]
    taken += upto[:-1]
    taken -= (plan.gain[candidate] * scale.lack[row, 0])[:, None]
    goes_on = states.end[row] == own.our_start[candidate].astype(np.int32)[:, None]
    taken -= goes_on * scale.chunk[row]
    taken[~takes] = _TOO_HIGH
    np.minimum(taken, scale.highest[row], out=taken)
    passed = np.where(step.is_free, closed + upto[step.offsets[1:]] - before, states.rank + most)
    passed[step.is_free & plan.is_fixed[step.number][:, None]] = _TOO_HIGH
    return taken, np.minimum(passed, scale.highest)


def _best(step: _Step, taken: Ints, passed: Ints, scale: _Scale, dropped: Ints) -> _Choice:
    """The lowest ranks of every pair, as many as alignments are kept, in order.

    Equal ones come as they are found, alignment by alignment, each with its candidates in order and
    then with none. ``dropped`` keeps, for each pair, the lowest rank that was ever left out.
    """
    n, width = passed.shape
    slots = int(step.slot.max(initial=-1)) + 2
    ranks = np.empty((n, slots, width), dtype=np.int64)
    ranks[...] = scale.highest[:, :, None]
    ranks[step.row, step.slot] = taken
    ranks[:, -1] = passed
    if int(scale.highest.max()) >= _MOST_KEY // (slots * width):
        flat = ranks.transpose(0, 2, 1).reshape(n, -1)
        place = np.argsort(flat, axis=1, kind="stable")[:, : width + 1]
        rank = np.take_along_axis(flat, place, axis=1)
    else:  # with their places as the last digits, all ranks differ and need no stable sort
        ranks *= slots * width
        ranks += np.arange(slots)[:, None] + slots * np.arange(width)
        keys = ranks.reshape(n, -1)
        if slots > 1:
            keys.partition(width, axis=1)
        rank, place = np.divmod(np.sort(keys[:, : width + 1], axis=1), slots * width)
    if slots > 1:
        np.minimum(dropped, rank[:, width], out=dropped)
    parent, slot = np.divmod(place[:, :width], slots)
    return _Choice(rank[:, :width], parent, np.where(slot == slots - 1, _NONE, slot))


def _grown(plan: _Plan, states: _States, step: _Step, choice: _Choice) -> tuple[_States, Ints]:
    """The chosen alignments, and the candidate that each has taken; -1 where none."""
    old = np.arange(len(choice.parent))[:, None], choice.parent
    end = np.where(step.is_free, _NONE_INT, states.end)[old]
    until, used = states.until[old], states.used[:, *old]
    tried = np.diff(step.offsets)[:, None]  # of no alignment, the slot may lie beyond
    row, column = np.nonzero((choice.slot >= 0) & (choice.slot < tried))
    taken = step.offsets[row] + choice.slot[row, column]
    candidate = np.full(choice.slot.shape, _NONE)
    candidate[row, column] = step.candidate[taken]
    until[row, column] = plan.until[step.candidate[taken]]
    end[row, column] = plan.end[step.candidate[taken]]
    used[:, row, column] |= step.bits[:, taken]
    return _States(choice.rank, until, end, used), candidate


def _traced(last: Ints, history: list[tuple[Ints, Ints]], dropped: Ints) -> _Found:
    """The best alignment of each pair, traced back to its candidates."""
    row, best = np.arange(len(last)), np.argmin(last, axis=1)
    is_sure = last[row, best] < dropped
    pairs, candidates = [], []
    for parent, candidate in reversed(history):
        taken = candidate[row, best]
        took = taken != _NONE
        pairs.append(row[took])
        candidates.append(taken[took])
        best = parent[row, best]
    return _Found(np.concatenate(pairs), np.concatenate(candidates), is_sure)
