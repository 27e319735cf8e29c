"""Scores of pairs in the cache of encodings: a score is an encoding of one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.models.cache import EncodingCache, Entry, keys_of
from vlmeval_cli.models.pair_scores import Bools

_NO_IDS = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class KeptScores:
    """The scores of some pairs that the cache has, and room for the others.

    Attributes:
        cache: None where none is wanted.
        keys: of the pairs.
    """

    cache: EncodingCache | None
    keys: Sequence[bytes]

    @classmethod
    def of(
        cls, cache: EncodingCache | None, space: str, left: Sequence[str], right: Sequence[str]
    ) -> KeptScores:
        """Of the pairs ``left[i]``, ``right[i]``, scored as ``space`` says."""
        both = (f"{len(a)}|{a}{b}" for a, b in zip(left, right, strict=True))
        return cls(cache, [] if cache is None else keys_of(space, [*both]))

    def take(self, scores: Array, cut: Bools) -> Ints:
        """Write the scores that are kept to their places, and whether those pairs were cut.

        Returns:
            The places of the other pairs.
        """
        left = np.ones(len(scores), dtype=bool)
        heads = {} if self.cache is None else self.cache.heads(self.keys)
        places = {head.number: place for place, head in heads.items()}
        for number, flat in self.cache.vectors([*places]) if self.cache else ():
            if flat.size == 1:
                place = places[number]
                scores[place], cut[place] = flat.item(), heads[place].n_cut > 0
                left[place] = False
        return np.flatnonzero(left)

    def keep(self, places: Ints, scores: Array, cut: Bools) -> None:
        """Keep the scores at ``places``."""
        if self.cache is not None:
            self.cache.put(
                Entry(self.keys[i], _NO_IDS, int(cut[i]), scores[i : i + 1].astype(np.float32))
                for i in places.tolist()
            )
