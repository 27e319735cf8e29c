"""Field names whose dots reach inside objects, and values as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

WHOLE_ROW: Final = "."
ROW_NUMBER: Final = "#"


def value_at(row: Mapping[str, Any], path: str, default: Any = None) -> Any:  # noqa: ANN401  (JSON)
    """The value that ``path`` names in ``row``, or ``default``.

    A key that is spelled exactly like the path wins; otherwise dots reach inside objects, and
    a number reaches into a list. ``.`` is the whole row.

    >>> value_at({"doc": {"answers": ["yes"]}}, "doc.answers.0")
    'yes'
    """
    if path in row:
        return row[path]
    if path == WHOLE_ROW:
        return row
    value: Any = row
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return default
    return value


def as_text(value: object) -> str:
    """A value of a field as text, to compare and to group: strings stay, the rest as JSON.

    >>> [as_text(value) for value in ("yes", 3, True, None)]
    ['yes', '3', 'true', 'null']
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
