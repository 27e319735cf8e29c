"""Metrics whose statistics the tests of paired differences write themselves, and their plain tests.

The plain versions follow the definitions item by item and trial by trial.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.metric import (
    MeanMetric,
    Metric,
    MetricInfo,
    MetricStatistics,
    Output,
    PooledMetric,
    mean_statistics,
)
from vlmeval_cli.stats.paired import Resampling, differences
from vlmeval_cli.stats.rescoring import Subset

INFO = MetricInfo("made", 1, "title", "use", ("vqa",), (), "best", "made for tests")


class Unmeasured:
    """Tests write the statistics."""

    def measure(self, batch, context):
        raise NotImplementedError


@dataclass(frozen=True)
class Mean(Unmeasured, MeanMetric[None]):
    higher_is_better: bool = True
    binary: bool = False
    info: ClassVar[MetricInfo] = INFO

    def outputs(self):
        kind = "binary" if self.binary else "mean"
        return (Output("mean", higher_is_better=self.higher_is_better, kind=kind),)


@dataclass(frozen=True)
class Ratio(Unmeasured, Metric[None]):
    """The first column's sum by the second's, as in precision."""

    info: ClassVar[MetricInfo] = INFO

    def outputs(self):
        return (Output("ratio", kind="ratio", has_item_score=False),)

    def finalize(self, totals):
        with np.errstate(invalid="ignore", divide="ignore"):
            return {"ratio": totals[..., 0] / totals[..., 1]}


@dataclass(frozen=True)
class PooledMean(Unmeasured, PooledMetric[None]):
    """The mean, two rows an item, as a metric that is no function of sums."""

    info: ClassVar[MetricInfo] = INFO

    def outputs(self):
        return (
            Output("pooled", kind="pooled"),
            Output("bare", kind="pooled", has_interval=False, has_item_score=False),
        )

    def combine(self, rows, weights):
        own = weights[:, rows.item]
        with np.errstate(invalid="ignore"):
            mean = own @ rows.values[:, 0] / own.sum(axis=1)
        return {"pooled": mean, "bare": mean}

    def item_scores(self, rows, n):
        found = np.full(n, np.nan)
        for item in np.unique(rows.item):
            found[item] = rows.values[rows.item == item, 0].mean()
        return {"pooled": found}


def scored(values, skips=()):
    """Statistics of item scores for :class:`Mean`."""
    reasons = dict.fromkeys(skips, "why")
    found = mean_statistics(np.array(values, dtype=float), skips=reasons)
    return MetricStatistics(found.values, None, found.skips)


def counted(table, skips=()):
    """Statistics of counts for :class:`Ratio`."""
    values = np.array(table, dtype=float)
    values[list(skips)] = 0.0
    return MetricStatistics(values, None, dict.fromkeys(skips, "why"))


def pooled(values, skips=()):
    """Statistics of item scores for :class:`PooledMean`: two rows an item, around its score."""
    item = np.repeat(np.arange(len(values)), 2)
    rows = np.repeat(np.array(values, dtype=float), 2) + np.tile([0.5, -0.5], len(values))
    return MetricStatistics(rows[:, None], item, dict.fromkeys(skips, "why"))


def compare(metric, mine, theirs, *, items=None, clusters=None, resamples=200, **pairs):
    """The difference of the first output of one metric."""
    seed, confidence = pairs.pop("seed", 12345), pairs.pop("confidence", 0.95)
    n = (
        int(max(mine.item.max(initial=-1), theirs.item.max(initial=-1))) + 1
        if (mine.item is not None)
        else len(mine.values)
    )
    policy = StatisticsPolicy(resamples=resamples, seed=seed, confidence=confidence)
    resampling = Resampling(clusters, policy, PairPolicy(**pairs), n)
    subset = Subset(None if items is None else np.array(items))
    (((found,),),) = differences([metric], [[mine], [theirs]], [(0, 1)], [subset], resampling)
    return next(iter(found.values()))
