"""METEOR 1.5's beam search over many pairs of texts at once.

All alignments of a block of pairs stand in arrays and are carried from word to word of their
references together. An alignment's *rank* is what the original sorts by, in one number: the covered
words that it lacks, its chunks, its distance. Each of the three only grows along an alignment.
So a few alignments per pair are often enough: where no alignment that was dropped ranked before
the one that won, none of those that grow from it could have won, and a wider beam gives the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, offsets_of
from vlmeval_cli.text.meteor_alignment import BEAM, Match, align
from vlmeval_cli.text.meteor_candidates import EXACT_MODULE, Candidates

_NARROW = 5
_BLOCK = 1 << 11  # pairs searched together
_MOST_CHUNKS, _MOST_DISTANCE, _MOST_LACK = 1 << 6, 1 << 15, 1 << 8
_CHUNK_SHIFT, _LACK_SHIFT = 15, 21
_RANK_MASK = (1 << 29) - 1
_ORDER_BITS = 22
_ORDER_MASK = (1 << _ORDER_BITS) - 1
_PAIR_SHIFT = 29 + _ORDER_BITS
_HIGHEST = 1 << 60
_MOST_TRIED = 24  # candidates of a word; with them, a block's alignments are counted in 22 bits
_MOST_WORDS = 60
_WIDTH = 64  # words of a pair have numbers below it
_NONE = -1
_ONE = np.uint64(1)

Bools = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint64]


class _Plan(NamedTuple):
    """What is known of candidates, and of the words of references where something may happen.

    Attributes:
        steps: pair ``p`` has the steps ``steps[p]`` to ``steps[p + 1]``, words of its reference at
            which a candidate begins or may have ended.
        word: which word of the reference a step is about.
        begin: first candidate of every step, and the end of the last one.
        most: the most that a candidate of the step gains.
        is_fixed: the step's one candidate is taken without a choice.
        gain, distance, bits: of each candidate.
    """

    steps: Ints
    word: Ints
    begin: Ints
    most: Ints
    is_fixed: Bools
    gain: Ints
    distance: Ints
    bits: Bits


class _States(NamedTuple):
    """Alignments, those of a pair together, best first; ``end`` is -1 where no chunk is open."""

    pair: Ints
    lack: Ints
    chunks: Ints
    distance: Ints
    used: Bits
    until: Ints
    end: Ints

    def ranks(self) -> Ints:
        return (self.lack << _LACK_SHIFT) | (self.chunks << _CHUNK_SHIFT) | self.distance

    def at(self, rows: Ints | Bools) -> _States:
        return _States(
            self.pair[rows],
            self.lack[rows],
            self.chunks[rows],
            self.distance[rows],
            self.used[rows],
            self.until[rows],
            self.end[rows],
        )


class _Grown(NamedTuple):
    """Alignments after a step: which each has grown from, and by which candidate (-1: none)."""

    states: _States
    parent: Ints
    candidate: Ints


class _Found(NamedTuple):
    """The best alignment of each pair of a block.

    Attributes:
        pair: pairs of the block.
        candidate: chosen candidates.
        rank: of each pair, of the best alignment; -1 where none is left.
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
    bounds = np.searchsorted(candidates.pair, np.arange(len(lengths) + 1))
    is_slow = _beyond(candidates, bounds, lengths)
    for pair in np.flatnonzero(is_slow).tolist():
        first, last = bounds[pair : pair + 2].tolist()
        chosen[first + _aligned(candidates, first, last)] = True
    fast = np.flatnonzero(~is_slow[candidates.pair])
    own = Candidates(*(column[fast] for column in candidates))
    plan = _plan(own, len(lengths))
    pairs = np.flatnonzero(~is_slow & (np.diff(bounds) > 0))
    pairs = pairs[np.argsort(np.diff(plan.steps)[pairs], kind="stable")]
    unsure: list[tuple[Ints, Ints]] = []
    for start in range(0, len(pairs), _BLOCK):
        block = pairs[start : start + _BLOCK]
        found = _search(own, plan, block, _NARROW, None)
        chosen[fast[found.candidate[found.is_sure[found.pair]]]] = True
        unsure.append((block[~found.is_sure], found.rank[~found.is_sure]))
    for rows in _widely(own, plan, unsure):
        chosen[fast[rows]] = True
    return chosen


