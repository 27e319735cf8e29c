"""Items of the tasks whose predictions are texts.

A kind is a module of this folder. It says which column its metrics read (``COLUMN``), makes a batch
of items (``batch``), and gives items that are ``PERFECT``, ``MIXED`` (six of them) and ``USELESS``
(one whose prediction is as bad as can be). Metrics in ``NOT_PERFECT`` give a perfect prediction
less than their best.
"""

from vlmeval_cli.core.batch import Batch

COLUMN = "prediction.text"
NOT_PERFECT = {"meteor"}  # a perfect sentence has one chunk, and METEOR charges for it

SENTENCES = [
    "a brown dog catches a frisbee on the beach",
    "two men are riding horses along a river at sunset",
    "a plate with three slices of pizza and a glass of water",
    "the little girl in the red dress is reading a book",
    "an old train is standing at a small station in the snow",
    "people walk their dogs in a park on a sunny afternoon",
]
OTHERS = ["three cows", "a child reads", ""]

# Ten annotators who agree: VQA accuracy leaves each out in turn.
PERFECT = [(text, [text] * 10) for text in SENTENCES]
MIXED = [
    (text, [gold, SENTENCES[i - 1]])
    for i, (text, gold) in enumerate(zip([*SENTENCES[:3], *OTHERS], SENTENCES, strict=True))
]
USELESS = [("", ["a dog runs on the beach"])]


def batch(items):
    """Items of (prediction, references)."""
    ids = [f"i{i}" for i in range(len(items))]
    return Batch(ids, [text for text, _ in items], [list(found) for _, found in items])
