"""Coordinate frames: numbers as a model writes them, and pixels of the original image.

A frame says what the numbers of a box count; an order says which number is which corner.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array
from vlmeval_cli.geometry.smart_resize import ResizeRule

Order = Literal["xyxy", "yxyx", "xywh", "cxcywh"]
Kind = Literal["pixels", "relative", "resized", "padded"]


class Sizes(NamedTuple):
    """Sizes of images in pixels, each of shape (n,); NaN where unknown.

    Attributes:
        widths, heights: of the original image.
        resized_widths, resized_heights: of the image that the model was given, where recorded.
    """

    widths: Array
    heights: Array
    resized_widths: Array
    resized_heights: Array

    @property
    def are_known(self) -> npt.NDArray[np.bool_]:
        """Whether the original size of an image is known."""
        return ~np.isnan(self.widths)

    def at(self, rows: npt.NDArray[np.int64]) -> Sizes:
        """Sizes of the images ``rows``."""
        return Sizes(*(side[rows] for side in self))


@dataclass(frozen=True, slots=True)
class Frame:
    """What the numbers of a box count.

    Attributes:
        kind: "pixels" of the original image; "relative" to its sides; "resized": pixels of the
            image that the model was given; "padded": relative to the square that the image is
            padded to, in whose middle it stands.
        divisor: number that stands for the whole side, in frames that are relative.
        shift: added before dividing: half a bin where a number names a bin.
        resize: gives the resized image where its size is not recorded.
    """

    kind: Kind
    divisor: float = 1.0
    shift: float = 0.0
    resize: ResizeRule = field(default_factory=ResizeRule)

    @property
    def needs_sizes(self) -> bool:
        """Whether numbers mean nothing without the size of the image."""
        return self.kind in ("resized", "padded")

    def extents(self, sizes: Sizes) -> tuple[Array, Array]:
        """Width and height of the images in numbers of this frame, each of shape (n,)."""
        if self.kind == "pixels":
            return sizes.widths, sizes.heights
        if self.kind == "resized":
            return self._resized(sizes)
        if self.kind == "padded":
            square = np.maximum(sizes.widths, sizes.heights) / self.divisor
            return sizes.widths / square, sizes.heights / square
        whole = np.full(len(sizes.widths), self.divisor)
        return whole, whole

    def relative(self, boxes: Array, sizes: Sizes) -> Array:
        """Boxes as fractions of the sides of their original images.

        Args:
            boxes: left, top, right, bottom in this frame, shape (m, 4).
            sizes: of the image of each box, (m,) each.

        Returns:
            Shape (m, 4); NaN where a size is needed and unknown.
        """
        numbers = boxes + self.shift
        wide, high = self.extents(sizes)
        if self.kind == "padded":
            left = (self.divisor - wide) / 2
            top = (self.divisor - high) / 2
            numbers = numbers - np.column_stack([left, top, left, top])
        return numbers / np.column_stack([wide, high, wide, high])

    def _resized(self, sizes: Sizes) -> tuple[Array, Array]:
        high, wide = self.resize.sizes(sizes.heights, sizes.widths)
        recorded = ~np.isnan(sizes.resized_widths)
        return (
            np.where(recorded, sizes.resized_widths, wide),
            np.where(recorded, sizes.resized_heights, high),
        )


def as_corners(numbers: Array, order: Order) -> Array:
    """Boxes as left, top, right, bottom, from numbers in another order; shape (m, 4).

    >>> as_corners(np.array([[10.0, 20.0, 5.0, 6.0]]), "xywh").tolist()
    [[10.0, 20.0, 15.0, 26.0]]
    """
    a, b, c, d = numbers.T
    if order == "yxyx":
        return np.column_stack([b, a, d, c])
    if order == "xywh":
        return np.column_stack([a, b, a + c, b + d])
    if order == "cxcywh":
        return np.column_stack([a - c / 2, b - d / 2, a + c / 2, b + d / 2])
    return numbers


def sorted_corners(boxes: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Boxes with left ≤ right and top ≤ bottom, and which of them were otherwise."""
    found = np.concatenate(
        [np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1
    )
    return found, are_swapped(boxes)


def are_swapped(boxes: Array) -> npt.NDArray[np.bool_]:
    """Which boxes have their corners in the wrong order, shape (m,)."""
    swapped = np.asarray(boxes[:, 2:] < boxes[:, :2])
    return swapped[:, 0] | swapped[:, 1]
