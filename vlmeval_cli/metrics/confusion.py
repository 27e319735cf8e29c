"""Tables behind the scores of classes: each class, the confusion matrix, the confusions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.metric import Table
from vlmeval_cli.metrics.classes import UNREAD_NAME

MATRIX_CLASSES = 20  # a larger matrix is told as its largest cells alone
_SHOWN_CLASSES = 20
_SHOWN_CONFUSIONS = 10


def class_tables(true: Ints, predicted: Ints, names: Sequence[str]) -> Mapping[str, Table]:
    """Tables of the pairs of classes.

    Args:
        true: code of the true class of each item.
        predicted: code of the predicted class, -1 where none was read.
        names: classes by code.
    """
    size = len(names) + 1
    read = np.where(predicted < 0, len(names), predicted)
    cells, counts = np.unique(true * size + read, return_counts=True)
    pairs = {divmod(cell, size): n for cell, n in zip(cells.tolist(), counts.tolist(), strict=True)}
    present = sorted({code for pair in pairs for code in pair} - {len(names)})
    tables = {"per_class": _per_class(pairs, present, names)}
    if len(present) <= MATRIX_CLASSES:
        tables["confusion_matrix"] = _matrix(pairs, present, names)
    confusions = _confusions(pairs, names)
    return tables if not confusions.rows else {**tables, "confusions": confusions}


def _per_class(
    pairs: Mapping[tuple[int, int], int], present: Sequence[int], names: Sequence[str]
) -> Table:
    """The classes with the most references first."""
    of_true, of_predicted = dict.fromkeys(present, 0), dict.fromkeys([*present, len(names)], 0)
    for (one, other), n in pairs.items():
        of_true[one] += n
        of_predicted[other] += n
    rows = []
    for code in sorted(present, key=lambda code: (-of_true[code], names[code])):
        right = pairs.get((code, code), 0)
        both = of_true[code] + of_predicted[code]
        rows.append(
            (
                names[code],
                right / of_predicted[code] if of_predicted[code] else 0.0,
                right / of_true[code] if of_true[code] else 0.0,
                2 * right / both if both else 0.0,
                of_true[code],
                of_predicted[code],
            )
        )
    columns = ("class", "precision", "recall", "f1", "support", "predicted")
    return Table("Classes (support: items of the class)", columns, rows, _SHOWN_CLASSES)


def _matrix(
    pairs: Mapping[tuple[int, int], int], present: Sequence[int], names: Sequence[str]
) -> Table:
    has_unread = any(other == len(names) for _, other in pairs)
    columns = [*present, len(names)] if has_unread else present
    named = [*names, UNREAD_NAME]
    rows: list[tuple[str | int, ...]] = [
        (names[row], *(pairs.get((row, column), 0) for column in columns)) for row in present
    ]
    return Table(
        "Confusion matrix (rows: reference, columns: prediction)",
        ("reference", *(named[column] for column in columns)),
        rows,
    )


def _confusions(pairs: Mapping[tuple[int, int], int], names: Sequence[str]) -> Table:
    named = [*names, UNREAD_NAME]
    support: dict[int, int] = {}
    for (one, _), n in pairs.items():
        support[one] = support.get(one, 0) + n
    wrong = [(one, other, n) for (one, other), n in pairs.items() if one != other]
    wrong.sort(key=lambda cell: (-cell[2], named[cell[0]], named[cell[1]]))
    rows = [(named[one], named[other], n, n / support[one]) for one, other, n in wrong]
    columns = ("reference", "prediction", "items", "share of the class")
    return Table("Most frequent confusions", columns, rows, _SHOWN_CONFUSIONS)
