"""Orders of the items that are all as likely if groups do not matter, and what is extreme in them.

A permutation test asks how often chance alone, handing the same item scores to the items in another
order, makes groups that lie as far out as those that were found. Of many groups the furthest counts
(single-step maxT, Westfall and Young 1993), so that one false alarm among all of them has the
chance that the test names, whatever their overlap.

Items of one cluster (questions on one image) are not exchangeable with others. Whole clusters of
equal size change places, and items within each of them; under no effect of the groups every such
order is as likely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vlmeval_cli.core.batch import Array, Ints

N_PERMUTATIONS = 999
FEWEST = 199  # which can still show a chance of 0.005
_STREAM = 18  # tells these random numbers from those of the bootstrap, which has the same seed
_SAME = 1e-6  # sums of the same scores in another order differ by less, in standard deviations


@dataclass(frozen=True, slots=True)
class Extremes:
    """How far out the first row of a table of scores is among all its rows.

    Attributes:
        p_values: of each column on its own, shape (m,).
        corrected: of each column, for the furthest of all columns.
        furthest: distance of the furthest column in every row, shape (1 + count,).
        spread: standard deviation of each column over the rows.
        distance: of the first row from the mean, in standard deviations; sign kept.
        critical: distance that the furthest column exceeds in a share ``alpha`` of the rows.
    """

    p_values: Array
    corrected: Array
    furthest: Array
    spread: Array
    distance: Array
    critical: float


def orders(n: int, clusters: Ints | None, *, count: int, seed: int) -> Iterator[Ints]:
    """Random orders of ``n`` items, each of shape (n,): position → item whose score it gets."""
    rng = np.random.default_rng((seed, _STREAM))
    if clusters is None:
        for _ in range(count):
            yield rng.permutation(n)
        return
    classes = _of_equal_size(clusters)
    for _ in range(count):
        order = np.empty(n, dtype=np.int64)
        for items in classes:
            mixed = rng.permutation(items)
            order[items] = rng.permuted(mixed, axis=1) if items.shape[1] > 1 else mixed
        yield order


def affordable(work: int, most_work: float, wanted: int = N_PERMUTATIONS) -> int:
    """Number of permutations, of ``work`` steps each, that stay within ``most_work`` steps."""
    return int(min(wanted, max(FEWEST, most_work // max(1, work))))


def extremes(scores: Array, alpha: float) -> Extremes:
    """How far out the first row is.

    Args:
        scores: what was found, and the same of every permutation, shape (1 + count, m). NaN, and
            columns that do not vary, are never extreme.
        alpha: chance of a false alarm for :attr:`Extremes.critical`.
    """
    with np.errstate(all="ignore"):
        known = np.isfinite(scores)
        n_known = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, scores, 0.0)
        mean = filled.sum(axis=0) / n_known
        away = np.where(known, scores - mean, 0.0)
        spread = np.sqrt(np.square(away).sum(axis=0) / n_known)
        distance = np.where(spread > 0.0, away / spread, 0.0)
    size = np.abs(distance)
    top = size.max(axis=1, initial=0.0)
    ordered = np.sort(top)
    allowed = int(alpha * len(top))
    return Extremes(
        p_values=(size >= size[0] - _SAME).mean(axis=0),
        corrected=share_as_far(top, size[0]),
        furthest=top,
        spread=spread,
        distance=distance[0],
        critical=float(ordered[len(top) - 1 - allowed]) if allowed < len(top) else 0.0,
    )


def share_as_far(furthest: Array, distances: Array) -> Array:
    """Share of the rows, of which the first is what was found, as far out as each distance."""
    ordered = np.sort(furthest)
    least = np.abs(distances) - _SAME
    return (len(ordered) - np.searchsorted(ordered, least, side="left")) / len(ordered)


def _of_equal_size(clusters: Ints) -> list[Ints]:
    """Items of the clusters of each size, shape (clusters, size)."""
    sizes = np.bincount(clusters)
    order = np.argsort(clusters, kind="stable")
    starts = np.cumsum(sizes) - sizes
    return [
        order[starts[sizes == size][:, None] + np.arange(size)]
        for size in np.unique(sizes[sizes > 0]).tolist()
    ]
