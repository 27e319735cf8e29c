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

from vlmeval_cli.core.batch import Ints, offsets_of
from vlmeval_cli.text.meteor_alignment import BEAM, Match, align
from vlmeval_cli.text.meteor_candidates import Candidates
from vlmeval_cli.text.meteor_plan import BITS, TOO_HIGH, Bits, Bools, Moves, Plan, Scale, plan_of
from vlmeval_cli.text.meteor_relations import LONGEST_PHRASE

_NARROW = 8
_MOST_NARROW_STEPS = 40  # a narrow beam is nearly never enough for longer texts
_BLOCK_CELLS = 1 << 17  # alignments times candidates of a step, held at once
_NONE = -1
_NONE_INT = np.int32(-1)
_MOST_KEY = 1 << 63

Places = npt.NDArray[np.int32]


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
        is_free: whether the word is still free in each alignment.
    """

    number: Ints
    offsets: Ints
    row: Ints
    slot: Ints
    candidate: Ints
    is_free: Bools


class _Beam(NamedTuple):
    """How many alignments are kept of a pair.

    Attributes:
        width: that number.
        dropped: of each pair, the lowest rank that was left out by a beam narrower than the
            original's.
    """

    width: int
    dropped: Ints


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
        rank: of each pair, of its best alignment.
        is_sure: of each pair, whether nothing was dropped that could have won.
    """

    pair: Ints
    candidate: Ints
    rank: Ints
    is_sure: Bools


def chosen_matches(candidates: Candidates, lengths: Ints) -> Bools:
    """Which candidates the original would choose.

    Args:
        candidates: of all pairs, in order.
        lengths: words of the longer side of each pair.
    """
    chosen = np.zeros(len(candidates.pair), dtype=bool)
    plan = plan_of(candidates, lengths)
    n_steps = np.diff(plan.steps)
    is_slow = plan.scale.highest == TOO_HIGH
    for pair in np.flatnonzero(is_slow).tolist():
        rows = slice(*np.searchsorted(candidates.pair, [pair, pair + 1]).tolist())
        chosen[rows] = _aligned(Candidates(*(column[rows] for column in candidates)))
    pairs = np.flatnonzero((n_steps > 0) & ~is_slow)
    pairs = pairs[np.argsort(n_steps[pairs], kind="stable")]
    is_short = n_steps[pairs] <= _MOST_NARROW_STEPS
    unsure, lowest = _searched(plan, pairs[is_short], _NARROW, plan.scale.highest, chosen)
    # What ranks behind the narrow beam's best is left out: whatever it would displace ranks behind
    # it too. Where nothing is left, that best one is none of the wide beam.
    bounds = plan.scale.highest.copy()
    bounds[unsure] = lowest + 1
    lost, _ = _searched(plan, unsure, BEAM, bounds, chosen)
    for rest in (lost, pairs[~is_short]):
        _searched(plan, rest, BEAM, plan.scale.highest, chosen)
    return chosen


def _searched(
    plan: Plan, pairs: Ints, width: int, highest: Ints, chosen: Bools
) -> tuple[Ints, Ints]:
    """Search pairs and note what is chosen; which of them are unsure, and their best ranks."""
    unsure, lowest = [pairs[:0]], [pairs[:0]]
    for block in _blocks(pairs, plan, width):
        found = _search(plan, block, width, highest)
        chosen[found.candidate[found.is_sure[found.pair]]] = True
        unsure.append(block[~found.is_sure])
        lowest.append(found.rank[~found.is_sure])
    return np.concatenate(unsure), np.concatenate(lowest)


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


def _blocks(pairs: Ints, plan: Plan, width: int) -> list[Ints]:
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


