"""Tables of words, written as texts."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a table.

    >>> sorted(word_set("red green"))
    ['green', 'red']
    """
    return frozenset(text.split())
