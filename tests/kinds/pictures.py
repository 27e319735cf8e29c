"""Captions of images as their vectors, which metrics of CLIP read; no network is needed."""

import numpy as np

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.metrics.clip_vectors import DEFAULT_MODEL, column
from vlmeval_cli.models.columns import VectorColumn, whole

COLUMN = column("prediction", DEFAULT_MODEL)
NOT_PERFECT = set()

# A caption, its references and its image, each by the direction of its vector in degrees.
PERFECT = [(angle, [angle, angle], angle) for angle in (0, 60, 120, 180, 240, 300)]
MIXED = [
    (0, [0, 20], 10),
    (50, [60], 75),
    (100, [90, 200], 130),
    (180, [170], 350),  # faces away from its image
    (240, [245, 250, 100], None),  # no image
    (300, [290], 310),
]
USELESS = [(0, [180], 180)]


def direction(degrees):
    """A vector of length 1."""
    turned = np.radians(degrees)
    return np.array([np.cos(turned), np.sin(turned), 0.0], dtype=np.float32)


def vectors(per_item):
    """A column of vectors; each different direction is held once, None is not there."""
    flat = [angle for angles in per_item for angle in angles]
    different = sorted({angle for angle in flat if angle is not None})
    which = [-1 if angle is None else different.index(angle) for angle in flat]
    offsets = np.cumsum([0, *map(len, per_item)])
    found = np.array([direction(angle) for angle in different]).reshape(-1, 3)
    lost = {i: "image not found" for i, place in enumerate(which) if place < 0}
    return VectorColumn(np.array(which), offsets, whole(found.astype(np.float32)), reasons=lost)


def batch(items):
    """Items of (caption, references, image)."""
    ids = [f"i{i}" for i in range(len(items))]
    columns = {
        column("prediction", DEFAULT_MODEL): vectors([[text] for text, _, _ in items]),
        column("references", DEFAULT_MODEL): vectors([found for _, found, _ in items]),
        column("image", DEFAULT_MODEL): vectors([[image] for _, _, image in items]),
    }
    return Batch(ids, [""] * len(items), [[""] for _ in items], columns=columns)
