"""Encodings that the runs of a comparison share: a text has one vector, whoever asks for it.

Networks give a text slightly other vectors in another batch. Here the first ones stay, with or
without a cache on disk, so that equal texts have equal scores, and nothing is computed twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vlmeval_cli.models.cache import Entry
from vlmeval_cli.models.columns import Vectors, room

_WORTH_KEEPING = 0.5  # of a block that is kept as it is, rather than copied from


class Memo:
    """Encodings by their keys, which are those of the cache.

    Attributes:
        held: bytes of the vectors; see :func:`~vlmeval_cli.models.columns.room`.
    """

    def __init__(self) -> None:
        self.held = 0
        self._entries: dict[bytes, Entry] = {}

    def known(self, keys: Sequence[bytes | None]) -> dict[int, Entry]:
        """Place of a key → its encoding, for those that are known."""
        found = ((place, self._entries.get(key)) for place, key in enumerate(keys) if key)
        return {place: entry for place, entry in found if entry is not None}

    def keep(self, entries: Sequence[Entry], block: Vectors) -> None:
        """Remember encodings.

        Args:
            entries: with vectors that are rows of ``block``.
            block: kept as a whole where it holds little else; otherwise its rows are copied.
        """
        fresh = [one for one in entries if one.vectors.size and one.key not in self._entries]
        size = sum(entry.vectors.nbytes for entry in fresh)
        if size < _WORTH_KEEPING * block.nbytes:
            fresh = self._copied(fresh)
            self.held += size
        elif fresh:
            self.held += block.nbytes
        self._entries.update((entry.key, entry) for entry in fresh)

    def _copied(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries with vectors in an array of their own."""
        width = max((entry.vectors.shape[1] for entry in entries), default=0)
        own = room(sum(len(entry.vectors) for entry in entries), width, self.held)
        copied, start = [], 0
        for entry in entries:
            rows = own[start : start + len(entry.vectors)]
            rows[:] = entry.vectors
            copied.append(entry._replace(vectors=np.asarray(rows)))
            start += len(entry.vectors)
        return copied
