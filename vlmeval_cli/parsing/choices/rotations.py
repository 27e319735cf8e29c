"""Circular evaluation: rows that ask one question with its options in another order.

MMBench asks every question once per rotation of its options, so that a model that always says "A"
gains nothing. Which rows belong together must be recorded:

- ``g_index`` (or ``group_index``) names the question;
- VLMEvalKit numbers rotation ``r`` of row ``i`` as ``index = r · 1,000,000 + i``;
- or one file repeats the id of the question.

The last two count only if the rows of a question hold the same options in different order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vlmeval_cli.joining.paths import as_text
from vlmeval_cli.parsing.choices.options import Texts
from vlmeval_cli.parsing.items import Items

GROUP_FIELDS = ("g_index", "group_index")
ID_FIELDS = ("index", "id", "question_id", "qid", "uid")
_STEP = 1_000_000


class Rotations(NamedTuple):
    """Items of each question, the first of them its head; and how that is known."""

    groups: list[list[int]]
    evidence: str


def rotations(items: Items, texts: Sequence[Texts | None] | None) -> Rotations | None:
    """The questions and their rotations; None where every item is a question of its own."""
    for evidence, names, must_rotate in _candidates(items):
        if _are_different(names):
            continue
        groups = _grouped([as_text(name) for name in names])
        if not must_rotate or all(_are_rotations(group, texts) for group in groups):
            return Rotations(groups, evidence)
    return None


def _candidates(items: Items) -> Iterator[tuple[str, list[object], bool]]:
    """Evidence, question of each item, and whether the options must confirm it."""
    for name in GROUP_FIELDS:
        column = items.field(name)
        if column is not None:
            yield f'"{name}" names the question', _names(column, items), False
    numbers = [*map(_number, items.field("index") or ())]
    if any(number >= _STEP for number in numbers):
        questions: list[object] = [number % _STEP for number in numbers]
        yield '"index" counts rotations in millions', questions, True
    for name in ID_FIELDS:
        column = items.field(name)
        if column is not None:
            yield f'"{name}" repeats with rotated options', _names(column, items), True


def _names(column: Sequence[object], items: Items) -> list[object]:
    """The values of a column; an item without one is a question of its own."""
    if None not in column:
        return list(column)
    pairs = zip(items.ids, column, strict=True)
    return [f"\0{own}" if value is None else value for own, value in pairs]


def _are_different(names: Sequence[object]) -> bool:
    try:
        return len(set(names)) == len(names)
    except TypeError:  # lists and objects
        return False


def _number(value: object) -> int:
    if type(value) is int:
        return value
    text = as_text(value).removesuffix(".0")
    return int(text) if text.isascii() and text.isdigit() else -1


def _grouped(names: Sequence[str]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for item, name in enumerate(names):
        groups.setdefault(name, []).append(item)
    return list(groups.values())


def _are_rotations(group: Sequence[int], texts: Sequence[Texts | None] | None) -> bool:
    """Whether items have the same options, each in another order."""
    if len(group) == 1:
        return True
    if texts is None:
        return False
    orders = [tuple(text for text in texts[i] or () if text is not None) for i in group]
    is_same_set = len({tuple(sorted(order)) for order in orders}) == 1
    return is_same_set and len(set(orders)) == len(orders)
