"""From statistics to scores: totals, item scores, groups and intervals.

Intervals are percentiles of the resampled scores; those of shares of right items are Wilson's
(:mod:`vlmeval_cli.stats.proportions`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, PooledMetric
from vlmeval_cli.stats.bootstrap import interval
from vlmeval_cli.stats.pooled import rows_of
from vlmeval_cli.stats.proportions import independent_items, wilson
from vlmeval_cli.stats.rescoring import Measured, Scored, rescored, together
from vlmeval_cli.stats.rescoring import Subset as Subset

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score of all items or of a group, without its name.

    Attributes:
        value: None when nothing was scored.
        low, high: bounds of the interval, None when not computed.
        n: items scored.
        skipped: reason → items without a score.
        has_lost_interval: resampling moves the score further than it spreads it, so that the
            interval would not hold the score, and none is given.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    skipped: Mapping[str, int]
    has_lost_interval: bool = False


def item_scores(metric: Metric[Any], statistics: MetricStatistics, n: int) -> dict[str, Array]:
    """Score of every one of ``n`` items by output name, shape (n,); NaN where it has none."""
    if isinstance(metric, PooledMetric):
        return metric.item_scores(rows_of(statistics), n)
    with np.errstate(all="ignore"):
        scores = metric.finalize(statistics.values)
    skipped = list(statistics.skips)
    columns = {}
    for output in metric.outputs():
        if output.has_item_score:
            column = np.array(scores[output.name], dtype=np.float64)
            column[skipped] = np.nan
            columns[output.name] = column
    return columns


def estimates(
    metrics: Sequence[Metric[Any]],
    statistics: Sequence[MetricStatistics],
    subsets: Sequence[Subset],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    n: int,
) -> list[list[dict[str, Estimate]]]:
    """For each subset and metric, the estimate of every output.

    Many subsets are estimated some at a time, so that memory does not grow with their number.

    Args:
        metrics: the metrics.
        statistics: of each metric.
        subsets: which items are scored together.
        clusters: cluster number of every item, shape (n,); None resamples items.
        policy: resamples, confidence and seed.
        n: number of items.
    """
    width = sum(own.values.shape[1] for own in statistics)
    found = []
    for some in together(subsets, policy.resamples, width, n):
        found += _estimates_of(metrics, statistics, some, clusters, policy, n)
    return found


def _estimates_of(
    metrics: Sequence[Metric[Any]],
    statistics: Sequence[MetricStatistics],
    subsets: Sequence[Subset],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    n: int,
) -> list[list[dict[str, Estimate]]]:
    """The estimates of subsets that are few enough to be resampled together."""
    measured = list(map(Measured, metrics, statistics))
    found: list[list[dict[str, Estimate]]] = [[] for _ in subsets]
    scores = rescored(measured, subsets, clusters, policy, n)
    for (metric, own), scored in zip(measured, scores, strict=True):
        for subset, mine, one in zip(subsets, found, scored, strict=True):
            skipped = _skipped(own, subset.items)
            size = _Size(subset.size(n), _units_of(subset, clusters))
            mine.append(_estimates(metric, one, skipped, size, policy))
    return found


class _Size(NamedTuple):
    """Items of a subset, and their clusters; None where each item stands alone."""

    items: int
    clusters: int | None


def _units_of(subset: Subset, clusters: Ints | None) -> int | None:
    if clusters is None:
        return None
    return len(np.unique(clusters if subset.items is None else clusters[subset.items]))


def _estimates(
    metric: Metric[Any],
    scored: Scored,
    skipped: dict[str, int],
    size: _Size,
    policy: StatisticsPolicy,
) -> dict[str, Estimate]:
    n = size.items - sum(skipped.values())
    found = {}
    for output in metric.outputs():
        value = float(scored.scores[output.name])
        unknown = n == 0 or np.isnan(value)
        draws = scored.resampled.get(output.name) if output.has_interval else None
        bounds = None if unknown or draws is None else interval(draws, policy.confidence)
        if bounds is not None and draws is not None and output.kind == "binary":
            bounds = _of_share(value, draws, n, size.clusters, policy.confidence)
        is_lost = bounds is not None and not holds(bounds, value)
        low, high = (None, None) if bounds is None or is_lost else bounds
        found[output.name] = Estimate(None if unknown else value, low, high, n, skipped, is_lost)
    return found


def _of_share(
    value: float, draws: Array, n: int, clusters: int | None, confidence: float
) -> tuple[float, float]:
    """Wilson's interval of a share of right items; clusters count as the items they are worth."""
    if clusters is None:
        return wilson(value, n, confidence)
    worth = independent_items(value, float(np.nanvar(draws)), n, clusters)
    return wilson(value, worth, confidence)


def holds(bounds: tuple[float, float], value: float) -> bool:
    """Whether an interval holds the score that was resampled, but for rounding.

    Where it does not, resampling moves the score further than it spreads it.
    """
    return bounds[0] - _ROUNDING <= value <= bounds[1] + _ROUNDING


def _skipped(statistics: MetricStatistics, items: Ints | None) -> dict[str, int]:
    """Reason → number of skipped items among ``items``."""
    reasons = statistics.skips
    if items is None or not reasons:
        return dict(Counter(reasons.values()))
    return dict(Counter(reasons[item] for item in items.tolist() if item in reasons))
