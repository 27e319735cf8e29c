"""Verdicts of a batch as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints, offsets_of

JUDGMENTS = "prediction.judgments"
LENGTHS = "judgments.lengths"
ORDERS = "judgments.orders"
JUDGES = "judgments.judges"
RIVALS = "judgments.rivals"
UNKNOWN = -1

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class JudgmentColumn:
    """Verdicts of ``n`` items, any number per item.

    The two answers of a verdict are a and b, as the file names them; which of them was shown first
    is told apart.

    Attributes:
        item_offsets: shape (n + 1,); item ``i`` owns verdicts ``item_offsets[i]`` to
            ``item_offsets[i+1]``.
        a, b: the models, as places in ``models``, shape (m,).
        share: how far a won: 1 won, 0 lost, 0.5 tie, or between, shape (m,).
        judge: who judged, as a place in ``judges``, shape (m,).
        task: what was answered; verdicts of one item may be on several questions or turns, shape
            (m,).
        shown_first: 0 if a was shown first, 1 if b was, -1 unknown, shape (m,).
        length_a, length_b: lengths of the answers; NaN unknown, shape (m,).
        models: names of the models; the first is the one whose win rate is asked for.
        judges: names of the judges.
    """

    item_offsets: Ints
    a: Ints
    b: Ints
    share: Array
    judge: Ints
    task: Ints
    shown_first: Ints
    length_a: Array
    length_b: Array
    models: Sequence[str]
    judges: Sequence[str]

    def part(self, start: int, stop: int) -> JudgmentColumn:
        """The verdicts of items ``start`` to ``stop``."""
        own = self.item_offsets[start : stop + 1]
        cut = slice(int(own[0]), int(own[-1]))
        return JudgmentColumn(
            item_offsets=own - own[0],
            a=self.a[cut],
            b=self.b[cut],
            share=self.share[cut],
            judge=self.judge[cut],
            task=self.task[cut],
            shown_first=self.shown_first[cut],
            length_a=self.length_a[cut],
            length_b=self.length_b[cut],
            models=self.models,
            judges=self.judges,
        )

    @cached_property
    def item(self) -> Ints:
        """The item of each verdict, shape (m,)."""
        counts = np.diff(self.item_offsets)
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def of_model(self) -> Own:
        """The verdicts on the model whose win rate is asked for, seen from its side."""
        is_a = self.a == 0
        rows = np.flatnonzero(is_a | (self.b == 0))
        is_a = is_a[rows]
        share, length = self.share[rows], self.length_a[rows] - self.length_b[rows]
        return Own(
            rows=rows,
            item=self.item[rows],
            share=np.where(is_a, share, 1.0 - share),
            longer_by=np.where(is_a, length, -length),
        )

    @property
    def opponents(self) -> tuple[str, ...]:
        """Who was compared with the model whose win rate is asked for."""
        rows = self.of_model.rows
        met = np.unique(self.a[rows] + self.b[rows])  # one of the two is the model itself, 0
        return tuple(self.models[code] for code in met.tolist())

    @cached_property
    def pairs(self) -> Pairs:
        """All verdicts, seen from the model of the pair that stands first in ``models``."""
        is_turned = self.a > self.b
        return Pairs(
            first=np.minimum(self.a, self.b),
            second=np.maximum(self.a, self.b),
            share=np.where(is_turned, 1.0 - self.share, self.share),
            shown_first=np.where(
                (self.shown_first == UNKNOWN) | ~is_turned, self.shown_first, 1 - self.shown_first
            ),
        )


class Own(NamedTuple):
    """Verdicts on one model: their places, their items, how far it won, how much longer it is."""

    rows: Ints
    item: Ints
    share: Array
    longer_by: Array


class Pairs(NamedTuple):
    """Verdicts in one direction of each pair of models: how far the first of the two won."""

    first: Ints
    second: Ints
    share: Array
    shown_first: Ints


class Means(NamedTuple):
    """Means of verdicts that belong together, and one of the verdicts of each."""

    value: Array
    row: Ints


class Verdict(NamedTuple):
    """One verdict: how far ``a`` won, who judged, in which order, and how long the answers are."""

    a: str
    b: str
    share: float
    judge: str = ""
    shown_first: int = 0
    length_a: float = np.nan
    length_b: float = np.nan


def column_of(
    items: Sequence[Sequence[Verdict]],
    models: Sequence[str] | None = None,
    judges: Sequence[str] | None = None,
) -> JudgmentColumn:
    """A column of the verdicts on each item.

    Args:
        items: verdicts of each item.
        models: their names in order; as they first stand in the verdicts if None.
        judges: the same of the judges.

    >>> column_of([[Verdict("lora", "base", 1.0)], []]).item_offsets.tolist()
    [0, 1, 1]
    """
    flat = [verdict for own in items for verdict in own]
    models = (
        [*dict.fromkeys(name for one in flat for name in one[:2])] if models is None else models
    )
    judges = [*dict.fromkeys(one.judge for one in flat)] if judges is None else judges
    return JudgmentColumn(
        item_offsets=offsets_of([*map(len, items)]),
        a=np.array([models.index(one.a) for one in flat], dtype=np.int64),
        b=np.array([models.index(one.b) for one in flat], dtype=np.int64),
        share=np.array([one.share for one in flat], dtype=np.float64),
        judge=np.array([judges.index(one.judge) for one in flat], dtype=np.int64),
        task=np.zeros(len(flat), dtype=np.int64),
        shown_first=np.array([one.shown_first for one in flat], dtype=np.int64),
        length_a=np.array([one.length_a for one in flat], dtype=np.float64),
        length_b=np.array([one.length_b for one in flat], dtype=np.float64),
        models=tuple(models),
        judges=tuple(judges),
    )


def means_of_items(
    item: Ints, counted: Sequence[Array], n: int
) -> tuple[list[Array], Sequence[int]]:
    """Means over the rows of each of ``n`` items, and the items that have none."""
    count = np.bincount(item, minlength=n)
    totals = (np.bincount(item, weights=values, minlength=n) for values in counted)
    means = [np.asarray(total / np.maximum(count, 1)) for total in totals]
    return means, np.flatnonzero(count == 0).tolist()


def mean_by(keys: Sequence[Ints], values: Array) -> Means:
    """The mean of ``values``, (m,), over rows that agree in all ``keys``, in the order of keys."""
    if not len(values):
        return Means(values, np.zeros(0, dtype=np.int64))
    stacked = np.stack(keys)
    _, row, group, count = np.unique(
        stacked, axis=1, return_index=True, return_inverse=True, return_counts=True
    )
    return Means(np.bincount(group.ravel(), weights=values) / count, row)


def sign(share: Array) -> Ints:
    """1 where a share of a win is one, -1 where it is a loss, 0 for a tie.

    A mean of shares may miss one half by rounding.
    """
    return np.where(np.abs(share - 0.5) < 1e-12, 0, np.sign(share - 0.5)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Names:
    """Names behind the codes of a column, for tables.

    Attributes:
        names: in the order of the codes.
        compared: names that must be the same for scores to be comparable.
    """

    names: tuple[str, ...]
    compared: tuple[str, ...] = ()

    def __or__(self, other: Names) -> Names:
        """All batches of a column share its names; what is compared may differ."""
        both = {*self.compared, *other.compared}
        return Names(self.names, tuple(sorted(both)))

    def digest(self) -> str:
        """A hash of the names that must be the same."""
        text = "\n".join(sorted(self.compared))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
