"""Items of language modelling: what the tokens of a text come to."""

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn, ValueColumn, singles

COLUMN = "prediction.nll"
NOT_PERFECT = set()
NAMES = ("nll", "n_tokens", "n_bytes", "n_top", "n_judged")

PERFECT = [(0.0, 3, 12, 3, 3), (0.0, 5, 20, 5, 5)]
MIXED = [
    (3.1, 3, 12, 1, 3),
    (0.2, 2, 7, 2, 2),
    (12.0, 5, 20, 0, 5),
    (1.5, 4, 11, 3, 4),
    (7.25, 6, 31, 2, 6),
    (0.0, 1, 3, 1, 1),
]
USELESS = [(20.0, 1, 3, 0, 1)]


def batch(items):
    """Items of (nll, tokens, bytes, top tokens, judged tokens)."""
    n = len(items)
    columns = {
        f"prediction.{name}": NumberColumn(np.array(column, dtype=float), singles(n))
        for name, column in zip(NAMES, zip(*items, strict=True), strict=True)
    }
    columns["prediction.unscored"] = ValueColumn([None] * n, singles(n))
    return Batch([f"i{i}" for i in range(n)], [None] * n, [[]] * n, columns=columns)
