"""Agreement beyond chance: Cohen's kappa of two raters, Krippendorff's alpha of any number.

Both compare the disagreement that was observed with the one to be expected from how often each
category is used, and both are functions of sums over units, so that their intervals are bootstrap
intervals over units like all others. Categories are codes from 0; a negative code is a missing
judgment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.stats.bootstrap import Scope, interval, resampled_totals

Weighting = Literal["none", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval"]

_ONE_CATEGORY = "all judgments fall into one category, so that chance explains their agreement"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well raters agree.

    Attributes:
        value: 1 perfect, 0 as by chance, below 0 worse; None if unknown.
        low, high: bootstrap interval over units; None when not computed.
        n: units that at least two raters judged.
        reason: why ``value`` is None.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None


def cohen_kappa(
    first: Ints,
    second: Ints,
    weighting: Weighting = "none",
    policy: StatisticsPolicy | None = None,
) -> Agreement:
    """Cohen's kappa (1960) of two raters, over the units that both judged.

    Args:
        first: codes of one rater, shape (n,).
        second: codes of the other.
        weighting: "linear" or "quadratic" count distant codes as worse (Cohen 1968).
        policy: of the interval; None gives none.

    >>> cohen_kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])).value
    0.5
    """
    both = (first >= 0) & (second >= 0)
    first, second = first[both], second[both]
    size = int(max(first.max(initial=-1), second.max(initial=-1))) + 1
    pairs = np.zeros((len(first), size, size))
    pairs[np.arange(len(first)), first, second] = 1.0
    return _agreement(pairs, partial(kappa_of_counts, weighting=weighting), policy)


def kappa_of_counts(confusion: Array, weighting: Weighting = "none") -> Array:
    """Cohen's kappa of confusion matrices, shape (..., categories, categories); NaN if unknown."""
    distance = _distance(confusion.shape[-1], weighting)
    observed = (confusion * distance).sum(axis=(-2, -1)) * confusion.sum(axis=(-2, -1))
    rows, columns = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return _beyond_chance(observed, np.einsum("...i,ij,...j->...", rows, distance, columns))


def krippendorff_alpha(
    codes: Ints,
    level: Level = "nominal",
    values: Array | None = None,
    policy: StatisticsPolicy | None = None,
) -> Agreement:
    """Krippendorff's alpha ("Computing Krippendorff's alpha-reliability", 2011).

    Args:
        codes: shape (raters, units).
        level: what the codes mean: names, ranks, or points on a scale.
        values: of the codes, where their level is "interval" and they are not 0, 1, 2, ….
        policy: of the interval; None gives none.

    >>> round(krippendorff_alpha(np.array([[0, 0, 1, -1], [0, 1, 1, 1]])).value, 3)
    0.444
    """
    size = int(codes.max(initial=-1)) + 1
    used = (codes[..., None] == np.arange(size)).sum(axis=0, dtype=np.float64)
    points = None if values is None else values[:size]
    coefficient = partial(alpha_of_counts, level=level, values=points)
    return _agreement(coincidences(used[used.sum(axis=-1) >= 2]), coefficient, policy)


def alpha_of_counts(total: Array, level: Level = "nominal", values: Array | None = None) -> Array:
    """Krippendorff's alpha of :func:`coincidences` that were summed; NaN if unknown."""
    used = total.sum(axis=-1)
    points = np.arange(total.shape[-1], dtype=np.float64) if values is None else values
    distance = _difference(level, used, points)
    observed = (total * distance).sum(axis=(-2, -1)) * (used.sum(axis=-1) - 1.0)
    return _beyond_chance(observed, np.einsum("...i,...ij,...j->...", used, distance, used))


def coincidences(used: Array) -> Array:
    """Pairs of judgments within each unit, over its number of judgments - 1.

    Args:
        used: how often each category was used of each unit, two judgments or more, shape
            (n, categories).

    Returns:
        Shape (n, categories, categories).
    """
    pairs = used[:, :, None] * used[:, None, :]
    categories = np.arange(used.shape[-1])
    pairs[:, categories, categories] -= used
    return np.asarray(pairs / (used.sum(axis=-1) - 1.0)[:, None, None], dtype=np.float64)


def _agreement(
    units: Array, coefficient: Callable[[Array], Array], policy: StatisticsPolicy | None
) -> Agreement:
    """The coefficient of the sum of ``units``, shape (n, categories, categories)."""
    n, size, _ = units.shape
    if n == 0:
        return Agreement(None, None, None, 0, "no unit was judged by two raters")
    value = float(coefficient(units.sum(axis=0)))
    if np.isnan(value):
        return Agreement(None, None, None, n, _ONE_CATEGORY)
    if policy is None or policy.resamples == 0 or n < 2:
        return Agreement(value, None, None, n)
    flat = Scope(None, units.reshape(n, size * size))
    (totals,) = resampled_totals([flat], n, n_resamples=policy.resamples, seed=policy.seed)
    bounds = interval(coefficient(totals.reshape(-1, size, size)), policy.confidence)
    low, high = bounds or (None, None)
    return Agreement(value, low, high, n)


def _beyond_chance(observed: Array, expected: Array) -> Array:
    """1 - observed / expected disagreement; NaN where none is to be expected."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 1.0 - observed / expected
    return np.where(expected > 0.0, found, np.nan)


def _distance(size: int, weighting: Weighting) -> Array:
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(np.float64)
    if weighting == "none":
        return np.asarray(apart > 0.0, dtype=np.float64)
    return apart if weighting == "linear" else apart**2


def _difference(level: Level, used: Array, values: Array) -> Array:
    """Krippendorff's squared differences of categories, shape (..., categories, categories)."""
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    if level == "interval":
        return np.asarray(np.subtract.outer(values, values) ** 2, dtype=np.float64)
    # Ranks are as far apart as there are judgments between them, half of their own included.
    middle = np.cumsum(used, axis=-1) - used / 2.0
    return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2, dtype=np.float64)
