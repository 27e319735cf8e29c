"""The size to which Qwen's vision models scale an image before they look at it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array

QWEN2_FACTOR = 28
_FEWEST_TOKENS, _MOST_TOKENS = 4, 16_384  # of qwen-vl-utils, in squares of the factor


@dataclass(frozen=True, slots=True)
class ResizeRule:
    """How an image is scaled.

    Attributes:
        factor: both sides become multiples of it: 28 in Qwen2-VL and Qwen2.5-VL, 32 in Qwen3-VL.
        min_pixels: smallest area of the scaled image; None: 4 factor².
        max_pixels: largest area; None: 16,384 factor², as in qwen-vl-utils (checkpoints often set
            12,845,056, and the transformers class has 1,003,520).
    """

    factor: int = QWEN2_FACTOR
    min_pixels: int | None = None
    max_pixels: int | None = None

    def sizes(self, heights: Array, widths: Array) -> tuple[Array, Array]:
        """Heights and widths of scaled images, each of the shape of the arguments.

        Sides are rounded to the nearest multiple of the factor (halves to the even one), at least
        one; an area out of bounds is scaled into them first. NaN where the size is unknown.

        >>> height, width = ResizeRule().sizes(np.array([480.0, 20.0]), np.array([640.0, 30.0]))
        >>> height.tolist(), width.tolist()
        ([476.0, 56.0], [644.0, 84.0])
        """
        f = float(self.factor)
        least = self.min_pixels or _FEWEST_TOKENS * self.factor**2
        most = self.max_pixels or _MOST_TOKENS * self.factor**2
        high, wide = (np.maximum(np.rint(side / f), 1.0) * f for side in (heights, widths))
        is_big, is_small = high * wide > most, high * wide < least
        shrink = np.sqrt(heights * widths / most)
        grow = np.sqrt(least / (heights * widths))
        return (
            _bounded(heights, high, f, (is_big, shrink), (is_small, grow)),
            _bounded(widths, wide, f, (is_big, shrink), (is_small, grow)),
        )


def _bounded(
    side: Array,
    rounded: Array,
    f: float,
    big: tuple[npt.NDArray[np.bool_], Array],
    small: tuple[npt.NDArray[np.bool_], Array],
) -> Array:
    """The side of an image whose area was too big (rounded down) or too small (rounded up)."""
    is_big, shrink = big
    is_small, grow = small
    down = np.maximum(np.floor(side / shrink / f), 1.0) * f
    up = np.ceil(side * grow / f) * f
    return np.where(is_big, down, np.where(is_small, up, rounded))
