"""METEOR 1.5's choice among possible matches, pair by pair: its beam search as it is described.

:mod:`vlmeval_cli.text.meteor_beam` does the same for many pairs at once; this one is what the other
one is tested against, and searches pairs whose numbers would not fit into 64 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

BEAM = 40  # alignments that are kept from one word of the reference to the next


class Match(NamedTuple):
    """A possible match; its first word in the reference is known from where it stands."""

    length: int
    our_start: int
    our_length: int
    module: int


class _State(NamedTuple):
    """An alignment of the first words of the reference.

    Attributes:
        covered: covered words of both sides, as the original counts them.
        chunks: closed chunks.
        distance: sum of the distances of the matches that were tried.
        used: bits of the covered words of the prediction.
        until: the next word of the reference.
        end: where an open chunk goes on in the prediction; -1 where none is open.
        chosen: (first word in the reference, number of the match).
    """

    covered: int
    chunks: int
    distance: int
    used: int
    until: int
    end: int
    chosen: tuple[tuple[int, int], ...]


def gain(match: Match) -> int:
    """By how much a match raises the count of covered words.

    Matches other than exact ones count half, and the original adds halves to whole numbers, word
    by word of neither side: a match of one word with one word adds nothing.
    """
    if match.module == 0:
        return match.length + match.our_length
    return match.length // 2 + match.our_length // 2


def align(candidates: Sequence[Sequence[Match]], beam: int = BEAM) -> list[tuple[int, int]]:
    """The chosen matches.

    Args:
        candidates: by first word in the reference, in the order in which they are tried.
        beam: how many alignments are kept.

    Returns:
        (first word in the reference, place among its candidates) of each.
    """
    fixed = _fixed(candidates)
    states = [_State(0, 0, 0, 0, 0, -1, ())]
    for start, matches in enumerate(candidates):
        found: list[_State] = []
        for state in states:
            if state.until > start:
                found.append(state)
            elif fixed[start]:
                found.append(_with(state, start, 0, matches[0], state.distance))
            else:
                found.extend(_tried(state, start, matches))
        states = sorted(found, key=_order)[:beam]
    return list(min(map(_closed, states), key=_order).chosen)


def _order(state: _State) -> tuple[int, int, int]:
    return -state.covered, state.chunks, state.distance


def _tried(state: _State, start: int, matches: Sequence[Match]) -> list[_State]:
    """The state with each match that is free, then with none.

    Each match tried adds its distance to the state that goes on without it, and so to those of
    the matches tried after it, but not to its own: so does the original.
    """
    found, distance = [], state.distance
    for number, match in enumerate(matches):
        if not state.used & _bits(match):
            found.append(_with(state, start, number, match, distance))
            distance += abs(start - match.our_start)
    found.append(_closed(state)._replace(distance=distance, until=start + 1))
    return found


def _with(state: _State, start: int, number: int, match: Match, distance: int) -> _State:
    breaks = state.end not in (-1, match.our_start)
    return _State(
        state.covered + gain(match),
        state.chunks + breaks,
        distance,
        state.used | _bits(match),
        start + match.length,
        match.our_start + match.our_length,
        (*state.chosen, (start, number)),
    )


def _closed(state: _State) -> _State:
    return state._replace(chunks=state.chunks + (state.end != -1), end=-1)


def _bits(match: Match) -> int:
    return ((1 << match.our_length) - 1) << match.our_start


def _fixed(candidates: Sequence[Sequence[Match]]) -> list[bool]:
    """Whether the first word has one match, whose words on both sides have no other."""
    theirs: dict[int, int] = {}
    ours: dict[int, int] = {}
    for start, matches in enumerate(candidates):
        for match in matches:
            for word in range(start, start + match.length):
                theirs[word] = theirs.get(word, 0) + 1
            for word in range(match.our_start, match.our_start + match.our_length):
                ours[word] = ours.get(word, 0) + 1
    return [
        len(matches) == 1
        and all(theirs[start + k] == 1 for k in range(matches[0].length))
        and all(ours[matches[0].our_start + k] == 1 for k in range(matches[0].our_length))
        for start, matches in enumerate(candidates)
    ]
