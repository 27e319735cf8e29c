"""Items whose texts an encoder has turned into vectors of tokens, made without one.

A word has a vector of its own, moved a little by the text that it stands in.
"""

import zlib

import numpy as np
from kinds import texts

from vlmeval_cli.core.batch import Batch, offsets_of, singles
from vlmeval_cli.models.columns import Provenance, TokenVectors, VectorColumn

COLUMN = "prediction.token_vectors:roberta-large@17"
NOT_PERFECT = set()
CLS, SEP = 0, 1
WIDTH = 16

PERFECT, MIXED, USELESS = texts.PERFECT, texts.MIXED, texts.USELESS


def random(seed):
    return np.random.default_rng(zlib.crc32(seed.encode()))


def tokens_of(text):
    """Ids of a text, and the vector of each."""
    words = ["[CLS]", *text.split(), "[SEP]"]
    ids = [CLS, *(2 + zlib.crc32(word.encode()) % 30000 for word in words[1:-1]), SEP]
    own = [random(word).normal(size=WIDTH) for word in words]
    moved = 0.3 * random(text).normal(size=(len(words), WIDTH))
    return ids, np.array(own) + moved


def encoded(different, n_cut=None):
    """Vectors of the tokens of different texts."""
    found = [tokens_of(text) for text in different]
    return TokenVectors(
        vectors=np.concatenate([vectors for _, vectors in found]).astype(np.float32),
        offsets=offsets_of([len(ids) for ids, _ in found]),
        ids=np.array([one for ids, _ in found for one in ids], dtype=np.int32),
        n_cut=np.zeros(len(different), dtype=np.int64) if n_cut is None else np.array(n_cut),
        end_ids=(CLS, SEP),
        n_added=2,
    )


def column(values, item_offsets, n_cut=None):
    """A column of the texts of all items, each different one encoded once."""
    different = list(dict.fromkeys(values)) or [""]
    which = np.array([different.index(value) for value in values], dtype=np.int64)
    made = encoded(different, n_cut)
    return VectorColumn(which, item_offsets, made, Provenance({"weights": "random"}))


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
