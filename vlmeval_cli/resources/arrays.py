"""Two-dimensional arrays from files: numpy's, and images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.optional import require

SUFFIXES = (".npy", ".npz", ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
_MOST_PIXELS = 100_000_000


class UnreadableArrayError(ValueError):
    """A file that holds no two-dimensional array of numbers; the message says what it holds."""


def read_array(path: Path) -> Array:
    """The array in a ``.npy`` or ``.npz`` file, or the grey values of an image, shape (h, w).

    Of an ``.npz`` file the first array is taken. Pickled objects are never loaded.

    Raises:
        UnreadableArrayError: the file is not there, is broken, or holds something else.
        MissingExtraError: it is an image, and the extra ``images`` is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UnreadableArrayError(f"a file called {path.name}, expected {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise UnreadableArrayError("no such file")
    if path.suffix.lower() in (".npy", ".npz"):
        return two_dimensional(_numpy(path))
    return two_dimensional(_image(path))


def two_dimensional(array: npt.NDArray[np.generic]) -> Array:
    """``array`` as float64 of shape (h, w); a single channel is dropped.

    Raises:
        UnreadableArrayError: it has another shape, no values, or values that are no numbers.
    """
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        array = array.reshape([side for side in array.shape if side != 1] or [1])
    if array.ndim != 2 or 0 in array.shape:
        raise UnreadableArrayError(f"an array of shape {array.shape}, expected (height, width)")
    if array.size > _MOST_PIXELS:
        raise UnreadableArrayError(f"an array of {array.size:,} values, expected at most 10⁸")
    if array.dtype.kind not in "biuf":
        raise UnreadableArrayError(f"an array of {array.dtype}, expected numbers")
    return array.astype(np.float64)


def _numpy(path: Path) -> npt.NDArray[np.generic]:
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found
        with found:
            return np.asarray(found[found.files[0]])
    except Exception as error:  # a broken file fails in many ways, and numpy advises to unpickle
        raise UnreadableArrayError(
            "a broken numpy file, or one of pickled objects, expected an array of numbers "
            "(numpy.save)"
        ) from error


def _image(path: Path) -> npt.NDArray[np.generic]:
    images = require("PIL.Image", extra="images", user=f"reading {path.name}")
    try:
        with images.open(path) as image:
            grey = image if image.mode in ("1", "L", "I", "F", "I;16") else image.convert("L")
            return np.asarray(grey)
    except Exception as error:  # a broken file fails in many ways
        raise UnreadableArrayError(f"a broken image ({error})") from error
