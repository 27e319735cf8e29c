"""Numbers for values: groups of items by a field, clusters by a shared image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.stats.ranges import NONE, ranges


def label(value: object) -> str:
    """A field's value as the name of a group."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(label, value)) or NONE
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


@dataclass(frozen=True, slots=True)
class Membership:
    """Which items belong to which groups of a field; an item may belong to several.

    Attributes:
        item: of every pair of an item and a group of its own, ascending, shape (m,).
        group: the group of each pair, shape (m,).
        names: of the groups, in the order in which they are shown.
        how: what was done to the values, in words, where it is more than naming them.
    """

    item: Ints
    group: Ints
    names: Sequence[str]
    how: str = ""

    def items(self) -> list[Ints]:
        """The items of each group, ascending."""
        order = np.argsort(self.group, kind="stable")
        stops = np.cumsum(np.bincount(self.group, minlength=len(self.names)))
        return np.split(self.item[order], stops[:-1]) if len(self.names) else []


def membership(values: Sequence[object]) -> Membership:
    """Groups of a field by its values.

    Many different numbers become ranges, a text in a list is a group of its own, and all other
    values are groups by their names, the largest first.
    """
    found = ranges(values)
    if found is not None:
        numbers, names = found.codes, found.names
        return Membership(np.arange(len(values)), numbers, names, found.how)
    if any(isinstance(value, list) and _is_tags(value) for value in values):
        return _tagged(values)
    numbers, names = numbered(values)
    return Membership(np.arange(len(values)), *_largest_first(numbers, names))


def crossed_membership(
    parts: Sequence[Membership], n: int
) -> tuple[Membership, list[tuple[str, ...]]]:
    """Groups of the items that share a group in every part, and the names of each in the parts."""
    found = parts[0]
    names: list[tuple[str, ...]] = [(name,) for name in found.names]
    for part in parts[1:]:
        found, names = _crossed(found, names, part, n)
    return found, names


def _crossed(
    left: Membership, left_names: Sequence[tuple[str, ...]], right: Membership, n: int
) -> tuple[Membership, list[tuple[str, ...]]]:
    counts = np.bincount(right.item, minlength=n)
    starts = np.cumsum(counts) - counts
    repeats = counts[left.item]
    mine = np.repeat(np.arange(len(left.item)), repeats)
    within = np.arange(len(mine)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    theirs = starts[left.item[mine]] + within
    codes = left.group[mine] * len(right.names) + right.group[theirs]
    present, group = np.unique(codes, return_inverse=True)
    names = [
        (*left_names[code // len(right.names)], right.names[code % len(right.names)])
        for code in present.tolist()
    ]
    shown = [", ".join(name) for name in names]
    return Membership(left.item[mine], group.astype(np.int64), shown), names


def _is_tags(value: Sequence[object]) -> bool:
    return bool(value) and all(isinstance(part, str) or part is None for part in value)


def _tagged(values: Sequence[object]) -> Membership:
    """An item is in the group of every text of its list."""
    own = [
        [*dict.fromkeys(map(label, value))]
        if isinstance(value, list) and _is_tags(value)
        else [label(value)]
        for value in values
    ]
    item = np.repeat(np.arange(len(own)), [*map(len, own)])
    numbers, names = numbered([name for tags in own for name in tags])
    how = "an item with a list counts in the group of each of its values"
    return Membership(item, *_largest_first(numbers, names), how)


def _largest_first(numbers: Ints, names: Sequence[str]) -> tuple[Ints, list[str]]:
    """Groups renumbered by their size, those of one size by their names."""
    sizes = np.bincount(numbers, minlength=len(names))
    order = sorted(range(len(names)), key=lambda number: (-sizes[number], names[number]))
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return place[numbers], [names[number] for number in order]
