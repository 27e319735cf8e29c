"""Runs of several seeds: by hand, against scipy, and by simulation of seeds and items."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from vlmeval_cli.stats.seeds import counted_twice, over_seeds, seeds_difference

CONFIDENCE = 0.95


def test_mean_and_sample_standard_deviation_by_hand():
    found = over_seeds([0.70, 0.72, 0.77])
    assert found.mean == pytest.approx(0.73)
    # Deviations -.03, -.01, .04: squares sum to .0026, over 2 = .0013.
    assert found.std == pytest.approx(np.sqrt(0.0013))
    assert found.n == 3


def test_one_seed_has_no_spread():
    assert over_seeds([0.7]).std is None


def test_without_noise_of_items_it_is_welchs_t_test():
    a, b = [0.70, 0.72, 0.77], [0.65, 0.69, 0.66, 0.70]
    found = seeds_difference(a, b, 0.0, CONFIDENCE)
    oracle = ttest_ind(a, b, equal_var=False)
    bounds = oracle.confidence_interval(0.95)
    assert found.p_value == pytest.approx(oracle.pvalue)
    assert found.df == pytest.approx(oracle.df)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    narrow = oracle.confidence_interval(0.90)
    assert (found.narrow_low, found.narrow_high) == pytest.approx((narrow.low, narrow.high))


def test_noise_of_items_and_of_seeds_add_up():
    found = seeds_difference([0.70, 0.74], [0.60, 0.64], 0.03, CONFIDENCE)
    # Variances of the seeds .0008 each, over 2 seeds .0004 each; items .0009.
    assert found.standard_error == pytest.approx(np.sqrt(0.0009 + 0.0004 + 0.0004))
    # Welch and Satterthwaite: .0017² / (.0004² / 1 + .0004² / 1).
    assert found.df == pytest.approx(0.0017**2 / (2 * 0.0004**2))
    assert found.difference == pytest.approx(0.10)
    assert found.text == "t test over seeds and items, 2 and 2 seeds"


def test_a_run_of_one_seed_varies_like_the_other_and_that_is_told():
    found = seeds_difference([0.70, 0.72, 0.74], [0.60], 0.0, CONFIDENCE)
    assert found.standard_error == pytest.approx(0.02 * np.sqrt(1 / 3 + 1))
    assert found.df == pytest.approx(2.0)
    assert "taken to vary like the other" in found.text
    other = seeds_difference([0.60], [0.70, 0.72, 0.74], 0.0, CONFIDENCE)
    assert (other.difference, other.low) == pytest.approx((-found.difference, -found.high))


def test_with_one_seed_each_only_items_count():
    found = seeds_difference([0.75], [0.70], 0.02, CONFIDENCE)
    assert found.df is None
    assert found.standard_error == 0.02
    assert (found.low, found.high) == pytest.approx(
        (0.05 - 1.9599640 * 0.02, 0.05 + 1.9599640 * 0.02)
    )
    assert found.p_value == pytest.approx(0.0124193, rel=1e-5)  # 2 × (1 - Φ(2.5))
    assert "items only" in found.text


@pytest.mark.parametrize(("other", "p"), [([0.7, 0.7], 1.0), ([0.6, 0.6], 0.0)])
def test_without_any_noise_a_difference_is_certain(other, p):
    found = seeds_difference([0.7, 0.7], other, 0.0, CONFIDENCE)
    assert found.p_value == p
    assert found.low == found.high == pytest.approx(found.difference)


def test_what_is_taken_off_never_leaves_less_than_the_items():
    found = seeds_difference([0.70, 0.74], [0.60, 0.64], 0.03, CONFIDENCE, shared=1.0)
    assert found.standard_error == pytest.approx(0.03)


def test_seed_by_item_noise_is_measured_without_bias():
    """Residual variance 0.04 of 3 seeds × 200 items: 0.04 / 600 for each run."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        scores = rng.normal(size=(1, 200)) + rng.normal(size=(3, 1)) * 0.1
        run = scores + rng.normal(size=(3, 200)) * 0.2
        found.append(counted_twice([run, run]))
    assert np.mean(found) == pytest.approx(2 * 0.04 / 600, rel=0.02)


def test_one_seed_is_given_the_noise_of_the_others():
    run = np.random.default_rng(1).normal(size=(4, 300))
    alone = counted_twice([run])
    assert counted_twice([run, run[:1]]) == pytest.approx(alone + 4 * alone)
    assert counted_twice([run[:1], run[:1]]) == 0.0


def test_degrees_of_freedom_are_never_below_those_of_the_seeds():
    # Welch and Satterthwaite's are at least the smallest of the parts. What is counted twice and
    # taken off must not push them below: 2 and 3 seeds leave 1 degree of freedom at least, whose
    # quantile of 97.5 % is 12.7062.
    seen = seeds_difference([0.5, 0.6], [0.5, 0.55, 0.6], 1e-4, 0.95, shared=1.0)
    assert seen.df == 1
    assert seen.high - seen.difference == pytest.approx(12.7062 * 1e-4, rel=1e-4)
