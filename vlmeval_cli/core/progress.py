"""How a long run tells how far it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener to the phases of a run; phases follow each other and do not nest."""

    def start(self, label: str, total: int | None) -> None:
        """A phase begins.

        Args:
            label: what is done, such as ``"Measuring"``.
            total: how many steps it has; None when that is not known.
        """
        ...

    def advance(self, n: int) -> None:
        """``n`` more steps are done."""
        ...

    def done(self) -> None:
        """The phase has ended."""
        ...

    def tell(self, line: str) -> None:
        """Something the user should read now, such as what is about to be fetched."""
        ...


class NoProgress:
    """A listener that ignores everything."""

    def start(self, label: str, total: int | None) -> None:
        """Ignore the phase."""

    def advance(self, n: int) -> None:
        """Ignore the steps."""

    def done(self) -> None:
        """Ignore the end."""

    def tell(self, line: str) -> None:
        """Ignore the line."""
