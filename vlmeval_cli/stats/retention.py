"""How much of a score is kept under noise, and how the errors of two models compare.

Every formula is applied to the scores and to each of their resamples alike, which are the same
resamples for all runs: the percentiles of what comes out are the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, Output
from vlmeval_cli.stats.bootstrap import interval
from vlmeval_cli.stats.matching import Contest, contest
from vlmeval_cli.stats.rescoring import Measured, Scored, Subset, rescored
from vlmeval_cli.stats.summary import holds

_UNDEFINED = 0.01  # share of resamples without a value that an interval bears


class Sides(NamedTuple):
    """One output of a run under noise and of its clean run, on the items that both scored.

    Attributes:
        noisy, clean: the score, followed by those of the resamples, if there are any.
        n: number of items.
    """

    noisy: Array
    clean: Array
    n: int


class Bounded(NamedTuple):
    """A number and its interval."""

    value: float | None
    low: float | None
    high: float | None


UNKNOWN = Bounded(None, None, None)


def sides(
    metrics: Sequence[Metric[Any]],
    runs: Sequence[Sequence[MetricStatistics]],
    pairs: Sequence[tuple[int, int]],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    n: int,
) -> list[list[dict[str, Sides]]]:
    """For each pair (noisy run, clean run) and metric the scores of every output.

    Args:
        metrics: the metrics.
        runs: statistics of each run and metric, all over the same items in the same order.
        pairs: numbers of runs.
        clusters: cluster number of every item, None where each is resampled alone.
        policy: resamples and seed; the resamples are those of all other intervals.
        n: number of items.
    """
    contests = [
        contest(metric, [own[i] for own in runs], pairs) for i, metric in enumerate(metrics)
    ]
    measured = [Measured(one.metric, side) for one in contests for side in one.sides]
    scored = [one for (one,) in rescored(measured, [Subset()], clusters, policy, n)]
    starts = [0, *accumulate(len(one.sides) for one in contests)]
    return [
        [_sides(one, p, scored[first:], n) for one, first in zip(contests, starts, strict=False)]
        for p in range(len(pairs))
    ]


def _sides(one: Contest, p: int, scored: Sequence[Scored], n: int) -> dict[str, Sides]:
    pair = one.pairs[p]
    return {
        output.name: Sides(
            _column(scored[pair.side], output),
            _column(scored[pair.other], output),
            pair.shared(Subset(), n),
        )
        for output in one.metric.outputs()
    }


def _column(scored: Scored, output: Output) -> Array:
    """The score, then those of the resamples."""
    value = np.atleast_1d(np.asarray(scored.scores[output.name], dtype=np.float64))
    draws = scored.resampled.get(output.name) if output.has_interval else None
    return value if draws is None else np.concatenate([value, draws])


def change(found: Sequence[Sides], confidence: float) -> Bounded:
    """Noisy less clean score, on average over the runs of ``found``."""
    return bounded(mean([one.noisy - one.clean for one in found]), confidence)


def kept_share(found: Sequence[Sides], output: Output, confidence: float) -> Bounded:
    """The share of the clean score that is left, on average over severities or kinds of noise.

    1 is all of it; of an output where lower is better it is clean / noisy, so that less is worse
    there too. Unknown where what it is divided by is not above 0.
    """
    noisy, clean = mean([one.noisy for one in found]), mean([one.clean for one in found])
    share = ratio(noisy, clean) if output.higher_is_better else ratio(clean, noisy)
    return bounded(share, confidence)


def errors(scores: Array, output: Output) -> Array | None:
    """1 − score of an output between 0 and 1, or the score where lower is better; else None."""
    if output.range != (0.0, 1.0):
        return None
    return 1.0 - scores if output.higher_is_better else scores


def ratio(above: Array, below: Array) -> Array:
    """A quotient; NaN where what it is divided by is not above 0."""
    with np.errstate(all="ignore"):
        return np.where(below > 0.0, above / below, np.nan)


def mean(columns: Sequence[Array]) -> Array:
    """Mean over runs; where one has no resamples the mean has none."""
    shortest = min(map(len, columns))
    return np.asarray(np.mean([column[:shortest] for column in columns], axis=0))


def bounded(column: Array, confidence: float) -> Bounded:
    """The first of a column as value, and the interval that the rest gives.

    No interval where more than a few resamples have no value: a ratio whose denominator may be 0
    has no bounds that percentiles of the others could give.
    """
    value = float(column[0])
    if not np.isfinite(value):
        return UNKNOWN
    draws = column[1:]
    is_usable = len(draws) > 0 and float(np.isnan(draws).mean()) <= _UNDEFINED
    bounds = interval(draws, confidence) if is_usable else None
    low, high = bounds if bounds is not None and holds(bounds, value) else (None, None)
    return Bounded(value, low, high)
