"""Classes of boxes as integers, so that whole columns are compared at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vlmeval_cli.core.batch import Ints

UNLABELLED = -1


def plain(label: str) -> str:
    """A class as it is compared: without regard to case and to how it is spaced.

    >>> plain(" Traffic  Light")
    'traffic light'
    """
    return " ".join(label.split()).casefold()


def numbered(*sides: Sequence[str | None]) -> dict[str, int]:
    """A number for each class of any side, in the order of their names."""
    labels = {label for side in map(set, sides) for label in side}
    names = {plain(label) for label in labels if label is not None}
    return {name: number for number, name in enumerate(sorted(names))}


def codes(labels: Sequence[str | None], known: Mapping[str, int], other: int) -> Ints:
    """The number of each class in ``known``, shape (m,); ``other`` for those that are not there.

    Boxes without a class are :data:`UNLABELLED`.
    """
    numbers: dict[str | None, int] = {None: UNLABELLED}
    for label in set(labels):
        if label is not None:
            numbers[label] = known.get(plain(label), other)
    if len(numbers) == 1:
        return np.full(len(labels), UNLABELLED)
    return np.fromiter(map(numbers.__getitem__, labels), dtype=np.int64, count=len(labels))
