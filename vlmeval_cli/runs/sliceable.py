"""Which fields of the files items can be sliced by."""

from __future__ import annotations

from collections.abc import Sequence

from vlmeval_cli.stats.ranges import numbers_in

_LONGEST = 60  # characters of a value that names a group
_MOST_NAMES = 20  # of things that an id field counts: more are names, not amounts


def can_slice(name: str, values: Sequence[object]) -> bool:
    """Whether the values of a field name groups of items, or are numbers."""
    filled = [value for value in values if value not in (None, "", [])]
    if not filled:
        return False
    if all(is_tags(value) for value in filled):
        return _repeat([tag for tags in filled for tag in tags])  # type: ignore[attr-defined]  # lists
    if numbers_in(filled) is not None:
        different = len({*map(str, filled)})
        is_name = name.lower().endswith("id") and different > _MOST_NAMES
        return not is_name and (different < len(filled) or float in set(map(type, filled)))
    return all(isinstance(value, str | bool) for value in filled) and _repeat([*map(str, filled)])


def is_tags(value: object) -> bool:
    """Whether a value is a list of texts, each of which names a group."""
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _repeat(texts: Sequence[str]) -> bool:
    """Whether most texts are short and stand for several items."""
    different = set(texts)
    return max(map(len, different)) <= _LONGEST and 2 * len(different) <= len(texts)
