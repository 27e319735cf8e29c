"""Items of rationality: whether the class is right, and where the model looked."""

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn, ValueColumn, singles
from vlmeval_cli.parsing.rationales import Recorded

COLUMN = "prediction.rationale"
NOT_PERFECT = set()

PERFECT = [(1.0, 1.0), (1.0, 1.0)]
MIXED = [(1.0, 0.9), (0.0, 0.6), (1.0, 0.2), (0.0, 0.1), (1.0, 0.5), (1.0, 0.75)]
USELESS = [(0.0, 0.0)]


def batch(items):
    """Items of (1 if right, relevant mass)."""
    n = len(items)
    columns = {
        "item.correct": NumberColumn(np.array([right for right, _ in items]), singles(n)),
        "prediction.rationale": ValueColumn([Recorded(mass) for _, mass in items], singles(n)),
    }
    return Batch([f"i{i}" for i in range(n)], ["dog"] * n, [["dog"]] * n, columns=columns)
