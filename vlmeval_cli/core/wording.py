"""Counts in messages."""

from __future__ import annotations


def number_of(n: int, one: str, many: str) -> str:
    """``n`` and the words that fit it.

    >>> number_of(1, "id has", "ids have"), number_of(1200, "id has", "ids have")
    ('1 id has', '1,200 ids have')
    """
    return f"{n:,} {one if n == 1 else many}"