def _search(plan: Plan, block: Ints, width: int, highest: Ints) -> _Found:
    """Carry the alignments of a block of pairs from step to step, those below the highest rank."""
    first, n_steps = plan.steps[block], np.diff(plan.steps)[block]
    scale = plan.scale._replace(highest=highest).at(block)
    states = _first_states(len(block), int(plan.lengths[block].max()))
    dropped = scale.highest[:, 0].copy()
    history = []
    for number in range(int(n_steps.max())):
        step = _step(plan, np.where(number < n_steps, first + number, _NONE), states)
        taken, passed = _ranks(plan, states, step, scale)
        choice = _best(step, taken, passed, scale, _Beam(width, dropped))
        states, candidate = _grown(plan, states, step, choice)
        history.append((choice.parent, candidate))
    last = np.minimum(states.rank + scale.chunk * (states.end != _NONE), scale.highest)
    return _traced(last, history, dropped)


def _first_states(n: int, n_words: int) -> _States:
    """Nothing aligned yet."""
    rank, until = np.zeros((n, 1), dtype=np.int64), np.zeros((n, 1), dtype=np.int32)
    used = np.zeros((n_words // BITS + 2, n, 1), dtype=np.uint64)
    return _States(rank, until, until + _NONE_INT, used)


def _step(plan: Plan, number: Ints, states: _States) -> _Step:
    """What may happen at one step of every pair."""
    tried = np.where(number >= 0, plan.tried[number], 0)
    offsets = offsets_of(tried)
    row = np.repeat(np.arange(len(tried)), tried)
    slot = np.arange(len(row)) - offsets[row]
    candidate = plan.begin[number][row] + slot
    is_free = (number >= 0)[:, None] & (states.until <= plan.word[number][:, None])
    return _Step(number, offsets, row, slot, candidate, is_free)


def _ranks(plan: Plan, states: _States, step: _Step, scale: Scale) -> tuple[Ints, Ints]:
    """Ranks of all alignments with every candidate of the step, and of all with none.

    Each candidate tried adds its distance to those tried after it and to the alignment that goes on
    without any, but not to its own.
    """
    moves, row, candidate = plan.moves, step.row, step.candidate
    takes = step.is_free[row] & _fit(moves, states.used, row, candidate)
    upto = np.zeros((len(row) + 1, takes.shape[1]), dtype=np.int64)
    np.cumsum(takes * moves.distance[candidate][:, None], axis=0, out=upto[1:])
    before = upto[step.offsets[:-1]]
    most = np.where(step.number >= 0, plan.most[step.number], 0)[:, None] * scale.lack
    closed = states.rank + most + scale.chunk * (states.end != _NONE)
    taken = (closed - before)[row]
    taken += upto[:-1]
    taken -= (moves.gain[candidate] * scale.lack[row, 0])[:, None]
    goes_on = states.end[row] == moves.start[candidate].astype(np.int32)[:, None]
    taken -= goes_on * scale.chunk[row]
    taken[~takes] = TOO_HIGH
    passed = np.where(step.is_free, closed + upto[step.offsets[1:]] - before, states.rank + most)
    passed[step.is_free & plan.is_fixed[step.number][:, None]] = TOO_HIGH
    return taken, np.minimum(passed, scale.highest)


def _fit(moves: Moves, used: Bits, row: Ints, candidate: Ints) -> Bools:
    """Whether the words of candidates are free in the alignments of their pairs."""
    column = moves.column[candidate]
    fits: Bools = (used[column, row] & moves.bits[candidate, None]) == 0
    both = np.flatnonzero(moves.more_bits[candidate])
    if len(both):
        more = used[column[both] + 1, row[both]] & moves.more_bits[candidate[both], None]
        fits[both] &= more == 0
    return fits


def _best(step: _Step, taken: Ints, passed: Ints, scale: Scale, beam: _Beam) -> _Choice:
    """The lowest ranks of every pair, as many as are kept, in order.

    Equal ones come as they are found, alignment by alignment, each with its candidates in order and
    then with none.
    """
    n, width = passed.shape
    wanted = beam.width + (beam.width < BEAM)
    row, state = np.nonzero(taken <= _bounds(step, taken, passed, scale, wanted)[step.row, None])
    pair = step.row[row]
    counts = np.bincount(pair, minlength=n)
    column = width + np.arange(len(pair)) - offsets_of(counts)[pair]
    shape = (n, width + int(counts.max()))
    bits = int(step.slot.max(initial=0) + 1).bit_length()
    none = (1 << bits) - 1
    ranks, places = np.repeat(scale.highest, shape[1], axis=1), np.full(shape, none)
    ranks[:, :width], ranks[pair, column] = passed, taken[row, state]
    places[:, :width] |= np.arange(width) << bits
    places[pair, column] = (state << bits) | step.slot[row]
    rank, place = _sorted(ranks, places, bits + width.bit_length(), wanted)
    if rank.shape[1] > beam.width:
        np.minimum(beam.dropped, rank[:, beam.width], out=beam.dropped)
    kept = (rank[:, : beam.width] < scale.highest).sum(axis=1).max(initial=1)
    rank, place = rank[:, :kept], place[:, :kept]
    slot = place & none
    return _Choice(rank, place >> bits, np.where(slot == none, _NONE, slot))


def _bounds(step: _Step, taken: Ints, passed: Ints, scale: Scale, wanted: int) -> Ints:
    """Of each pair, a rank that none of the wanted number of lowest ranks exceeds.

    Every alignment goes on with its best candidate, or with none: that many ranks are known.
    """
    bounds: Ints = scale.highest[:, 0] - 1
    if 2 * passed.shape[1] < wanted:
        return bounds
    best = np.repeat(scale.highest, passed.shape[1], axis=1)
    some = np.flatnonzero(np.diff(step.offsets))
    if len(some):
        best[some] = np.minimum.reduceat(taken, step.offsets[some], axis=0)
    ranks = np.concatenate([best, passed], axis=1)
    ranks.sort(axis=1)
    np.minimum(bounds, ranks[:, wanted - 1], out=bounds)
    return bounds


def _sorted(ranks: Ints, places: Ints, bits: int, n: int) -> tuple[Ints, Ints]:
    """The first ``n`` of each row by rank and place, which has so many bits."""
    if int(ranks.max()) >= _MOST_KEY >> bits:
        order = np.lexsort((places, ranks))[:, :n]
        return np.take_along_axis(ranks, order, axis=1), np.take_along_axis(places, order, axis=1)
    keys: Ints = (ranks << bits) | places
    keys.sort(axis=1)
    return keys[:, :n] >> bits, keys[:, :n] & ((1 << bits) - 1)


def _grown(plan: Plan, states: _States, step: _Step, choice: _Choice) -> tuple[_States, Ints]:
    """The chosen alignments, and the candidate that each has taken; -1 where none."""
    moves, old = plan.moves, (np.arange(len(choice.parent))[:, None], choice.parent)
    end = np.where(step.is_free, _NONE_INT, states.end)[old]
    until, used = states.until[old], states.used[:, *old]
    row, column = np.nonzero(choice.slot != _NONE)
    taken = step.candidate[step.offsets[row] + choice.slot[row, column]]
    candidate = np.full(choice.slot.shape, _NONE)
    candidate[row, column] = taken
    until[row, column] = moves.until[taken]
    end[row, column] = moves.end[taken]
    used[moves.column[taken], row, column] |= moves.bits[taken]
    used[moves.column[taken] + 1, row, column] |= moves.more_bits[taken]
    return _States(choice.rank, until, end, used), candidate


def _traced(last: Ints, history: list[tuple[Ints, Ints]], dropped: Ints) -> _Found:
    """The best alignment of each pair, traced back to its candidates."""
    row, best = np.arange(len(last)), np.argmin(last, axis=1)
    rank = last[row, best]
    pairs, candidates = [], []
    for parent, candidate in reversed(history):
        taken = candidate[row, best]
        took = taken != _NONE
        pairs.append(row[took])
        candidates.append(taken[took])
        best = parent[row, best]
    return _Found(np.concatenate(pairs), np.concatenate(candidates), rank, rank < dropped)
