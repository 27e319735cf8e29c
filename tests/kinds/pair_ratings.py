"""Items of metrics that read a network's ratings of pairs: a made column stands for the network.

The rating is the share of words in common, which is 1 for the same text and 0 for an empty one.
"""

import numpy as np
from kinds import texts

from vlmeval_cli.core.batch import Batch, offsets_of
from vlmeval_cli.models.pair_scores import PairColumn

COLUMN = "pair.bleurt:lucadiliello/BLEURT-20"
NOT_PERFECT = frozenset()
PERFECT, MIXED, USELESS = texts.PERFECT, texts.MIXED, texts.USELESS


def rating(prediction, reference):
    ours, theirs = set(prediction.split()), set(reference.split())
    return len(ours & theirs) / max(len(ours | theirs), 1)


def batch(items):
    """Items of (prediction, references), rated."""
    plain = texts.batch(items)
    ratings = [rating(text, gold) for text, golds in items for gold in golds]
    offsets = offsets_of([len(golds) for _, golds in items])
    column = PairColumn(np.array(ratings), np.zeros(len(ratings), dtype=bool), offsets)
    return Batch(plain.ids, plain.predictions, plain.references, columns={COLUMN: column})
