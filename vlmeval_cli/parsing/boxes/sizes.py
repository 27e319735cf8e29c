"""Sizes of the images of the items, from the fields that may hold them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.geometry.frames import Sizes
from vlmeval_cli.parsing.items import Items

WIDTHS_AND_HEIGHTS: Final = (
    ("width", "height"), ("image_width", "image_height"), ("img_width", "img_height"),
    ("orig_width", "orig_height"), ("original_width", "original_height"), ("w", "h"),
)  # fmt: skip
WIDTH_HEIGHT_LISTS: Final = ("image_size", "img_size", "size")
RESIZED: Final = (("resized_width", "resized_height"), ("input_width", "input_height"))
FIELDS: Final = (
    *(name for pair in (*WIDTHS_AND_HEIGHTS, *RESIZED) for name in pair),
    *WIDTH_HEIGHT_LISTS,
)
LOOKED_FOR: Final = (
    f"{', '.join('/'.join(pair) for pair in WIDTHS_AND_HEIGHTS)}, or "
    f"{', '.join(WIDTH_HEIGHT_LISTS)} as [width, height]"
)


def image_sizes(items: Items) -> Sizes:
    """Sizes of the images, NaN where none is recorded.

    Raises:
        DataError: a size is no number above 0.
    """
    original = _pairs(items, WIDTHS_AND_HEIGHTS) or _lists(items)
    return Sizes(*(original or _unknown(items)), *(_pairs(items, RESIZED) or _unknown(items)))


def _unknown(items: Items) -> tuple[Array, Array]:
    nothing = np.full(len(items), np.nan)
    return nothing, nothing


def _pairs(items: Items, names: Sequence[tuple[str, str]]) -> tuple[Array, Array] | None:
    for wide, high in names:
        widths, heights = items.field(wide), items.field(high)
        if widths is not None and heights is not None:
            return _both(_sides(items, wide, widths), _sides(items, high, heights))
    return None


def _lists(items: Items) -> tuple[Array, Array] | None:
    for name in WIDTH_HEIGHT_LISTS:
        found = items.field(name)
        if found is None or not all(_is_pair(size) for size in found if size is not None):
            continue
        wide, high = ([None if size is None else size[k] for size in found] for k in (0, 1))
        return _both(_sides(items, name, wide), _sides(items, name, high))
    return None


def _is_pair(size: object) -> bool:
    return isinstance(size, list) and len(size) == 2


def _both(widths: Array, heights: Array) -> tuple[Array, Array]:
    """Half a size is none."""
    half = np.isnan(widths) | np.isnan(heights)
    return np.where(half, np.nan, widths), np.where(half, np.nan, heights)


def _sides(items: Items, name: str, values: Sequence[Any]) -> Array:
    return np.array([_side(items, name, i, value) for i, value in enumerate(values)], dtype=float)


def _side(items: Items, name: str, i: int, value: Any) -> float:  # noqa: ANN401  (JSON)
    while isinstance(value, list) and value:  # rows of one image say it again and again
        value = value[0]
    if value in (None, "", []):
        return np.nan
    try:
        side = np.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        side = np.nan
    if not isfinite(side) or side <= 0:
        raise DataError(
            f"item {quoted(items.ids[i])}: field {quoted(name)}, got {quoted(value)}, expected "
            "the size of the image, a number of pixels above 0",
            hint="Leave the field out where the size is not known.",
        )
    return side
