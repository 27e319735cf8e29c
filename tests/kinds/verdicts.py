"""Items of code whose programs have a verdict each. What a kind is stands in texts.py."""

from vlmeval_cli.core.batch import Batch, ValueColumn, offsets_of

COLUMN = "prediction.verdicts"
NOT_PERFECT = set()

PERFECT = [["passed"], ["passed", "passed"], ["passed"]]
MIXED = [
    ["passed"],
    ["failed", "passed", "timeout"],
    ["error: SyntaxError"],
    ["passed", "passed"],
    ["no end", "failed"],
    ["passed", "out of memory", "failed", "failed", "failed"],
]
USELESS = [["failed"]]


def batch(items):
    """Items of lists of verdicts."""
    ids = [f"i{i}" for i in range(len(items))]
    flat = [verdict for verdicts in items for verdict in verdicts]
    column = ValueColumn(flat, offsets_of([*map(len, items)]))
    return Batch(ids, items, [[] for _ in items], columns={COLUMN: column})
