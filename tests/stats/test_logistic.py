"""The logistic line equals scikit-learn's without a penalty, and says where there is none."""

import numpy as np
import pytest

from vlmeval_cli.stats.logistic import fit_line, is_separated


def oracle(x, y, weights):
    """Intercept and slope; a share of success is a row of success and a row of failure."""
    linear = pytest.importorskip("sklearn.linear_model")
    model = linear.LogisticRegression(
        C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky"
    )
    rows = np.concatenate([x, x])[:, None]
    outcomes = np.repeat([1, 0], len(x))
    model.fit(rows, outcomes, np.concatenate([weights * y, weights * (1.0 - y)]))
    return float(model.intercept_[0]), float(model.coef_[0, 0])


@pytest.mark.parametrize("seed", range(8))
def test_the_line_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 300))
    x = np.tanh(rng.normal(0.3, 1.0, n))
    y = rng.choice([0.0, 0.5, 1.0, 0.27], n, p=[0.3, 0.2, 0.4, 0.1])
    weights = rng.integers(0, 4, n) / rng.integers(1, 4, n)
    found = fit_line(x[None], y, weights[None])
    intercept, slope = oracle(x, y, weights)
    assert float(found.intercept[0]) == pytest.approx(intercept, abs=1e-6)
    assert float(found.slope[0]) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]),  # nothing but success
        ([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]),
        ([1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 1.0, 1.0]),  # the larger wins
        ([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 0.0, 0.0]),
        ([1.0, 2.0, 2.0, 4.0], [0.0, 0.0, 1.0, 1.0]),  # they touch in one point
        ([2.0, 2.0, 2.0], [0.0, 1.0, 0.5]),  # nothing to tell apart
    ],
)
def test_separated_outcomes_have_no_line(x, y):
    rows, outcomes, weights = np.array([x]), np.array(y), np.ones((1, len(x)))
    assert is_separated(rows, outcomes, weights).tolist() == [True]
    assert np.isnan(fit_line(rows, outcomes, weights).intercept).all()


def test_a_row_without_weight_does_not_count():
    x, y = np.array([[1.0, 2.0, 3.0, 4.0, 0.0]] * 2), np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    weights = np.array([[1.0, 1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0, 1.0]])
    assert is_separated(x, y, weights).tolist() == [True, False]
    found = fit_line(x, y, weights)
    assert np.isnan(found.slope[0])
    assert np.isfinite(found.slope[1])


def test_shares_overlap_with_everything():
    x, y = np.array([[-1.0, 0.0, 2.0]]), np.array([0.5, 0.5, 0.5])
    found = fit_line(x, y, np.ones((1, 3)))
    assert (float(found.intercept[0]), float(found.slope[0])) == pytest.approx(
        (0.0, 0.0), abs=1e-12
    )
