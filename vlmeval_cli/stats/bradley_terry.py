"""Bradley–Terry strengths from pairwise wins, for many weightings of the comparisons at once.

Model i beats model j with probability 1 / (1 + exp(s_j - s_i)). Strengths are the maximum of the
likelihood, a tie counting as half a win of each; they are known up to a constant, so that they sum
to 0 here. The maximum exists only where the comparisons are *strongly connected*: however the
models are split into two sets, some model of the one has won against some of the other (Ford 1957).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints

Flags = npt.NDArray[np.bool_]
_MOST_STEPS = 100
_LONGEST_STEP = 2.0  # keeps Newton's method from leaping where strengths are far apart
_CONVERGED = 1e-11
_ROUNDING = 1e-6  # where strengths are far apart, rounding keeps steps from growing smaller


class Comparisons(NamedTuple):
    """Comparisons of pairs of ``k`` models.

    Attributes:
        first, second: the models, 0 to k - 1, shape (m,).
        share: how far the first won, from 0 to 1, shape (m,).
        k: number of models.
    """

    first: Ints
    second: Ints
    share: Array
    k: int


def wins(found: Comparisons, weights: Array) -> Array:
    """How often each model won against each other, ties as halves.

    Args:
        found: the comparisons.
        weights: of each comparison, shape (B, m).

    Returns:
        Shape (B, k, k): row wins against column.
    """
    code = found.first * found.k + found.second
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    total = np.zeros((len(weights), found.k * found.k))
    if not len(order):
        return total.reshape(-1, found.k, found.k)
    pairs = code[order][starts]
    own, share = weights[:, order], found.share[order]
    total[:, pairs] += np.add.reduceat(own * share, starts, axis=1)
    back = (pairs % found.k) * found.k + pairs // found.k
    total[:, back] += np.add.reduceat(own * (1.0 - share), starts, axis=1)
    return total.reshape(-1, found.k, found.k)


def reachable(won: Array) -> Flags:
    """Which models each model has beaten, itself or through others; shape (B, k, k)."""
    found = (won > 0) | np.eye(won.shape[-1], dtype=np.bool_)
    for _ in range(max(1, won.shape[-1].bit_length())):
        found = np.matmul(found, found)
    return found


def strengths(won: Array) -> Array:
    """Strengths that sum to 0; NaN where the comparisons are not strongly connected.

    Args:
        won: how often each model won against each other, shape (B, k, k).

    Returns:
        Shape (B, k).
    """
    found = np.full(won.shape[:2], np.nan)
    usable = np.flatnonzero(reachable(won).all(axis=(1, 2)))
    if len(usable):
        found[usable] = _fitted(won[usable])
    return found


def _fitted(won: Array) -> Array:
    """Newton's method from equal strengths."""
    found = np.zeros(won.shape[:2])
    for _ in range(_MOST_STEPS):
        gradient, curvature = _slopes(won, found)
        step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        found += step * np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, _LONGEST_STEP))
        if longest.max() < _CONVERGED:
            break
    found[longest[:, 0] > _ROUNDING] = np.nan
    return np.asarray(found - found.mean(axis=1, keepdims=True))


def _slopes(won: Array, found: Array) -> tuple[Array, Array]:
    """Gradient of the log-likelihood, and its negative second derivative.

    The direction in which all strengths rise together is made regular by a constant matrix.
    """
    met = won + won.swapaxes(1, 2)
    chance = chances(found)
    gradient = (won - met * chance).sum(axis=2)
    between = met * chance * (1.0 - chance)
    k = won.shape[-1]
    curvature = np.full_like(between, 1.0 / k) - between
    curvature[:, range(k), range(k)] += between.sum(axis=2)
    return gradient, curvature


def chances(found: Array) -> Array:
    """Chance that the row's model beats the column's, shape (B, k, k), from strengths (B, k)."""
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(found[:, None, :] - found[:, :, None])))


def standard_errors(found: Comparisons, item: Ints, fitted: Array) -> Array:
    """Standard errors of the strengths, shape (k,), where comparisons of one item hang together.

    The sandwich estimator with items as clusters (Liang and Zeger 1986), times n / (n - 1).

    Args:
        found: the comparisons.
        item: of each comparison, shape (m,).
        fitted: their strengths, shape (k,).
    """
    _, curvature = _slopes(wins(found, np.ones((1, len(item)))), fitted[None])
    inverse = np.linalg.inv(curvature[0]) - 1.0 / found.k
    chance = chances(fitted[None])[0][found.first, found.second]
    units, unit = np.unique(item, return_inverse=True)
    pull = found.share - chance
    spread = np.zeros((len(units), found.k))
    np.add.at(spread, (unit, found.first), pull)
    np.add.at(spread, (unit, found.second), -pull)
    n = len(units)
    middle = spread.T @ spread * (n / max(n - 1, 1))
    return np.asarray(np.sqrt(np.diagonal(inverse @ middle @ inverse)))
