"""Letters of equality say who differs from whom, and nothing else."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.stats.letters import letters


@st.composite
def compared(draw):
    """Runs with the pairs that differ, in any order of merit."""
    n = draw(st.integers(1, 8))
    pairs = list(combinations(range(n), 2))
    differ = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    return n, differ, draw(st.permutations(range(n)))


@given(compared())
def test_two_runs_share_a_letter_exactly_if_they_do_not_differ(case):
    n, differ, order = case
    found = letters(n, differ, order)
    for i, j in combinations(range(n), 2):
        assert bool(set(found[i]) & set(found[j])) == ((i, j) not in differ)


@given(compared())
def test_every_run_has_a_letter_and_the_best_has_the_first(case):
    n, differ, order = case
    found = letters(n, differ, order)
    assert all(found)
    assert found[order[0]].startswith("a")


@given(compared())
def test_no_letter_could_be_left_out(case):
    n, differ, order = case
    found = letters(n, differ, order)
    for letter in set("".join(found)):
        less = [own.replace(letter, "") for own in found]
        lost = any(
            set(found[i]) & set(found[j]) and not set(less[i]) & set(less[j])
            for i, j in combinations(range(n), 2)
        )
        assert lost or not all(less)


@pytest.mark.parametrize(
    ("differ", "expected"),
    [
        (set(), ["a", "a", "a"]),
        ({(0, 2)}, ["a", "ab", "b"]),
        ({(2, 0), (2, 1)}, ["a", "a", "b"]),
        ({(0, 1), (0, 2), (1, 2)}, ["a", "b", "c"]),
    ],
)
def test_letters_of_three_runs(differ, expected):
    assert letters(3, differ, [0, 1, 2]) == expected


def test_letters_of_eight_runs_are_the_largest_sets_of_equals():
    # Not different: 1-2 1-3 1-4 1-5 1-6 2-3 3-4 3-5 3-6 4-5 4-6 5-6 7-8.
    differ = {(1, 7), (1, 8), (2, 4), (2, 5), (2, 6), (2, 7), (2, 8), (3, 7), (3, 8)}
    differ |= {(4, 7), (4, 8), (5, 7), (5, 8), (6, 7), (6, 8)}
    found = letters(8, {(i - 1, j - 1) for i, j in differ}, range(8))
    groups = {
        frozenset(run + 1 for run in range(8) if letter in found[run])
        for letter in set("".join(found))
    }
    assert groups == {frozenset({1, 2, 3}), frozenset({1, 3, 4, 5, 6}), frozenset({7, 8})}


def test_more_runs_than_letters_are_still_told_apart():
    pairs = set(combinations(range(60), 2))
    assert len(set(letters(60, pairs, range(60)))) == 60
