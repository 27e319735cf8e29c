import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.stats.ranges import numbers_in, ranges


def test_many_numbers_become_quarters_named_by_their_ends():
    found = ranges(list(range(1, 101)))
    assert found.names == ["1 to 25", "26 to 50", "51 to 75", "76 to 100"]
    assert np.bincount(found.codes).tolist() == [25, 25, 25, 25]
    assert found.how == "100 different numbers are scored in 4 ranges"


def test_up_to_twenty_different_numbers_are_groups_by_themselves():
    assert ranges(list(range(20)) * 5) is None
    assert ranges(list(range(21)) * 5) is not None


def test_absent_numbers_are_the_last_group():
    found = ranges([*range(40), None, ""])
    assert found.names[-1] == "(none)"
    assert found.codes[-2:].tolist() == [4, 4]


def test_equal_numbers_are_never_parted():
    found = ranges([0] * 70 + list(range(1, 31)))
    assert found.names == ["0", "1 to 5", "6 to 30"]  # three quartiles of 100 are 0, 0, 5
    assert np.bincount(found.codes).tolist() == [70, 5, 25]


@pytest.mark.parametrize("values", [["007", "012"], ["a", 1], [True, False], [[1], [2]], [None]])
def test_what_is_a_name_is_no_number(values):
    assert numbers_in(values) is None


def test_numbers_of_a_table_are_texts():
    assert numbers_in(["18", "-2.5", "", None]).tolist()[:2] == [18.0, -2.5]


@given(st.lists(st.floats(-1e6, 1e6), min_size=30, unique=True))
def test_ranges_are_ascending_and_hold_every_number(numbers):
    found = ranges(numbers)
    order = np.argsort(numbers, kind="stable")
    assert (np.diff(found.codes[order]) >= 0).all()
    assert set(found.codes.tolist()) == set(range(len(found.names)))
