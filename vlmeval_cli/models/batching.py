"""How texts are put together for a network: by length, to a number of tokens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vlmeval_cli.core.batch import Ints


class OutOfMemory(Exception):
    """The device has no memory for a batch."""


def encode_in_batches(
    lengths: Ints,
    budget: int,
    encode: Callable[[Ints], None],
    most: int | None = None,
) -> int:
    """Give ``encode`` every text once, in batches of like length, the longest first.

    After a batch ran out of memory the budget is half of what it took, for all that follow.

    Args:
        lengths: tokens of each text.
        budget: tokens of a batch, padding included; a longer text stands alone.
        encode: takes places of texts; raises :class:`OutOfMemory` where they are too many.
        most: texts of a batch; None sets no bound.

    Returns:
        The budget that was kept to in the end.

    Raises:
        OutOfMemory: one text alone is too much.

    >>> seen = []
    >>> encode_in_batches(np.array([2, 5, 2, 4]), 10, lambda places: seen.append(places.tolist()))
    10
    >>> seen
    [[1, 3], [0, 2]]
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        size = max(budget // longest, 1)
        size = min(size, len(order) - start, most or len(order))
        try:
            encode(order[start : start + size])
        except OutOfMemory:
            if size == 1:
                raise
            budget = size * longest // 2
        else:
            start += size
    return budget
