"""One-to-one assignment of boxes in many images at once.

An image's predicted and true boxes are the rows and columns of a matrix of weights ≥ 0 (IoU, say),
and an assignment of most total weight is wanted. Images of equal shape are one stack of matrices,
the images on its last axis: few rows and columns are gone through, and many images at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints

Flags = npt.NDArray[np.bool_]

_MARGIN = 1e-9  # far above the rounding of a sum of weights
_CELLS = 1 << 16  # of a stack that is worked on at a time: few enough for the processor's cache


class Pairs(NamedTuple):
    """Pairs of a left and a right value of the same group, left after left.

    Attributes:
        left: index of the left value, shape (p,).
        right: index of the right value, shape (p,).
    """

    left: Ints
    right: Ints


def pairs_within(left_group: Ints, right_starts: Ints, right_stops: Ints) -> Pairs:
    """All pairs of left values with the right values of their groups.

    Args:
        left_group: group of each left value, shape (m,).
        right_starts: first right value of each group, shape (n_groups,).
        right_stops: end of each group's right values, shape (n_groups,).
    """
    starts = right_starts[left_group]
    counts = right_stops[left_group] - starts
    left = np.repeat(np.arange(len(left_group)), counts)
    before = np.cumsum(counts) - counts
    right = np.arange(len(left)) - np.repeat(before - starts, counts)
    return Pairs(left, right)


class Stack(NamedTuple):
    """Images with the same number of rows and of columns.

    Attributes:
        items: which images, shape (k,).
        rows: indices of their rows, shape (r, k).
        columns: indices of their columns, shape (c, k).
    """

    items: Ints
    rows: Ints
    columns: Ints


def stacks(row_offsets: Ints, column_offsets: Ints) -> Iterator[Stack]:
    """All images that have both rows and columns, a stack of equal shape at a time.

    Args:
        row_offsets: image ``i`` owns rows ``row_offsets[i]`` to ``row_offsets[i + 1]``, shape
            (n + 1,).
        column_offsets: of the columns, likewise.
    """
    n_rows, n_columns = np.diff(row_offsets), np.diff(column_offsets)
    shape = n_rows * (int(n_columns.max(initial=0)) + 1) + n_columns
    order = np.argsort(shape, kind="stable")
    starts = np.flatnonzero(np.diff(shape[order], prepend=-1))
    for own in np.split(order, starts[1:]):
        if not len(own) or not n_rows[own[0]] or not n_columns[own[0]]:
            continue
        r, c = int(n_rows[own[0]]), int(n_columns[own[0]])
        size = max(1, _CELLS // (r * c))
        for start in range(0, len(own), size):
            items = own[start : start + size]
            yield Stack(
                items,
                np.arange(r)[:, None] + row_offsets[items],
                np.arange(c)[:, None] + column_offsets[items],
            )


def assign(weights: Array) -> Flags:
    """The cells of an assignment of most total weight, for each matrix of a stack.

    Equal to ``scipy.optimize.linear_sum_assignment`` on each matrix alone, less pairs of weight 0.
    Most matrices need no search. Let a cell be heavier than the heaviest other cell of its row and
    the heaviest other cell of its column together. Then it is in every best assignment: one without
    it uses at most one other cell of that row and one of that column, and putting the cell in their
    place gains weight. So its row and column can be left out, and the rest looked at again.
    Matrices in which weight is left over are searched as a whole.

    Args:
        weights: at least 0, shape (r, c, k).

    Returns:
        Shape (r, c, k); at most one cell of each row and of each column is True.
    """
    found = np.zeros(weights.shape, dtype=np.bool_)
    undecided = np.arange(weights.shape[2])
    rest = weights
    while len(undecided):
        sure = rest > _best_other(rest, 0) + _best_other(rest, 1) + _MARGIN
        found[:, :, undecided] |= sure
        is_open = ~(sure.any(axis=0, keepdims=True) | sure.any(axis=1, keepdims=True))
        rest = rest * is_open
        progressed = sure.any(axis=(0, 1))
        is_left = rest.any(axis=(0, 1))
        _search(weights, found, undecided[is_left & ~progressed])
        kept = np.flatnonzero(is_left & progressed)
        undecided, rest = undecided[kept], rest[:, :, kept]
    return found


def _best_other(weights: Array, axis: int) -> Array:
    """For each cell the heaviest other cell along ``axis``; 0 if there is none."""
    along = np.moveaxis(weights, axis, 0)
    before, after = np.zeros_like(along), np.zeros_like(along)
    for i in range(1, len(along)):  # maximum.accumulate would go along the images one by one
        np.maximum(before[i - 1], along[i - 1], out=before[i])
        np.maximum(after[-i], along[-i], out=after[-i - 1])
    return np.moveaxis(np.maximum(before, after), 0, axis)


def _search(weights: Array, found: Flags, matrices: Ints) -> None:
    """Assign the ``matrices`` that need it one by one."""
    if not len(matrices):
        return
    from scipy.optimize import linear_sum_assignment

    for i in matrices.tolist():
        rows, columns = linear_sum_assignment(weights[:, :, i], maximize=True)
        found[:, :, i] = False
        found[rows, columns, i] = weights[rows, columns, i] > 0
