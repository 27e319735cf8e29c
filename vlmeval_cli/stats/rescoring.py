"""Scores of subsets of the items, and those of every resample.

Additive metrics are resampled by their *unit matrix*: statistics with one row per resampling unit
(an item, or a cluster of items that share an image). All of them, of several runs too, stand side
by side in one table, so that each block of weights is made once. Pooled metrics see the weights of
the items (:mod:`vlmeval_cli.stats.pooled`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, PooledMetric
from vlmeval_cli.stats.bootstrap import Scope, resampled_totals
from vlmeval_cli.stats.pooled import among, pooled_scores, resampled_scores, rows_of

Value = TypeVar("Value", bound=np.generic)

_MOST_NUMBERS = 32_000_000  # statistics and resampled sums in memory at a time, of all subsets


@dataclass(frozen=True, slots=True)
class Subset:
    """Items that are scored together: a group, or all (``items`` None)."""

    items: Ints | None = None

    def size(self, n: int) -> int:
        """How many of ``n`` items it has."""
        return n if self.items is None else len(self.items)

    def rows(self, table: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """Its rows of a table with one row per item."""
        return table if self.items is None else table[self.items]


class Measured(NamedTuple):
    """A metric with the statistics of one run; a metric may come with those of several runs."""

    metric: Metric[Any]
    statistics: MetricStatistics


class Scored(NamedTuple):
    """Scores of a subset by output name, and those of every resample; none without intervals."""

    scores: Mapping[str, Any]
    resampled: Mapping[str, Array]


def rescored(
    measured: Sequence[Measured],
    subsets: Sequence[Subset],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    n: int,
) -> list[list[Scored]]:
    """For each metric (with its statistics) and subset, its scores; all on the same resamples."""
    additive = _additive_scores(measured, subsets, clusters, policy, n)
    return [
        _pooled_scores(metric, own, subsets, clusters, policy, n)
        if isinstance(metric, PooledMetric)
        else next(additive)
        for metric, own in measured
    ]


def together(
    subsets: Sequence[Subset], n_draws: int, width: int, n: int
) -> Iterator[Sequence[Subset]]:
    """Subsets that are resampled together, so that memory does not grow with their number."""
    first = used = 0
    for place, subset in enumerate(subsets):
        needed = (n_draws + subset.size(n)) * width
        if place > first and used + needed > _MOST_NUMBERS:
            yield subsets[first:place]
            first, used = place, 0
        used += needed
    if first < len(subsets):
        yield subsets[first:]


def count_units(n: int, clusters: Ints | None) -> int:
    """Number of units: items, or clusters of them."""
    return n if clusters is None else int(clusters.max(initial=-1)) + 1


def scope_of(table: Array, subset: Subset, clusters: Ints | None) -> Scope:
    """Summed statistics of the units of a subset."""
    rows = subset.rows(table)
    if clusters is None:
        return Scope(subset.items, rows)
    own = clusters if subset.items is None else clusters[subset.items]
    units, unit_of_row = np.unique(own, return_inverse=True)
    sums = np.zeros((len(units), table.shape[1]))
    np.add.at(sums, unit_of_row, rows)
    return Scope(units.astype(np.int64), sums)


def _additive_scores(
    measured: Sequence[Measured],
    subsets: Sequence[Subset],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    n: int,
) -> Iterator[list[Scored]]:
    """Scores and resampled scores of each subset, for each metric that is additive."""
    chosen = [one for one in measured if not isinstance(one.metric, PooledMetric)]
    table = np.hstack([np.zeros((n, 0)), *(own.values for _, own in chosen)])
    widths = np.cumsum([0, *(own.values.shape[1] for _, own in chosen)])
    resampled = _resampled(table, subsets, clusters, policy) if chosen else []
    totals = [subset.rows(table).sum(axis=0) for subset in subsets]
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
        pooled_scores(metric, own, subset.size(n))
        for (own, _), subset in zip(scopes, subsets, strict=True)
    ]
    drawn: Sequence[Mapping[str, Array]] = [{} for _ in subsets]
    if (
        policy.resamples
        and count_units(n, clusters) > 1
        and any(output.has_interval for output in metric.outputs())
    ):
        drawn = resampled_scores(metric, scopes, n, clusters, policy)
    return list(map(Scored, scores, drawn))


def _resampled(
    table: Array,
    subsets: Sequence[Subset],
    clusters: Ints | None,
    policy: StatisticsPolicy,
) -> list[Array | None]:
    """Resampled totals of each subset; None without intervals or with fewer than two units."""
    n_units = count_units(len(table), clusters)
    if policy.resamples == 0 or n_units < 2:
        return [None] * len(subsets)
    scopes = [scope_of(table, subset, clusters) for subset in subsets]
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
