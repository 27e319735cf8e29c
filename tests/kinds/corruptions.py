"""Items of rationality under corruption: the class is right or not, (corruption, severity)."""

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn, ValueColumn, singles
from vlmeval_cli.metrics.corruption_error import NAMES

COLUMN = "item.corruption"
NOT_PERFECT = {"corruption_error"}  # a relative error below AlexNet's has no bound
# The mean corruption error of a few items is unknown: it needs all 15 corruptions.
UNKNOWN_OF_FEW = {"corruption_error"}

PERFECT = [(1.0, (name, level)) for name in NAMES for level in range(1, 6)] + [(1.0, ("clean", 0))]
MIXED = [
    (1.0, ("snow", 1)),
    (0.0, ("snow", 2)),
    (0.0, ("fog", 5)),
    (1.0, ("clean", 0)),
    (1.0, ("spatter", 3)),
    (0.0, ("snow", 1)),
]
USELESS = [(0.0, ("snow", 1))]


def batch(items):
    """Items of (1 if right, condition)."""
    n = len(items)
    columns = {
        "item.correct": NumberColumn(np.array([right for right, _ in items]), singles(n)),
        "item.corruption": ValueColumn([condition for _, condition in items], singles(n)),
    }
    return Batch([f"i{i}" for i in range(n)], ["dog"] * n, [["dog"]] * n, columns=columns)
