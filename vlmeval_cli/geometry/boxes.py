"""Areas of boxes and how much they overlap.

Boxes are left, top, right, bottom, continuous: no pixel is added (metric-spec 12.1). Their
coordinates are the last axis; all other axes broadcast.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array


def area(boxes: Array) -> Array:
    """Area of boxes of shape (..., 4); a box whose corners are swapped has none."""
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    found: Array = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    return found


def intersection(one: Array, other: Array) -> Array:
    """Area that boxes share, shape of the broadcast leading axes."""
    width, height = (
        np.minimum(one[..., high], other[..., high]) - np.maximum(one[..., low], other[..., low])
        for low, high in ((0, 2), (1, 3))
    )
    shared: Array = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    return shared


def iou(one: Array, other: Array) -> Array:
    """Intersection over union, from 0 to 1; 0 where the union is empty.

    >>> iou(np.array([0.0, 0, 2, 2]), np.array([[1.0, 0, 3, 2], [0, 0, 2, 2], [5, 5, 5, 5]]))
    array([0.33333333, 1.        , 0.        ])
    """
    shared = intersection(one, other)
    return _ratio(shared, area(one) + area(other) - shared)


def share_inside(one: Array, other: Array) -> Array:
    """Share of the area of ``one`` that lies in ``other``: the overlap with a crowd in COCO."""
    return _ratio(*np.broadcast_arrays(intersection(one, other), area(one)))


def center(boxes: Array) -> Array:
    """Centres of boxes, shape (..., 2)."""
    middle: Array = (boxes[..., :2] + boxes[..., 2:]) / 2
    return middle


def contains(boxes: Array, points: Array) -> npt.NDArray[np.bool_]:
    """Whether points, shape (..., 2), lie in boxes, borders included."""
    inside: npt.NDArray[np.bool_] = np.all(
        (points >= boxes[..., :2]) & (points <= boxes[..., 2:]), axis=-1
    )
    return inside


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
