"""Slices of the items that score lower or higher than the rest, found among all that there are.

A slice is the items that share one label of a column, or one of each of two columns. Chance alone
makes some of hundreds of slices look bad. All are therefore tested together, with the items in
random other orders (:mod:`vlmeval_cli.stats.permutation`): what is found is as far out as the
furthest of all slices would lie by chance in a share ``1 - confidence`` of the orders, however they
overlap.

Of slices that say the same, only the furthest stays: another one must still lie as far out without
the items of those that stayed, and inside every slice that it is a part of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.stats.permutation import (
    FEWEST,
    N_PERMUTATIONS,
    Extremes,
    affordable,
    extremes,
    orders,
)

_MOST_STEPS = 1.5e9  # items that are counted, over all columns and permutations
_AT_ONCE = 2_000_000  # scores that are in another order at a time
_MOST_FOUND = 500  # slices that are looked through for those that say the same
_MOST_SUMS = 30_000_000  # of slices, over all permutations
_STRONGEST = 5
_SAME_SHARE = 0.9  # of the items of both that are in both

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SlicePolicy:
    """Which slices are looked at.

    Attributes:
        least: items that a slice has at least.
        most_share: of the items that it has at most.
        depth: columns that are combined, 1 or 2.
        confidence: 1 - the chance of any false alarm.
        seed: of the random orders.
        most_permutations: of them; fewer where there are many items.
    """

    least: int = 20
    most_share: float = 0.5
    depth: int = 2
    confidence: float = 0.95
    seed: int = 12345
    most_permutations: int = N_PERMUTATIONS


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the items beside all others.

    Attributes:
        parts: (column, label) pairs that its items share.
        n: items in it.
        score: their mean.
        rest: the mean of all other items.
        difference: score - rest.
        low, high: bounds that hold for all slices looked at, at once.
        p_value: on its own, as if nothing else had been looked at.
        p_corrected: for all slices looked at.
    """

    parts: tuple[tuple[int, int], ...]
    n: int
    score: float
    rest: float
    difference: float
    low: float
    high: float
    p_value: float
    p_corrected: float


@dataclass(frozen=True, slots=True)
class FoundSlices:
    """What a search found.

    Attributes:
        slices: those that differ from the rest, the lowest score first.
        strongest: the furthest ones, found or not, the furthest first.
        n_looked_at: slices that were tested.
        n_repeats: slices that differ too, and say the same as one of ``slices``.
        n_permutations: random orders of the items.
    """

    slices: Sequence[Slice]
    strongest: Sequence[Slice]
    n_looked_at: int
    n_repeats: int
    n_permutations: int


class _Table(NamedTuple):
    """One column, or two that are crossed, and which of the cells are slices.

    Attributes:
        columns: which.
        width: cells of one label of the first column.
        cells: those that are slices, ascending.
        sizes: items in each of them.
    """

    columns: tuple[int, ...]
    width: int
    cells: Ints
    sizes: Ints

    def parts(self) -> Iterator[tuple[tuple[int, int], ...]]:
        """(column, label) pairs of each slice."""
        for cell in self.cells.tolist():
            labels = divmod(cell, self.width)[-len(self.columns) :]
            yield tuple(zip(self.columns, (label - 1 for label in labels), strict=True))


_Counts = Mapping[tuple[int, ...], Sequence[_Table]]


