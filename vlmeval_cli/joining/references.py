"""What counts as one reference."""

from __future__ import annotations

from typing import Any

from vlmeval_cli.readers.base import Layout
from vlmeval_cli.readers.rules import texts_in_cell

_TABLES = frozenset({"csv", "tsv", "xlsx"})


def as_written(layout: Layout, values: list[Any]) -> list[Any]:
    """A column of references; of a table, the lists of texts that its cells spell."""
    return list(map(texts_in_cell, values)) if layout.name in _TABLES else values


def is_box(value: object) -> bool:
    """Whether ``value`` is a list of four numbers: one box, not four references."""
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(x, int | float) and not isinstance(x, bool) for x in value)
    )


def accepted(value: Any) -> list[Any]:  # noqa: ANN401  (JSON)
    """The references that a field's value holds.

    A list of four numbers is one box and a list of objects is one document; any other list holds
    several references. Null holds none.

    >>> accepted("a dog"), accepted(["a", None, "b"]), accepted([1, 2, 3, 4]), accepted(None)
    (['a dog'], ['a', 'b'], [[1, 2, 3, 4]], [])
    """
    if value is None:
        return []
    if not isinstance(value, list):
        return [value]
    # Nearly all references are texts: one look at the first spares them the tests of the others.
    is_list_of_texts = not value or type(value[0]) is str
    if not is_list_of_texts and (is_box(value) or all(isinstance(part, dict) for part in value)):
        return [value]
    return value if None not in value else [part for part in value if part is not None]
