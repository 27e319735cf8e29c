"""Where a model looked, as recorded: heat maps with masks or boxes, or what was made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.errors import DataError
from vlmeval_cli.geometry.heat_maps import Mask, box_mask, centre_crop, mask_at
from vlmeval_cli.joining.references import is_box
from vlmeval_cli.readers.json_values import described
from vlmeval_cli.resources.arrays import UnreadableArrayError, read_array, two_dimensional

HEAT_MAPS = ("heatmap", "heatmaps", "heat_map", "saliency", "attention_map")
MASKS = ("mask", "masks")
BOXES = ("boxes", "bboxes", "bbox")
MASS = ("rma", "relevant_mass", "relevant_mass_accuracy")
VALID = ("rationale_valid", "rationale")
SIZES = ("width", "height", "image_width", "image_height")
_ACCEPTED = (HEAT_MAPS[0], MASS[0], VALID[-1])
FIELDS = (*HEAT_MAPS, *MASKS, *BOXES, *MASS, *VALID, *SIZES)
_HALF_OF_A_BYTE = 128


@dataclass(frozen=True, slots=True)
class Recorded:
    """A rationale of which only the outcome is known.

    Attributes:
        mass: relevant mass accuracy, NaN where not recorded.
        is_valid: whether it was held valid; None where ``mass`` decides.
    """

    mass: float
    is_valid: bool | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """A heat map and the object's region, loaded when they are measured.

    Attributes:
        heat: array, or file that holds one.
        mask: the region as an array, or file that holds one; None where it is boxes.
        boxes: the region as boxes in fractions of the image, shape (m, 4).
        size: width and height of the image, if they are known.
        place: where it stands, for messages.
    """

    heat: Array | Path
    mask: Array | Path | None
    boxes: Array | None
    size: tuple[float, float] | None
    place: str

    def heat_map(self) -> Array:
        """The heat map, shape (h, w).

        Raises:
            DataError: its file cannot be read.
        """
        return _loaded(self.heat, self.place, "heat map")

    def region(self, size: int, *, is_cropped: bool) -> Mask:
        """The object's region at ``size`` × ``size``; of the crop that ImageNet models see, if so.

        Raises:
            DataError: its file cannot be read, or the size of the image is not known.
        """
        if self.boxes is not None:
            return box_mask(self._cropped_boxes() if is_cropped else self.boxes, size)
        assert self.mask is not None
        array = _loaded(self.mask, self.place, "mask")
        threshold = _HALF_OF_A_BYTE if array.max() > 1 else 0.5
        mask = array >= threshold
        return mask_at(_middle(mask) if is_cropped else mask, size)

    def _cropped_boxes(self) -> Array:
        if self.size is None or self.boxes is None:
            raise DataError(
                f"{self.place}: no width and height of the image, which view=crop needs for boxes",
                hint="Add the fields width and height, or give masks.",
            )
        left, top, right, bottom = centre_crop(*self.size)
        origin, share = np.array([left, top] * 2), np.array([right - left, bottom - top] * 2)
        return np.asarray(np.clip((self.boxes - origin) / share, 0.0, 1.0))


class NoRationale(NamedTuple):
    """Why an item has no rationale: in a few words, and in full."""

    reason: str
    told: str


Rationale = Recorded | Looked


def _loaded(source: Array | Path, place: str, what: str) -> Array:
    if isinstance(source, np.ndarray):
        return source
    try:
        return read_array(source)
    except UnreadableArrayError as error:
        raise DataError(
            f"{place}: {what} {source}: got {error}",
            hint="Relative paths start at the folder of the file that names them.",
        ) from error


@dataclass(frozen=True, slots=True)
class Evidence:
    """The fields of one item that speak of its rationale.

    Attributes:
        fields: name → value, of those the item has.
        folders: where relative paths start.
        place: where the item stands.
    """

    fields: Mapping[str, Any]
    folders: Sequence[Path]
    place: str

    def rationale(self) -> Rationale | NoRationale:
        """The rationale, or why there is none."""
        try:
            return self._recorded() if self._first(HEAT_MAPS) is None else self._looked()
        except _NoRationaleError as error:
            return error.why

    def _recorded(self) -> Recorded:
        name = self._first(MASS) or self._first(VALID)
        if name is None:
            raise _NoRationaleError("no heat map", f"no field {', '.join(_ACCEPTED)}")
        value = self.fields[name]
        if isinstance(value, bool | int | float) and 0 <= value <= 1:
            is_mass = name in MASS
            if is_mass or value in (0, 1):
                return Recorded(float(value)) if is_mass else Recorded(np.nan, bool(value))
        expected = "a number from 0 to 1" if name in MASS else "0 or 1"
        raise _unusable(name, value, expected)

    def _looked(self) -> Looked:
        heat_name, mask_name = self._first(HEAT_MAPS), self._first(MASKS)
        box_name = self._first(BOXES)
        if mask_name is None and box_name is None:
            told = f"no field {', '.join((*MASKS, *BOXES))} that says where the object is"
            raise _NoRationaleError("no mask or boxes of the object", told)
        return Looked(
            heat=self._array(heat_name or ""),
            mask=None if mask_name is None else self._array(mask_name),
            boxes=None if mask_name or box_name is None else self._boxes(box_name),
            size=self._size(),
            place=self.place,
        )

    def _first(self, names: Sequence[str]) -> str | None:
        return next((name for name in names if name in self.fields), None)

    def _array(self, name: str) -> Array | Path:
        value = self.fields[name]
        if isinstance(value, str):
            found = (folder / value for folder in self.folders)
            return next((path for path in found if path.is_file()), Path(value))
        try:
            return two_dimensional(np.array(value))
        except (ValueError, TypeError):
            raise _unusable(name, value, "a path or a list of rows of numbers") from None

    def _boxes(self, name: str) -> Array:
        value = self.fields[name]
        boxes = [value] if is_box(value) else value
        if not isinstance(boxes, list) or not boxes or not all(map(is_box, boxes)):
            raise _unusable(name, value, "boxes [left, top, right, bottom]")
        found = np.array(boxes, dtype=np.float64)
        if found.max() <= 1.0:
            return found
        size = self._size()
        if size is None:
            told = f'"{name}" is in pixels, so that the fields width and height are needed'
            raise _NoRationaleError("boxes in pixels, and no size of the image", told)
        return np.asarray(found / np.array(size * 2))

    def _size(self) -> tuple[float, float] | None:
        """Width and height of the image, if they are recorded."""
        fields = self.fields
        sides = [fields.get(side, fields.get(f"image_{side}")) for side in ("width", "height")]
        if all(isinstance(side, int | float) and side > 0 for side in sides):
            return float(sides[0]), float(sides[1])
        return None


class _NoRationaleError(ValueError):
    """An item whose rationale is not known."""

    def __init__(self, reason: str, told: str) -> None:
        super().__init__(told)
        self.why = NoRationale(reason, told)


def _unusable(name: str, value: object, expected: str) -> _NoRationaleError:
    told = f'"{name}": got {described(value)}, expected {expected}'
    return _NoRationaleError(f'"{name}" cannot be read', told)


def _middle(mask: Mask) -> Mask:
    """The part of a mask that lies in the crop."""
    height, width = mask.shape
    left, top, right, bottom = centre_crop(width, height)
    rows = slice(round(top * height), round(bottom * height))
    return mask[rows, round(left * width) : round(right * width)]
