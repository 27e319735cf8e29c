"""The search over many pairs at once chooses what the plain search of one pair chooses."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vlmeval_cli.text.meteor_alignment import Match, align
from vlmeval_cli.text.meteor_beam import chosen_matches
from vlmeval_cli.text.meteor_candidates import Candidates


@st.composite
def pairs(draw):
    """Candidates of a pair of texts with up to ten words."""
    matches = st.tuples(
        st.integers(0, 9),
        st.integers(1, 3),
        st.integers(0, 9),
        st.integers(1, 3),
        st.integers(0, 3),
    )
    rows = [
        (start, 1, ours, 1, 0) if module == 0 else (start, length, ours, our_length, module)
        for start, length, ours, our_length, module in draw(st.lists(matches, max_size=24))
    ]
    return sorted(set(rows), key=lambda row: row[0])


@settings(deadline=None, max_examples=300)
@example([[(0, 1, 0, 1, 0), (0, 1, 1, 1, 0), (1, 1, 0, 1, 1), (1, 1, 0, 1, 0)]])
@given(st.lists(pairs(), min_size=1, max_size=5))
def test_many_pairs_are_searched_as_one_is(given_pairs):
    rows = [(n, *row, 0) for n, own in enumerate(given_pairs) for row in own]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 7).T
    chosen = chosen_matches(Candidates(*columns), np.full(len(given_pairs), 12))
    expected = set()
    for number, own in enumerate(given_pairs):
        matches = [[Match(*row[1:]) for row in own if row[0] == start] for start in range(13)]
        for start, place in align(matches):
            expected.add((number, start, *matches[start][place]))
    assert {tuple(row[:6]) for row, took in zip(rows, chosen, strict=True) if took} == expected


def test_a_match_of_one_word_by_stem_gains_nothing_beside_another():
    # "x" at 0 matches two words of the prediction by stem: taking one costs a chunk and gains 0.
    assert align([[Match(1, 0, 1, 1), Match(1, 1, 1, 1)]]) == []


def test_a_match_without_rivals_is_taken_whatever_it_gains():
    assert align([[Match(1, 0, 1, 1)]]) == [(0, 0)]
