"""Items of which only the stage matters at which a document could be read."""

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn, singles

COLUMN = "prediction.format"
NOT_PERFECT = set()

PERFECT = [3.0] * 6
MIXED = [3.0, 2.0, 1.0, 0.0, 3.0, 2.0]
USELESS = [0.0]


def batch(items):
    """Items of stages."""
    ids = [f"i{i}" for i in range(len(items))]
    column = NumberColumn(np.array(items), singles(len(items)))
    return Batch(ids, [None] * len(items), [[{}]] * len(items), columns={COLUMN: column})
