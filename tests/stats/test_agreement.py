"""Agreement: published examples, scikit-learn, and the definitions by pairs."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.stats.agreement import cohen_kappa, krippendorff_alpha

# Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), section C: four observers,
# twelve units, missing data ("."), and the values of alpha that it finds.
FOUR_OBSERVERS = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
# Section A: two observers, ten units, two values; section B: twelve units, five values.
TWO_VALUES = "0 1 0 0 0 0 0 0 1 0\n1 1 1 0 0 1 0 0 0 0"
FIVE_VALUES = "a a b b d c c c e d d a\nb a b b b c c c e d d d"

POLICY = StatisticsPolicy(resamples=400)
CODES = st.integers(-1, 3)


def coded(table):
    rows = [line.split() for line in table.strip().splitlines()]
    names = sorted({value for row in rows for value in row} - {"."})
    return np.array([[names.index(v) if v != "." else -1 for v in row] for row in rows])


@pytest.mark.parametrize(
    ("table", "level", "expected"),
    [
        (FOUR_OBSERVERS, "nominal", 0.743),
        (FOUR_OBSERVERS, "ordinal", 0.815),
        (FOUR_OBSERVERS, "interval", 0.849),
        (TWO_VALUES, "nominal", 0.095),
        (FIVE_VALUES, "nominal", 0.692),
    ],
)
def test_alpha_of_the_published_examples(table, level, expected):
    assert krippendorff_alpha(coded(table), level).value == pytest.approx(expected, abs=5e-4)


def test_units_of_fewer_than_two_judgments_do_not_count():
    assert krippendorff_alpha(coded(FOUR_OBSERVERS)).n == 11


def test_values_of_an_interval_scale_may_lie_apart():
    codes = coded(FOUR_OBSERVERS)
    stretched = krippendorff_alpha(codes, "interval", values=np.array([10.0, 20, 30, 40, 50]))
    assert stretched.value == pytest.approx(krippendorff_alpha(codes, "interval").value)
    skewed = krippendorff_alpha(codes, "interval", values=np.array([1.0, 2, 3, 4, 100]))
    assert skewed.value != pytest.approx(stretched.value, abs=0.01)


def by_pairs(codes, distance):
    """Alpha by its definition: pairs within units against all pairs of values."""
    units = [[v for v in unit if v >= 0] for unit in codes.T]
    units = [unit for unit in units if len(unit) > 1]
    values = [v for unit in units for v in unit]
    within = sum(
        sum(distance(a, b) for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units
    ) / len(values)
    among = sum(distance(a, b) for a, b in permutations(values, 2)) / (
        len(values) * (len(values) - 1)
    )
    return 1.0 - within / among if among else None


@given(st.lists(st.tuples(CODES, CODES, CODES), min_size=2, max_size=12))
def test_alpha_is_one_minus_the_disagreement_within_units_over_that_of_all(rows):
    codes = np.array(rows).T
    if ((codes >= 0).sum(axis=0) >= 2).any():
        nominal = by_pairs(codes, lambda a, b: float(a != b))
        assert krippendorff_alpha(codes).value == pytest.approx(nominal)
        interval = by_pairs(codes, lambda a, b: float(a - b) ** 2)
        assert krippendorff_alpha(codes, "interval").value == pytest.approx(interval)


@pytest.mark.parametrize("weighting", ["none", "linear", "quadratic"])
def test_kappa_is_that_of_scikit_learn(weighting):
    rng = np.random.default_rng(0)
    first = rng.integers(0, 4, size=200)
    second = np.where(rng.random(200) < 0.6, first, rng.integers(0, 4, size=200))
    weights = None if weighting == "none" else weighting
    expected = cohen_kappa_score(first, second, weights=weights)
    assert cohen_kappa(first, second, weighting).value == pytest.approx(expected)


def test_kappa_leaves_out_units_that_one_rater_did_not_judge():
    first, second = np.array([0, 0, 1, 1, -1, 0]), np.array([0, 0, 1, 0, 1, -1])
    assert cohen_kappa(first, second) == cohen_kappa(first[:4], second[:4])
    assert cohen_kappa(first, second).n == 4


def test_agreement_on_one_category_is_unknown_not_perfect():
    same = np.zeros(5, dtype=np.int64)
    assert cohen_kappa(same, same).value is None
    assert "one category" in krippendorff_alpha(np.stack([same, same])).reason


def test_nothing_judged_twice_is_unknown():
    found = krippendorff_alpha(np.array([[0, -1], [-1, 1]]))
    assert (found.value, found.n) == (None, 0)
    assert found.reason == "no unit was judged by two raters"
    assert cohen_kappa(np.array([-1]), np.array([-1])).value is None


def judged(rng, n=150):
    """Two raters who see the truth in 80 % of the units and guess otherwise: kappa is 0.64."""
    truth = rng.integers(0, 3, size=n)
    seen = rng.random((2, n)) < 0.8
    return np.where(seen, truth, rng.integers(0, 3, size=(2, n)))


@pytest.mark.parametrize("coefficient", ["kappa", "alpha"])
def test_intervals_cover_the_true_agreement(coefficient):
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        codes = judged(rng)
        if coefficient == "kappa":
            found = cohen_kappa(*codes, policy=POLICY)
        else:
            found = krippendorff_alpha(codes, policy=POLICY)
        covered += found.low <= 0.64 <= found.high
    assert covered / 300 == pytest.approx(0.945, abs=0.03)
