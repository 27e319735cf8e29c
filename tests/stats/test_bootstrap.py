"""Intervals are right as statistics, not only as code."""

import numpy as np
import pytest

from vlmeval_cli.stats.bootstrap import (
    MULTINOMIAL_LIMIT,
    Scope,
    interval,
    method,
    resampled_totals,
)


def means(values, *, n_resamples=1000, seed=7):
    """Bootstrap means of ``values``."""
    table = np.column_stack([values, np.ones(len(values))])
    scope = Scope(None, table)
    (totals,) = resampled_totals([scope], len(values), n_resamples=n_resamples, seed=seed)
    return totals[:, 0] / totals[:, 1]


def test_standard_error_of_a_mean_is_s_over_root_n():
    rng = np.random.default_rng(0)
    ratios = []
    for seed in range(50):
        values = rng.random(300)
        expected = values.std(ddof=1) / np.sqrt(len(values))
        ratios.append(means(values, seed=seed).std(ddof=1) / expected)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)


def test_poisson_weights_give_the_same_standard_error():
    values = np.random.default_rng(1).random(MULTINOMIAL_LIMIT + 1)
    expected = values.std(ddof=1) / np.sqrt(len(values))
    assert method(len(values)) == "poisson"
    assert means(values, n_resamples=400).std(ddof=1) == pytest.approx(expected, rel=0.12)


def test_95_percent_intervals_cover_the_truth_in_93_to_97_percent():
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(600):
        low, high = interval(means(rng.random(200) < 0.4, n_resamples=400, seed=seed), 0.95)
        covered += low <= 0.4 <= high
    assert 0.93 <= covered / 600 <= 0.97


def test_a_group_is_resampled_with_the_weights_of_the_whole():
    values = np.random.default_rng(3).random(50)
    table = values[:, None]
    part = np.arange(10, 20)
    whole, group, rest = resampled_totals(
        [
            Scope(None, table),
            Scope(part, table[part]),
            Scope(np.setdiff1d(np.arange(50), part), table[np.setdiff1d(np.arange(50), part)]),
        ],
        50,
        n_resamples=120,
        seed=1,
    )
    np.testing.assert_allclose(group + rest, whole, rtol=1e-12)


@pytest.mark.parametrize("n", [30, MULTINOMIAL_LIMIT + 5])
def test_groups_split_the_whole_with_either_kind_of_weights(n):
    table = np.random.default_rng(4).random((n, 1))
    odd, even = np.arange(1, n, 2), np.arange(0, n, 2)
    scopes = [Scope(None, table), Scope(odd, table[odd]), Scope(even, table[even])]
    whole, first, second = resampled_totals(scopes, n, n_resamples=20, seed=1)
    np.testing.assert_allclose(first + second, whole, rtol=1e-9)


def test_the_same_seed_gives_the_same_resamples():
    values = np.arange(40.0)
    assert (means(values, seed=3) == means(values, seed=3)).all()
    assert (means(values, seed=3) != means(values, seed=4)).any()


def test_more_resamples_keep_the_first_ones():
    values = np.arange(40.0)
    assert (means(values, n_resamples=200)[:100] == means(values, n_resamples=100)).all()


def test_bounds_are_linear_quantiles():
    scores = np.random.default_rng(5).random(997)
    assert interval(scores, 0.9) == pytest.approx(tuple(np.quantile(scores, [0.05, 0.95])))


def test_an_interval_needs_resamples_that_drew_something():
    assert interval(np.array([]), 0.95) is None
    assert interval(np.array([np.nan, np.nan, 0.5]), 0.95) is None
    assert interval(np.array([0.5, 0.5, np.nan]), 0.95) == (0.5, 0.5)
