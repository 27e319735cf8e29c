"""Power: against textbook numbers and against tests that were run."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.stats.power import (
    expected_standard_error,
    items_needed,
    power_for,
    smallest_difference,
)


def test_the_smallest_difference_at_80_percent_is_2_8_standard_errors():
    assert smallest_difference(1.0) == pytest.approx(1.95996 + 0.84162, abs=1e-5)


def test_a_one_sided_test_needs_less():
    assert smallest_difference(1.0, sides=1) == pytest.approx(1.64485 + 0.84162, abs=1e-5)


def test_items_of_the_textbook():
    # A half standard deviation at 80 %: n = (1.96 + 0.8416)² / 0.5² = 31.4 pairs.
    assert items_needed(0.5, 1.0 / np.sqrt(100), 100) == 32


def test_a_difference_of_nothing_is_never_shown():
    assert items_needed(0.0, 0.1, 100) is None
    assert items_needed(1e-9, 0.1, 100) is None


def test_without_noise_two_items_do():
    assert items_needed(0.1, 0.0, 100) == 2


@given(st.floats(0.001, 1.0), st.integers(10, 10_000), st.floats(0.5, 0.99))
def test_items_needed_make_the_difference_the_smallest_one(difference, n, power):
    needed = items_needed(difference, 0.3 / np.sqrt(n), n, power=power)
    if needed > 2:
        assert smallest_difference(0.3 / np.sqrt(needed), power=power) <= difference * (1 + 1e-12)
        assert smallest_difference(0.3 / np.sqrt(needed - 1), power=power) > difference * (1 - 1e-9)


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.2))
def test_power_is_the_inverse_of_the_smallest_difference(power, alpha):
    smallest = smallest_difference(0.02, alpha, power)
    if smallest > 0:
        assert power_for(smallest, 0.02, alpha) == pytest.approx(power)


def test_power_without_noise():
    assert power_for(0.1, 0.0) == 1.0
    assert power_for(0.0, 0.0) == 0.0


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_a_paired_test_finds_the_smallest_difference_in_80_percent_of_data_sets(correlation):
    rng = np.random.default_rng(0)
    n, repeats = 150, 4000
    own = expected_standard_error(1.0 / np.sqrt(n), correlation)
    shift = smallest_difference(own)
    covariance = [[1.0, correlation], [correlation, 1.0]]
    pairs = rng.multivariate_normal([shift, 0.0], covariance, size=(repeats, n))
    change = pairs[..., 0] - pairs[..., 1]
    z = change.mean(axis=1) / (change.std(axis=1, ddof=1) / np.sqrt(n))
    found = np.mean(np.abs(z) > NormalDist().inv_cdf(0.975))
    assert found == pytest.approx(0.8, abs=0.03)
