"""Scores, groups and intervals from rows of statistics, against sums done by hand."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    MetricStatistics,
    Output,
    PooledMetric,
    mean_statistics,
)
from vlmeval_cli.stats.rescoring import together
from vlmeval_cli.stats.summary import Subset, estimates, item_scores


@dataclass(frozen=True, slots=True)
class Length(MeanMetric[None]):
    """A metric whose statistics the tests write themselves."""

    info: ClassVar[MetricInfo] = MetricInfo(
        name="length", revision=1, title="t", use="u", tasks=("vqa",), needs=(),
        multi_reference="best", source="made for tests",
    )  # fmt: skip

    def outputs(self):
        return (Output("length", range=(0.0, None)),)

    def measure(self, batch, context):
        raise NotImplementedError


def made(values, skips=None):
    found = mean_statistics(np.array(values, dtype=float), skips=skips)
    return MetricStatistics(found.values, None, found.skips)


def estimate(statistics, items=None, clusters=None, **policy):
    subset = Subset(None if items is None else np.array(items))
    policy = StatisticsPolicy(**policy)
    (((found),),) = estimates(
        [Length()], [statistics], [subset], clusters, policy, len(statistics.values)
    )
    return found["length"]


def test_the_score_is_the_mean_of_scored_items():
    found = estimate(made([1.0, 2.0, 6.0], skips={2: "no_reference"}))
    assert (found.value, found.n, found.skipped) == (1.5, 2, {"no_reference": 1})


def test_skipped_items_have_no_score():
    scores = item_scores(Length(), made([1.0, 2.0], skips={0: "why"}), 2)["length"]
    assert np.isnan(scores[0])
    assert scores[1] == 2.0


def test_nothing_scored_is_unknown_not_zero():
    found = estimate(made([1.0], skips={0: "why"}))
    assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)


def test_a_group_is_scored_by_itself():
    found = estimate(made([1.0, 2.0, 6.0]), items=[0, 2])
    assert (found.value, found.n) == (3.5, 2)


def test_a_group_counts_its_own_skipped_items():
    found = estimate(made([1.0, 2.0, 6.0], skips={0: "why", 1: "why"}), items=[1, 2])
    assert (found.value, found.n, found.skipped) == (6.0, 1, {"why": 1})


def test_intervals_can_be_turned_off():
    found = estimate(made([1.0, 2.0]), resamples=0)
    assert (found.value, found.low) == (1.5, None)


def test_one_item_has_no_interval():
    assert estimate(made([1.0])).low is None


def test_single_item_clusters_are_items():
    values = np.random.default_rng(0).random(60)
    alone = estimate(made(values))
    clustered = estimate(made(values), clusters=np.arange(60))
    assert (alone.low, alone.high) == pytest.approx((clustered.low, clustered.high), rel=1e-12)


def test_copies_of_an_item_in_one_cluster_add_nothing():
    values = np.random.default_rng(1).random(80)
    single = estimate(made(values))
    copied = estimate(made(np.repeat(values, 5)), clusters=np.repeat(np.arange(80), 5))
    assert copied.value == pytest.approx(single.value)
    assert (copied.low, copied.high) == pytest.approx((single.low, single.high))


def test_ignoring_clusters_would_make_intervals_too_narrow():
    values = np.repeat(np.random.default_rng(2).random(80), 5)
    honest = estimate(made(values), clusters=np.repeat(np.arange(80), 5))
    careless = estimate(made(values))
    assert honest.high - honest.low > 1.8 * (careless.high - careless.low)


def test_groups_within_clusters_use_their_own_items():
    clusters = np.repeat(np.arange(30), 2)
    values = np.tile([0.0, 1.0], 30)
    found = estimate(made(values), items=np.arange(1, 60, 2), clusters=clusters)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


class Seen(PooledMetric[None]):
    """The share of items that are there at all: every resample has fewer."""

    info: ClassVar[MetricInfo] = Length.info

    def outputs(self):
        return (Output("seen"),)

    def measure(self, batch, context):
        raise NotImplementedError

    def combine(self, rows, weights):
        return {"seen": (weights > 0).mean(axis=1)}


def test_an_interval_that_does_not_hold_its_score_is_none():
    statistics = made([1.0] * 30)
    (((found),),) = estimates([Seen()], [statistics], [Subset()], None, StatisticsPolicy(), 30)
    assert found["seen"].value == 1.0
    assert found["seen"].low is found["seen"].high is None
    assert found["seen"].has_lost_interval


def test_subsets_have_the_same_intervals_alone_and_together(monkeypatch):
    statistics = made(np.arange(12.0))
    subsets = [Subset(), Subset(np.arange(4)), Subset(np.arange(4, 12))]
    policy = StatisticsPolicy(resamples=60)
    together = estimates([Length()], [statistics], subsets, None, policy, 12)
    monkeypatch.setattr("vlmeval_cli.stats.rescoring._MOST_NUMBERS", 1)
    assert estimates([Length()], [statistics], subsets, None, policy, 12) == together


def test_subsets_that_are_resampled_together_are_bounded_in_their_size(monkeypatch):
    monkeypatch.setattr("vlmeval_cli.stats.rescoring._MOST_NUMBERS", 1_000)
    subsets = [Subset(np.arange(size)) for size in (100, 10, 10, 300, 5)]
    # each takes (5 resamples + its size) * 4 numbers: 420, 60, 60, 1220, 40
    parts = [list(part) for part in together(subsets, 5, 4, 300)]
    assert parts == [subsets[:3], subsets[3:4], subsets[4:]]
    assert list(together([], 5, 4, 300)) == []
