"""What a text must be to count as a document, whatever its syntax."""

from __future__ import annotations

DEEPEST = 64  # levels of objects and lists
LONGEST = 4_000_000  # characters


class NotADocument(ValueError):
    """A text that holds no document in the syntax; the message says why."""
