"""The form in which layouts are described: what to look for, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vlmeval_cli.readers.base import Row
from vlmeval_cli.readers.json_values import literal
from vlmeval_cli.readers.rejects import Rejects

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowRule:
    """A layout that is known by the fields of its rows, whatever file holds them.

    Attributes:
        name: of the layout.
        required: fields that every row has.
        evidence: what was seen, for the user.
        only: whether the rows have no other fields.
        test: a further test of the first rows.
        convert: row → row as the roles name its fields.
        fold: all rows → fewer, where several rows of the file are one row.
        task, roles, side: as in :class:`~vlmeval_cli.readers.base.Layout`; roles whose field is in
            none of the first rows are dropped.
    """

    name: str
    required: frozenset[str]
    evidence: str
    only: bool = False
    test: Callable[[Sequence[Fields]], bool] | None = None
    convert: Callable[[Fields], Fields] | None = None
    fold: Callable[[Iterator[Row], Rejects], Iterator[Row]] | None = None
    task: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    side: str | None = None

    def matches(self, rows: Sequence[Fields]) -> bool:
        """Whether the first rows of a file have this layout."""
        fits = all(
            self.required == row.keys() if self.only else self.required <= row.keys()
            for row in rows
        )
        return bool(rows) and fits and (self.test is None or self.test(rows))


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """A layout that is known by the structure of a whole JSON object.

    Attributes:
        name: of the layout.
        matches: whether an object has this layout.
        rows: object → its rows; what is no object in them is told as malformed.
        evidence: what was seen, for the user.
        note: object → what the user should know of how it is read, if anything.
        task, roles, side: as in :class:`RowRule`.
    """

    name: str
    matches: Callable[[Fields], bool]
    rows: Callable[[Fields], Iterator[object]]
    evidence: str
    note: Callable[[Fields], str] | None = None
    task: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    side: str | None = None


def first_row(document: Fields, key: str) -> Fields:
    """The first object in the list at ``key``; empty if there is none."""
    rows = document.get(key)
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        return rows[0]
    return {}


def answer_texts(answers: object, key: str = "answer") -> object:
    """Answers without what stands beside them: ``[{key: text, …}, …]`` → ``[text, …]``.

    >>> answer_texts([{"answer": "red", "answer_id": 1}, "blue"])
    ['red', 'blue']
    """
    if not isinstance(answers, list):
        return answers
    return [answer.get(key) if isinstance(answer, dict) else answer for answer in answers]


def texts_in_cell(cell: object) -> object:
    """The list of texts that a cell of a table spells; any other value as it is.

    >>> texts_in_cell("['red', 'blue']"), texts_in_cell("[1, 2]"), texts_in_cell("red")
    (['red', 'blue'], '[1, 2]', 'red')
    """
    if not (isinstance(cell, str) and cell.startswith("[") and cell.endswith("]")):
        return cell
    found = literal(cell)
    is_texts = isinstance(found, list) and all(isinstance(text, str) for text in found)
    return found if is_texts else cell


def with_answer_texts(row: object, key: str = "answer") -> object:
    """The row, its ``answers`` as texts; anything that is no such row as it is."""
    if isinstance(row, dict) and "answers" in row:
        return {**row, "answers": answer_texts(row["answers"], key)}
    return row
