"""Items of metrics that compare scenes: made columns stand for what reads captions.

Every word is an object, and the words are red, one, small and in pairs where that is needed.
"""

import numpy as np
from kinds import texts

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.scenes.tuples import CATEGORIES, Found, Scene, scene_column

COLUMN = "pair.spice"
NOT_PERFECT = frozenset()
PERFECT, MIXED, USELESS = texts.PERFECT, texts.MIXED, texts.USELESS


def found(prediction, references):
    ours, theirs = set(prediction.split()), {word for text in references for word in text.split()}
    counts = (len(ours & theirs), len(ours - theirs), len(theirs - ours))
    return Found(np.array([counts] * len(CATEGORIES)), Scene((), ()))


def batch(items):
    """Items of (prediction, references), compared."""
    plain = texts.batch(items)
    column = scene_column([found(text, golds) for text, golds in items])
    return Batch(plain.ids, plain.predictions, plain.references, columns={COLUMN: column})
