"""The search over many pairs at once chooses what the plain search of one pair chooses."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vlmeval_cli.text.meteor_alignment import Match, align
from vlmeval_cli.text.meteor_beam import chosen_matches
from vlmeval_cli.text.meteor_candidates import Candidates


@st.composite
def pairs(draw, words=10, most=24):
    """Candidates of a pair of texts with up to so many words."""
    place = st.integers(0, words - 1)
    matches = st.tuples(place, st.integers(1, 3), place, st.integers(1, 3), st.integers(0, 3))
    rows = [
        (start, 1, ours, 1, 0) if module == 0 else (start, length, ours, our_length, module)
        for start, length, ours, our_length, module in draw(st.lists(matches, max_size=most))
    ]
    return sorted(set(rows), key=lambda row: row[0])


def found_and_expected(given_pairs, words, beam=40):
    """Candidates that the search of many pairs chooses, and those of the plain search."""
    rows = [(n, *row, 0) for n, own in enumerate(given_pairs) for row in own]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 7).T
    chosen = chosen_matches(Candidates(*columns), np.full(len(given_pairs), words + 2))
    expected = set()
    for number, own in enumerate(given_pairs):
        matches = [[Match(*row[1:]) for row in own if row[0] == start] for start in range(words)]
        matches += [[], [], []]
        for start, place in align(matches, beam):
            expected.add((number, start, *matches[start][place]))
    return {tuple(row[:6]) for row, took in zip(rows, chosen, strict=True) if took}, expected


@settings(deadline=None, max_examples=300)
@example([[(0, 1, 0, 1, 0), (0, 1, 1, 1, 0), (1, 1, 0, 1, 1), (1, 1, 0, 1, 0)]])
@given(st.lists(pairs(), min_size=1, max_size=5))
def test_many_pairs_are_searched_as_one_is(given_pairs):
    found, expected = found_and_expected(given_pairs, 10)
    assert found == expected


@settings(deadline=None, max_examples=30)
@example([[(0, 1, 62, 3, 3), (0, 1, 63, 1, 0), (1, 1, 63, 1, 0), (2, 1, 64, 1, 0)]])
@given(st.lists(pairs(words=140, most=120), min_size=1, max_size=3))
def test_texts_longer_than_a_mask_of_64_bits_are_searched_as_well(given_pairs):
    found, expected = found_and_expected(given_pairs, 140)
    assert found == expected


def repeated(seed, words, different):
    """All matches of two texts that repeat few words: the beam drops many alignments."""
    theirs, ours = np.random.default_rng(seed).integers(0, different, (2, words)).tolist()
    return [
        (start, 1, place, 1, 0)
        for start, word in enumerate(theirs)
        for place, other in enumerate(ours)
        if word == other
    ]


@pytest.mark.parametrize(("words", "different"), [(30, 12), (80, 20), (130, 50)])
@pytest.mark.parametrize("beam", [40, 3])
def test_the_same_alignments_are_dropped(words, different, beam, monkeypatch):
    monkeypatch.setattr("vlmeval_cli.text.meteor_beam.BEAM", beam)
    monkeypatch.setattr("vlmeval_cli.text.meteor_beam._NARROW", min(beam - 1, 8))
    given_pairs = [repeated(seed, words, different) for seed in range(4)]
    found, expected = found_and_expected(given_pairs, words, beam)
    assert found == expected


@pytest.mark.parametrize("beam", [3, 5])
def test_a_narrow_beam_that_finds_what_the_wide_one_loses_is_not_believed(beam, monkeypatch):
    monkeypatch.setattr("vlmeval_cli.text.meteor_beam.BEAM", beam)
    monkeypatch.setattr("vlmeval_cli.text.meteor_beam._NARROW", beam - 2)
    given_pairs = [repeated(seed, 20, 8) for seed in range(100)]
    found, expected = found_and_expected(given_pairs, 20, beam)
    assert found == expected


@pytest.mark.parametrize("limit", ["meteor_beam._MOST_KEY", "meteor_plan._MOST_RANK"])
def test_numbers_too_high_for_64_bits_are_searched_more_slowly(monkeypatch, limit):
    monkeypatch.setattr(f"vlmeval_cli.text.{limit}", 1 << 16)
    given_pairs = [repeated(seed, words, 12) for seed, words in enumerate((5, 30, 60))]
    found, expected = found_and_expected(given_pairs, 60)
    assert found == expected


def test_a_match_of_one_word_by_stem_gains_nothing_beside_another():
    # "x" at 0 matches two words of the prediction by stem: taking one costs a chunk and gains 0.
    assert align([[Match(1, 0, 1, 1), Match(1, 1, 1, 1)]]) == []


def test_a_match_without_rivals_is_taken_whatever_it_gains():
    assert align([[Match(1, 0, 1, 1)]]) == [(0, 0)]
