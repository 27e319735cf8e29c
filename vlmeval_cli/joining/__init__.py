"""Predictions meet references: columns, ids, repairs and the join itself."""

from vlmeval_cli.joining.columns import Columns, Roles, RowSource, collect
from vlmeval_cli.joining.ids import IdPair
from vlmeval_cli.joining.join import Fields, Joined, join, join_one_file
from vlmeval_cli.joining.meeting import Dataset, Repeats, is_empty
from vlmeval_cli.joining.selection import Selection

__all__ = [
    "Columns",
    "Dataset",
    "Fields",
    "IdPair",
    "Joined",
    "Repeats",
    "Roles",
    "RowSource",
    "Selection",
    "collect",
    "is_empty",
    "join",
    "join_one_file",
]
