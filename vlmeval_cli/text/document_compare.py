"""Compares the fields of a predicted document with those of its reference.

Both sides become trees whose leaves are :class:`Field`; two fields meet when they stand at the same
path, and entries of lists are paired so that the weight of fields that agree is as large as can be.
As the weights of both documents are fixed, that pairing gives the best F1 there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.text.document_pairing import (
    are_told_by_keys,
    best_pairs,
    equal_entries,
    shared_weights,
)
from vlmeval_cli.text.document_rules import Rules, is_near, plain_key
from vlmeval_cli.text.document_trees import Field, Planter, Tree, fields_of

Kind = Literal["right", "wrong", "wrong_type", "swapped", "missing", "extra"]


class Outcome(NamedTuple):
    """What became of one field.

    Attributes:
        path: where it stands.
        kind: ``right``; ``wrong``: another value of the same type; ``wrong_type``: a value of
            another type, an object or a list among them; ``swapped``: wrong or of the wrong type,
            and the value of a field at another path of this reference; ``missing``: the prediction
            has nothing there; ``extra``: the reference has nothing there.
        weight: of the field.
        expected, got: the reference's and the prediction's field; None on the side that has none.
            A ``wrong_type`` without ``got`` stands where the prediction has an object or a list.
    """

    path: str
    kind: Kind
    weight: float
    expected: Field | None
    got: Field | None


class Counts(NamedTuple):
    """Weights of fields that agree, and of all fields of either side."""

    right: float
    predicted: float
    expected: float

    @property
    def f1(self) -> float:
        """2 right / (predicted + expected); 1 where neither side has a field."""
        total = self.predicted + self.expected
        return 2 * self.right / total if total else 1.0


def counted(outcomes: Sequence[Outcome]) -> Counts:
    """What precision, recall and F1 are made of, from what became of every field."""
    return Counts(
        sum(one.weight for one in outcomes if one.kind == "right"),
        sum(one.weight for one in outcomes if one.got is not None),
        sum(one.weight for one in outcomes if one.expected is not None),
    )


class Comparison:
    """A prediction beside one reference."""

    def __init__(self, prediction: Tree, reference: Tree) -> None:
        self._prediction = prediction
        self._reference = reference
        self._paired: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def counts(self) -> Counts:
        """What precision, recall and F1 are made of."""
        return Counts(
            self._right(self._prediction, self._reference),
            sum(own.rule.weight for own in fields_of(self._prediction)),
            sum(own.rule.weight for own in fields_of(self._reference)),
        )

    def outcomes(self) -> list[Outcome]:
        """What became of every field of either side."""
        found = list(self._outcomes(self._prediction, self._reference))
        if any(one.kind in ("wrong", "wrong_type") for one in found):
            places = _places(self._reference)
            found = [_swapped(one, places) for one in found]
        return found

    def _outcomes(self, ours: Tree, theirs: Tree) -> Iterator[Outcome]:
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for key, branch in theirs.items():
                if key in ours:
                    yield from self._outcomes(ours[key], branch)
                else:
                    yield from _missing(branch)
            for key, branch in ours.items():
                if key not in theirs:
                    yield from _extra(branch)
        elif isinstance(ours, list) and isinstance(theirs, list):
            yield from self._entries(ours, theirs)
        elif isinstance(theirs, Field):
            if isinstance(ours, Field):
                yield Outcome(theirs.path, _kind(ours, theirs), theirs.rule.weight, theirs, ours)
            else:
                yield Outcome(theirs.path, "wrong_type", theirs.rule.weight, theirs, None)
                yield from _extra(ours)
        else:
            yield from _missing(theirs)
            yield from _extra(ours)

    def _entries(self, ours: list[Any], theirs: list[Any]) -> Iterator[Outcome]:
        pairs = self._pairs(ours, theirs)
        for i, j in pairs:
            yield from self._outcomes(ours[i], theirs[j])
        met_ours, met_theirs = {i for i, _ in pairs}, {j for _, j in pairs}
        for j, branch in enumerate(theirs):
            if j not in met_theirs:
                yield from _missing(branch)
        for i, branch in enumerate(ours):
            if i not in met_ours:
                yield from _extra(branch)

    def _right(self, ours: Tree, theirs: Tree) -> float:
        """Weight of the fields that agree."""
        if isinstance(theirs, Field):
            return theirs.rule.weight if isinstance(ours, Field) and _agree(ours, theirs) else 0.0
        if isinstance(theirs, dict):
            if not isinstance(ours, dict):
                return 0.0
            return sum(self._right(ours[key], theirs[key]) for key in theirs if key in ours)
        if not isinstance(ours, list):
            return 0.0
        return sum(self._right(ours[i], theirs[j]) for i, j in self._pairs(ours, theirs))

    def _pairs(self, ours: list[Any], theirs: list[Any]) -> list[tuple[int, int]]:
        """Which entry of one list stands beside which of the other, in order of the latter."""
        known = self._paired.get((id(ours), id(theirs)))
        if known is None:
            known = self._paired[id(ours), id(theirs)] = self._pair(ours, theirs)
        return known

    def _pair(self, ours: list[Any], theirs: list[Any]) -> list[tuple[int, int]]:
        """The pairing of greatest agreement.

        Equal entries are paired first. That loses nothing: if A equals B, and A, B would be paired
        with X, Y, then |A∩X| + |B∩Y| ≤ |A∩B| + |X∩Y|, as A = B. The same holds for what lists
        within them share: what A pairs in X and in Y can be paired with each other.
        """
        pairs, rows, columns = equal_entries(ours, theirs)
        if rows and columns:
            gains = self._gains([ours[i] for i in rows], [theirs[j] for j in columns])
            pairs.extend((rows[i], columns[j]) for i, j in best_pairs(gains))
        return sorted(pairs, key=lambda pair: pair[1])

    def _gains(self, ours: list[Any], theirs: list[Any]) -> Array:
        """Weight of the fields that agree, each entry with each."""
        if are_told_by_keys(ours) and are_told_by_keys(theirs):
            return shared_weights(ours, theirs)
        return np.array([[self._right(one, other) for other in theirs] for one in ours])


def closest(
    planter: Planter,
    prediction: Any,  # noqa: ANN401  (any JSON value)
    references: Sequence[Any],
) -> Comparison:
    """The prediction beside its best reference: highest F1, then fewest errors, then the first."""
    ours = planter.tree(prediction)
    beside = [Comparison(ours, planter.tree(reference)) for reference in references]
    if len(beside) == 1:
        return beside[0]

    def quality(one: Comparison) -> tuple[float, float]:
        counts = one.counts()
        return counts.f1, 2 * counts.right - counts.predicted - counts.expected

    return max(beside, key=quality)


def diff(
    prediction: Any,  # noqa: ANN401  (any JSON value)
    references: Sequence[Any],
    rules: Rules | None = None,
) -> list[dict[str, Any]]:
    """The fields of a prediction that are not right, beside its best reference.

    Args:
        prediction: a document; None is one that is missing or could not be read.
        references: accepted documents.
        rules: path → rule (:func:`~vlmeval_cli.text.document_rules.read_rules`).

    Returns:
        ``{"path", "kind", "expected", "got"}`` per field, kinds as in :class:`Outcome`; a side that
        has no such field is left out.

    >>> diff({"total": "9.90", "date": "May"}, [{"total": 9.9, "date": "June", "name": "A"}])
    [{'path': 'date', 'kind': 'wrong', 'expected': 'June', 'got': 'May'}, \
{'path': 'name', 'kind': 'missing', 'expected': 'A'}]
    """
    if not references:
        return []
    found = closest(Planter(rules or {}), prediction, references).outcomes()
    return [_told(one) for one in found if one.kind != "right"]


def _told(outcome: Outcome) -> dict[str, Any]:
    sides = (("expected", outcome.expected), ("got", outcome.got))
    values = {name: own.value for name, own in sides if own is not None}
    return {"path": outcome.path, "kind": outcome.kind, **values}


def _agree(ours: Field, theirs: Field) -> bool:
    if ours.key == theirs.key:
        return True
    return theirs.rule.is_near and is_near(theirs.rule, ours.value, theirs.value)


def _kind(ours: Field, theirs: Field) -> Kind:
    if _agree(ours, theirs):
        return "right"
    alike = type(ours.value) is type(theirs.value) or _type_of(ours) == _type_of(theirs)
    return "wrong" if alike else "wrong_type"


def _plain_key(own: Field) -> Hashable:
    """The key of a field, whatever its rule."""
    return own.key if own.rule.compare == "value" else plain_key(own.value)


def _type_of(own: Field) -> str:
    """Text, number, boolean, null or list; a numeral in a text is a number, as in comparing."""
    key = _plain_key(own)
    if key is None:
        return "null"
    if isinstance(key, str):
        return "text"
    return "boolean" if isinstance(key, tuple) else "number" if _is_number(key) else "list"


def _is_number(key: Hashable) -> bool:
    return isinstance(key, int | float)


def _missing(tree: Tree) -> Iterator[Outcome]:
    for own in fields_of(tree):
        yield Outcome(own.path, "missing", own.rule.weight, own, None)


def _extra(tree: Tree) -> Iterator[Outcome]:
    for own in fields_of(tree):
        yield Outcome(own.path, "extra", own.rule.weight, None, own)


def _places(reference: Tree) -> dict[Hashable, set[str]]:
    """Texts and numbers of a reference → the paths they stand at."""
    places: dict[Hashable, set[str]] = defaultdict(set)
    for own in fields_of(reference):
        places[_plain_key(own)].add(own.path)
    return places


def _swapped(outcome: Outcome, places: dict[Hashable, set[str]]) -> Outcome:
    """The outcome, as ``swapped`` where what was got belongs to another path."""
    if outcome.kind not in ("wrong", "wrong_type") or outcome.got is None:
        return outcome
    key = _plain_key(outcome.got)
    tells_something = _is_number(key) or (isinstance(key, str) and key)
    if tells_something and places.get(key, set()) - {outcome.path}:
        return outcome._replace(kind="swapped")
    return outcome
