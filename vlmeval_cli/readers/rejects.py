"""Malformed rows: an error at once, or left out and listed."""

from __future__ import annotations

from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.errors import DataError
from vlmeval_cli.readers.base import BadRow, Layout


class BadRowError(ValueError):
    """A row does not have the form of its layout; the message says what is wrong."""


class Rejects:
    """What one pass over the rows does with malformed ones.

    Attributes:
        found: rows left out so far.
    """

    def __init__(self, path: str, layout: Layout, policy: OnBadRow) -> None:
        """Rows of ``path``, whose places are told as the layout counts them."""
        self._path = path
        self._layout = layout
        self._policy = policy
        self.found: list[BadRow] = []

    def add(self, line: int, message: str) -> None:
        """Tell or keep one malformed row.

        Raises:
            DataError: malformed rows are errors.
        """
        if self._policy == "error":
            raise DataError(
                f"{self._layout.where(self._path, line)}: {message}",
                hint="Correct the row, or leave such rows out with --on-bad-row skip.",
            )
        self.found.append(BadRow(line, message))
