"""Differences of runs on the same items: intervals, tests, effect sizes, wins and losses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.comparison import Difference as Difference
from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, Output
from vlmeval_cli.stats.bootstrap import interval
from vlmeval_cli.stats.matching import Contest, Matched, contest
from vlmeval_cli.stats.rescoring import Measured, Scored, Subset, at_once, rescored
from vlmeval_cli.stats.summary import holds


class Resampling(NamedTuple):
    """How items are resampled.

    Attributes:
        clusters: cluster number of every item, shape (n,); None where each stands alone.
        statistics: resamples, confidence and seed, as for the intervals of scores.
        pairs: the test.
        n: number of items.
    """

    clusters: Ints | None
    statistics: StatisticsPolicy
    pairs: PairPolicy
    n: int


def differences(
    metrics: Sequence[Metric[Any]],
    runs: Sequence[Sequence[MetricStatistics]],
    pairs: Sequence[tuple[int, int]],
    subsets: Sequence[Subset],
    resampling: Resampling,
) -> list[list[list[dict[str, Difference]]]]:
    """For each subset, pair and metric, the difference of every output.

    Args:
        metrics: the metrics.
        runs: statistics of each run and metric, all over the same items in the same order.
        pairs: (run, against), as numbers of runs.
        subsets: which items are compared together.
        resampling: how.
    """
    contests = [
        contest(metric, [own[i] for own in runs], pairs) for i, metric in enumerate(metrics)
    ]
    width = sum(one.width * len(one.sides) for one in contests)
    size = at_once(resampling.statistics.resamples, width)
    found = []
    for start in range(0, len(subsets), size):
        found += _differences_of(contests, subsets[start : start + size], len(pairs), resampling)
    return found


def _differences_of(
    contests: Sequence[Contest], subsets: Sequence[Subset], n_pairs: int, resampling: Resampling
) -> list[list[list[dict[str, Difference]]]]:
    measured = [Measured(one.metric, side) for one in contests for side in one.sides]
    scored = rescored(measured, subsets, resampling.clusters, resampling.statistics, resampling.n)
    starts = [0, *accumulate(len(one.sides) for one in contests)]
    return [
        [
            [
                _of_pair(one, p, [side[s] for side in scored[first:]], subset, resampling)
                for one, first in zip(contests, starts, strict=False)
            ]
            for p in range(n_pairs)
        ]
        for s, subset in enumerate(subsets)
    ]


def _of_pair(
    one: Contest, p: int, sides: Sequence[Scored], subset: Subset, resampling: Resampling
) -> dict[str, Difference]:
    pair = one.pairs[p]
    return {
        output.name: _difference(
            output, pair, sides[pair.side], sides[pair.other], subset, resampling
        )
        for output in one.metric.outputs()
    }


def _difference(
    output: Output,
    pair: Matched,
    mine: Scored,
    theirs: Scored,
    subset: Subset,
    resampling: Resampling,
) -> Difference:
    value, against = (float(side.scores[output.name]) for side in (mine, theirs))
    change = value - against
    draws = None
    if output.has_interval and output.name in mine.resampled:
        draws = mine.resampled[output.name] - theirs.resampled[output.name]
    confidence = resampling.statistics.confidence
    low, high = _bounds(draws, change, confidence)
    narrow_low, narrow_high = _bounds(draws, change, 2 * confidence - 1)
    return Difference(
        _known(value), _known(against), _known(change), low, high, narrow_low, narrow_high,
        _known(np.nanstd(draws, ddof=1)) if draws is not None else None,
        p_value(draws, change) if draws is not None else None,
        "paired bootstrap", None, "", pair.shared(subset, resampling.n), pair.lost(subset),
        None, None, None,
    )  # fmt: skip


def _bounds(
    draws: Array | None, change: float, confidence: float
) -> tuple[float | None, float | None]:
    bounds = None if draws is None or confidence <= 0 else interval(draws, confidence)
    return bounds if bounds is not None and holds(bounds, change) else (None, None)


def p_value(draws: Array, change: float) -> float:
    """Two-sided: how often a resampled difference, centred on its mean, is as far from 0."""
    far = np.abs(draws - draws.mean()) >= abs(change) - 1e-12
    return float((far.sum() + 1) / (len(draws) + 1))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
