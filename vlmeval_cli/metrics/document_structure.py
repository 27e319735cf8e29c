"""The structure of a document: which keys it has and how they nest, without its values."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

_WORDS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def structure(value: Any, *, with_types: bool = False) -> str:  # noqa: ANN401  (JSON)
    """The keys of a document in any order, nested, as one line.

    Lists are alike when their elements have the same different structures, however many they are.

    Args:
        value: plain JSON.
        with_types: tell scalars of different types apart.

    >>> structure({"b": 1, "a": [{"c": 2}, {"c": None}]})
    "{'a':[{'c':.}],'b':.}"
    >>> structure({"b": 1, "a": []}, with_types=True)
    "{'a':[],'b':integer}"
    """
    if isinstance(value, dict):
        parts = [f"{key!r}:{structure(value[key], with_types=with_types)}" for key in sorted(value)]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted({structure(v, with_types=with_types) for v in value})) + "]"
    return type_of(value) if with_types else "."


def type_of(value: Any) -> str:  # noqa: ANN401  (JSON)
    """What JSON Schema calls a scalar: 1.0 is an integer."""
    is_whole = type(value) is float and value.is_integer()
    return "integer" if is_whole else _WORDS[type(value)]


def code(text: str) -> float:
    """A number of 53 bits that stands for a text: the same everywhere, and exact in a float64."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return float(int.from_bytes(digest) >> 11)
