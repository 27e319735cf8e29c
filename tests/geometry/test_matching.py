"""The assignment of many images at once, against scipy on each."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from vlmeval_cli.core.batch import offsets_of
from vlmeval_cli.geometry.matching import assign, pairs_within, stacks


def assigned(matrices):
    """The matrices on the first axis, as they are easier to read."""
    return np.moveaxis(assign(np.moveaxis(matrices, 0, 2)), 2, 0)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([0.2, 0.5, 0.9]),
    st.sampled_from([2, 10, 10**9]),
)
@settings(deadline=None, max_examples=150)
def test_no_assignment_has_more_weight(seed, n_rows, n_columns, empty, steps):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, steps, (20, n_rows, n_columns)) / steps
    weights[rng.random(weights.shape) < empty] = 0
    found = assigned(weights)
    assert found.sum(axis=1).max() <= 1
    assert found.sum(axis=2).max() <= 1
    for matrix, chosen in zip(weights, found, strict=True):
        best = matrix[linear_sum_assignment(matrix, maximize=True)].sum()
        assert abs(matrix[chosen].sum() - best) < 1e-9


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_the_cells_are_those_of_scipy_where_the_best_assignment_is_the_only_one(seed):
    weights = np.random.default_rng(seed).random((10, 5, 4))
    for matrix, chosen in zip(weights, assigned(weights), strict=True):
        rows, columns = linear_sum_assignment(matrix, maximize=True)
        assert [*zip(*np.nonzero(chosen), strict=True)] == [*zip(rows, columns, strict=True)]


def test_the_heaviest_cell_of_row_and_column_is_not_always_chosen():
    weights = np.array([[[0.5, 0.4], [0.4, 0.0]]])  # .4 + .4 is more than .5 + 0
    assert assigned(weights)[0].tolist() == [[False, True], [True, False]]


def test_stacks_hold_every_image_with_both_sides_once():
    rows, columns = offsets_of([2, 0, 2, 1]), offsets_of([1, 3, 1, 2])
    found = sorted(
        (item, r.tolist(), c.tolist())
        for stack in stacks(rows, columns)
        for item, r, c in zip(stack.items.tolist(), stack.rows.T, stack.columns.T, strict=True)
    )
    assert found == [(0, [0, 1], [0]), (2, [2, 3], [4]), (3, [4], [5, 6])]


def test_pairs_are_within_groups():
    found = pairs_within(np.array([1, 0, 1]), np.array([0, 2]), np.array([2, 3]))
    assert [*zip(found.left.tolist(), found.right.tolist(), strict=True)] == [
        (0, 2), (1, 0), (1, 1), (2, 2),
    ]  # fmt: skip
