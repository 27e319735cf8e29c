"""Predicted and accepted classes of a batch as integers, for the metrics of classification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import Rows
from vlmeval_cli.text.labels import UNREAD, Codes, LabelColumn

NEEDS = ("prediction.labels", "references.labels")
NO_REFERENCE = "no_reference"
UNREAD_NAME = "(unparsed)"
_CLASS = "class: "
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Classes:
    """What the references of a run hold.

    Attributes:
        names: classes by code, those that only predictions have at the end.
        counts: items that accept each class, by its name.
        n_items: items with a reference.
        n_accepted: accepted classes over all items.
    """

    names: tuple[str, ...]
    counts: Mapping[str, int]
    n_items: int
    n_accepted: int

    def __or__(self, other: Classes) -> Classes:
        both = self.counts.keys() | other.counts.keys()
        counts = {name: self.counts.get(name, 0) + other.counts.get(name, 0) for name in both}
        names = max(self.names, other.names, key=len)
        n_items, n_accepted = self.n_items + other.n_items, self.n_accepted + other.n_accepted
        return Classes(names, counts, n_items, n_accepted)

    def digest(self) -> str:
        """A hash of the classes of the references with their counts."""
        content = repr(sorted(self.counts.items())).encode("utf-8", "surrogatepass")
        return blake2b(content, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Pairs:
    """Predicted and true class of the ``n`` items of a batch.

    Attributes:
        predicted: code of each prediction, :data:`UNREAD` where there is none. Shape (n,).
        true: code of the accepted class: the predicted one where it is accepted, else the first.
            Shape (n,); :data:`UNREAD` where the item has no reference.
    """

    predicted: Codes
    true: Codes

    @property
    def right(self) -> Flags:
        """Whether each prediction is an accepted class, shape (n,)."""
        right: Flags = (self.predicted == self.true) & (self.predicted != UNREAD)
        return right

    @property
    def skips(self) -> dict[int, str]:
        """Items without an accepted class."""
        return dict.fromkeys(np.flatnonzero(self.true == UNREAD).tolist(), NO_REFERENCE)


def pairs_of(batch: Batch) -> Pairs:
    """Predicted and true classes of ``batch``."""
    predicted = batch.column(NEEDS[0], LabelColumn).codes
    references = batch.column(NEEDS[1], LabelColumn)
    starts = references.item_offsets[:-1]
    counts = np.diff(references.item_offsets)
    if (counts == 1).all():
        return Pairs(predicted, references.codes)
    true = np.full(len(predicted), UNREAD, dtype=np.int32)
    filled = counts > 0
    true[filled] = references.codes[starts[filled]]
    owners = np.repeat(np.arange(len(predicted)), counts)
    accepted = owners[references.codes == predicted[owners]]
    true[accepted] = predicted[accepted]
    return Pairs(predicted, true)


def classes_of(batch: Batch) -> Classes:
    """What the references of ``batch`` hold."""
    names = batch.column(NEEDS[0], LabelColumn).names
    references = batch.column(NEEDS[1], LabelColumn)
    counts = np.bincount(references.codes, minlength=0).tolist()
    return Classes(
        names=names,
        counts={references.names[code]: n for code, n in enumerate(counts) if n},
        n_items=int(np.count_nonzero(np.diff(references.item_offsets))),
        n_accepted=len(references.codes),
    )


def class_facts(batch: Batch) -> dict[str, int]:
    """How many items accept each class, as facts for ``advise``."""
    return {f"{_CLASS}{name}": n for name, n in classes_of(batch).counts.items()}


def counts_in(facts: Mapping[str, int]) -> dict[str, int]:
    """Class → items that accept it, from :func:`class_facts`."""
    return {name.removeprefix(_CLASS): n for name, n in facts.items() if name.startswith(_CLASS)}


def divided(numerator: Array, denominator: Array) -> Array:
    """Their ratio; 0 where the denominator is 0, as ``zero_division=0`` of scikit-learn."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator != 0.0)


def item_weights(rows: Rows, weights: Array) -> Array:
    """The weight of each row's item, shape (B, m)."""
    is_whole = len(rows.item) == weights.shape[1] and bool((np.diff(rows.item) == 1).all())
    return weights if is_whole else weights[:, rows.item]


def as_rows(*columns: Codes | Flags | Array | Ints) -> Array:
    """Columns side by side as statistics, float64."""
    return np.column_stack([column.astype(np.float64) for column in columns])
