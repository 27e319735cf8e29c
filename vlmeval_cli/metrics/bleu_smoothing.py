"""NLTK's smoothings of n-gram precisions, vectorised over any leading axes.

Numbered as in Chen and Cherry 2014, "A Systematic Comparison of Smoothing Techniques for
Sentence-Level BLEU", with the constants of ``nltk.translate.bleu_score.SmoothingFunction``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array

_EPSILON = 0.1
_ALPHA = 5.0
_K = 5.0
_SMALLEST = float(np.finfo(np.float64).tiny)


class Precisions(NamedTuple):
    """Counts of one or many corpora; orders are the last axis.

    Attributes:
        matched: clipped matches, shape (..., n).
        possible: n-grams of the predictions by the variant's rules, shape (..., n).
        existing: n-grams that the predictions really have, shape (..., n); read by ``method6``.
        length: tokens of the predictions, shape (...).
    """

    matched: Array
    possible: Array
    existing: Array
    length: Array


def _smallest_for_zero(counts: Precisions) -> Array:
    """method0: the smallest positive double in place of 0."""
    return np.where(counts.matched > 0, counts.matched / counts.possible, _SMALLEST)


def _epsilon_for_zero(counts: Precisions) -> Array:
    """method1: a tenth of a match in place of none."""
    return np.where(counts.matched > 0, counts.matched, _EPSILON) / counts.possible


def _add_one(counts: Precisions) -> Array:
    """method2: one match and one n-gram more from bigrams on (Lin and Och 2004)."""
    more = np.ones(counts.matched.shape[-1])
    more[0] = 0.0
    return np.asarray((counts.matched + more) / (counts.possible + more), dtype=np.float64)


def _halves_for_zero(counts: Precisions) -> Array:
    """method3: 1/2, 1/4, 1/8 … matches for the orders without any (NIST)."""
    none = counts.matched == 0
    rank = np.cumsum(none, axis=-1)
    return np.where(none, 0.5**rank, counts.matched) / counts.possible


def _halves_by_length(counts: Precisions) -> Array:
    """method4: method3, times ln(length)/5; one token has none, and keeps its zeros."""
    none = counts.matched == 0
    rank = np.cumsum(none, axis=-1)
    share = np.log(np.maximum(counts.length, 1.0))[..., None] / _K
    return np.where(none, 0.5**rank * share, counts.matched) / counts.possible


def _mean_of_neighbours(counts: Precisions, precisions: Array | None = None) -> Array:
    """method5: the mean of the smoothed precision before, its own, and the one after.

    The last order is read as a neighbour only and is not part of the result.
    """
    if precisions is None:
        precisions = counts.matched / counts.possible
    before = precisions[..., 0] + 1.0
    smoothed = []
    for n in range(precisions.shape[-1] - 1):
        before = (before + precisions[..., n] + precisions[..., n + 1]) / 3.0
        smoothed.append(before)
    return np.stack(smoothed, axis=-1)


def _interpolated(counts: Precisions) -> Array:
    """method6: precisions from trigrams on, drawn to what the two orders before lead to expect.

    Undefined (NaN) where no trigram matches: NLTK refuses there.
    """
    precisions = counts.matched / counts.possible
    for n in range(2, precisions.shape[-1]):
        before, two_before = precisions[..., n - 1], precisions[..., n - 2]
        expected = np.where(two_before == 0, 0.0, before**2 / two_before)
        precisions[..., n] = (counts.matched[..., n] + _ALPHA * expected) / (
            counts.existing[..., n] + _ALPHA
        )
    return np.where(counts.matched[..., 2:3] > 0, precisions, np.nan)


def _halves_then_mean(counts: Precisions) -> Array:
    """method7: method4, then method5; the order that is a neighbour only stays as counted."""
    precisions = _halves_by_length(counts)
    precisions[..., -1] = counts.matched[..., -1] / counts.possible[..., -1]
    return _mean_of_neighbours(counts, precisions)


SMOOTHINGS: Mapping[str, Callable[[Precisions], Array]] = MappingProxyType(
    {
        "method0": _smallest_for_zero,
        "method1": _epsilon_for_zero,
        "method2": _add_one,
        "method3": _halves_for_zero,
        "method4": _halves_by_length,
        "method5": _mean_of_neighbours,
        "method6": _interpolated,
        "method7": _halves_then_mean,
    }
)
