"""Where a value stands in a document: ``total``, ``seller.name``, ``items[].price``.

Entries of a list share one path, because their order means nothing for most documents and because
counts per path should not fall apart into ``items[0]``, ``items[1]``, ….
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

ROOT = "$"  # the path of a document that is a single value
ENTRY = "[]"
_NEEDS_QUOTES = re.compile(r'[.\[\]"]|^\$?$')


@lru_cache(maxsize=65_536)
def of_key(path: str, key: str) -> str:
    """The path of ``key`` in the object at ``path``.

    >>> of_key("seller", "name"), of_key(ROOT, "total"), of_key("a", "b.c")
    ('seller.name', 'total', 'a["b.c"]')
    """
    before = "" if path == ROOT else path
    if _NEEDS_QUOTES.search(key):
        return f"{before}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{before}.{key}" if before else key


@lru_cache(maxsize=65_536)
def of_entries(path: str) -> str:
    """The path of the entries of the list at ``path``.

    >>> of_entries("items"), of_entries(ROOT)
    ('items[]', '[]')
    """
    return ENTRY if path == ROOT else path + ENTRY


def flatten(document: Any) -> list[tuple[str, Any]]:  # noqa: ANN401  (any JSON value)
    """Every field of a document: path and value, in the order of the document.

    A field is a text, number, boolean or null. Empty objects and lists have none.

    Args:
        document: a JSON value.

    >>> flatten({"total": 9.9, "items": [{"name": "tea"}, {"name": "milk"}], "notes": []})
    [('total', 9.9), ('items[].name', 'tea'), ('items[].name', 'milk')]
    """
    found: list[tuple[str, Any]] = []
    waiting = [(ROOT, document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((of_key(path, key), value[key]) for key in reversed(value))
        elif isinstance(value, list):
            own = of_entries(path)
            waiting.extend((own, entry) for entry in reversed(value))
        else:
            found.append((path, value))
    return found
