"""Items whose texts an encoder has turned into one vector each, made without one."""

import numpy as np
from kinds import texts, token_vectors

from vlmeval_cli.core.batch import Batch, offsets_of, singles
from vlmeval_cli.models.columns import Provenance, VectorColumn, whole

COLUMN = "prediction.sentence_vectors:minilm"
NOT_PERFECT = set()

PERFECT, MIXED, USELESS = texts.PERFECT, texts.MIXED, texts.USELESS


def vector_of(text):
    """The mean of the vectors of its words; an empty text has none."""
    mean = token_vectors.tokens_of(text)[1].mean(axis=0)
    return mean if text else np.zeros_like(mean)


def column(values, item_offsets):
    """A column of the texts of all items, each different one encoded once."""
    different = list(dict.fromkeys(values)) or [""]
    which = np.array([different.index(value) for value in values], dtype=np.int64)
    vectors = np.array([vector_of(text) for text in different], dtype=np.float32)
    return VectorColumn(which, item_offsets, whole(vectors), Provenance({"weights": "random"}))


def batch(items):
    """Items of (prediction, references)."""
    made = texts.batch(items)
    flat = [text for _, accepted in items for text in accepted]
    counts = [len(accepted) for _, accepted in items]
    columns = {
        COLUMN: column(made.predictions, singles(len(items))),
        COLUMN.replace("prediction", "references"): column(flat, offsets_of(counts)),
    }
    return Batch(made.ids, made.predictions, made.references, columns=columns)
