"""Documents as Donut's evaluation sees them: normalised, as pairs, and as ordered trees.

Kim et al. 2022, "OCR-free Document Understanding Transformer", section 3.3; the distance is that of
Zhang and Shasha 1989, "Simple fast algorithms for the editing distance between trees and related
problems".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
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
    between = np.zeros(changes.shape, dtype=np.int64)
    deletions, insertions = ours.costs, np.array(theirs.costs, dtype=np.int64)
    theirs_first = np.array(theirs.first, dtype=np.int64)
    for row in ours.key_roots:
        for column in theirs.key_roots:
            _fill(
                between, changes,
                _Side(row, ours.first, deletions), _OtherSide(column, theirs_first, insertions),
            )  # fmt: skip
    return int(between[-1, -1])


class _Side(NamedTuple):
    root: int
    first: list[int]
    costs: list[int]


class _OtherSide(NamedTuple):
    root: int
    first: Ints
    costs: Ints


def _fill(between: Ints, changes: Ints, ours: _Side, theirs: _OtherSide) -> None:
    """Distances of the subtrees whose first nodes are those of the two key roots.

    A row of the table of forests depends on itself only by insertions, whose costs add up: with the
    running sum taken off, the row is a running minimum.
    """
    low, begin = ours.first[ours.root], int(theirs.first[theirs.root])
    own = slice(begin, theirs.root + 1)
    inserted = np.concatenate([[0], np.cumsum(theirs.costs[own])])
    whole = theirs.first[own] == begin
    starts = theirs.first[own] - begin
    deleted = [0, *accumulate(ours.costs[low : ours.root + 1])]
    forests = np.empty((ours.root - low + 2, len(inserted)), dtype=np.int64)
    forests[0] = inserted
    for row, node in enumerate(range(low, ours.root + 1), start=1):
        before = forests[ours.first[node] - low]
        best = forests[row]
        best[0] = deleted[row]
        joined = before[starts] + between[node, own]
        if ours.first[node] == low:
            joined[whole] = forests[row - 1][:-1][whole] + changes[node, own][whole]
        np.minimum(forests[row - 1][1:] + ours.costs[node], joined, out=best[1:])
        best -= inserted
        np.minimum.accumulate(best, out=best)
        best += inserted
        if ours.first[node] == low:
            between[node, own][whole] = best[1:][whole]


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
