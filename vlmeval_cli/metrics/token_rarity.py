"""How rare the tokens of references are: the idf weights of BERTScore."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.metrics.token_matching import Tokens


@dataclass(frozen=True, slots=True)
class TokenFrequencies:
    """In how many references each token occurs.

    Attributes:
        n_texts: number of references; equal texts count as often as they stand there.
        counts: references that hold the token, by its id, shape (n_ids,).
    """

    n_texts: int
    counts: Ints

    @classmethod
    def of_texts(cls, which: Ints, tokens: Tokens) -> TokenFrequencies:
        """The frequencies of the texts ``which`` of ``tokens``."""
        used, times = np.unique(which, return_counts=True)
        lengths = np.diff(tokens.offsets)[used]
        text = np.repeat(np.arange(len(used)), lengths)
        place = np.arange(len(text)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        ids = tokens.ids[tokens.offsets[used][text] + place].astype(np.int64)
        n_ids = int(ids.max(initial=-1)) + 1
        once = np.unique(text * n_ids + ids)  # a token counts once per text
        counts = np.zeros(n_ids, dtype=np.int64)
        np.add.at(counts, once % max(n_ids, 1), times[once // max(n_ids, 1)])
        return cls(len(which), counts)

    def __or__(self, other: TokenFrequencies) -> TokenFrequencies:
        """The frequencies of both collections."""
        counts = np.zeros(max(len(self.counts), len(other.counts)), dtype=np.int64)
        for one in (self, other):
            counts[: len(one.counts)] += one.counts
        return TokenFrequencies(self.n_texts + other.n_texts, counts)

    def digest(self) -> str:
        """A hash of the content."""
        ids = np.flatnonzero(self.counts)
        content = np.stack([ids, self.counts[ids]]).astype("<i8").tobytes()
        return f"{self.n_texts}-{blake2b(content, digest_size=8).hexdigest()}"

    def weights(self, n_ids: int) -> Array:
        """ln((N + 1) / (n + 1)) of each token id below ``n_ids``; n is 0 for those never seen."""
        counts = np.zeros(n_ids)
        known = self.counts[:n_ids]
        counts[: len(known)] = known
        return np.log((self.n_texts + 1) / (counts + 1))
