"""The fields of verdicts, one value for each verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from math import isfinite
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array, Ints, offsets_of
from vlmeval_cli.core.errors import quoted
from vlmeval_cli.joining.paths import as_text
from vlmeval_cli.parsing.items import Items
from vlmeval_cli.parsing.judgments.columns import UNKNOWN
from vlmeval_cli.parsing.judgments.labels import plain

Names = tuple[str, str]

# Names that AlpacaEval writes; the model that is asked about is the second there.
ALPACA_MODELS: Names = ("generator_1", "generator_2")
ALPACA_OUTPUTS: Names = ("output_1", "output_2")
MODELS: tuple[Names, ...] = (("model_a", "model_b"), ALPACA_MODELS, ("model_1", "model_2"))
LENGTHS: tuple[Names, ...] = (
    ("length_a", "length_b"),
    ("len_a", "len_b"),
    ("length_1", "length_2"),
    ("len_1", "len_2"),
)
OUTPUTS: tuple[Names, ...] = (
    ("output_a", "output_b"),
    ("response_a", "response_b"),
    ("answer_a", "answer_b"),
    ("conversation_a", "conversation_b"),
    ALPACA_OUTPUTS,
    ("response_1", "response_2"),
    ("answer_1", "answer_2"),
)
JUDGES = ("judge", "annotator", "evaluator", "rater")
ORDERS = ("shown_first", "swapped", "order", "position")
TURN = "turn"
FIELDS = (*chain.from_iterable((*MODELS, *LENGTHS, *OUTPUTS)), *JUDGES, *ORDERS, TURN)
ORDER_EXPECTED = '"a" or "b" (which was shown first), "ab" or "ba", a model, or true and false'

_UNNAMED = "(not named)"
_A_FIRST = frozenset({"a", "ab", "a,b", "first", "original", "false"})
_B_FIRST = frozenset({"b", "ba", "b,a", "second", "swapped", "reversed", "true"})


@dataclass(frozen=True)
class Fields:
    """The fields of ``m`` verdicts, item after item.

    Attributes:
        items: whose verdicts they are.
        recorded: the winners as recorded, length m.
        item: the item of each verdict, length m.
        offsets: shape (n + 1,); item ``i`` owns verdicts ``offsets[i]`` to ``offsets[i+1]``.
    """

    items: Items
    recorded: Sequence[Any]
    item: Sequence[int]
    offsets: Ints

    @classmethod
    def of(cls, items: Items) -> Fields:
        """The verdicts of the items: lists of rows, each of which may hold several."""
        each = [flat(given) for given in items.predictions]
        counts = [*map(len, each)]
        owners = [*chain.from_iterable(repeat(i, count) for i, count in enumerate(counts))]
        return cls(items, [*chain.from_iterable(each)], owners, offsets_of(counts))

    def place(self, row: int) -> str:
        """Where a verdict stands: the line of the first one of its item, and which of them."""
        i = self.item[row]
        first, stop = self.offsets[i : i + 2].tolist()
        if stop - first == 1:
            return self.items.place(i)
        which = f"verdict {row - first + 1} of {stop - first} on {quoted(self.items.ids[i], 40)}"
        return f"{self.items.place(i)} ({which})"

    def filled(self, *names: str | None) -> tuple[str, list[Any]] | None:
        """The first of the fields ``names`` that any verdict fills: a value for each verdict."""
        for name in names:
            column = self.items.fields.get(name) if name else None
            values = [] if column is None else self._by_verdict(column)
            if name and any(value not in (None, "") for value in values):
                return name, values
        return None

    def two(self, pairs: Sequence[Names]) -> tuple[Names, list[Any], list[Any]] | None:
        """The first pair of fields that both are filled, with their values."""
        for names in pairs:
            a, b = map(self.filled, names)
            if a is not None and b is not None:
                return names, a[1], b[1]
        return None

    def _by_verdict(self, column: Sequence[Any]) -> list[Any]:
        """A field of the file of verdicts is a list for each item; others have one value."""
        each = [_as_list(given) for given in self.items.predictions]
        are_rows = all(
            value is None or (isinstance(value, list) and len(value) == len(rows))
            for value, rows in zip(column, each, strict=True)
        )
        found: list[Any] = []
        for value, rows in zip(column, each, strict=True):
            cells = value if are_rows and value is not None else [value] * len(rows)
            for cell, row in zip(cells, rows, strict=True):
                found += _cells(cell, row)
        return found

    def lengths(self) -> tuple[Array, Array]:
        """Lengths of the two answers in characters, or as recorded; NaN where unknown."""
        found = self.two(LENGTHS)
        measure = _number
        if found is None:
            found, measure = self.two(OUTPUTS), _characters
        if found is None:
            nothing = np.full(len(self.recorded), np.nan)
            return nothing, nothing
        return _array(map(measure, found[1])), _array(map(measure, found[2]))

    def tasks(self) -> list[str]:
        """What was answered: the question and the turn of a talk, where they are recorded."""
        found = (self.filled(name) for name in (self.items.question, TURN))
        parts = [one[1] for one in found if one is not None]
        joined = ["\n".join(map(as_text, one)) for one in zip(*parts, strict=True)]
        return joined or [""] * len(self.recorded)

    def judges(self) -> list[str]:
        """Who judged."""
        found = self.filled(*JUDGES)
        column = [None] * len(self.recorded) if found is None else found[1]
        return [_UNNAMED if judge in (None, "") else as_text(judge) for judge in column]

    def shown_first(self, models: Sequence[Names], usual: int) -> tuple[Ints, str]:
        """0 where a was shown first, 1 where b was, -1 where that is unknown; and a note.

        Args:
            models: names of the two models of each verdict.
            usual: what holds where no field says it.
        """
        known_field = self.filled(*ORDERS)
        if known_field is None:
            return np.full(len(self.recorded), usual, dtype=np.int64), ""
        name, column = known_field
        found = [_order(value, pair) for value, pair in zip(column, models, strict=True)]
        unread = [
            row
            for row, (value, known) in enumerate(zip(column, found, strict=True))
            if value not in (None, "") and known is None
        ]
        if unread:
            note = (
                f'"{name}" was not used: {self.place(unread[0])} has {quoted(column[unread[0]])}, '
                f"expected {ORDER_EXPECTED}"
            )
            return np.full(len(self.recorded), usual, dtype=np.int64), note
        return np.array([UNKNOWN if one is None else one for one in found], dtype=np.int64), ""


def _as_list(given: object) -> list[Any]:
    return [] if given is None else given if isinstance(given, list) else [given]


def flat(given: object) -> list[Any]:
    """The winners of an item, in rows that hold one or a list of them."""
    return [one for row in _as_list(given) for one in (row if isinstance(row, list) else [row])]


def _cells(cell: object, row: object) -> list[Any]:
    """A field of a row for each of its verdicts."""
    if not isinstance(row, list):
        return [cell]
    fits = isinstance(cell, list) and len(cell) == len(row)
    return cell if fits else [cell] * len(row)  # type: ignore[return-value]  # a list where it fits


def _order(value: object, models: Names) -> int | None:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return None
    if value in models:
        return models.index(value)
    label = plain(value)
    return 0 if label in _A_FIRST else 1 if label in _B_FIRST else None


def _array(values: Any) -> Array:  # noqa: ANN401  (a map of numbers)
    return np.fromiter(values, dtype=np.float64)


def _number(value: object) -> float:
    try:
        length = float(value)  # type: ignore[arg-type]  # any value is asked
    except (TypeError, ValueError):
        return np.nan
    return length if isfinite(length) and length >= 0 else np.nan


def _characters(value: object) -> float:
    """Characters of an answer; of a conversation, those of the turns of the model."""
    if isinstance(value, str):
        return float(len(value))
    if not isinstance(value, list) or not all(isinstance(turn, dict) for turn in value):
        return np.nan
    said = [turn.get("content") for turn in value if turn.get("role") == "assistant"]
    texts = [text for text in said if isinstance(text, str)]
    return float(sum(map(len, texts))) if texts else np.nan