def _widely(own: Candidates, plan: _Plan, unsure: list[tuple[Ints, Ints]]) -> Iterator[Ints]:
    """Chosen candidates of pairs for which a narrow beam was not enough.

    Alignments that rank behind the narrow beam's best are left out: whatever they would displace
    ranks behind it too. Where nothing is left, that best one is none of the wide beam, and the pair
    is searched again with all alignments.
    """
    if not unsure:
        return
    pairs, bounds = (np.concatenate(column) for column in zip(*unsure, strict=True))
    for start in range(0, len(pairs), _BLOCK):
        block = pairs[start : start + _BLOCK]
        found = _search(own, plan, block, BEAM, bounds[start : start + _BLOCK])
        yield found.candidate
        lost = block[found.rank == _NONE]
        if len(lost):
            yield _search(own, plan, lost, BEAM, None).candidate


def _beyond(candidates: Candidates, bounds: Ints, lengths: Ints) -> Bools:
    """Pairs whose numbers do not fit into ranks of 29 bits or masks of 64."""
    pair, n = candidates.pair, len(lengths)
    distance = np.bincount(pair, np.abs(candidates.start - candidates.our_start), n)
    lack = np.bincount(pair, _gains(candidates), n)
    keys = pair * (int(candidates.start.max(initial=0)) + 1) + candidates.start
    _, first, tried = np.unique(keys, return_index=True, return_counts=True)
    most = np.zeros(n, dtype=np.int64)
    np.maximum.at(most, pair[first], tried)
    too_many = (most > _MOST_TRIED) | (np.minimum(lack, 2 * lengths) >= _MOST_LACK)
    return too_many | (lengths >= _MOST_WORDS) | (distance >= _MOST_DISTANCE)


def _aligned(candidates: Candidates, first: int, last: int) -> Ints:
    """Chosen among the candidates ``first`` to ``last`` of one pair, counted from ``first``."""
    starts = candidates.start[first:last]
    columns = (candidates.length, candidates.our_start, candidates.our_length, candidates.module)
    rows = zip(*(column[first:last].tolist() for column in columns), strict=True)
    matches: list[list[Match]] = [[] for _ in range(int(starts.max()) + 8)]
    for start, row in zip(starts.tolist(), rows, strict=True):
        matches[start].append(Match(*row))
    before = np.searchsorted(starts, np.arange(len(matches)))
    return np.array([before[start] + k for start, k in align(matches)], dtype=np.int64)


def _gains(found: Candidates) -> Ints:
    """See :func:`vlmeval_cli.text.meteor_alignment.gain`."""
    halves = found.length // 2 + found.our_length // 2
    whole = found.length + found.our_length
    return np.where(found.module == EXACT_MODULE, whole, halves)


def _plan(own: Candidates, n_pairs: int) -> _Plan:
    keys = own.pair * _WIDTH + own.start
    step_keys = np.union1d(keys, keys + own.length)
    begin = np.append(np.searchsorted(keys, step_keys), len(keys))
    gain, tried = _gains(own), np.diff(begin)
    most = np.zeros(len(step_keys), dtype=np.int64)
    if len(gain):  # the 0 stands where steps without candidates begin, after all that have some
        reduced = np.maximum.reduceat(np.append(gain, 0), begin[:-1])
        most = np.where(tried > 0, reduced, 0)
    is_alone = _lone(own.pair, own.start, own.length, n_pairs)
    is_alone &= _lone(own.pair, own.our_start, own.our_length, n_pairs)
    is_fixed = tried == 1
    is_fixed[is_fixed] = is_alone[begin[:-1][is_fixed]]
    length = own.our_length.astype(np.uint64)
    bits = ((_ONE << length) - _ONE) << own.our_start.astype(np.uint64)
    steps = np.searchsorted(step_keys, np.arange(n_pairs + 1) * _WIDTH)
    distance = np.abs(own.start - own.our_start)
    word = step_keys % _WIDTH
    return _Plan(steps, word, begin, most, is_fixed, gain, distance, bits)


def _lone(pair: Ints, start: Ints, length: Ints, n_pairs: int) -> Bools:
    """Candidates whose words on one side no other candidate covers."""
    owner = np.repeat(np.arange(len(pair)), length)
    within = np.arange(len(owner)) - np.repeat(offsets_of(length)[:-1], length)
    word = (pair * _WIDTH + start)[owner] + within
    covers = np.bincount(word, minlength=n_pairs * _WIDTH)
    is_alone: Bools = np.bincount(owner, covers[word], len(pair)) == length
    return is_alone


def _search(own: Candidates, plan: _Plan, block: Ints, width: int, bounds: Ints | None) -> _Found:
    """Carry the alignments of a block of pairs from step to step."""
    n = len(block)
    zeros = np.zeros(n, dtype=np.int64)
    states = _States(np.arange(n), zeros, zeros, zeros, zeros.view(np.uint64), zeros, zeros + _NONE)
    dropped = np.full(n, _HIGHEST)
    first, n_steps = plan.steps[block], np.diff(plan.steps)[block]
    history = []
    for number in range(int(n_steps.max(initial=0))):
        grown = _grown(own, plan, states, np.where(number < n_steps, first + number, _NONE))
        if bounds is not None:
            kept = grown.states.ranks() <= bounds[grown.states.pair]
            grown = _Grown(grown.states.at(kept), grown.parent[kept], grown.candidate[kept])
        order = _best(grown.states, width, dropped)
        states = grown.states.at(order)
        history.append((grown.parent[order], grown.candidate[order]))
    states = _closed(states, np.ones(len(states.pair), dtype=bool))
    return _traced(states, history, dropped)


