"""Bradley–Terry strengths equal published ones and a plain maximisation of the likelihood."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from vlmeval_cli.stats.bradley_terry import (
    Comparisons,
    chances,
    reachable,
    standard_errors,
    strengths,
    wins,
)

# Citations between Biometrika, Communications in Statistics, JASA and JRSS-B: row cited by column.
# Agresti 2002, Categorical Data Analysis, page 448; the cited journal is the winner.
CITATIONS = np.array(
    [[0, 730, 498, 221], [33, 0, 68, 17], [320, 813, 0, 142], [284, 276, 325, 0]], dtype=float
)
# Coefficients against Biometrika, as Turner and Firth 2012 (BradleyTerry2) print them.
PUBLISHED = [0.0, -2.94907, -0.47957, 0.26895]


def test_citations_of_journals_have_the_published_strengths():
    found = strengths(CITATIONS[None])[0]
    assert found - found[0] == pytest.approx(PUBLISHED, abs=5e-6)
    assert found.sum() == pytest.approx(0.0, abs=1e-12)


def plain(won):
    """Strengths by a general minimiser of the negative log-likelihood, the first one fixed."""

    def loss(free):
        own = np.array([0.0, *free])
        apart = own[:, None] - own[None, :]
        return (won * np.logaddexp(0.0, -apart)).sum()

    found = np.array([0.0, *minimize(loss, np.zeros(len(won) - 1), method="BFGS", tol=1e-12).x])
    return found - found.mean()


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(0, 10_000))
def test_strengths_are_those_of_a_plain_maximisation(k, seed):
    rng = np.random.default_rng(seed)
    won = rng.integers(0, 9, (k, k)) + 0.5 * rng.integers(0, 3, (k, k))
    np.fill_diagonal(won, 0.0)
    won[np.arange(k), (np.arange(k) + 1) % k] += 1.0  # a circle of wins connects all
    assert strengths(won[None])[0] == pytest.approx(plain(won), abs=1e-5)


def test_many_weightings_are_fitted_as_each_alone():
    other = CITATIONS.T + 3.0
    both = strengths(np.stack([CITATIONS, other]))
    assert both[0] == pytest.approx(strengths(CITATIONS[None])[0], abs=1e-10)
    assert both[1] == pytest.approx(strengths(other[None])[0], abs=1e-10)


def test_far_apart_models_are_fitted_too():
    won = np.array([[0.0, 1e6, 0.0], [1.0, 0.0, 1e6], [1e-3, 1.0, 0.0]])
    found = strengths(won[None])[0]
    met = won + won.T
    expected = (met * chances(found[None])[0]).sum(axis=1)
    assert expected == pytest.approx(won.sum(axis=1), rel=1e-9)  # likelihood equations


@pytest.mark.parametrize(
    "won",
    [
        [[0, 3, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 2, 0]],  # two groups that never met
        [[0, 3, 3], [0, 0, 2], [0, 1, 0]],  # one model won everything
        [[0, 2, 0], [1, 0, 0], [1, 0, 0]],  # and one lost everything
    ],
)
def test_models_that_are_not_strongly_connected_have_no_strengths(won):
    assert np.isnan(strengths(np.array([won], dtype=float))).all()


def test_a_circle_of_wins_connects():
    won = np.array([[[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]])
    assert reachable(won).all()
    assert strengths(won)[0] == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)


def test_ties_are_half_a_win_of_each():
    found = Comparisons(np.array([0, 0, 1]), np.array([1, 1, 2]), np.array([0.5, 1.0, 0.25]), 3)
    expected = [[0.0, 1.5, 0.0], [0.5, 0.0, 0.25], [0.0, 0.75, 0.0]]
    assert wins(found, np.ones((1, 3)))[0].tolist() == expected
    twice = wins(found, np.array([[2.0, 0.0, 1.0]]))[0]
    assert twice.tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.25], [0.0, 0.75, 0.0]]


def games(rng, true, n):
    """``n`` games of random pairs, won by chance as the true strengths say."""
    first = rng.integers(0, len(true), n)
    second = (first + rng.integers(1, len(true), n)) % len(true)
    share = (rng.random(n) < 1.0 / (1.0 + np.exp(true[second] - true[first]))).astype(float)
    return Comparisons(first, second, share, len(true))


def test_standard_errors_are_those_of_repeated_samples():
    rng = np.random.default_rng(5)
    true = np.array([0.8, 0.1, -0.9])
    fitted, errors = [], []
    for _ in range(300):
        found = games(rng, true, 240)
        own = strengths(wins(found, np.ones((1, 240))))[0]
        fitted.append(own)
        errors.append(standard_errors(found, np.arange(240), own))
    assert np.mean(errors, axis=0) == pytest.approx(np.std(fitted, axis=0), rel=0.1)


def test_copies_within_an_item_do_not_shrink_the_standard_errors():
    found = games(np.random.default_rng(6), np.array([0.5, 0.0, -0.5]), 200)
    copied = Comparisons(*(np.repeat(part, 4) for part in found[:3]), k=3)
    own = strengths(wins(found, np.ones((1, 200))))[0]
    single = standard_errors(found, np.arange(200), own)
    clustered = standard_errors(copied, np.repeat(np.arange(200), 4), own)
    assert clustered == pytest.approx(single, rel=1e-9)
