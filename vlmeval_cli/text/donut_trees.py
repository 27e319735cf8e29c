"""Documents as Donut's evaluation sees them: normalised, as pairs, and as ordered trees.

Kim et al. 2022, "OCR-free Document Understanding Transformer", section 3.3; the distance is that of
Zhang and Shasha 1989, "Simple fast algorithms for the editing distance between trees and related
problems".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from vlmeval_cli.core.batch import Ints

_ROOT, _ENTRY = "<root>", "<subtree>"


def normalized(value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """The document with everything empty left out and every text in a list.

    Keys are sorted by length, then alphabetically. Null, 0, false, and empty texts, lists and
    objects vanish. A list keeps its objects if it holds nothing else; if not, its texts and
    numbers.

    >>> normalized({"total": 0, "name": " A ", "items": [{"n": 1}, {}]})
    {'name': ['A'], 'items': [{'n': ['1']}]}
    """
    if not value:
        return {}
    if isinstance(value, dict):
        return _normalized_object(value)
    if not isinstance(value, list):
        return [str(value).strip()]
    if all(isinstance(entry, dict) for entry in value):
        return [own for own in map(normalized, value) if own]
    texts = (str(entry).strip() for entry in value if type(entry) in (str, int, float))
    return [text for text in texts if text]


def _normalized_object(value: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key in sorted(value, key=lambda key: (len(key), key)):
        own = normalized(value[key])
        if own:
            found[key] = own if isinstance(own, list) else [own]
    return found


def pairs(document: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  (any JSON value)
    """Keys joined by dots and texts of a normalised document; entries of lists share a key.

    >>> list(pairs({"items": [{"n": ["1"]}, {"n": ["2"]}]}))
    [('items.n', '1'), ('items.n', '2')]
    """
    waiting = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            children = [(f"{path}.{key}" if path else key, own) for key, own in value.items()]
            waiting.extend(reversed(children))
        elif isinstance(value, list):
            waiting.extend((path, own) for own in reversed(value))
        else:
            yield path, value


class Nodes(NamedTuple):
    """An ordered tree in postorder.

    Attributes:
        labels: of every node; the text of a leaf.
        is_text: whether the node is a leaf that holds a text.
        first: for every node, the first node in postorder of the subtree below it.
    """

    labels: list[str]
    is_text: list[bool]
    first: list[int]

    @property
    def costs(self) -> list[int]:
        """What it costs to insert or delete each node: a text its length, others 1."""
        return [
            len(label) if text else 1 for label, text in zip(self.labels, self.is_text, strict=True)
        ]

    @property
    def key_roots(self) -> list[int]:
        """For every first node, the highest node above it; in postorder."""
        highest = {first: node for node, first in enumerate(self.first)}
        return sorted(highest.values())


def nodes_of(document: Any) -> Nodes:  # noqa: ANN401  (any JSON value)
    """The tree of a normalised document."""
    nodes = Nodes([], [], [])
    _add(nodes, _ROOT, document)
    return nodes


def _add(nodes: Nodes, label: str, value: Any) -> None:  # noqa: ANN401  (any JSON value)
    """Append what is below a node, then the node itself."""
    first = len(nodes.labels)
    if isinstance(value, dict):
        for key, own in value.items():
            _add(nodes, key, own)
    else:
        for own in value:
            if isinstance(own, dict):
                _add(nodes, _ENTRY, own)
            else:
                _append(nodes, own, len(nodes.labels), is_text=True)
    _append(nodes, label, first, is_text=False)


def _append(nodes: Nodes, label: str, first: int, *, is_text: bool) -> None:
    nodes.labels.append(label)
    nodes.is_text.append(is_text)
    nodes.first.append(first)


def tree_distance(ours: Nodes, theirs: Nodes) -> int:
    """Least cost of turning one tree into the other.

    Inserting or deleting a text costs its length and any other node 1; a text becomes another by
    its edits, and another node by 1 + its length; another node changes its label for 1.
    """
    if ours == theirs:
        return 0
    changes = _changes(ours, theirs)
    most = sum(ours.costs) + sum(theirs.costs)
    # Behind the last node: what is not there is never a part of the cheapest way.
    between = np.full((len(ours.labels), len(theirs.labels) + 1), most, dtype=np.int64)
    side, tables = _Side(ours.first, ours.costs), _tables(theirs, most)
    for root in ours.key_roots:
        _fill(between, changes, side, root, tables)
    return int(between[-1, -2])


class _Side(NamedTuple):
    """The first node below each node of a tree, and what it costs to delete the node."""

    first: list[int]
    costs: list[int]


class _Columns(NamedTuple):
    """Columns of the tables of forests: those of several key roots side by side.

    A table begins with the empty forest and ends with the tree of its key root.

    Attributes:
        place: where they stand among all columns.
        last: last node of each forest; -1 for the empty one.
        before: among all columns, the forest without the tree of its last node.
        trees: places, among these columns, of the forests that are one tree.
        base: what it costs to insert the forest, and more for each table than for the one before,
            so that a running minimum of costs less ``base`` starts afresh in every table.
    """

    place: slice
    last: Ints
    before: Ints
    trees: Ints
    base: Ints


class _Tables(NamedTuple):
    """The tables of all key roots of a tree, those of inner ones first.

    Attributes:
        inserted: what it costs to insert the forest of each column.
        every: all columns.
        levels: the columns, parted so that none needs a tree of its own part or of a later one.
    """

    inserted: Ints
    every: _Columns
    levels: list[_Columns]


def _tables(tree: Nodes, most: int) -> _Tables:
    """The columns for ``tree``, where no distance is more than ``most``."""
    roots = np.array(tree.key_roots)
    first, costs = np.array(tree.first), np.array([0, *tree.costs])
    lows = first[roots]
    depths = ((lows[:, None] >= lows) & (roots[:, None] < roots)).sum(axis=1)
    order = np.argsort(-depths, kind="stable")
    sizes = (roots - lows + 2)[order]  # with the empty forest
    starts = np.cumsum(sizes) - sizes
    start, low = np.repeat(starts, sizes), np.repeat(lows[order], sizes)
    place = np.arange(len(start)) - start
    last = np.where(place == 0, -1, low + place - 1)
    before = np.where(place == 0, start, start + first[last] - low)
    is_tree = (place > 0) & (first[last] == low)
    sums = np.cumsum(costs)
    inserted = np.where(place == 0, 0, sums[last + 1] - sums[low])
    base = inserted + np.repeat(np.arange(len(sizes)), sizes) * (2 * most + 1)

    def columns(begin: int, end: int) -> _Columns:
        own = slice(begin, end)
        return _Columns(own, last[own], before[own], np.flatnonzero(is_tree[own]), base[own])

    ends = [*starts[1:][np.diff(depths[order]) != 0].tolist(), len(start)]
    levels = [columns(*pair) for pair in pairwise([0, *ends])]
    return _Tables(inserted, columns(0, len(start)), levels)


def _fill(between: Ints, changes: Ints, ours: _Side, root: int, tables: _Tables) -> None:
    """Distances of the trees that begin where that of a key root does, to all trees.

    A row of the tables depends on itself only by insertions, whose costs add up: with these taken
    off, it is a running minimum. Where a forest is one tree, it depends on the trees inside of the
    other one too, which come first.
    """
    low = ours.first[root]
    forests = np.empty((root - low + 2, len(tables.inserted)), dtype=np.int64)
    forests[0] = tables.inserted
    for row, node in enumerate(range(low, root + 1), start=1):
        above, before = forests[row - 1], forests[ours.first[node] - low]
        is_tree = ours.first[node] == low
        for own in tables.levels if is_tree else (tables.every,):
            best = before[own.before] + between[node, own.last]
            if is_tree:
                trees = own.last[own.trees]
                best[own.trees] = above[own.place][own.trees - 1] + changes[node, trees]
            np.minimum(above[own.place] + ours.costs[node], best, out=best)
            best -= own.base
            np.minimum.accumulate(best, out=best)
            best += own.base
            if is_tree:
                between[node, trees] = best[own.trees]
            forests[row, own.place] = best


def _changes(ours: Nodes, theirs: Nodes) -> Ints:
    """What it costs to turn each node of one tree into each of the other."""
    labels = cdist(ours.labels, theirs.labels, scorer=Levenshtein.distance, dtype=np.int64)
    text, other_text = np.array(ours.is_text)[:, None], np.array(theirs.is_text)[None, :]
    costs, other_costs = np.array(ours.costs)[:, None], np.array(theirs.costs)[None, :]
    mixed = 1 + np.where(text, costs, other_costs)
    changes: Ints = np.where(
        text & other_text, labels, np.where(text | other_text, mixed, np.minimum(labels, 1))
    )
    return changes


def tree_accuracy(prediction: Nodes, reference: Nodes) -> float:
    """1 - distance / distance of an empty prediction, at least 0; 0 for an empty reference."""
    nothing = sum(reference.costs) - 1  # the root is there in any case
    # No change costs less than it alters the sum of all costs.
    if abs(sum(prediction.costs) - 1 - nothing) >= nothing:
        return 0.0
    return max(0.0, 1 - tree_distance(prediction, reference) / nothing)
