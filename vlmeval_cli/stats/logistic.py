"""Logistic regression on one number, unpenalised, for many weightings of the rows at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array

_MOST_STEPS = 100
_LONGEST_STEP = 3.0
_CONVERGED = 1e-11
_ROUNDING = 1e-6  # where outcomes are nearly separated, rounding keeps steps from growing smaller


class Line(NamedTuple):
    """Log-odds ``intercept + slope * x`` of each weighting, shapes (B,); NaN where undefined."""

    intercept: Array
    slope: Array


def fit_line(x: Array, y: Array, weights: Array) -> Line:
    """The maximum of the likelihood.

    Args:
        x: one number for each row; shape (B, m).
        y: outcome of each row from 0 to 1; a share counts as so much success and the rest failure;
            shape (m,).
        weights: of the rows, ≥ 0, shape (B, m).

    Returns:
        NaN where no finite maximum exists (:func:`is_separated`).
    """
    usable = np.flatnonzero(~is_separated(x, y, weights))
    found = np.full((len(weights), 2), np.nan)
    if len(usable):
        found[usable] = _fitted(x[usable], y, weights[usable])
    return Line(found[:, 0], found[:, 1])


def is_separated(x: Array, y: Array, weights: Array) -> npt.NDArray[np.bool_]:
    """Where a threshold on ``x`` tells all success from all failure, shape (B,).

    So it is too where there is only success or only failure, or only one value of ``x``. Then the
    likelihood has no finite maximum (Albert and Anderson 1984).
    """
    succeeds, fails = weights * y > 0, weights * (1.0 - y) > 0
    lowest = [np.where(has, x, np.inf).min(axis=1, initial=np.inf) for has in (succeeds, fails)]
    highest = [np.where(has, x, -np.inf).max(axis=1, initial=-np.inf) for has in (succeeds, fails)]
    return np.asarray((highest[1] <= lowest[0]) | (highest[0] <= lowest[1]))


def _fitted(x: Array, y: Array, weights: Array) -> Array:
    """Newton's method from 0, each step in closed form."""
    found = np.zeros((len(weights), 2))
    for _ in range(_MOST_STEPS):
        chance = 1.0 / (1.0 + np.exp(-(found[:, :1] + found[:, 1:] * x)))
        pull = weights * (y - chance)
        bend = weights * chance * (1.0 - chance)
        gradient = pull.sum(axis=1), (pull * x).sum(axis=1)
        a, b, c = bend.sum(axis=1), (bend * x).sum(axis=1), (bend * x * x).sum(axis=1)
        determinant = a * c - b * b
        step = np.stack(
            [c * gradient[0] - b * gradient[1], a * gradient[1] - b * gradient[0]], axis=1
        )
        step /= determinant[:, None]
        longest = np.abs(step).max(axis=1, keepdims=True)
        found += step * np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, _LONGEST_STEP))
        if not (longest >= _CONVERGED).any():
            break
    found[~(longest[:, 0] < _ROUNDING)] = np.nan
    return found
