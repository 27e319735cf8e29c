"""Heat maps over an image, and how much of them lies on an object."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array

Mask = npt.NDArray[np.bool_]
CROP, SHORT_SIDE = 224, 256  # of the image that ImageNet models see


def upsampled(heat: Array, size: int) -> Array:
    """``heat`` (h, w) at ``size`` × ``size`` by bilinear interpolation.

    Pixels are areas, not points (PyTorch's ``align_corners=False``), and nothing is smoothed where
    the map is larger than ``size``.
    """
    height, width = heat.shape
    found: Array = _bilinear(height, size) @ heat @ _bilinear(width, size).T
    return found


def normalised(heat: Array) -> Array:
    """``heat`` from 0 to 1; all zeros where it is the same everywhere."""
    low, high = heat.min(), heat.max()
    return np.zeros_like(heat) if low == high else (heat - low) / (high - low)


def relevant_mass(heat: Array, mask: Mask) -> float:
    """Relevant mass accuracy: the share of the heat that lies on the mask, 0 to 1.

    NaN where there is no heat at all.

    >>> relevant_mass(np.array([[0.0, 0.2], [0.4, 1.0]]), np.array([[0, 0], [0, 1]], dtype=bool))
    0.625
    """
    total = float(heat.sum())
    return float(heat[mask].sum()) / total if total > 0 else np.nan


def mask_at(mask: Mask, size: int) -> Mask:
    """``mask`` (h, w) at ``size`` × ``size``, each pixel as the one its centre falls on."""
    rows, columns = (_nearest(length, size) for length in mask.shape)
    return mask[np.ix_(rows, columns)]


def box_mask(boxes: Array, size: int) -> Mask:
    """Pixels of a ``size`` × ``size`` image whose centre lies in a box, shape (size, size).

    Args:
        boxes: left, top, right, bottom as fractions of the image, shape (m, 4).
        size: of the mask.
    """
    centres = (np.arange(size) + 0.5) / size
    inside_x = (boxes[:, 0, None] <= centres) & (centres < boxes[:, 2, None])
    inside_y = (boxes[:, 1, None] <= centres) & (centres < boxes[:, 3, None])
    return np.asarray((inside_y[:, :, None] & inside_x[:, None, :]).any(axis=0))


def centre_crop(width: float, height: float) -> tuple[float, float, float, float]:
    """The part of an image that models see: shorter side to 256, then the middle 224 pixels.

    Left, top, right, bottom as fractions of the image.
    """
    share = CROP / SHORT_SIDE * min(width, height)
    x, y = share / width, share / height
    return (1 - x) / 2, (1 - y) / 2, (1 + x) / 2, (1 + y) / 2


@cache
def _bilinear(length: int, size: int) -> Array:
    """Weights that resample ``length`` values at ``size`` places, shape (size, length)."""
    places = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    left = np.floor(places).astype(np.int64)
    right = np.minimum(left + 1, length - 1)
    weights = np.zeros((size, length))
    rows = np.arange(size)
    np.add.at(weights, (rows, left), 1 - (places - left))
    np.add.at(weights, (rows, right), places - left)
    return weights


def _nearest(length: int, size: int) -> npt.NDArray[np.int64]:
    return ((np.arange(size) + 0.5) * length / size).astype(np.int64)
