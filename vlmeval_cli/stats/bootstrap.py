"""Resampling weights, made in blocks, and percentile intervals of scores.

A bootstrap score is ``finalize(W @ S)``: ``S`` holds the additive statistics of ``n`` units
(items, or clusters of items), ``W`` says how often each resample draws each unit. ``W`` is made in
blocks of :data:`BLOCK` resamples with a seed per block, and never as a whole, so that memory does
not grow with resamples × units, and every metric and run sees the same resamples.

Up to :data:`MULTINOMIAL_LIMIT` units the weights are multinomial (Efron 1979): n draws with
replacement. Above it they are independent Poisson(1) weights, to which the multinomial converges
(Hanley and MacGibbon 2006, doi:10.1016/j.cmpb.2006.04.006), looked up in a table of 2¹⁶ entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, factorial
from typing import Any

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints

BLOCK = 50
MULTINOMIAL_LIMIT = 50_000
_CHUNK = 20_000  # units whose Poisson weights are in memory at a time
_ONE_THREAD = 1 << 18  # multiplications up to which OpenBLAS starts no second thread


@dataclass(frozen=True, slots=True)
class Scope:
    """Some of the units with their statistics: all of them, or those of a group.

    Attributes:
        units: which units, ascending, shape (m,); None for all.
        statistics: additive statistics of those units, shape (m, k).
    """

    units: Ints | None
    statistics: Array


def method(n_units: int) -> str:
    """How the weights of ``n_units`` units are drawn, for the report."""
    return "multinomial" if n_units <= MULTINOMIAL_LIMIT else "poisson"


def resampled_totals(
    scopes: Sequence[Scope], n_units: int, *, n_resamples: int, seed: int
) -> list[Array]:
    """Summed statistics of every resample, for each scope; shapes (n_resamples, k)."""
    totals = [np.zeros((n_resamples, scope.statistics.shape[1])) for scope in scopes]
    for first in range(0, n_resamples, BLOCK):
        size = min(BLOCK, n_resamples - first)
        for start, weights in _weights(n_units, size, (seed, first // BLOCK)):
            for scope, total in zip(scopes, totals, strict=True):
                with np.errstate(invalid="ignore"):  # infinite statistics that were not drawn
                    total[first : first + size] += _weighted(scope, weights, start)
    return totals


def weight_blocks(n_units: int, *, n_resamples: int, seed: int) -> Iterator[npt.NDArray[np.uint16]]:
    """The weights of :func:`resampled_totals` whole, a block of resamples at a time.

    For scores that are no function of sums. Each block has shape (up to BLOCK, n_units).
    """
    for first in range(0, n_resamples, BLOCK):
        size = min(BLOCK, n_resamples - first)
        block = np.empty((size, n_units), dtype=np.uint16)
        for start, weights in _weights(n_units, size, (seed, first // BLOCK)):
            block[:, start : start + len(weights)] = weights.T
        yield block


def weighted_sums(weights: Array, statistics: Array) -> Array:
    """``weights.T @ statistics`` in small pieces, shapes (n, b) and (n, k) → (b, k).

    The pieces stay in the cache and on one thread: on a busy machine the threads of a larger
    product wait for each other ten times as long as it takes.
    """
    step = max(16, _ONE_THREAD // max(1, weights.shape[1] * statistics.shape[1]))
    sums = weights[:step].T @ statistics[:step]
    for start in range(step, len(weights), step):
        sums += weights[start : start + step].T @ statistics[start : start + step]
    return sums


def interval(scores: Array, confidence: float) -> tuple[float, float] | None:
    """Percentile interval of resampled scores, shape (n_resamples,).

    Resamples that drew no scored item (they happen in groups of few items) are left out; None if
    they are more than half.
    """
    known = scores[~np.isnan(scores)]
    if 2 * len(known) <= len(scores):
        return None
    tail = (1.0 - confidence) / 2.0
    ranks = np.array([tail, 1.0 - tail]) * (len(known) - 1)
    low, high = np.interp(ranks, np.arange(len(known)), np.sort(known))
    return float(low), float(high)


def _weighted(scope: Scope, weights: npt.NDArray[np.float64], start: int) -> Array:
    """Weighted sums over the units ``start`` to ``start + len(weights)`` of one scope."""
    stop = start + len(weights)
    if scope.units is None:
        return weighted_sums(weights, scope.statistics[start:stop])
    low, high = np.searchsorted(scope.units, [start, stop])
    return weighted_sums(weights[scope.units[low:high] - start], scope.statistics[low:high])


def _weights(
    n_units: int, size: int, seed: tuple[int, int]
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Blocks of weights: first unit, and an array (units of this chunk, size).

    A row is a unit, so that the units of a group lie together in memory.
    """
    if n_units <= MULTINOMIAL_LIMIT:
        yield 0, _multinomial(n_units, size, np.random.default_rng(seed))
        return
    for chunk, start in enumerate(range(0, n_units, _CHUNK)):
        rng = np.random.default_rng((*seed, chunk))
        yield start, _poisson(min(_CHUNK, n_units - start), size, rng)


def _multinomial(n: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    weights = np.empty((n, size))
    for start, stop in few_at_a_time(n, size):
        drawn = rng.integers(0, n, size=(stop - start, n), dtype=np.int32)
        weights[:, start:stop] = counts(drawn, n).T
    return weights


def few_at_a_time(n: int, size: int) -> Iterator[tuple[int, int]]:
    """First and last of the resamples that are drawn together.

    Ten resamples, or more of few units: memory that is used again is faster than fresh memory.
    """
    step = max(10, _CHUNK // max(n, 1))
    for start in range(0, size, step):
        yield start, min(start + step, size)


def counts(drawn: npt.NDArray[np.integer[Any]], n: int) -> Ints:
    """How often each row draws each of ``n`` units, shape (len(drawn), n)."""
    own = drawn + np.arange(len(drawn), dtype=drawn.dtype)[:, None] * drawn.dtype.type(n)
    return np.bincount(own.ravel(), minlength=len(drawn) * n).reshape(len(drawn), n)


def _poisson(n: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    # Rounding the distribution to 2⁻¹⁶ moves its mean and variance by less than 1e-4.
    draws = rng.integers(0, 1 << 16, size=(n, size), dtype=np.uint16)
    return _poisson_table()[draws]


@cache
def _poisson_table() -> npt.NDArray[np.float64]:
    """Quantile function of Poisson(1) at the midpoints of 2¹⁶ equal steps."""
    cumulative = np.cumsum([exp(-1.0) / factorial(k) for k in range(12)])
    midpoints = (np.arange(1 << 16) + 0.5) / (1 << 16)
    return np.searchsorted(cumulative, midpoints).astype(np.float64)
