"""Numbers for values: groups of items by a field, clusters by a shared image."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from vlmeval_cli.core.batch import Ints


def label(value: object) -> str:
    """A field's value as the name of a group."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(label, value)) or "(none)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def group_names(values: Sequence[object]) -> Sequence[str]:
    """The values of a field as names of groups; texts, as most are, stay as they are."""
    if set(map(type, values)) == {str}:
        return values  # type: ignore[return-value]  # all are texts
    return [label(value) for value in values]


def members(labels: Sequence[str]) -> dict[str, Ints]:
    """Label → items that carry it, ascending; labels in order of their size, largest first.

    >>> {name: items.tolist() for name, items in members(["b", "a", "b"]).items()}
    {'b': [0, 2], 'a': [1]}
    """
    numbers, names = numbered(labels)
    order = np.argsort(numbers, kind="stable")
    sizes = np.bincount(numbers, minlength=len(names))
    stops = np.cumsum(sizes)
    by_size = sorted(range(len(names)), key=lambda number: (-sizes[number], names[number]))
    return {
        names[number]: order[stops[number] - sizes[number] : stops[number]] for number in by_size
    }


def numbered(values: Sequence[object]) -> tuple[Ints, list[str]]:
    """The values as dense integers in order of first sight, and the value of each integer.

    >>> numbers, names = numbered(["x", "y", "x"])
    >>> numbers.tolist(), names
    ([0, 1, 0], ['x', 'y'])
    """
    names = group_names(values)
    seen = {name: number for number, name in enumerate(dict.fromkeys(names))}
    numbers = np.fromiter(map(seen.__getitem__, names), dtype=np.int64, count=len(names))
    return numbers, list(seen)


def clusters(values: Sequence[object]) -> Ints | None:
    """Cluster number of every item, or None if no value repeats; an absent value is its own."""
    if set(map(type, values)) == {str} and len(set(values)) == len(values):
        return None
    distinct = [value if value is not None else f"\0{i}" for i, value in enumerate(values)]
    numbers, names = numbered(distinct)
    return None if len(names) == len(values) else numbers
