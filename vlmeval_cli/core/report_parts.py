"""Two reports part by part: what is equal and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

PartKind = Literal["input", "signature", "score", "interval", "count", "outcome", "group"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of two reports.

    Attributes:
        kind: what it is.
        name: of the score, file, key of the signature, ….
        mine: what the first report has, as text; None where it has no such part.
        theirs: what the second has.
        difference: theirs − mine, of numbers.
        is_equal: whether the two agree.
    """

    kind: PartKind
    name: str
    mine: str | None
    theirs: str | None
    is_equal: bool
    difference: float | None = None


@dataclass(frozen=True, slots=True)
class ReportDiff:
    """Two reports beside each other.

    Attributes:
        mine: name of the first.
        theirs: name of the second.
        parts: all parts, those of one kind together.
        notes: what the user should know.
    """

    mine: str
    theirs: str
    parts: Sequence[Part]
    notes: Sequence[str] = ()

    @property
    def is_equal(self) -> bool:
        """Whether all parts agree."""
        return all(part.is_equal for part in self.parts)

    def different(self) -> list[Part]:
        """The parts that do not agree."""
        return [part for part in self.parts if not part.is_equal]
