"""Which items the two runs of a pair share, metric by metric.

An item that one run has no statistics for (it could not be scored) leaves the comparison for both.
Where both runs left out the same items, as they mostly do, their statistics are used as they are;
only where they differ is a copy made without the items that the other run lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.metric import Metric, MetricStatistics, PooledMetric
from vlmeval_cli.stats.rescoring import Subset

_NOT_SHARED = "the other run has no score for it"


class Matched(NamedTuple):
    """Two runs over the items that both scored.

    Attributes:
        run, against: which runs.
        side, other: where their statistics on the shared items stand in :attr:`Contest.sides`.
        unscored: items that one of them, or both, could not score.
        dropped: items that only one of them scored.
    """

    run: int
    against: int
    side: int
    other: int
    unscored: frozenset[int]
    dropped: frozenset[int]

    def shared(self, subset: Subset, n: int) -> int:
        """How many items of a subset both runs scored."""
        return subset.size(n) - _count(self.unscored, subset)

    def lost(self, subset: Subset) -> int:
        """How many items of a subset only one of the runs scored."""
        return _count(self.dropped, subset)

    def items(self, subset: Subset, n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The items of a subset that both runs scored, ascending."""
        own = np.arange(n) if subset.items is None else subset.items
        return own[~np.isin(own, list(self.unscored))] if self.unscored else own


@dataclass(frozen=True, slots=True)
class Contest:
    """A metric, and the pairs of runs that are compared by it.

    Attributes:
        metric: the metric.
        sides: statistics of a run on the items it shares with another.
        pairs: the pairs, in the order they were asked for.
    """

    metric: Metric[Any]
    sides: Sequence[MetricStatistics]
    pairs: Sequence[Matched]

    @property
    def is_pooled(self) -> bool:
        """Whether its scores are no function of sums."""
        return isinstance(self.metric, PooledMetric)

    @property
    def width(self) -> int:
        """Columns of the statistics of one side."""
        return int(self.sides[0].values.shape[1]) if self.sides else 0


def contest(
    metric: Metric[Any], runs: Sequence[MetricStatistics], pairs: Sequence[tuple[int, int]]
) -> Contest:
    """The pairs of ``runs``, each on the items that both of them scored."""
    known: dict[tuple[int, frozenset[int]], int] = {}
    sides: list[MetricStatistics] = []
    skips = [frozenset(own.skips) for own in runs]

    def side(run: int, other: int) -> int:
        key = (run, skips[other] - skips[run])
        if key not in known:
            known[key] = len(sides)
            sides.append(_without(metric, runs[run], key[1]))
        return known[key]

    matched = [
        Matched(a, b, side(a, b), side(b, a), skips[a] | skips[b], skips[a] ^ skips[b])
        for a, b in pairs
    ]
    return Contest(metric, sides, matched)


def _without(metric: Metric[Any], own: MetricStatistics, items: frozenset[int]) -> MetricStatistics:
    """The statistics as if ``items`` had been skipped."""
    if not items:
        return own
    values = own.values
    if not isinstance(metric, PooledMetric):  # those of pooled metrics are left out by their skips
        values = values.copy()
        values[list(items)] = 0.0
    return replace(own, values=values, skips={**own.skips, **dict.fromkeys(items, _NOT_SHARED)})


def _count(items: frozenset[int], subset: Subset) -> int:
    if subset.items is None or not items:
        return len(items)
    return int(np.isin(subset.items, list(items)).sum())
