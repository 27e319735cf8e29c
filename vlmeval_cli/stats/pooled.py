"""Scores of metrics that rank or pool items: the whole data set is combined for every resample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import MetricStatistics, PooledMetric, Rows
from vlmeval_cli.stats.bootstrap import weight_blocks

_AT_ONCE = 4_000_000  # weights that are handed to a metric at a time


def rows_of(statistics: MetricStatistics) -> Rows:
    """Rows of the items that were not skipped."""
    values = statistics.values
    item = np.arange(len(values)) if statistics.item is None else statistics.item
    if statistics.skips:
        kept = ~np.isin(item, list(statistics.skips))
        values, item = values[kept], item[kept]
    return Rows(values, item)


def among(rows: Rows, items: Ints, n: int) -> Rows:
    """Rows of ``items`` (ascending, of ``n``), renumbered in their order."""
    place = np.full(n, -1, dtype=np.int64)
    place[items] = np.arange(len(items))
    own = place[rows.item]
    return Rows(rows.values[own >= 0], own[own >= 0])


def pooled_scores(metric: PooledMetric[Any], rows: Rows, n: int) -> dict[str, float]:
    """Scores of ``n`` items, each counted once; NaN where undefined."""
    with np.errstate(all="ignore"):
        found = metric.combine(rows, np.ones((1, n)))
    return {name: float(scores[0]) for name, scores in found.items()}


def resampled_scores(
    metric: PooledMetric[Any],
    scopes: Sequence[tuple[Rows, Ints | None]],
    n: int,
    clusters: Ints | None,
    policy: StatisticsPolicy,
) -> list[Mapping[str, Array]]:
    """For each scope (rows, and their items; None for all), scores of every resample."""
    found: list[dict[str, list[Array]]] = [{} for _ in scopes]
    for weights in _item_weights(n, clusters, policy):
        for (rows, items), scores in zip(scopes, found, strict=True):
            own = weights if items is None else weights[:, items]
            with np.errstate(all="ignore"):
                for name, column in metric.combine(rows, own).items():
                    scores.setdefault(name, []).append(column)
    return [{name: np.concatenate(parts) for name, parts in one.items()} for one in found]


def _item_weights(n: int, clusters: Ints | None, policy: StatisticsPolicy) -> Iterator[Array]:
    """Weights of the items, (b, n) at a time; a cluster's items have the weight of the cluster."""
    n_units = n if clusters is None else int(clusters.max(initial=-1)) + 1
    size = max(1, _AT_ONCE // max(n, 1))
    for block in weight_blocks(n_units, n_resamples=policy.resamples, seed=policy.seed):
        for start in range(0, len(block), size):
            part = block[start : start + size]
            yield (part if clusters is None else part[:, clusters]).astype(np.float64)
