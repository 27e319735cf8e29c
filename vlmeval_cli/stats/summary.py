"""From statistics to scores: totals, item scores, groups and intervals.

Additive metrics are resampled by their *unit matrix*: statistics with one row per resampling unit
(an item, or a cluster of items that share an image). Pooled metrics see the weights of the items
(:mod:`vlmeval_cli.stats.pooled`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, PooledMetric
from vlmeval_cli.stats.bootstrap import Scope, interval, resampled_totals
from vlmeval_cli.stats.pooled import among, pooled_scores, resampled_scores, rows_of

_ROUNDING = 1e-9
_MOST_TOTALS = 32_000_000  # resampled sums that are in memory at a time, of all subsets together


class Scored(NamedTuple):
    """Scores of a subset by output name, and those of every resample; none without intervals."""

    scores: Mapping[str, Any]
    resampled: Mapping[str, Array]


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


@dataclass(frozen=True, slots=True)
class Subset:
    """Items that are scored together: a group, or all (``items`` None)."""

    items: Ints | None = None


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
    at_once = max(1, _MOST_TOTALS // max(1, policy.resamples * width))
    found = []
    for start in range(0, len(subsets), at_once):
        some = subsets[start : start + at_once]
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
    found: list[list[dict[str, Estimate]]] = [[] for _ in subsets]
    additive = _additive_scores(metrics, statistics, subsets, clusters, policy, n)
    for metric, own in zip(metrics, statistics, strict=True):
        if isinstance(metric, PooledMetric):
            scored = _pooled_scores(metric, own, subsets, clusters, policy, n)
        else:
            scored = next(additive)
        for subset, mine, one in zip(subsets, found, scored, strict=True):
            skipped = _skipped(own, subset.items)
            mine.append(_estimates(metric, one, skipped, _size(subset, n), policy))
    return found


def _additive_scores(
    metrics: Sequence[Metric[Any]],
    statistics: Sequence[MetricStatistics],
    subsets: Sequence[Subset],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    n: int,
) -> Iterator[list[Scored]]:
    """Scores and resampled scores of each subset, for each metric that is additive."""
    chosen = [
        (metric, own)
        for metric, own in zip(metrics, statistics, strict=True)
        if not isinstance(metric, PooledMetric)
    ]
    table = np.hstack([np.zeros((n, 0)), *(own.values for _, own in chosen)])
    widths = np.cumsum([0, *(own.values.shape[1] for _, own in chosen)])
    resampled = _resampled(table, subsets, clusters, policy) if chosen else []
    totals = [_rows(table, subset.items).sum(axis=0) for subset in subsets]
    for (metric, _), (start, stop) in zip(chosen, pairwise(widths.tolist()), strict=True):
        part = slice(start, stop)
        with np.errstate(all="ignore"):
            yield [
                Scored(
                    metric.finalize(total[part]),
                    {} if draws is None else metric.finalize(draws[:, part]),
                )
                for total, draws in zip(totals, resampled, strict=True)
            ]


def _pooled_scores(
    metric: PooledMetric[Any],
    statistics: MetricStatistics,
    subsets: Sequence[Subset],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    n: int,
) -> list[Scored]:
    """Scores and resampled scores of each subset, for a metric that is pooled."""
    rows = rows_of(statistics)
    scopes = [
        (rows if subset.items is None else among(rows, subset.items, n), subset.items)
        for subset in subsets
    ]
    scores = [
        pooled_scores(metric, own, _size(subset, n))
        for (own, _), subset in zip(scopes, subsets, strict=True)
    ]
    drawn: Sequence[Mapping[str, Array]] = [{} for _ in subsets]
    if policy.resamples and n > 1 and any(output.has_interval for output in metric.outputs()):
        drawn = resampled_scores(metric, scopes, n, clusters, policy)
    return list(map(Scored, scores, drawn))


def _estimates(
    metric: Metric[Any],
    scored: Scored,
    skipped: dict[str, int],
    n_items: int,
    policy: StatisticsPolicy,
) -> dict[str, Estimate]:
    n = n_items - sum(skipped.values())
    found = {}
    for output in metric.outputs():
        value = float(scored.scores[output.name])
        unknown = n == 0 or np.isnan(value)
        draws = scored.resampled.get(output.name) if output.has_interval else None
        bounds = None if unknown or draws is None else interval(draws, policy.confidence)
        is_lost = bounds is not None and not (
            bounds[0] - _ROUNDING <= value <= bounds[1] + _ROUNDING
        )
        low, high = (None, None) if bounds is None or is_lost else bounds
        found[output.name] = Estimate(None if unknown else value, low, high, n, skipped, is_lost)
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
    scopes = [unit_scope(table, subset, clusters) for subset in subsets]
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


def unit_scope(table: Array, subset: Subset, clusters: Ints | None) -> Scope:
    """Statistics of the resampling units of a subset: its items, or parts of clusters."""
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
