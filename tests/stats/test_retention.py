"""Kept shares and errors, with the intervals of the same resamples."""

from math import sqrt

import numpy as np
import pytest

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import MeanMetric, MetricStatistics, Output
from vlmeval_cli.stats.retention import (
    Sides,
    bounded,
    change,
    errors,
    kept_share,
    mean,
    ratio,
    sides,
)

HIGHER = Output("accuracy")
LOWER = Output("wer", higher_is_better=False, range=(0.0, None))


class Plain(MeanMetric[None]):
    def outputs(self):
        return (HIGHER,)

    def measure(self, batch, context):
        raise NotImplementedError


def statistics(values, skips=()):
    values = np.asarray(values, dtype=float)
    rows = np.column_stack([values, np.ones(len(values))])
    rows[list(skips)] = 0.0
    return MetricStatistics(rows, None, dict.fromkeys(skips, "unscored"))


def both(noisy, clean):
    return Sides(np.array(noisy, dtype=float), np.array(clean, dtype=float), 10)


def test_a_share_is_noisy_by_clean_and_its_interval_that_of_the_ratios():
    found = kept_share([both([0.6, 0.5, 0.7], [0.8, 0.8, 0.7])], HIGHER, 0.95)
    assert found.value == pytest.approx(0.75)
    # resampled ratios 0.625 and 1.0, percentiles 2.5 and 97.5 by linear interpolation
    assert (found.low, found.high) == pytest.approx((0.634375, 0.990625))


def test_lower_is_better_turns_the_share_round():
    assert kept_share([both([0.5], [0.4])], LOWER, 0.95).value == pytest.approx(0.8)


def test_the_share_of_several_is_that_of_their_mean_score():
    found = kept_share([both([0.6], [0.8]), both([0.2], [0.8])], HIGHER, 0.95)
    assert found.value == pytest.approx(0.5)


@pytest.mark.parametrize("clean", [0.0, -0.2, np.nan])
def test_a_share_of_nothing_is_unknown(clean):
    assert kept_share([both([0.1], [clean])], HIGHER, 0.95) == (None, None, None)


def test_a_change_is_never_flipped():
    assert change([both([0.5], [0.4])], 0.95).value == pytest.approx(0.1)
    assert change([both([0.5], [0.4]), both([0.2], [0.4])], 0.95).value == pytest.approx(-0.05)


def test_errors_exist_between_0_and_1_alone():
    assert errors(np.array([0.7]), HIGHER) == pytest.approx(0.3)
    fraction = Output("unparsed", higher_is_better=False)
    assert errors(np.array([0.7]), fraction) == pytest.approx(0.7)
    assert errors(np.array([0.7]), LOWER) is None


def test_what_has_no_resamples_leaves_the_mean_without():
    assert mean([np.array([1.0, 2.0]), np.array([3.0])]).tolist() == [2.0]
    assert bounded(np.array([2.0]), 0.95) == (2.0, None, None)


def test_a_ratio_that_is_often_undefined_has_no_interval():
    draws = np.linspace(0.5, 1.5, 100)
    assert bounded(np.array([1.0, *draws]), 0.95).low is not None
    draws[:5] = np.nan
    assert bounded(np.array([1.0, *draws]), 0.95) == (1.0, None, None)


def test_a_ratio_by_nothing_is_not_a_number():
    assert np.isnan(ratio(np.array([1.0]), np.array([0.0]))[0])


def test_items_that_one_run_lacks_leave_both():
    clean = statistics([1, 1, 0, 1])
    noisy = statistics([1, 0, 0, 1], skips=[3])
    policy = StatisticsPolicy(resamples=0)
    ((found,),) = sides([Plain()], [[clean], [noisy]], [(1, 0)], None, policy, 4)
    own = found["accuracy"]
    assert own.noisy.tolist() == pytest.approx([1 / 3])
    assert own.clean.tolist() == pytest.approx([2 / 3])
    assert own.n == 3


def test_the_interval_of_a_share_is_as_wide_as_the_delta_method_says():
    rng = np.random.default_rng(5)
    n = 4000
    clean = (rng.random(n) < 0.8).astype(float)
    noisy = clean * (rng.random(n) < 0.85)
    policy = StatisticsPolicy(resamples=2000, seed=3)
    runs = [[statistics(clean)], [statistics(noisy)]]
    ((found,),) = sides([Plain()], runs, [(1, 0)], None, policy, n)
    kept = kept_share([found["accuracy"]], HIGHER, 0.95)
    share = noisy.mean() / clean.mean()
    error = np.std(noisy - share * clean, ddof=1) / clean.mean() / sqrt(n)
    assert kept.value == pytest.approx(share)
    assert kept.low == pytest.approx(share - 1.96 * error, abs=0.1 * error * 3.92)
    assert kept.high == pytest.approx(share + 1.96 * error, abs=0.1 * error * 3.92)
