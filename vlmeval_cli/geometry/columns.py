"""Boxes of the items of a batch as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints, offsets_of
from vlmeval_cli.geometry.boxes import area


@dataclass(frozen=True, slots=True)
class BoxColumn:
    """Boxes of ``n`` items, any number per item.

    Columns ``prediction.boxes`` and ``references.boxes`` are in one frame: pixels of the original
    image where its size is known, else the frame that both sides share. A point is a box of no
    size.

    Attributes:
        boxes: left, top, right, bottom of all boxes, item after item, shape (m, 4); left ≤ right
            and top ≤ bottom.
        item_offsets: shape (n + 1,); item ``i`` owns ``boxes[item_offsets[i]:item_offsets[i+1]]``.
        labels: class of each box, length m; None where it has none.
        scores: confidence of each box, shape (m,); NaN where none is recorded.
        is_crowd: COCO's crowd regions among the references, shape (m,).
        areas: area of each box, shape (m,); of COCO's references that of the segment.
        is_readable: whether the item's prediction could be read at all, shape (n,); such an item
            may have no boxes. True for references.
    """

    boxes: Array
    item_offsets: Ints
    labels: Sequence[str | None]
    scores: Array
    is_crowd: npt.NDArray[np.bool_]
    areas: Array
    is_readable: npt.NDArray[np.bool_]

    def part(self, start: int, stop: int) -> BoxColumn:
        """The boxes of items ``start`` to ``stop``."""
        own = self.item_offsets[start : stop + 1]
        first, last = int(own[0]), int(own[-1])
        return BoxColumn(
            boxes=self.boxes[first:last],
            item_offsets=own - own[0],
            labels=self.labels[first:last],
            scores=self.scores[first:last],
            is_crowd=self.is_crowd[first:last],
            areas=self.areas[first:last],
            is_readable=self.is_readable[start:stop],
        )


def column_of(
    boxes: Sequence[Sequence[Sequence[float]] | None],
    *,
    labels: Sequence[str | None] | None = None,
    scores: Sequence[float] | None = None,
    is_crowd: Sequence[bool] | None = None,
    areas: Sequence[float] | None = None,
) -> BoxColumn:
    """A column of the boxes of each item, and what is known of all of them, item after item.

    Args:
        boxes: corners of the boxes of each item; None where a prediction could not be read.
        labels: class of each box.
        scores: confidence of each box.
        is_crowd: whether each box is a crowd region.
        areas: area of each box where it is not that of its corners.

    >>> column_of([[[0, 0, 2, 1]], [], None], labels=["dog"]).item_offsets.tolist()
    [0, 1, 1, 1]
    """
    flat = np.array([box for own in boxes for box in own or ()], dtype=np.float64).reshape(-1, 4)
    n = len(flat)
    return BoxColumn(
        boxes=flat,
        item_offsets=offsets_of([len(own or ()) for own in boxes]),
        labels=[None] * n if labels is None else list(labels),
        scores=np.full(n, np.nan) if scores is None else np.array(scores, dtype=np.float64),
        is_crowd=np.zeros(n, np.bool_) if is_crowd is None else np.array(is_crowd, np.bool_),
        areas=area(flat) if areas is None else np.array(areas, dtype=np.float64),
        is_readable=np.array([own is not None for own in boxes], dtype=np.bool_),
    )
