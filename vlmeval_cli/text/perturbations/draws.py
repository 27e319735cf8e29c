"""Chance that is the same everywhere: for a seed, an item and a kind of noise.

Only ``Random.random`` is used, whose values Python promises to keep from version to version.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """A stream of draws that depends on its name alone."""

    def __init__(self, *name: object) -> None:
        """The stream called ``name``, such as the seed, the id and the kind of noise."""
        text = "\x1f".join(map(str, name)).encode("utf-8", "surrogatepass")
        self._random = Random(int.from_bytes(sha256(text).digest()[:8], "big"))

    def fraction(self) -> float:
        """At least 0, less than 1."""
        return self._random.random()

    def one_of(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[int(self.fraction() * len(values))]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """The values in another order."""
        keys = [self.fraction() for _ in values]
        return [values[i] for i in sorted(range(len(values)), key=keys.__getitem__)]

    def some(self, values: Sequence[T], share: float) -> list[T]:
        """About ``share`` of the values, at least one of them where there are any.

        A larger share of the same stream gives the same values and more.
        """
        among = self.shuffled(values)
        count = int(share * len(values) + self.fraction())  # on average the share exactly
        return among[: max(1, count)]
