"""Gaps between groups, against hand computation, scipy and simulation."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from scipy import stats

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    MetricStatistics,
    Output,
    PooledMetric,
    mean_statistics,
)
from vlmeval_cli.stats.gaps import gaps
from vlmeval_cli.stats.group_draws import Sampling
from vlmeval_cli.stats.rescoring import Measured

INFO = MetricInfo(
    name="length", revision=1, title="t", use="u", tasks=("vqa",), needs=(),
    multi_reference="best", source="made for tests",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Length(MeanMetric[None]):
    """A mean whose statistics the tests write themselves."""

    is_error: bool = False
    info: ClassVar[MetricInfo] = INFO

    def outputs(self):
        return (Output("length", higher_is_better=not self.is_error),)

    def measure(self, batch, context):
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Pooled(PooledMetric[None]):
    """The same mean as a metric that sees weights."""

    info: ClassVar[MetricInfo] = INFO

    def outputs(self):
        return (Output("length", kind="pooled"),)

    def measure(self, batch, context):
        raise NotImplementedError

    def combine(self, rows, weights):
        own = weights[:, rows.item]
        return {"length": (own @ rows.values[:, 0]) / own.sum(axis=1)}


def found_in(values, labels, metric=None, least=2, clusters=None, skips=None, **policy):
    rows = mean_statistics(np.array(values, dtype=float), skips=skips)
    statistics = MetricStatistics(rows.values, None, rows.skips)
    labels = np.array([*labels])
    groups = [np.flatnonzero(labels == name) for name in sorted(set(labels.tolist()))]
    clusters = None if clusters is None else np.array(clusters)
    sampling = Sampling(len(values), clusters, StatisticsPolicy(**policy))
    ((((own),),)) = gaps([Measured(metric or Length(), statistics)], [groups], sampling, least)
    return own["length"]


def test_the_gap_is_best_less_worst_and_the_ratio_worst_over_best():
    gap = found_in([0.2, 0.4, 0.9, 0.7, 0.5, 0.5], "aabbcc", resamples=0)
    assert (gap.best, gap.worst) == (1, 0)
    assert gap.gap.value == pytest.approx(0.8 - 0.3)
    assert gap.ratio.value == pytest.approx(0.3 / 0.8)
    assert gap.gap.low is None
    assert gap.p_value is None


def test_of_an_error_the_lowest_group_is_the_best():
    gap = found_in([0.2, 0.4, 0.9, 0.7], "aabb", Length(is_error=True), resamples=0)
    assert (gap.best, gap.worst) == (0, 1)
    assert gap.gap.value == pytest.approx(0.8 - 0.3)
    assert gap.ratio.value == pytest.approx(0.8 / 0.3)


def test_a_group_stands_beside_the_items_that_are_not_in_it():
    gap = found_in([0.0, 1.0, 1.0, 1.0, 0.5, 0.5], "aabbcc", resamples=0)
    first = gap.groups[0]
    assert (first.n, first.score, first.rest) == (2, 0.5, 0.75)
    assert first.difference.value == -0.25


def test_skipped_items_do_not_count_for_the_size_of_a_group():
    values, labels = [1.0, 0.0, 1.0, 0.0, 1.0], "aaabb"
    gap = found_in(values, labels, skips={0: "why"}, least=3, resamples=0)
    assert gap.best is None
    assert [group.n for group in gap.groups] == [2, 2]


def test_groups_that_score_the_same_have_no_best():
    gap = found_in([1.0, 0.0, 1.0, 0.0], "aabb")
    assert (gap.best, gap.gap.value, gap.p_value) == (None, 0.0, 1.0)


def test_the_interval_of_two_groups_is_that_of_a_difference_of_means():
    rng = np.random.default_rng(8)
    left, right = rng.normal(0.0, 1.0, 400), rng.normal(0.5, 2.0, 300)
    gap = found_in([*left, *right], "a" * 400 + "b" * 300, resamples=2000)
    error = np.sqrt(left.var() / 400 + right.var() / 300)
    assert gap.gap.high - gap.gap.value == pytest.approx(1.96 * error, rel=0.08)
    assert gap.gap.value - gap.gap.low == pytest.approx(gap.gap.high - gap.gap.value)


def test_the_interval_of_a_ratio_is_made_on_the_scale_of_logarithms():
    rng = np.random.default_rng(9)
    values = [*(rng.random(500) < 0.8), *(rng.random(500) < 0.6)]
    gap = found_in(values, "a" * 500 + "b" * 500, resamples=2000)
    high, low = np.mean(values[:500]), np.mean(values[500:])
    # Katz et al. 1978: the variance of the logarithm of a ratio of shares
    error = np.sqrt((1 - high) / (500 * high) + (1 - low) / (500 * low))
    assert np.log(gap.ratio.high / gap.ratio.value) == pytest.approx(1.96 * error, rel=0.08)
    assert gap.ratio.low * gap.ratio.high == pytest.approx(gap.ratio.value**2)


def test_the_p_value_of_two_groups_is_that_of_a_permutation_test():
    rng = np.random.default_rng(4)
    left, right = rng.random(60), rng.random(45) + 0.1
    ours = found_in([*left, *right], "a" * 60 + "b" * 45, resamples=5000).p_value
    theirs = stats.permutation_test(
        (left, right), lambda a, b: a.mean() - b.mean(), n_resamples=5000,
        random_state=np.random.default_rng(1),
    ).pvalue  # fmt: skip
    assert ours == pytest.approx(theirs, abs=0.02)


def alarms(draw, n_runs):
    """Shares of data sets without any effect in which a gap is called more than chance."""
    found = [draw(np.random.default_rng((77, run)), run) for run in range(n_runs)]
    return (
        np.mean([gap.p_corrected <= 0.05 for gap in found]),
        np.mean([gap.gap.low is not None and gap.gap.low > 0.0 for gap in found]),
    )


def test_groups_that_do_not_matter_raise_few_alarms():
    def draw(rng, run):
        labels = rng.choice(list("abcd"), p=[0.6, 0.2, 0.12, 0.08], size=500)
        return found_in(rng.random(500) < 0.8, labels, least=20, resamples=200, seed=run)

    tests, intervals = alarms(draw, 300)
    assert tests <= 0.05 + 3 * 0.0126  # three standard errors of a share of 300
    assert intervals <= 0.05 + 3 * 0.0126


def test_the_same_of_items_that_share_an_image():
    def draw(rng, run):
        clusters = np.repeat(np.arange(120), rng.integers(1, 6, 120))
        likely = 1 / (1 + np.exp(-rng.normal(1.0, 2.0, 120)))[clusters]
        labels = rng.choice(list("abc"), size=120)[clusters]  # whole images in a group
        values = rng.random(len(clusters)) < likely
        return found_in(values, labels, least=20, clusters=clusters, resamples=200, seed=run)

    tests, intervals = alarms(draw, 200)
    assert tests <= 0.05 + 3 * 0.0154
    assert intervals <= 0.05 + 3 * 0.0154


def test_a_group_of_few_images_is_not_compared():
    clusters = [0] * 30 + [1] * 30 + list(range(2, 62))
    gap = found_in(
        np.arange(120) % 2, "a" * 60 + "b" * 60, least=20, clusters=clusters, resamples=50
    )
    assert gap.best is None
    assert gap.groups[0].p_corrected is None


def test_a_gap_is_found():
    rng = np.random.default_rng(6)
    labels = np.repeat(list("abc"), 300)
    values = rng.random(900) < np.where(labels == "b", 0.6, 0.85)
    gap = found_in(values, labels)
    assert gap.worst == 1
    assert gap.p_corrected == 0.001
    assert gap.gap.low > 0.0
    assert [group.p_corrected <= 0.05 for group in gap.groups][1]


def test_scores_that_say_the_same_do_not_cost_significance():
    rng = np.random.default_rng(6)
    labels = np.repeat([0, 1], 100)
    values = rng.random(200) < np.where(labels == 1, 0.62, 0.8)
    rows = mean_statistics(values.astype(float)).values
    statistics = MetricStatistics(rows, None, {})
    groups = [np.flatnonzero(labels == number) for number in (0, 1)]
    sampling = Sampling(200, None, StatisticsPolicy())
    (alone,), several = (
        gaps([Measured(Length(), statistics)] * n, [groups], sampling, 20)[0] for n in (1, 5)
    )
    assert alone["length"].p_corrected == alone["length"].p_value
    assert [one["length"].p_corrected for one in several] == [alone["length"].p_value] * 5


@pytest.mark.parametrize("clusters", [None, np.repeat(np.arange(60), 2), np.arange(120) % 60])
def test_a_pooled_metric_is_compared_like_the_mean_that_it_is(clusters):
    rng = np.random.default_rng(2)
    values, labels = rng.random(120), np.repeat(list("ab"), 60)
    mean, pooled = (
        found_in(values, labels, metric, clusters=clusters, resamples=200)
        for metric in (Length(), Pooled())
    )
    assert pooled.gap.value == pytest.approx(mean.gap.value)
    assert pooled.gap.low == pytest.approx(mean.gap.low)
    assert pooled.p_value == pytest.approx(mean.p_value)
    assert pooled.groups[0].rest == pytest.approx(mean.groups[0].rest)


def test_groupings_do_not_change_each_other_but_for_the_correction():
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(100), 3)
    values = rng.random(300)
    whole, mixed = rng.integers(0, 2, 100)[clusters], rng.integers(0, 3, 300)
    statistics = MetricStatistics(mean_statistics(values).values, None, {})
    sampling = Sampling(300, clusters, StatisticsPolicy(resamples=200))
    groupings = [
        [np.flatnonzero(labels == number) for number in range(n)]
        for labels, n in ((mixed, 3), (whole, 2), (mixed, 2))
    ]
    together = gaps([Measured(Length(), statistics)], groupings, sampling, 20)
    for one, groups in zip(together, groupings, strict=True):
        (alone,) = gaps([Measured(Length(), statistics)], [groups], sampling, 20)
        mine, other = one[0]["length"], alone[0]["length"]
        assert (mine.gap, mine.ratio, mine.p_value) == (other.gap, other.ratio, other.p_value)
        assert mine.p_corrected >= other.p_corrected


def test_without_groupings_there_is_nothing():
    statistics = MetricStatistics(mean_statistics(np.ones(30)).values, None, {})
    sampling = Sampling(30, None, StatisticsPolicy())
    assert gaps([Measured(Length(), statistics)], [], sampling, 20) == []
