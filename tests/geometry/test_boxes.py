"""Areas and overlaps of boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.geometry.boxes import area, center, contains, iou, share_inside

SQUARE = np.array([0.0, 0.0, 2.0, 2.0])


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([0, 0, 2, 2], 1.0),
        ([1, 0, 3, 2], 2 / 6),  # 2 shared of 4 + 4 - 2
        ([2, 0, 4, 2], 0.0),  # they touch; no pixel is added
        ([1, 1, 1, 1], 0.0),  # a point has no area
        ([0, 0, 2, 1], 0.5),
    ],
)
def test_iou(other, expected):
    assert iou(SQUARE, np.array(other, dtype=float)) == pytest.approx(expected, abs=1e-15)


def test_an_empty_union_is_zero():
    assert iou(np.zeros(4), np.zeros(4)) == 0.0


def test_the_share_inside_a_crowd_is_of_the_first_box():
    assert share_inside(np.array([1.0, 0, 3, 2]), SQUARE) == 0.5
    assert share_inside(np.array([[1.0, 1, 1, 1]]), SQUARE).tolist() == [0.0]


def test_borders_are_inside():
    points = np.array([[2.0, 0.0], [2.1, 0.0], [1.0, 1.0]])
    assert contains(SQUARE, points).tolist() == [True, False, True]
    assert center(SQUARE).tolist() == [1.0, 1.0]


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_iou_equals_pycocotools(seed):
    mask = pytest.importorskip("pycocotools.mask")
    boxes = np.random.default_rng(seed).integers(0, 40, (2, 6, 4)).astype(float)  # xywh
    expected = mask.iou(boxes[0], boxes[1], [0] * 6)
    corners = np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)
    positive = (area(corners[0])[:, None] + area(corners[1])) > 0
    found = iou(corners[0][:, None], corners[1])
    np.testing.assert_allclose(found[positive], expected[positive], atol=1e-12)
    assert (found[~positive] == 0).all()
