"""Items of preference: verdicts of two judges on three models."""

from vlmeval_cli.core.batch import Batch, NumberColumn
from vlmeval_cli.parsing.judgments.columns import Verdict, column_of

COLUMN = "prediction.judgments"
# Nobody has a finite strength, or an agreement beyond chance, where one model always wins.
NOT_PERFECT = {"length_controlled_win_rate", "judge_agreement", "bradley_terry"}
MODELS, JUDGES = ["lora", "base", "full"], ["person", "model"]


def own(share, judge="person", length=50, other="base"):
    """A verdict on lora, shown first."""
    return Verdict("lora", other, share, judge, length_a=length, length_b=40)


def turned(share, judge="person", length=50, other="base"):
    """The same two answers in the other order; ``share`` is lora's still."""
    return Verdict(other, "lora", 1 - share, judge, length_a=40, length_b=length)


PERFECT = [[own(1.0), turned(1.0)], [own(1.0, length=30), turned(1.0, length=30)]]
MIXED = [
    [own(1.0), turned(1.0), own(1.0, "model")],
    [own(0.0, length=70), turned(0.5, length=70), own(1.0, "model", 70)],
    [own(0.5, length=20), turned(0.5, length=20), own(0.5, "model", 20)],
    [own(1.0, length=30, other="full"), turned(0.0, length=30, other="full")],
    [
        own(0.3, length=90),
        Verdict("base", "full", 0.0, "model"),
        Verdict("full", "base", 0.0, "model"),
    ],
    [own(0.0, length=45, other="full"), own(0.0, "model", 45, other="full")],
]
USELESS = [[own(0.0), turned(0.0)]]


def batch(items):
    """Items of lists of verdicts."""
    column = column_of(items, MODELS, JUDGES)
    columns = {COLUMN: column}
    for name in ("lengths", "orders", "judges"):
        columns[f"judgments.{name}"] = NumberColumn(column.share, column.item_offsets)
    ids = [f"i{i}" for i in range(len(items))]
    return Batch(ids, [None] * len(items), [[] for _ in items], columns=columns)
