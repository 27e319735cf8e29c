"""Verdicts on differences, and those of the rules of a gate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.stats.equivalence import Allowance, Change, gate_verdict, verdict


def judged(difference, low, high, p, *, margin=None, higher=True, alpha=0.05):
    return verdict(difference, low, high, p, alpha=alpha, margin=margin, higher_is_better=higher)


@pytest.mark.parametrize(
    ("difference", "higher", "expected"),
    [
        (0.03, True, "improved"),
        (-0.03, True, "regressed"),
        (0.03, False, "regressed"),
        (-0.03, False, "improved"),
    ],
)
def test_a_significant_difference_is_named_by_its_direction(difference, higher, expected):
    assert judged(difference, -1.0, 1.0, 0.05, higher=higher) == expected


def test_not_significant_is_not_equivalent():
    assert judged(0.01, -0.02, 0.04, 0.4) == "undecided"
    assert judged(0.01, -0.02, 0.04, 0.4, margin=0.03) == "undecided"


def test_equivalent_needs_the_narrow_interval_within_the_margin():
    assert judged(0.01, -0.02, 0.04, 0.4, margin=0.04) == "equivalent"
    assert judged(0.0, 0.0, 0.0, 1.0, margin=0.0) == "equivalent"


def test_unknown_differences_are_undecided():
    assert judged(None, None, None, None, margin=1.0) == "undecided"
    assert judged(0.5, None, None, None) == "undecided"


def test_equivalence_is_two_one_sided_tests():
    """Schuirmann's tests with a known standard error, written out."""
    rng = np.random.default_rng(1)
    for difference in rng.normal(0.0, 0.02, size=200):
        half = 1.6448536 * 0.01
        both = (difference + 0.03) / 0.01 >= 1.6448536 and (0.03 - difference) / 0.01 >= 1.6448536
        found = judged(difference, difference - half, difference + half, 1.0, margin=0.03)
        assert (found == "equivalent") == both


def gated(value, baseline, *, width=None, wide=None, n=1000, **allowance):
    """A rule on a change whose narrow interval is ± ``width`` and whose interval is ± ``wide``."""
    change = value - baseline
    bounds = {}
    if width is not None:
        wide = width * 1.19 if wide is None else wide
        bounds = {
            "low": change - wide,
            "high": change + wide,
            "narrow_low": change - width,
            "narrow_high": change + width,
            "standard_error": width / 1.645,
        }
    return gate_verdict(Change(value, baseline, n=n, **bounds), Allowance(**allowance))


def test_an_untested_rule_looks_at_the_point():
    assert gated(0.79, 0.80, max_drop=0.02).verdict == "passed"
    assert gated(0.77, 0.80, max_drop=0.02).verdict == "regressed"
    assert gated(0.90, 0.80, max_drop=0.02).verdict == "passed"


def test_a_drop_of_just_what_is_allowed_passes():
    assert 0.8 - 0.7 > 0.1  # in floating point
    assert gated(0.7, 0.8, max_drop=0.1).verdict == "passed"


def test_worse_follows_the_direction():
    assert gated(0.83, 0.80, max_drop=0.02, higher_is_better=False).verdict == "regressed"
    assert gated(0.70, 0.80, max_drop=0.02, higher_is_better=False).verdict == "passed"


def test_a_relative_drop_is_a_fraction_of_the_baseline():
    assert gated(0.49, 0.50, max_drop_relative=0.02).verdict == "passed"
    assert gated(0.489, 0.50, max_drop_relative=0.02).verdict == "regressed"
    assert gated(-51.0, -50.0, max_drop_relative=0.02).verdict == "passed"


def test_of_an_absolute_and_a_relative_drop_the_smaller_counts():
    assert gated(0.485, 0.50, max_drop=0.02, max_drop_relative=0.02).verdict == "regressed"
    assert gated(0.485, 0.50, max_drop=0.02, max_drop_relative=0.05).verdict == "passed"


def test_without_an_allowance_every_drop_is_one():
    assert gated(0.7999, 0.80).verdict == "regressed"
    assert gated(0.80, 0.80).verdict == "passed"


