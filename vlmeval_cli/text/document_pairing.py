"""Which entries of two lists stand beside each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.text.document_paths import ENTRY
from vlmeval_cli.text.document_trees import Field, Tree, fields_of


def best_pairs(gains: Sequence[Sequence[float]] | Array) -> list[tuple[int, int]]:
    """The pairs of a row and a column whose gains have the largest sum, as many as fit.

    Args:
        gains: rows of equal length, at least one.
    """
    if len(gains) == 1:
        return [(0, max(range(len(gains[0])), key=gains[0].__getitem__))]
    if len(gains[0]) == 1:
        return [(max(range(len(gains)), key=lambda i: gains[i][0]), 0)]
    if not np.any(gains):
        return [(i, i) for i in range(min(len(gains), len(gains[0])))]
    from scipy.optimize import linear_sum_assignment  # slow to load, and flat documents need none

    rows, columns = linear_sum_assignment(gains, maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def equal_entries(
    ours: list[Any], theirs: list[Any]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pairs of equal entries, and the entries of either side that are left."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    left_ours = []
    for i, entry in enumerate(ours):
        mark = _mark(entry)
        if mark is None:
            left_ours.append(i)
        else:
            places[mark].append(i)
    pairs, left_theirs = [], []
    for waiting in places.values():
        waiting.reverse()
    for j, entry in enumerate(theirs):
        mark = _mark(entry)
        if mark is not None and places.get(mark):
            pairs.append((places[mark].pop(), j))
        else:
            left_theirs.append(j)
    return pairs, sorted([*left_ours, *chain.from_iterable(places.values())]), left_theirs


def _mark(entry: Tree) -> Hashable | None:
    """What entries share that agree in every field; None where that is not for keys to say."""
    if isinstance(entry, Field):
        return None if entry.rule.is_near else (entry.key,)
    if isinstance(entry, list):
        found = Counter(map(_mark, entry))
        return None if None in found else (ENTRY, frozenset(found.items()))
    marks = {key: _mark(branch) for key, branch in entry.items()}
    return None if None in marks.values() else frozenset(marks.items())


def are_told_by_keys(entries: Sequence[Tree]) -> bool:
    """Whether keys alone say how far any two of the entries agree.

    They do where lists hold nothing but fields, so that nothing else has to be paired.
    """
    return all(map(_is_told_by_keys, entries))


def _is_told_by_keys(entry: Tree) -> bool:
    if isinstance(entry, Field):
        return not entry.rule.is_near
    if isinstance(entry, list):
        return all(isinstance(own, Field) and not own.rule.is_near for own in entry)
    return are_told_by_keys([*entry.values()])


def _numbered(entry: Tree) -> Iterator[tuple[Hashable, float]]:
    """Path, key and number of each field, counted among those that share path and key; weights."""
    seen: Counter[Hashable] = Counter()
    for own in fields_of(entry):
        place = own.path, own.key
        seen[place] += 1
        yield (place, seen[place]), own.rule.weight


def shared_weights(ours: Sequence[Tree], theirs: Sequence[Tree]) -> Array:
    """Weight of the fields that agree, for entries told by keys; shape (len(ours), len(theirs))."""
    holders: dict[Hashable, list[int]] = defaultdict(list)
    for column, entry in enumerate(theirs):
        for place, _ in _numbered(entry):
            holders[place].append(column)
    weights = np.zeros((len(ours), len(theirs)))
    for row, entry in enumerate(ours):
        for place, weight in _numbered(entry):
            columns = holders.get(place)
            if columns:
                weights[row, columns] += weight
    return weights
