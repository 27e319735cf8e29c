"""Scores of groups, of the items outside them, of every resample and of every other order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, Output, PooledMetric
from vlmeval_cli.stats.bootstrap import resampled_totals
from vlmeval_cli.stats.permutation import FEWEST, affordable, orders
from vlmeval_cli.stats.pooled import among, pooled_scores, resampled_scores, rows_of
from vlmeval_cli.stats.rescoring import Measured, Subset, scope_of

_MOST_STEPS = 2e8  # numbers that are drawn and moved, over all permutations
_DRAWING = 3  # what drawing the order costs beside moving the statistics, for each item
_ZERO = 1e-9


class Sampling(NamedTuple):
    """The items that groups are made of: how many, which belong together, how to resample them."""

    n: int
    clusters: Ints | None
    policy: StatisticsPolicy


class Draws(NamedTuple):
    """One output of G groups.

    Attributes:
        output: which.
        score: of each group, shape (G,).
        rest: of the items that are not in it, shape (G,).
        resampled, resampled_rest: both in every resample, shape (B, G); B is 0 where there are no
            intervals, for the rest also where they would take long.
        permuted: the scores as they are, then in every other order of the items, (1 + P, G).
    """

    output: Output
    score: Array
    rest: Array
    resampled: Array
    resampled_rest: Array
    permuted: Array

    def part(self, start: int, stop: int) -> Draws:
        """The draws of some of the groups."""
        return Draws(self.output, *(array[..., start:stop] for array in self[1:]))


def n_permutations(measured: Sequence[Measured], n: int, policy: StatisticsPolicy) -> int:
    """How many permutations groups are tested with in these metrics."""
    if not policy.resamples:
        return 0
    if not all(_is_additive(metric) for metric, _ in measured):
        return FEWEST  # each takes as long as a resample of all items
    width = sum(own.values.shape[1] for metric, own in measured if _is_additive(metric))
    return min(affordable(n * (_DRAWING + width), _MOST_STEPS), max(FEWEST, policy.resamples - 1))


def _is_additive(metric: Metric[Any]) -> bool:
    return not isinstance(metric, PooledMetric)


def all_draws(
    measured: Sequence[Measured], groups: Sequence[Ints], sampling: Sampling
) -> Iterator[tuple[int, Draws]]:
    """Which of the metrics, and the draws of one of its outputs; no group is empty."""
    places = [i for i, (metric, _) in enumerate(measured) if _is_additive(metric)]
    count = n_permutations(measured, sampling.n, sampling.policy)
    for place, draws in _additive_draws([measured[i] for i in places], groups, sampling, count):
        yield places[place], draws
    for i, (metric, statistics) in enumerate(measured):
        if isinstance(metric, PooledMetric):
            for draws in _pooled_draws(metric, statistics, groups, sampling, count):
                yield i, draws


def _additive_draws(
    measured: Sequence[Measured], groups: Sequence[Ints], sampling: Sampling, count: int
) -> Iterator[tuple[int, Draws]]:
    """Place of the metric, and the draws of one of its outputs."""
    if not measured:
        return
    table = np.hstack([own.values for _, own in measured])
    widths = np.cumsum([0, *(own.values.shape[1] for _, own in measured)]).tolist()
    whole, totals = table.sum(axis=0), np.array([table[items].sum(axis=0) for items in groups])
    everything, drawn = _resampled_totals(table, groups, sampling)
    mixed = np.concatenate([totals[None], _permuted_totals(table, groups, sampling, count)])
    sums = (totals, _rest(whole, totals), drawn, _rest(everything, drawn), mixed)
    for i, (metric, _) in enumerate(measured):
        with np.errstate(all="ignore"):
            found = [metric.finalize(own[..., widths[i] : widths[i + 1]]) for own in sums]
        for output in metric.outputs():
            score, rest, resampled, others, permuted = (own[output.name] for own in found)
            some = slice(None if output.has_interval else 0)
            yield i, Draws(output, score, rest, resampled[some], others[some], permuted)


def _resampled_totals(
    table: Array, groups: Sequence[Ints], sampling: Sampling
) -> tuple[Array, Array]:
    """Sums of all items and of the groups in every resample, (B, 1, k) and (B, G, k)."""
    policy, width = sampling.policy, table.shape[1]
    if not policy.resamples:
        return np.zeros((0, 1, width)), np.zeros((0, len(groups), width))
    subsets = [Subset(), *map(Subset, groups)]
    scopes = [scope_of(table, subset, sampling.clusters) for subset in subsets]
    n_units = len(scopes[0].statistics)
    drawn = resampled_totals(scopes, n_units, n_resamples=policy.resamples, seed=policy.seed)
    return drawn[0][:, None], np.stack(drawn[1:], axis=1)


def _rest(whole: Array, parts: Array) -> Array:
    """Sums of all items less those of a part; sums of nothing are zero again."""
    rest = whole - parts
    rest[np.abs(rest) < _ZERO * np.maximum(1.0, np.abs(parts))] = 0.0
    return rest


def _permuted_totals(table: Array, groups: Sequence[Ints], sampling: Sampling, count: int) -> Array:
    """Sums of the groups when the items are in another order, shape (count, G, k)."""
    members, clusters = groups, sampling.clusters
    if clusters is not None and (units := whole_clusters(groups, clusters)) is not None:
        table, members, clusters = _by_unit(table, clusters), units, None
    joined = np.concatenate(members) if members else np.zeros(0, dtype=np.int64)
    stops = np.cumsum([len(items) for items in members])
    starts = np.concatenate([[0], stops[:-1]]).astype(np.int64)
    totals = np.zeros((count, len(members), table.shape[1]))
    for i, order in enumerate(orders(len(table), clusters, count=count, seed=sampling.policy.seed)):
        totals[i] = np.add.reduceat(table[order[joined]], starts, axis=0)
    return totals


def _by_unit(table: Array, clusters: Ints) -> Array:
    sums = np.zeros((int(clusters.max()) + 1, table.shape[1]))
    np.add.at(sums, clusters, table)
    return sums


def whole_clusters(groups: Sequence[Ints], clusters: Ints) -> list[Ints] | None:
    """Clusters of each group; None if a group holds only a part of one."""
    sizes = np.bincount(clusters)
    found = []
    for items in groups:
        own = np.bincount(clusters[items], minlength=len(sizes))
        if (own != sizes)[own > 0].any():
            return None
        found.append(np.flatnonzero(own))
    return found


def _pooled_draws(
    metric: PooledMetric[Any],
    statistics: MetricStatistics,
    groups: Sequence[Ints],
    sampling: Sampling,
    count: int,
) -> Iterator[Draws]:
    """The draws of each output of a metric that is pooled."""
    n, clusters, policy = sampling
    rows, size = rows_of(statistics), len(groups)
    rests = [np.setdiff1d(np.arange(n), items, assume_unique=True) for items in groups]
    own = [(among(rows, items, n), items) for items in groups]
    others = [(among(rows, items, n), items) for items in rests]
    points = [pooled_scores(metric, some, len(items)) for some, items in (*own, *others)]
    drawn = resampled_scores(metric, own, n, clusters, policy) if policy.resamples else []
    permuted = _permuted_pooled(metric, statistics, groups, sampling, count)
    nothing = np.zeros((0, size))  # resampling all the rests would take long
    for output in metric.outputs():
        score = np.array([point[output.name] for point in points])
        columns = [one[output.name] for one in drawn] if output.has_interval else []
        draws = np.array(columns).reshape(size, -1).T
        table = np.vstack([score[:size], permuted[output.name]])
        yield Draws(output, score[:size], score[size:], draws, nothing, table)


def _permuted_pooled(
    metric: PooledMetric[Any],
    statistics: MetricStatistics,
    groups: Sequence[Ints],
    sampling: Sampling,
    count: int,
) -> dict[str, Array]:
    """Scores of the groups when the items are in another order, (count, G) by output."""
    n, clusters, policy = sampling
    rows = rows_of(statistics)
    members, units = groups, None
    if clusters is not None and (whole := whole_clusters(groups, clusters)) is not None:
        members, units, clusters = whole, clusters, None
    n_units = n if units is None else int(units.max()) + 1
    found: dict[str, list[list[float]]] = {output.name: [] for output in metric.outputs()}
    for order in orders(n_units, clusters, count=count, seed=policy.seed):
        weights = np.zeros((len(groups), n_units))
        for group, items in enumerate(members):
            weights[group, order[items]] = 1.0
        with np.errstate(all="ignore"):
            scores = metric.combine(rows, weights if units is None else weights[:, units])
        for name, column in scores.items():
            found[name].append(column.tolist())
    return {name: np.array(column).reshape(count, len(groups)) for name, column in found.items()}
