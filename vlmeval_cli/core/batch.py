"""The currency of the tool: columns of items, not item objects.

A batch of ``n`` items has one prediction and any number of references per item. Columns that hold
several texts per item are *ragged*: the texts of all items in one flat list, and ``n + 1`` offsets
that say which belong to which item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.floating[Any]]  # of either precision
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]


class Vocabulary(dict[str, int]):
    """Token string → dense integer, in order of first sight; looking up a new token adds it.

    >>> words = Vocabulary()
    >>> [words[token] for token in "a dog a cat".split()]
    [0, 1, 0, 2]
    """

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        super().__init__()
        self._keys: Keys = np.zeros(0, dtype=np.uint64)

    def __missing__(self, token: str) -> int:
        """Add ``token``."""
        number = self[token] = len(self)
        return number

    @property
    def strings(self) -> list[str]:
        """Tokens in order of their integers."""
        return list(self)

    @property
    def keys64(self) -> Keys:
        """A 64-bit hash per token, shape (len(self),).

        It depends on the token's text alone, so that n-gram keys made from it agree across
        batches, processes and machines.
        """
        known = len(self._keys)
        if known < len(self):
            fresh = self.strings[known:]
            digests = b"".join(
                blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                for token in fresh
            )
            self._keys = np.concatenate([self._keys, np.frombuffer(digests, dtype="<u8")])
        return self._keys


class Column(Protocol):
    """Typed values of the items of a batch; metrics name the columns they read in ``needs``."""

    def part(self, start: int, stop: int, /) -> Self:
        """The column of items ``start`` to ``stop`` alone."""
        ...


ColumnT = TypeVar("ColumnT", bound=Column)
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Texts of a batch; one per item for predictions, any number for references.

    Attributes:
        texts: all texts, item after item.
        item_offsets: shape (n + 1,); item ``i`` owns ``texts[item_offsets[i]:item_offsets[i+1]]``.
    """

    texts: Sequence[str]
    item_offsets: Ints

    def part(self, start: int, stop: int) -> TextColumn:
        """The texts of items ``start`` to ``stop``."""
        first, last, offsets = _cut(self.item_offsets, start, stop)
        return TextColumn(self.texts[first:last], offsets)


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """Values of any kind (labels, documents, options), one or several per item.

    Attributes:
        values: all values, item after item; None stands for one that could not be read.
        item_offsets: shape (n + 1,); item ``i`` owns
            ``values[item_offsets[i]:item_offsets[i+1]]``.
    """

    values: Sequence[Any]
    item_offsets: Ints

    def part(self, start: int, stop: int) -> ValueColumn:
        """The values of items ``start`` to ``stop``."""
        first, last, offsets = _cut(self.item_offsets, start, stop)
        return ValueColumn(self.values[first:last], offsets)


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Numbers, one or several per item: confidences, log-probabilities, sizes.

    Attributes:
        numbers: all numbers, item after item, float64; NaN where unknown.
        item_offsets: shape (n + 1,); item ``i`` owns
            ``numbers[item_offsets[i]:item_offsets[i+1]]``.
    """

    numbers: Array
    item_offsets: Ints

    def part(self, start: int, stop: int) -> NumberColumn:
        """The numbers of items ``start`` to ``stop``."""
        first, last, offsets = _cut(self.item_offsets, start, stop)
        return NumberColumn(self.numbers[first:last], offsets)


@dataclass(frozen=True, slots=True)
class TokenColumn:
    """Tokens of the texts of a :class:`TextColumn`, as integers of one shared vocabulary.

    Attributes:
        tokens: all tokens, text after text, int32, shape (total,).
        offsets: shape (n_texts + 1,); text ``t`` owns ``tokens[offsets[t]:offsets[t+1]]``.
        item_offsets: shape (n + 1,); item ``i`` owns the texts ``item_offsets[i]`` to
            ``item_offsets[i+1]``. For predictions this counts 0, 1, …, n.
        vocabulary: what the integers mean; the prediction and reference columns of one tokeniser
            share it.
    """

    tokens: npt.NDArray[np.int32]
    offsets: Ints
    item_offsets: Ints
    vocabulary: Vocabulary

    def spaced(self) -> list[str]:
        """The texts again: the tokens of each with a space between."""
        words = self.vocabulary.strings
        found = [words[token] for token in self.tokens.tolist()]
        ends = self.offsets.tolist()
        return [" ".join(found[start:stop]) for start, stop in pairwise(ends)]

    def part(self, start: int, stop: int) -> TokenColumn:
        """The tokens of items ``start`` to ``stop``."""
        first, last, items = _cut(self.item_offsets, start, stop)
        begin, end, offsets = _cut(self.offsets, first, last)
        return TokenColumn(self.tokens[begin:end], offsets, items, self.vocabulary)


@dataclass(frozen=True, slots=True)
class Batch:
    """``n`` items as columns.

    Attributes:
        ids: item ids, length n.
        predictions: parsed predictions, length n; None where there is none that could be read.
        references: accepted answers of each item, length n; none in tasks that need none.
        fields: other fields of the files by name (question, answer_type, …), each of length n.
        columns: typed columns that the task made: ``prediction.boxes``, ``references.labels``, …
        prepared: columns that metrics named in ``needs``, built once by the engine.
        shared: what one metric made of the columns and another one needs too, by name.
    """

    ids: Sequence[str]
    predictions: Sequence[Any]
    references: Sequence[Sequence[Any]]
    fields: Mapping[str, Sequence[object]] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)
    prepared: Mapping[str, Column] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, start: int, stop: int) -> Batch:
        """Items ``start`` to ``stop``, nothing prepared."""
        return Batch(
            ids=self.ids[start:stop],
            predictions=self.predictions[start:stop],
            references=self.references[start:stop],
            fields={name: column[start:stop] for name, column in self.fields.items()},
            columns={name: column.part(start, stop) for name, column in self.columns.items()},
        )

    def column(self, name: str, kind: type[ColumnT]) -> ColumnT:
        """The prepared column ``name``, which a metric knows to be of ``kind``."""
        found = self.prepared[name]
        if not isinstance(found, kind):
            raise TypeError(f"{name} is a {type(found).__name__}, not a {kind.__name__}")
        return found

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What ``make`` gives, made by the first metric that asks for ``name``."""
        if name not in self.shared:
            self.shared[name] = make()
        found: Made = self.shared[name]
        return found

    def text(self, name: str) -> TextColumn:
        """The prepared text column ``name``."""
        return self.column(name, TextColumn)

    def tokens(self, name: str) -> TokenColumn:
        """The prepared token column ``name``."""
        return self.column(name, TokenColumn)


def singles(n: int) -> Ints:
    """Offsets of columns with one value per item: 0, 1, …, n."""
    return np.arange(n + 1, dtype=np.int64)


def offsets_of(lengths: Sequence[int] | Ints) -> Ints:
    """Running sums that start at 0: shape (len(lengths) + 1,).

    >>> offsets_of([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _cut(item_offsets: Ints, start: int, stop: int) -> tuple[int, int, Ints]:
    """First and last value of items ``start`` to ``stop``, and their offsets from the first."""
    own = item_offsets[start : stop + 1]
    return int(own[0]), int(own[-1]), own - own[0]
