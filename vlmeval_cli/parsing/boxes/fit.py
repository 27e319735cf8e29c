"""How well boxes fit a frame, and when that speaks for one frame and against another.

Two things are evidence, and neither looks at the references:

- **Boxes that leave their images.** A frame that less than 90 % of the boxes fit is none; of a
  grid, whose numbers cannot be larger, 98 % must fit.
- **Walls.** Where two frames fit, one of them, the smaller, ends somewhere inside the other. If it
  is the true one, boxes come up to its edge and never pass it; if the larger one is, they have no
  reason to stop there, and a box that comes near the edge is as likely to end just behind it as
  just before it. So m boxes before an edge and none behind it have a chance of 2^-m. Two such edges
  are asked for: one alone may be the layout of a screen or a page, whose objects stand in one half.

That boxes merely *stay* in a part of the larger frame says nothing: objects often do.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Final, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.geometry.frames import Frame, Sizes, as_corners, sorted_corners
from vlmeval_cli.parsing.boxes.formats import BoxFormat

_FITTING: Final = 0.9  # a frame that fewer boxes fit is none
_FITTING_GRID: Final = 0.98
CHANCE: Final = 0.01  # of the walls, above which they are no evidence
_MARGIN: Final = 0.02  # of a side, by which a box may reach over the edge and still fit
_STRIP: Final = 0.15  # of a side, on both sides of a wall, that is compared
_ROOM_PADDED: Final = 0.5  # behind the walls of a padded frame: photographers centre things anyway
_FEWEST: Final = 2  # boxes that come up to a wall
_WALLS: Final = 2
_SPECK: Final = 0.004  # of a side: boxes all smaller than that are in another frame
_SPECK_PIXELS: Final = 1.5  # the same in images of unknown size
_CLOSE: Final = 0.03  # frames whose sides differ by less are one


class Evidence(NamedTuple):
    """One box of each image: boxes of an image are no independent witnesses.

    Attributes:
        numbers: as written, shape (m, 4).
        sizes: of their images.
    """

    numbers: Array
    sizes: Sizes


@dataclass(frozen=True, slots=True)
class Fit:
    """The boxes in the frame of a format.

    Attributes:
        format: the format.
        relative: corners as fractions of the image, (m, 4); NaN where its size is not known.
        slope, origin: fraction = slope × number + origin, for each corner, (m, 4).
        share: of the boxes that are inside their images; 0 where all are specks.
    """

    format: BoxFormat
    relative: Array
    slope: Array
    origin: Array
    share: float

    @classmethod
    def of(cls, one: BoxFormat, evidence: Evidence) -> Fit:
        """The boxes as ``one`` reads them."""
        numbers = evidence.numbers
        corners, _ = sorted_corners(as_corners(numbers, one.order))
        origin = _relative(one.frame, np.zeros_like(numbers), evidence.sizes)
        slope = _relative(one.frame, np.ones_like(numbers), evidence.sizes) - origin
        relative = corners * slope + origin
        is_known = ~np.isnan(relative)
        reach = np.where(is_known, relative / _SPECK, corners / _SPECK_PIXELS)
        share = 0.0 if _are_specks(reach) else _share(relative)
        return cls(one, relative, slope, origin, share)

    @property
    def is_possible(self) -> bool:
        """Whether enough boxes fit."""
        is_grid = self.format.frame.kind == "relative"
        return self.share >= (_FITTING_GRID if is_grid else _FITTING)


def _relative(frame: Frame, numbers: Array, sizes: Sizes) -> Array:
    return frame.relative(numbers, sizes)


def _share(relative: Array) -> float:
    """Share of the boxes inside; a box in an image of unknown size may be."""
    with np.errstate(invalid="ignore"):
        is_outside = ((relative < -_MARGIN) | (relative > 1 + _MARGIN)).any(axis=1)
    return float(1 - is_outside.mean()) if len(relative) else 0.0


def _are_specks(reach: Array) -> bool:
    """Whether all boxes (or points) are too small to be meant, in units of a speck."""
    are_points = (reach[:, 2:] == reach[:, :2]).all()
    extents = reach if are_points else reach[:, 2:] - reach[:, :2]
    return len(reach) > 0 and bool((extents < 1).all())


def are_close(one: Fit, other: Fit, tolerance: float = _CLOSE) -> bool:
    """Whether two formats give nearly the same boxes: pixels, and those of a scaled image."""
    if one.format.order != other.format.order:
        return False
    if np.isnan(one.relative).all() and np.isnan(other.relative).all():
        return True  # pixels of one image or the other, and none of them has a size
    difference = np.abs(one.relative - other.relative)
    return bool(np.isfinite(difference).all() and (difference <= tolerance).all())


def chance(inner: Fit, outer: Fit) -> float:
    """Chance of the walls of ``inner`` if ``outer`` were true; 1 where they are no evidence."""
    if inner.format.order != outer.format.order:
        return 1.0
    walls = [_wall(inner, outer, side) for side in range(4)]
    reached = [before_and_behind for before_and_behind in walls if before_and_behind is not None]
    if len(reached) < _WALLS:
        return 1.0
    return float(np.prod([_tail(before, behind) for before, behind in reached]))


def _wall(inner: Fit, outer: Fit, side: int) -> tuple[int, int] | None:
    """Boxes that end just before and just behind an edge of ``inner``.

    Args:
        inner: the frame whose edge it is.
        outer: only images count in which this frame goes on for a strip behind the edge.
        side: 0 to 3: left, top, right, bottom.

    Returns:
        None where boxes do not come up to it, or there is nothing behind it.
    """
    is_far = side >= 2
    end = float(is_far)
    with np.errstate(invalid="ignore", divide="ignore"):
        number = (end - outer.origin[:, side]) / outer.slope[:, side]
        behind_it = number * inner.slope[:, side] + inner.origin[:, side]
        sign = 1.0 if is_far else -1.0
        needed = _ROOM_PADDED if inner.format.frame.kind == "padded" else _STRIP
        room = sign * (behind_it - end) >= needed
        distance = sign * (inner.relative[:, side] - end)
    before = int((room & (distance >= -_STRIP) & (distance <= _MARGIN)).sum())
    behind = int((room & (distance > _MARGIN) & (distance <= _STRIP)).sum())
    return (before, behind) if before >= _FEWEST and behind < before else None


def _tail(before: int, behind: int) -> float:
    """Chance of so few behind, where both are as likely."""
    n = before + behind
    return float(sum(comb(n, k) for k in range(behind + 1)) / 2**n)
