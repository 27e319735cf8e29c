"""How precisely items measure the score of a run, and the difference of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, Output
from vlmeval_cli.stats.matching import Contest, contest
from vlmeval_cli.stats.rescoring import Measured, Scored, Subset, rescored

_ALL = Subset()


class Precision(NamedTuple):
    """What the bootstrap says of one output.

    Attributes:
        value: score of the run; None if unknown.
        against: score of the other run; None if unknown, and without one.
        standard_error: of the score, or of the difference of two runs; None if unknown.
        correlation: of the scores of the two runs over resamples; None if unknown.
        n: items that were scored, in both runs.
    """

    value: float | None
    against: float | None
    standard_error: float | None
    correlation: float | None
    n: int


def precision(
    metrics: Sequence[Metric[Any]],
    runs: Sequence[Sequence[MetricStatistics]],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    n: int,
) -> list[dict[str, Precision]]:
    """For each metric, the precision of every output: of one run's score, or two runs' difference.

    Args:
        metrics: the metrics.
        runs: statistics of one run or two, by metric, over the same items.
        clusters: cluster number of every item; None resamples items.
        policy: resamples and seed.
        n: number of items.
    """
    pair = (0, len(runs) - 1)
    contests = [
        contest(metric, [own[i] for own in runs], [pair]) for i, metric in enumerate(metrics)
    ]
    measured = [Measured(one.metric, one.sides[side]) for one in contests for side in _sides(one)]
    scored = iter(rescored(measured, [_ALL], clusters, policy, n))
    found = []
    for one in contests:
        sides = [all_items for _ in _sides(one) for all_items in next(scored)]
        shared = one.pairs[0].shared(_ALL, n)
        found.append(
            {output.name: _precision(output, sides, shared) for output in one.metric.outputs()}
        )
    return found


def _sides(one: Contest) -> list[int]:
    """Where the statistics of the run, and of the other run, stand."""
    (pair,) = one.pairs
    return [pair.side] if pair.run == pair.against else [pair.side, pair.other]


def _precision(output: Output, sides: Sequence[Scored], n: int) -> Precision:
    values = [_known(side.scores[output.name]) for side in sides]
    value, against = [*values, None][:2]
    if not output.has_interval or output.name not in sides[0].resampled:
        return Precision(value, against, None, None, n)
    own, *others = [side.resampled[output.name] for side in sides]
    if not others:
        return Precision(value, None, _spread(own), None, n)
    return Precision(value, against, _spread(own - others[0]), _correlation(own, others[0]), n)


def _spread(draws: Array) -> float | None:
    """Standard deviation of the resampled scores; None if most are unknown."""
    known = draws[~np.isnan(draws)]
    return float(known.std(ddof=1)) if len(known) > max(1, len(draws) // 2) else None


def _correlation(first: Array, second: Array) -> float | None:
    both = ~np.isnan(first) & ~np.isnan(second)
    first, second = first[both], second[both]
    if len(first) < 2 or not first.std() or not second.std():
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _known(value: Any) -> float | None:  # noqa: ANN401  (a score of any kind of number)
    return None if np.isnan(value) else float(value)
