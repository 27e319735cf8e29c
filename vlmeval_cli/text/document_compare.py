"""Compares the fields of a predicted document with those of its reference.

Both sides become trees whose leaves are :class:`Field`; two fields meet when they stand at the same
path, and entries of lists are paired so that the weight of fields that agree is as large as can be.
As the weights of both documents are fixed, that pairing gives the best F1 there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from typing import Any, Literal, NamedTuple

from vlmeval_cli.text.document_paths import ROOT, of_entries, of_key
from vlmeval_cli.text.document_rules import PLAIN, FieldRule, Rules, is_near, key_of, plain_key
from vlmeval_cli.text.document_rules import read_rules as read_rules

Kind = Literal["right", "wrong", "wrong_type", "swapped", "missing", "extra"]


class Field(NamedTuple):
    """A value at its place, with what equal values share."""

    path: str
    rule: FieldRule
    key: Hashable
    value: Any


Tree = Field | dict[str, Any] | list[Any]  # dict and list hold trees
_NOTHING: dict[str, Any] = {}


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


class Planter:
    """Makes trees of documents; remembers keys of texts that repeat.

    Args:
        rules: path → rule; a rule holds for what stands below its path too.
        keeps_nulls: whether a null is a field.
    """

    def __init__(self, rules: Rules, *, keeps_nulls: bool = True) -> None:
        self._rules = rules
        self._keeps_nulls = keeps_nulls
        self._keys: dict[tuple[FieldRule, str], Hashable] = {}

    def tree(self, document: Any) -> Tree:  # noqa: ANN401  (any JSON value)
        """The tree of a document, without ignored fields; None has no field."""
        if document is None:
            return _NOTHING
        found = self._tree(document, ROOT, self._rules.get(ROOT, PLAIN))
        return _NOTHING if found is None else found

    def _tree(self, value: Any, path: str, rule: FieldRule) -> Tree | None:  # noqa: ANN401
        if isinstance(value, dict):
            branches = {}
            for key, own in value.items():
                below = of_key(path, key)
                branch = self._tree(own, below, self._rules.get(below, rule))
                if branch is not None:  # not ignored
                    branches[key] = branch
            return branches
        if isinstance(value, list) and rule.compare != "set":
            below = of_entries(path)
            own_rule = self._rules.get(below, rule)
            entries = (self._tree(entry, below, own_rule) for entry in value)
            return [entry for entry in entries if entry is not None]
        if rule.compare == "ignore" or (value is None and not self._keeps_nulls):
            return None
        return Field(path, rule, self._key(rule, value), value)

    def _key(self, rule: FieldRule, value: Any) -> Hashable:  # noqa: ANN401
        if not isinstance(value, str):
            return key_of(rule, value)
        known = self._keys.get((rule, value))
        if known is None:
            known = self._keys[rule, value] = key_of(rule, value)
        return known


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

        Equal entries without lists are paired first. That loses nothing: if A equals B, and A, B
        would be paired with X, Y, then |A∩X| + |B∩Y| ≤ |A∩B| + |X∩Y|, as A = B.
        """
        pairs, rows, columns = _equal_entries(ours, theirs)
        if not rows or not columns:
            return sorted(pairs, key=lambda pair: pair[1])
        if _are_strangers(ours[i] for i in rows) and _are_strangers(theirs[j] for j in columns):
            pairs.extend(zip(rows, columns, strict=False))
        else:
            rights = [[self._right(ours[i], theirs[j]) for j in columns] for i in rows]
            pairs.extend((rows[i], columns[j]) for i, j in best_pairs(rights))
        return sorted(pairs, key=lambda pair: pair[1])


def best_pairs(gains: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """The pairs of a row and a column whose gains have the largest sum, as many as fit.

    Args:
        gains: rows of equal length, at least one.
    """
    if len(gains) == 1:
        return [(0, max(range(len(gains[0])), key=gains[0].__getitem__))]
    if len(gains[0]) == 1:
        return [(max(range(len(gains)), key=lambda i: gains[i][0]), 0)]
    if not any(chain.from_iterable(gains)):
        return [(i, i) for i in range(min(len(gains), len(gains[0])))]
    from scipy.optimize import linear_sum_assignment  # slow to load, and flat documents need none

    rows, columns = linear_sum_assignment(gains, maximize=True)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


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


def fields_of(tree: Tree) -> Iterator[Field]:
    """The fields of a tree, in the order of the document."""
    if isinstance(tree, Field):
        yield tree
        return
    for branch in tree.values() if isinstance(tree, dict) else tree:
        yield from fields_of(branch)


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


def _equal_entries(
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
        return None
    marks = {key: _mark(branch) for key, branch in entry.items()}
    return None if None in marks.values() else frozenset(marks.items())


def _are_strangers(entries: Iterator[Any]) -> bool:
    """Whether all are fields that only equal keys make agree, and so agree with no other entry."""
    return all(isinstance(entry, Field) and not entry.rule.is_near for entry in entries)
