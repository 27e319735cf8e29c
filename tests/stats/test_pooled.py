"""Pooled metrics: the whole data set is combined for every resample."""

from dataclasses import dataclass

import numpy as np
import pytest

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import MeanMetric, MetricInfo, MetricStatistics, Output, PooledMetric
from vlmeval_cli.stats.summary import Subset, estimates

INFO = MetricInfo("mean", 1, "title", "use", ("vqa",), (), "best", "made for this test")
VALUES = np.random.default_rng(7).random(60)
POLICY = StatisticsPolicy(resamples=200)


@dataclass(frozen=True)
class Mean(MeanMetric):
    info = INFO

    def outputs(self):
        return (Output("mean"),)

    def measure(self, batch, context):
        raise NotImplementedError


@dataclass(frozen=True)
class PooledMean(PooledMetric):
    """The same mean, of several rows an item."""

    info = INFO

    def outputs(self):
        return (Output("mean"), Output("bare", has_interval=False))

    def measure(self, batch, context):
        raise NotImplementedError

    def combine(self, rows, weights):
        own = weights[:, rows.item]
        mean = own @ rows.values[:, 0] / own.sum(axis=1)
        return {"mean": mean, "bare": mean}


def additive():
    return MetricStatistics(np.column_stack([VALUES, np.ones(60)]), None, {})


def pooled(skips=()):
    # Two rows an item, backwards; both halves of a value have its mean.
    item = np.repeat(np.arange(60)[::-1], 2)
    values = np.repeat(VALUES[::-1], 2) + np.tile([0.1, -0.1], 60)
    return MetricStatistics(values[:, None], item, dict.fromkeys(skips, "why"))


@pytest.mark.parametrize("items", [None, [3, 4, 5, 10, 40, 59]])
@pytest.mark.parametrize("clusters", [None, np.arange(60) // 3])
def test_it_agrees_with_an_additive_metric_on_the_same_resamples(items, clusters):
    subset = Subset(None if items is None else np.array(items))
    ((ours, theirs),) = estimates(
        [PooledMean(), Mean()], [pooled(), additive()], [subset], clusters, POLICY, 60
    )
    ours, theirs = ours["mean"], theirs["mean"]
    assert ours.value == pytest.approx(theirs.value, abs=1e-12)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.n == theirs.n


def test_skipped_items_have_no_rows():
    ((found,),) = estimates([PooledMean()], [pooled(skips=[0, 7])], [Subset()], None, POLICY, 60)
    assert found["mean"].value == pytest.approx(np.delete(VALUES, [0, 7]).mean(), abs=1e-12)
    assert found["mean"].n == 58
    assert found["mean"].skipped == {"why": 2}


def test_an_output_without_interval_has_none():
    ((found,),) = estimates([PooledMean()], [pooled()], [Subset()], None, POLICY, 60)
    assert (found["bare"].low, found["bare"].high) == (None, None)
    assert found["mean"].low is not None


def test_sums_are_not_its_scores():
    with pytest.raises(TypeError, match="come from combine"):
        PooledMean().finalize(np.zeros(2))
