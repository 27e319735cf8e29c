"""Items of classification: a predicted class, the accepted ones, and a confidence."""

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn, offsets_of, singles
from vlmeval_cli.text.labels import LabelColumn, codes_of

COLUMN = "prediction.labels"
NOT_PERFECT = set()
OF_PARSED = {"accuracy_parsed"}  # leaves out what was not read, however bad that is

PERFECT = [("cat", ["cat"], 1.0), ("dog", ["dog"], 1.0), ("cat", ["cat", "lion"], 1.0)]
MIXED = [
    ("cat", ["cat"], 0.9),
    ("dog", ["cat"], 0.8),
    ("dog", ["dog"], 0.7),
    (None, ["bird"], 0.2),
    ("bird", ["bird", "cat"], 1.0),
    ("zebra", ["dog"], 0.4),
]
USELESS = [("zebra", ["dog"], 1.0)]


def batch(items):
    """Items of (prediction, references, confidence)."""
    accepted = [label for _, labels, _ in items for label in labels]
    known = sorted(set(accepted))
    names = (*known, *sorted({label for label, _, _ in items} - {None, *known}))
    predictions = [label for label, _, _ in items]
    columns = {
        "prediction.labels": LabelColumn(codes_of(predictions, names), singles(len(items)), names),
        "references.labels": LabelColumn(
            codes_of(accepted, known), offsets_of([len(labels) for _, labels, _ in items]),
            tuple(known),
        ),
        "prediction.confidence": NumberColumn(
            np.array([confidence for _, _, confidence in items]), singles(len(items))
        ),
    }  # fmt: skip
    ids = [f"i{i}" for i in range(len(items))]
    return Batch(ids, predictions, [labels for _, labels, _ in items], columns=columns)
