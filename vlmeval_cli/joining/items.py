"""Reference rows become items: rows that repeat an id merge, or get a composite id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.joining.columns import Columns, Roles
from vlmeval_cli.joining.paths import WHOLE_ROW, as_text
from vlmeval_cli.joining.references import accepted, as_written


@dataclass(frozen=True, slots=True)
class Keys:
    """Ids of the rows of both files.

    Attributes:
        predictions, references: what is compared, after any repair.
        shown: ids of the reference rows as their file spells them.
    """

    predictions: Sequence[str]
    references: Sequence[str]
    shown: Sequence[str]

    def with_questions(self, mine: Sequence[Any], theirs: Sequence[Any]) -> Keys:
        """The same ids with each row's question behind them."""
        return Keys(
            _composite(self.predictions, map(_folded, mine)),
            _composite(self.references, map(_folded, theirs)),
            _composite(self.shown, theirs),
        )


@dataclass(frozen=True, slots=True)
class Items:
    """Reference rows grouped by id, in order of first sight.

    Attributes:
        first: row of the file from which an item's fields come.
        more: the other rows of an item, where ids repeat.
    """

    first: Sequence[int]
    more: dict[int, list[int]]

    def references(self, columns: Columns, name: str | None, id_name: str) -> list[list[Any]]:
        """Accepted answers of each item; rows that share an id add theirs."""
        if name is None:
            return [[] for _ in self.first]
        values = as_written(columns.layout, columns[name])
        if name == WHOLE_ROW:
            values = [{key: row[key] for key in row if key != id_name} for row in values]
        kinds = set() if self.more else set(map(type, values))
        if kinds == {str}:
            return [[values[row]] for row in self.first]
        if kinds == {list} and set(map(type, chain.from_iterable(values))) == {str}:
            return [values[row] for row in self.first]
        if not self.more:
            return [accepted(values[row]) for row in self.first]
        return [
            [one for row in (head, *self.more.get(head, ())) for one in accepted(values[row])]
            for head in self.first
        ]


def _folded(question: object) -> str:
    """The question as it is compared; prompts often begin with a capital that it does not have."""
    return as_text(question).strip().lower()


def _composite(ids: Sequence[str], questions: Iterable[Any]) -> list[str]:
    pairs = zip(ids, questions, strict=True)
    return [f"{text} | {as_text(question)}" for text, question in pairs]


def group(ids: Sequence[str]) -> Items:
    """Rows of equal id as one item."""
    if len(set(ids)) == len(ids):
        return Items(range(len(ids)), {})
    heads: dict[str, int] = {}
    more: dict[int, list[int]] = {}
    for row, text in enumerate(ids):
        head = heads.setdefault(text, row)
        if head != row:
            more.setdefault(head, []).append(row)
    return Items(list(heads.values()), more)


def disagreement(
    items: Items, columns: Columns, names: Sequence[str]
) -> tuple[int, int, str] | None:
    """First two rows of one item that differ in one of the fields ``names``, and which."""
    for name in names:
        values = columns[name]
        for head, rows in items.more.items():
            for row in rows:
                if values[row] != values[head]:
                    return head, row, name
    return None


def must_agree(roles: Roles) -> tuple[str, ...]:
    """Fields in which rows of one id must agree to be the same item."""
    return tuple(name for name in (roles.question, roles.options) if name is not None)


def refuse_disagreement(found: tuple[int, int, str], columns: Columns, ids: Sequence[str]) -> None:
    """Say that rows of one id are different items.

    Raises:
        DataError: always.
    """
    head, row, name = found
    one, other = (quoted(as_text(columns[name][at]), 40) for at in (head, row))
    first = f"{columns.layout.unit} {columns.lines[head]}"
    raise DataError(
        f"{columns.where(row)}: id {quoted(ids[row])} repeats {first} "
        f'with another "{name}", got {other}, expected {one}',
        hint="Name a field that is different for every item with --id-field, or give both files "
        "the question: then image and question together are the id.",
    )