@pytest.mark.parametrize(
    ("value", "margin", "expected"),
    [
        (0.740, None, "regressed"),  # worse by 0.06, and surely by more than 0.02
        (0.770, None, "undecided"),  # worse by 0.03 ± 0.02
        (0.825, None, "improved"),  # the interval of the change is above 0
        (0.801, 0.025, "equivalent"),  # within ± 0.025
        (0.801, None, "passed"),  # worse by at most 0.019
        (0.795, None, "undecided"),  # worse by at most 0.025
    ],
)
def test_a_tested_rule_looks_at_the_bounds(value, margin, expected):
    found = gated(value, 0.80, width=0.02, max_drop=0.02, is_tested=True, margin=margin)
    assert found.verdict == expected


@pytest.mark.parametrize("value", [0.70, 0.77, 0.80, 0.81, 0.85])
def test_a_metric_where_lower_is_better_mirrors_one_where_higher_is(value):
    rule = {"max_drop": 0.02, "is_tested": True, "margin": 0.025, "width": 0.02}
    up = gated(value, 0.80, **rule)
    down = gated(-value, -0.80, **rule, higher_is_better=False)
    assert (up.verdict, up.n_needed) == (down.verdict, down.n_needed)
    assert up.worsening == pytest.approx(down.worsening)
    assert up.worsening_low == pytest.approx(down.worsening_low)


def test_a_regression_comes_before_a_margin_that_is_too_wide():
    found = gated(0.75, 0.80, width=0.01, max_drop=0.02, is_tested=True, margin=0.5)
    assert found.verdict == "regressed"


def test_equal_runs_pass_without_any_allowance():
    assert gated(0.8, 0.8, width=0.0, is_tested=True).verdict == "passed"
    assert gated(0.8, 0.8, width=0.0, is_tested=True, margin=0.01).verdict == "equivalent"


def test_undecided_tells_the_items_needed():
    found = gated(0.795, 0.80, width=0.0329, max_drop=0.02, is_tested=True, n=500)
    # The distance to decide is 0.015, the standard error 0.02 on 500 items, and one-sided at 80 %:
    # 500 × ((1.645 + 0.842) × 0.02 / 0.015)² = 5,496.
    assert found.verdict == "undecided"
    assert found.n_needed == pytest.approx(5496, abs=5)


def test_a_change_that_is_just_what_is_allowed_is_never_decided():
    found = gated(0.75, 0.875, width=0.03, max_drop=0.125, is_tested=True)
    assert (found.verdict, found.n_needed) == ("undecided", None)


def test_a_test_without_an_interval_says_nothing():
    found = gated(0.5, 0.8, max_drop=0.02, is_tested=True)
    assert found.verdict == "undecided"
    assert found.reason == "the change has no interval to be tested by"


@pytest.mark.parametrize(("value", "baseline"), [(None, 0.5), (0.5, None)])
def test_an_unknown_score_is_undecided_with_a_reason(value, baseline):
    found = gate_verdict(Change(value, baseline), Allowance(max_drop=0.1))
    assert found.verdict == "undecided"
    assert "unknown" in found.reason


@given(
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.2),
    st.booleans(),
)
def test_a_tested_regression_is_one_of_the_point_too(value, baseline, width, drop, higher):
    rule = {"max_drop": drop, "higher_is_better": higher}
    if gated(value, baseline, width=width, is_tested=True, **rule).verdict == "regressed":
        assert gated(value, baseline, **rule).verdict == "regressed"


def test_false_alarms_of_a_tested_rule_keep_to_alpha():
    """True worsening is just what is allowed: at most 5 % of data sets are called regressed."""
    rng = np.random.default_rng(4)
    alarms = 0
    for change in rng.normal(-0.02, 0.01, size=4000):
        alarms += (
            gated(0.8 + change, 0.8, width=1.645 * 0.01, max_drop=0.02, is_tested=True).verdict
            == "regressed"
        )
    assert alarms / 4000 == pytest.approx(0.05, abs=0.012)
