"""The columns that networks make: vectors of the different texts or images of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints

Vectors = npt.NDArray[np.float32]
MOST_IN_MEMORY = 2**30  # bytes of vectors; more lie in a temporary file


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where vectors come from, for signatures.

    Attributes:
        comparable: what must be equal for two numbers to be comparable: the hash of the weights.
        recorded: versions, device, and what else may move the last digits.
    """

    comparable: Mapping[str, Any] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """Vectors of the tokens of texts, special tokens included.

    Attributes:
        vectors: of all tokens, text after text, shape (total, d).
        offsets: shape (n + 1,); text ``t`` owns ``vectors[offsets[t]:offsets[t+1]]``.
        ids: of the tokens, int32, shape (total,).
        n_cut: tokens that each text lost because the network takes no more, shape (n,).
        end_ids: ids of [CLS] and [SEP], where the tokenizer has them.
        n_added: tokens that the tokenizer adds to every text.
    """

    vectors: Vectors
    offsets: Ints
    ids: npt.NDArray[np.int32]
    n_cut: Ints
    end_ids: tuple[int, ...] = ()
    n_added: int = 0


@dataclass(frozen=True, slots=True)
class VectorColumn:
    """Vectors of the texts or images of items, each different one held once.

    Attributes:
        which: the different value that each value is, shape (n_values,); -1 for one without
            vectors.
        item_offsets: shape (n + 1,); item ``i`` owns ``which[item_offsets[i]:item_offsets[i+1]]``.
        found: vectors of the different values. Of values that have one vector each,
            ``offsets`` counts 0, 1, …, n, and ``ids`` is empty.
        provenance: the weights, and what else was at work.
        reasons: place in ``which`` → why that value has no vectors.
        contents: of images, hash of what each different value holds; None where it is not known.
    """

    which: Ints
    item_offsets: Ints
    found: TokenVectors
    provenance: Provenance = Provenance()
    reasons: Mapping[int, str] = field(default_factory=dict)
    contents: Sequence[str | None] = ()

    def part(self, start: int, stop: int) -> VectorColumn:
        """The vectors of items ``start`` to ``stop``; the different values stay as they are."""
        own = self.item_offsets[start : stop + 1]
        first, last = int(own[0]), int(own[-1])
        reasons = {i - first: why for i, why in self.reasons.items() if first <= i < last}
        return replace(
            self, which=self.which[first:last], item_offsets=own - first, reasons=reasons
        )

    @property
    def vectors(self) -> Vectors:
        """Vectors of the different values, row after row."""
        return self.found.vectors

    def n_cut(self) -> int:
        """How many values were cut because the network takes no more."""
        known = self.which[self.which >= 0]
        return int(np.count_nonzero(self.found.n_cut[known])) if len(self.found.n_cut) else 0


def whole(vectors: Vectors, n_cut: Ints | None = None) -> TokenVectors:
    """One vector per value, as the tokens of texts of one token each."""
    n = len(vectors)
    cut = np.zeros(n, dtype=np.int64) if n_cut is None else n_cut
    return TokenVectors(vectors, np.arange(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int32), cut)


def room(rows: int, width: int, held: int = 0) -> Vectors:
    """Room for vectors; in a temporary file, mapped into memory, where they are very many.

    ``held`` counts the bytes of vectors that stay beside these.
    """
    size = rows * width * 4
    if not size or held + size <= MOST_IN_MEMORY:
        return np.empty((rows, width), dtype=np.float32)
    with TemporaryFile(prefix="vlmeval-") as file:  # the mapping keeps what has no name
        return np.memmap(file, dtype=np.float32, mode="w+", shape=(rows, width))