def _grown(own: Candidates, plan: _Plan, states: _States, step_of: Ints) -> _Grown:
    """Every alignment with every free candidate of its pair's step, and with none.

    Args:
        own: the candidates.
        plan: what is known of them.
        states: the alignments.
        step_of: of each pair of the block, the step; -1 where there is none left.
    """
    step = step_of[states.pair]
    is_free = (step >= 0) & (states.until <= plan.word[step])
    tried = np.where(is_free, plan.begin[step + 1] - plan.begin[step], 0)
    is_fixed = is_free & plan.is_fixed[step]
    rows = tried + ~is_fixed
    parent = np.repeat(np.arange(len(step)), rows)
    begins = offsets_of(rows)[:-1]
    slot = np.arange(len(parent)) - begins[parent]
    takes = slot < tried[parent]
    candidate = np.where(takes, plan.begin[step][parent] + slot, 0)
    is_used = (states.used[parent] & plan.bits[candidate]) != 0
    added = np.where(takes & ~is_used & ~is_fixed[parent], plan.distance[candidate], 0)
    before = np.cumsum(added) - added
    distance = states.distance[parent] + before - before[begins][parent]
    stays = ~(takes & is_used)
    parent, candidate, takes = parent[stays], candidate[stays], takes[stays]
    grown = states.at(parent)._replace(distance=distance[stays])
    most = np.where(step >= 0, plan.most[step], 0)
    grown = grown._replace(lack=grown.lack + most[parent])
    grown = _closed(grown, is_free[parent] & ~takes)
    _take(own, plan, grown, np.flatnonzero(takes), candidate[takes])
    return _Grown(grown, parent, np.where(takes, candidate, _NONE))


def _closed(states: _States, rows: Bools) -> _States:
    """The alignments, with no open chunk in the chosen rows."""
    chunks = states.chunks + (rows & (states.end != _NONE))
    return states._replace(chunks=chunks, end=np.where(rows, _NONE, states.end))


def _take(own: Candidates, plan: _Plan, grown: _States, rows: Ints, candidate: Ints) -> None:
    """Add its candidate to each of the chosen alignments, in place."""
    start, length = own.our_start[candidate], own.our_length[candidate]
    end = grown.end[rows]
    grown.chunks[rows] += (end != _NONE) & (end != start)
    grown.lack[rows] -= plan.gain[candidate]
    grown.used[rows] |= plan.bits[candidate]
    grown.until[rows] = own.start[candidate] + own.length[candidate]
    grown.end[rows] = start + length


def _best(states: _States, width: int, dropped: Ints) -> Ints:
    """The best ``width`` alignments of each pair, in order.

    ``dropped`` keeps, for each pair, the best rank that was ever left out.
    """
    order = np.arange(len(states.pair))
    keys = np.sort((states.pair << _PAIR_SHIFT) | (states.ranks() << _ORDER_BITS) | order)
    pair = keys >> _PAIR_SHIFT
    is_first = np.ones(len(pair), dtype=bool)
    is_first[1:] = pair[1:] != pair[:-1]
    begins = np.flatnonzero(is_first)
    place = order - np.repeat(begins, np.diff(np.append(begins, len(pair))))
    next_best = place == width
    rank = (keys[next_best] >> _ORDER_BITS) & _RANK_MASK
    dropped[pair[next_best]] = np.minimum(dropped[pair[next_best]], rank)
    return keys[place < width] & _ORDER_MASK


def _traced(states: _States, history: list[tuple[Ints, Ints]], dropped: Ints) -> _Found:
    """The best alignment of each pair, traced back to its candidates."""
    ranks = np.full(len(dropped), _NONE)
    best = _best(states, 1, np.full(len(dropped), _HIGHEST))
    pair = states.pair[best]
    ranks[pair] = states.ranks()[best]
    pairs, candidates = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for parent, candidate in reversed(history):
        took = candidate[best] != _NONE
        pairs.append(pair[took])
        candidates.append(candidate[best][took])
        best = parent[best]
    is_sure = (ranks != _NONE) & (ranks < dropped)
    return _Found(np.concatenate(pairs), np.concatenate(candidates), ranks, is_sure)
