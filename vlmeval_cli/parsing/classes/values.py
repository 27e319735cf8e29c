"""Recorded labels, class probabilities and confidences, of whatever shape, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.errors import DataError
from vlmeval_cli.joining.references import accepted, is_box
from vlmeval_cli.parsing.items import Place, ReferenceValues, Values
from vlmeval_cli.parsing.texts import refused
from vlmeval_cli.readers.json_values import described

_LABEL = "a label (a string, a whole number or a boolean)"
_PREDICTED = f"{_LABEL}, or class probabilities"
_TEXTS = {str, type(None)}


class Top(NamedTuple):
    """The most probable class, and its probability; no label where several share it."""

    label: str | int | None
    probability: float


def prediction_labels(
    values: Sequence[Any], field: str, place: Place, on_bad_row: OnBadRow = "error"
) -> Values:
    """Predictions as the text of a label, or as probabilities of classes.

    A label is a string, a whole number or a boolean; ``[label]`` is that label. Probabilities are
    ``{label: number}``, ``[{"label": …, "score": …}]`` or a list with a number for every class.

    Args:
        values: the column as it was read.
        field: its name, for messages.
        place: row → ``file:line``.
        on_bad_row: "error" raises at the first bad value, "skip" leaves it out and lists it.

    Raises:
        DataError: a prediction is none of these, such as a list of several labels.
    """
    if set(map(type, values)) <= _TEXTS:
        return Values(list(values), {})
    bad: dict[int, str] = {}
    found: list[Any] = []
    for row, value in enumerate(values):
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        label = label_text(one)
        kept = label if label is not None else probabilities(value)
        if kept is None and value is not None:
            bad[row] = refused(place(row), field, value, _PREDICTED, on_bad_row)
        found.append(kept)
    return Values(found, bad)


def reference_labels(
    values: Sequence[Any],
    field: str,
    place: Place,
    on_bad_row: OnBadRow = "error",
    *,
    empty_is_answer: bool = False,
) -> ReferenceValues:
    """Accepted labels of each item as texts; an empty text is no label.

    Args:
        values: the column as it was read: a label, or a list of labels any of which is right.
        field: its name, for messages.
        place: row → ``file:line``.
        on_bad_row: as in :func:`prediction_labels`.
        empty_is_answer: not for labels.

    Raises:
        DataError: a reference is an object, a fraction or a list inside a list.
    """
    if _are_single_texts(values):
        return ReferenceValues(list(values), {})
    bad: dict[int, str] = {}
    found: list[list[Any]] = []
    for row, value in enumerate(values):
        if type(value) is list and len(value) == 1 and type(value[0]) is str and value[0]:
            found.append(value)  # nearly all are one text, as the join leaves them
            continue
        recorded = _recorded(value)
        labels = [label_text(one) for one in recorded]
        if None in labels:
            wrong = recorded[labels.index(None)]
            expected = f"{_LABEL}, or a list of labels any of which is right"
            bad[row] = refused(place(row), field, wrong, expected, on_bad_row)
            labels = []
        found.append(list(dict.fromkeys(label for label in labels if label)))
    return ReferenceValues(found, bad)


def _are_single_texts(values: Sequence[Any]) -> bool:
    """Whether every reference is one text that is not empty, as the join leaves them."""
    if set(map(type, values)) != {list} or set(map(len, values)) != {1}:
        return False
    flat = [*chain.from_iterable(values)]
    return set(map(type, flat)) == {str} and all(flat)


def _recorded(value: object) -> list[Any]:
    """The parts of a reference; four numbers are classes here, and no box."""
    parts = accepted(value)
    return parts[0] if len(parts) == 1 and is_box(parts[0]) else parts


def label_text(value: object) -> str | None:
    """A label as text; None for what is no label. Spreadsheets write whole numbers as 3.0.

    >>> label_text("cat"), label_text(3), label_text(3.0), label_text(True), label_text(0.5)
    ('cat', '3', '3', 'true', None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value) if isinstance(value, int) else None


def probabilities(value: object) -> Mapping[str | int, float] | None:
    """Class → its probability (or score), where ``value`` is that; a list is by class number.

    >>> probabilities([{"label": "cat", "score": 0.9}, {"label": "dog", "score": 0.1}])
    {'cat': 0.9, 'dog': 0.1}
    >>> probabilities([0.2, 0.8])
    {0: 0.2, 1: 0.8}
    """
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        pairs = [(one.get("label"), one.get("score")) for one in value]
    elif isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list) and len(value) > 1:
        pairs = list(enumerate(value))
    else:
        return None
    are_known = all(isinstance(key, str | int) and _is_number(number) for key, number in pairs)
    return dict(pairs) if pairs and are_known else None


def top(value: Mapping[str | int, float]) -> Top:
    """The class of the largest probability."""
    largest = max(value.values())
    best = [label for label, number in value.items() if number == largest]
    return Top(best[0] if len(best) == 1 else None, float(largest))


def confidences(
    column: Sequence[Any], labels: Sequence[str | None], name: str, place: Place
) -> Array:
    """The confidence in each predicted label, shape (n,); NaN where none is recorded.

    Args:
        column: numbers, texts such as "0.87" or "87%", or probabilities of classes.
        labels: the predicted labels, for probabilities.
        name: of the field, for messages.
        place: item → where it stands.

    Raises:
        DataError: a value is none of these.
    """
    if set(map(type, column)) == {float}:
        numbers = np.array(column, dtype=np.float64)
        if not np.isinf(numbers).any():
            return numbers
    found = np.full(len(column), np.nan)
    for i, value in enumerate(column):
        if value is None or value == "":
            continue
        number = _confidence(value, labels[i])
        if number is None:
            raise DataError(
                f'{place(i)}: field "{name}", got {described(value)}, expected a confidence '
                "from 0 to 1",
                hint="Write null where it is unknown, or give the field another name: "
                f'"{name}" is read as the confidence in the predicted label.',
            )
        found[i] = number
    return found


def _confidence(value: object, label: str | None) -> float | None:
    if isinstance(value, str):
        return _number_in(value)
    if _is_number(value):
        return float(value)  # type: ignore[arg-type]  # _is_number
    classes = probabilities(value)
    if classes is None:
        return None
    by_text = {str(key): number for key, number in classes.items()}
    return float(by_text.get(label or "", top(classes).probability))


def _number_in(text: str) -> float | None:
    plain = text.strip()
    is_percent = plain.endswith("%")
    try:
        number = float(plain.removesuffix("%"))
    except ValueError:
        return None
    return number / 100.0 if is_percent else number


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