def find_slices(
    values: Array, columns: Sequence[Ints], clusters: Ints | None, policy: SlicePolicy
) -> FoundSlices:
    """The slices whose mean differs from that of the other items.

    Args:
        values: score of every item, shape (n,); items with NaN are left out.
        columns: label of every item in each column, from 0, shape (n,); -1 has no label.
        clusters: which items belong together, shape (n,); None: none do.
        policy: what is looked at.
    """
    scored = np.flatnonzero(np.isfinite(values))
    values = values[scored]
    columns = [np.ascontiguousarray(column[scored]) + 1 for column in columns]
    clusters = None if clusters is None else np.unique(clusters[scored], return_inverse=True)[1]
    tables = [*_tables(columns, len(values), policy)]
    n_looked_at = sum(len(table.cells) for table in tables)
    if not n_looked_at or np.ptp(values) == 0.0:
        return FoundSlices([], [], n_looked_at, 0, 0)
    counts = _counts(tables, _widths(columns), len(values))
    count = affordable(len(values) * len(counts), _MOST_STEPS, policy.most_permutations)
    count = max(FEWEST, min(count, _MOST_SUMS // n_looked_at))
    mixed = orders(len(values), clusters, count=count, seed=policy.seed)
    sums = _sums(values, columns, counts, mixed)
    tables = [table for own in counts.values() for table in own]
    sizes = np.concatenate([table.sizes for table in tables])
    chance = extremes(sums / sizes, 1.0 - policy.confidence)
    parts = [part for table in tables for part in table.parts()]
    search = _Search(values, columns, parts, sizes, chance, policy)
    chosen, n_found = search.telling()
    return FoundSlices(
        slices=sorted(map(search.slice, chosen), key=lambda one: one.difference),
        strongest=[*map(search.slice, search.furthest())],
        n_looked_at=n_looked_at,
        n_repeats=n_found - len(chosen),
        n_permutations=count,
    )


def _tables(columns: Sequence[Ints], n: int, policy: SlicePolicy) -> Iterator[_Table]:
    """Columns and pairs of them that have slices of the right size."""
    widths = _widths(columns)
    chosen: list[tuple[int, ...]] = [(i,) for i in range(len(columns))]
    if policy.depth > 1:
        chosen += combinations(range(len(columns)), 2)
    for own in chosen:
        sizes = np.bincount(_codes(columns, own, widths))
        cells = np.flatnonzero((sizes >= policy.least) & (sizes <= policy.most_share * n))
        width = widths[own[-1]]
        cells = cells[(cells % width > 0) & ((cells >= width) | (len(own) == 1))]
        if len(cells):
            yield _Table(own, width, cells, sizes[cells])


def _widths(columns: Sequence[Ints]) -> list[int]:
    """Labels of each column, and one for none, which is 0."""
    return [int(column.max(initial=0)) + 1 for column in columns]


def _codes(columns: Sequence[Ints], own: Sequence[int], widths: Sequence[int]) -> Ints:
    """The cell of each item in the crossing of some columns."""
    codes = columns[own[0]]
    for column in own[1:]:
        codes = codes * widths[column] + columns[column]
    return codes


def _sums(values: Array, columns: Sequence[Ints], counts: _Counts, mixed: Iterator[Ints]) -> Array:
    """Summed scores of the slices, as they are and in every other order: (1 + count, m)."""
    widths = _widths(columns)
    found = []
    at_once = max(1, _AT_ONCE // len(values))
    known = chain([np.arange(len(values))], mixed)
    while block := [values[order] for order in islice(known, at_once)]:
        parts: dict[tuple[int, ...], Array] = {}
        for crossed, own in counts.items():
            shape = [widths[column] for column in crossed]
            codes = _codes(columns, crossed, widths)
            sums = np.array([np.bincount(codes, one, prod(shape)) for one in block])
            sums = sums.reshape(len(block), *shape)
            for table in own:
                others = [i for i, one in enumerate(crossed, 1) if one not in table.columns]
                flat = sums.sum(axis=tuple(others)).reshape(len(block), -1)
                parts[table.columns] = flat[:, table.cells]
        found.append(np.hstack([*parts.values()]))
    return np.vstack(found)


def _counts(tables: Sequence[_Table], widths: Sequence[int], n: int) -> _Counts:
    """Crossings that are counted, and the tables that are sums over each.

    Four columns crossed hold six pairs, so that the items are gone through fewer times.
    """
    left = {table.columns: table for table in tables}
    found: dict[tuple[int, ...], list[_Table]] = {}
    order = sorted({column for own in left for column in own}, key=lambda one: widths[one])
    twos = [tuple(order[i : i + 2]) for i in range(0, len(order), 2)]
    for crossed in (tuple(sorted({*one, *other})) for one, other in combinations(twos, 2)):
        own = [one for one in left if {*one} <= {*crossed}]
        if len(own) > 1 and prod(widths[column] for column in crossed) <= n // 4:
            found[crossed] = [left.pop(one) for one in own]
    return {**found, **{one: [table] for one, table in left.items()}}


@dataclass(frozen=True, slots=True)
class _Search:
    """The slices looked at, how far out they are, and which of them tell something new."""

    values: Array
    columns: Sequence[Ints]
    parts: Sequence[tuple[tuple[int, int], ...]]
    sizes: Ints
    chance: Extremes
    policy: SlicePolicy

    def telling(self) -> tuple[list[int], int]:
        """Slices that differ and say something of their own, and how many differ at all."""
        alpha = 1.0 - self.policy.confidence
        differ = [i for i in self._order() if self.chance.corrected[i] <= alpha]
        simple = {self.parts[i][0]: i for i in differ if len(self.parts[i]) == 1}
        chosen: dict[int, Mask] = {}
        for i in differ[:_MOST_FOUND]:
            wider = [simple[part] for part in self.parts[i] if simple.get(part, i) != i]
            own = self._items(self.parts[i])
            same, opposite = self._held(i, wider, chosen)
            left = own & ~same
            if (
                left.sum() >= self.policy.least
                and all(self._is_deeper(i, left, one, same) for one in wider)
                and (not chosen.keys().isdisjoint(wider) or self._is_far(i, left, ~opposite | left))
            ):
                chosen[i] = own
        return [*chosen], len(differ)

    def furthest(self) -> list[int]:
        """A few slices that are furthest out and hold different items."""
        chosen: dict[int, Mask] = {}
        for i in self._order()[:_MOST_FOUND]:
            own = self._items(self.parts[i])
            if not any(_are_same(own, one) or _are_same(~own, one) for one in chosen.values()):
                chosen[i] = own
            if len(chosen) == _STRONGEST:
                break
        return [*chosen]

    def _order(self) -> list[int]:
        """The furthest slices first; of those as far out, the simple ones."""
        distance = np.abs(self.chance.distance).round(6)
        n_parts = np.array([*map(len, self.parts)])
        return [int(i) for i in np.lexsort((n_parts, -distance))]

    def _held(self, i: int, wider: Sequence[int], chosen: Mapping[int, Mask]) -> tuple[Mask, Mask]:
        """Items of chosen slices to the same side, and to the other.

        Slices that hold all of ``i`` are passed over.
        """
        sign = np.sign(self.chance.distance[i])
        held = np.zeros((2, len(self.values)), dtype=bool)
        for one, items in chosen.items():
            if one not in wider:
                held[int(np.sign(self.chance.distance[one]) != sign)] |= items
        return held[0], held[1]

    def slice(self, i: int) -> Slice:
        """Slice ``i`` beside the rest."""
        n, total = int(self.sizes[i]), len(self.values)
        score = float(self.values[self._items(self.parts[i])].mean())
        whole = float(self.values.mean())
        beside = total / (total - n)  # of a distance from the mean of all to one from the rest
        margin = self.chance.critical * float(self.chance.spread[i]) * beside
        difference = (score - whole) * beside
        return Slice(
            parts=self.parts[i],
            n=n,
            score=score,
            rest=score - difference,
            difference=difference,
            low=difference - margin,
            high=difference + margin,
            p_value=float(self.chance.p_values[i]),
            p_corrected=float(self.chance.corrected[i]),
        )

    def _items(self, parts: tuple[tuple[int, int], ...]) -> Mask:
        found: list[Mask] = [self.columns[column] == label + 1 for column, label in parts]
        return found[0] & found[-1]

    def _is_deeper(self, i: int, left: Mask, wider: int, others: Mask) -> bool:
        """Whether what is left of slice ``i`` is far out inside one that it is a part of."""
        return self._is_far(i, left, self._items(self.parts[wider]) & ~others)

    def _is_far(self, i: int, some: Mask, among: Mask) -> bool:
        """Whether some items of slice ``i`` are as far out among others as slices have to be."""
        n, total = int(some.sum()), int(among.sum())
        if n >= total:
            return False
        away = float(self.values[some].mean() - self.values[among].mean())
        distance = away / self._spread(i, n, total)
        return distance * self.chance.distance[i] > 0.0 and abs(distance) > self.chance.critical

    def _spread(self, i: int, n: int, total: int) -> float:
        """Standard deviation by chance of the mean of ``n`` of ``total`` items like slice ``i``."""
        size, everything = int(self.sizes[i]), len(self.values)
        of_one = float(self.chance.spread[i]) * np.sqrt(size / (1.0 - size / everything))
        return float(of_one * np.sqrt((1.0 - n / total) / n))


def _are_same(one: Mask, other: Mask) -> bool:
    """Whether two slices hold nearly the same items."""
    return bool((one & other).sum() >= _SAME_SHARE * (one | other).sum())
