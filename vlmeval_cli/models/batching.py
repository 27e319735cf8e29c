"""How texts are put together for a network: by length, to a number of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from vlmeval_cli.core.batch import Ints


class OutOfMemory(Exception):
    """The device has no memory for a batch."""


def batches(lengths: Ints, budget: int, most: int | None = None) -> Iterator[Ints]:
    """Places of texts, in batches of like length, the longest first.

    Args:
        lengths: tokens of each text.
        budget: tokens of a batch, padding included; a longer text stands alone.
        most: texts of a batch; None sets no bound.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        size = max(budget // longest, 1)
        size = size if most is None else min(size, most)
        yield order[start : start + size]
        start += size


def encode_in_batches(
    lengths: Ints,
    budget: int,
    encode: Callable[[Ints], None],
    most: int | None = None,
) -> int:
    """Give ``encode`` every text once, in batches; smaller ones after it ran out of memory.

    Args:
        lengths: tokens of each text.
        budget: tokens of a batch.
        encode: takes places of texts; raises :class:`OutOfMemory` where they are too many.
        most: texts of a batch; None sets no bound.

    Returns:
        The budget that was kept to in the end.

    Raises:
        OutOfMemory: one text alone is too much.
    """
    for batch in batches(lengths, budget, most):
        pieces = [batch]
        while pieces:
            piece = pieces.pop(0)
            try:
                encode(piece)
            except OutOfMemory:
                if len(piece) == 1:
                    raise
                half = (len(piece) + 1) // 2
                pieces = [piece[:half], piece[half:], *pieces]
    return budget
