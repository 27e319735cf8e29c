"""Approximate randomisation of scores that rank or pool items.

Both runs' items are combined with weights 0 and 1: in a trial the first run takes its own rows of
the items that are not swapped, and the other run's rows of those that are. The whole data set is
combined twice for every trial, so this is done where it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.metric import PooledMetric, Rows
from vlmeval_cli.stats.matching import Contest, Matched
from vlmeval_cli.stats.pooled import among, pooled_scores, rows_of
from vlmeval_cli.stats.randomization import (
    BLOCK,
    MOST_ENUMERATED,
    Tally,
    Trials,
    assignments,
    swapped_bits,
    unpacked,
)
from vlmeval_cli.stats.rescoring import Subset, count_units
from vlmeval_cli.stats.testing import Tested

_AT_ONCE = 4_000_000  # weights that are handed to a metric at a time


def randomized_pooled(
    one: Contest, subsets: Sequence[Subset], clusters: Ints | None, n: int, trials: Trials
) -> list[list[dict[str, Tested]]]:
    """For each subset and pair, the test of every output of a pooled metric.

    Args:
        one: the metric with the statistics of its runs.
        subsets: items that are tested together.
        clusters: cluster number of every item; None swaps items.
        n: number of items.
        trials: how many, and their seed.
    """
    units = np.arange(n) if clusters is None else clusters
    return [[_tested(one, pair, subset, units, trials) for pair in one.pairs] for subset in subsets]


def _tested(
    one: Contest, pair: Matched, subset: Subset, units: Ints, trials: Trials
) -> dict[str, Tested]:
    metric: PooledMetric[Any] = one.metric  # type: ignore[assignment]  # those of a pooled contest
    n = len(units)
    mine, theirs = (_among(rows_of(one.sides[side]), subset, n) for side in (pair.side, pair.other))
    size = subset.size(n)
    both = Rows(
        np.concatenate([mine.values, theirs.values]),
        np.concatenate([mine.item, theirs.item + size]),
    )
    own = subset.rows(units)
    tally = Tally(pooled_scores(metric, mine, size), pooled_scores(metric, theirs, size))
    numbers, unit_of_item = np.unique(own, return_inverse=True)
    is_exact = len(numbers) <= MOST_ENUMERATED
    swaps = (
        iter([assignments(len(numbers))[:, unit_of_item]])
        if is_exact
        else _swaps(own, count_units(n, units), trials)
    )
    for swapped in swaps:
        with np.errstate(all="ignore"):
            tally.add(
                metric.combine(both, np.hstack([1.0 - swapped, swapped])),
                metric.combine(both, np.hstack([swapped, 1.0 - swapped])),
            )
    return tally.tests(trials, is_exact=is_exact)


def _among(rows: Rows, subset: Subset, n: int) -> Rows:
    return rows if subset.items is None else among(rows, subset.items, n)


def _swaps(units: Ints, n_units: int, trials: Trials) -> Iterator[Array]:
    """Which items are swapped in each trial, some trials at a time, shape (trials, items)."""
    n_bytes = max(1, _AT_ONCE // max(1, 16 * len(units)))  # of eight trials each
    for block, first in enumerate(range(0, trials.n, BLOCK)):
        chunks = [bits for _, bits in swapped_bits(n_units, (trials.seed, block))]
        bits = np.concatenate(chunks)[units]
        for place in range(0, bits.shape[1], n_bytes):
            size = min(8 * n_bytes, BLOCK - 8 * place, trials.n - first - 8 * place)
            if size > 0:
                yield unpacked(bits[:, place : place + n_bytes], size).T
