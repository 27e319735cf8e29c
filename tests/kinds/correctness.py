"""Items of which it is known whether the predicted class is right."""

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn, singles

COLUMN = "item.correct"
NOT_PERFECT = set()

PERFECT = [1.0, 1.0]
MIXED = [1.0, 0.0, np.nan, 1.0, 0.0, 1.0]
USELESS = [0.0]


def batch(items):
    """Items of 1 if right, 0 if wrong, NaN if that is not known."""
    n = len(items)
    columns = {"item.correct": NumberColumn(np.array(items), singles(n))}
    return Batch([f"i{i}" for i in range(n)], ["dog"] * n, [["dog"]] * n, columns=columns)
