"""What an original package is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vlmeval_cli.core.batch import Array


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a run as the original packages take them, one entry per item."""

    predictions: Sequence[str]
    references: Sequence[Sequence[str]]


class Scored(NamedTuple):
    """The original's numbers in its own scale: of the corpus, and of each item, shape (n,)."""

    corpus: float
    items: Array


class Original(NamedTuple):
    """An original implementation.

    Attributes:
        package: name on PyPI.
        module: what must be importable.
        run: texts → output name → numbers.
        scale: what its numbers are multiplied by to be in our scale.
    """

    package: str
    module: str
    run: Callable[[Texts], dict[str, Scored]]
    scale: float = 1.0


class Unavailable(Exception):
    """The original cannot be run here; the message says why."""
