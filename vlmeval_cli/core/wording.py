"""Counts in messages."""

from __future__ import annotations


def number_of(n: int, one: str, many: str | None = None) -> str:
    """``n`` and the words that fit it; many are ``one`` with an s unless said otherwise.

    >>> number_of(1, "id has", "ids have"), number_of(1200, "row")
    ('1 id has', '1,200 rows')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
