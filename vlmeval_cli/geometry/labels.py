"""Classes of boxes as integers, so that whole columns are compared at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vlmeval_cli.core.batch import Ints

UNLABELLED = -1


def plain(label: str) -> str:
    """A class as it is compared: without regard to case and to spaces around it."""
    return label.strip().casefold()


def codes(labels: Sequence[str | None], known: Mapping[str, int], other: int) -> Ints:
    """The number of each class in ``known``, shape (m,); ``other`` for those that are not there.

    Boxes without a class are :data:`UNLABELLED`.
    """
    numbers: dict[str | None, int] = {None: UNLABELLED}
    for label in {*labels} - {None}:
        assert label is not None
        numbers[label] = known.get(plain(label), other)
    return np.fromiter((numbers[label] for label in labels), dtype=np.int64, count=len(labels))
