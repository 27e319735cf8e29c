"""From statistics to scores: totals, item scores, groups and intervals.

Everything here works on the *unit matrix* of a metric: additive statistics with one row per
resampling unit (an item, or a cluster of items that share an image).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Metric
from vlmeval_cli.core.results import MetricStatistics
from vlmeval_cli.stats.bootstrap import Scope, interval, resampled_totals


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score of all items or of a group, without its name.

    Attributes:
        value: None when nothing was scored.
        low, high: bounds of the interval, None when not computed.
        n: items scored.
        skipped: reason → items without a score.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Subset:
    """Items that are scored together: a group, or all (``items`` None)."""

    items: Ints | None = None


def item_scores(metric: Metric[Any], statistics: MetricStatistics) -> dict[str, Array]:
    """Score of every item by output name, shape (n,); NaN where it has none."""
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
) -> list[list[dict[str, Estimate]]]:
    """For each subset and metric, the estimate of every output.

    Args:
        metrics: the metrics.
        statistics: of each metric, one row per item.
        subsets: which items are scored together.
        clusters: cluster number of every item, shape (n,); None resamples items.
        policy: resamples, confidence and seed.
    """
    table = np.hstack([part.values for part in statistics])
    widths = np.cumsum([0, *(part.values.shape[1] for part in statistics)])
    columns = [slice(start, stop) for start, stop in pairwise(widths.tolist())]
    resampled = _resampled(table, subsets, clusters, policy)
    found = []
    for subset, draws in zip(subsets, resampled, strict=True):
        total = _rows(table, subset.items).sum(axis=0)
        found.append(
            [
                _estimates(
                    metric,
                    total[part],
                    None if draws is None else draws[:, part],
                    _skipped(own, subset.items),
                    _size(subset, len(table)),
                    policy.confidence,
                )
                for metric, own, part in zip(metrics, statistics, columns, strict=True)
            ]
        )
    return found


def _estimates(
    metric: Metric[Any],
    total: Array,
    draws: Array | None,
    skipped: dict[str, int],
    n_items: int,
    confidence: float,
) -> dict[str, Estimate]:
    with np.errstate(all="ignore"):
        scores = metric.finalize(total)
        resampled = {} if draws is None else metric.finalize(draws)
    n = n_items - sum(skipped.values())
    found = {}
    for output in metric.outputs():
        value = float(scores[output.name])
        unknown = n == 0 or np.isnan(value)
        bounds = None if unknown or draws is None else interval(resampled[output.name], confidence)
        low, high = bounds or (None, None)
        found[output.name] = Estimate(None if unknown else value, low, high, n, skipped)
    return found


def _resampled(
    table: Array,
    subsets: Sequence[Subset],
    clusters: Ints | None,
    policy: StatisticsPolicy,
) -> list[Array | None]:
    """Resampled totals of each subset; None without intervals or with fewer than two units."""
    n_units = len(table) if clusters is None else int(clusters.max(initial=-1)) + 1
    if policy.resamples == 0 or n_units < 2:
        return [None] * len(subsets)
    scopes = [_scope(table, subset, clusters) for subset in subsets]
    usable = [i for i, scope in enumerate(scopes) if len(scope.statistics) > 1]
    totals = resampled_totals(
        [scopes[i] for i in usable],
        n_units,
        n_resamples=policy.resamples,
        seed=policy.seed,
    )
    found: list[Array | None] = [None] * len(subsets)
    for i, total in zip(usable, totals, strict=True):
        found[i] = total
    return found


def _scope(table: Array, subset: Subset, clusters: Ints | None) -> Scope:
    rows = _rows(table, subset.items)
    if clusters is None:
        return Scope(subset.items, rows)
    own = clusters if subset.items is None else clusters[subset.items]
    units, unit_of_row = np.unique(own, return_inverse=True)
    sums = np.zeros((len(units), table.shape[1]))
    np.add.at(sums, unit_of_row, rows)
    return Scope(units.astype(np.int64), sums)


def _rows(table: Array, items: Ints | None) -> Array:
    return table if items is None else table[items]


def _size(subset: Subset, n: int) -> int:
    return n if subset.items is None else len(subset.items)


def _skipped(statistics: MetricStatistics, items: Ints | None) -> dict[str, int]:
    """Reason → number of skipped items among ``items``."""
    reasons = statistics.skips
    if items is None or not reasons:
        return dict(Counter(reasons.values()))
    return dict(Counter(reasons[item] for item in items.tolist() if item in reasons))
