"""Documents as trees whose leaves know their place, how they are compared, and their key."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

from vlmeval_cli.text.document_paths import ROOT, of_entries, of_key
from vlmeval_cli.text.document_rules import PLAIN, FieldRule, Rules, key_of


class Field(NamedTuple):
    """A value at its place, with what equal values share."""

    path: str
    rule: FieldRule
    key: Hashable
    value: Any


Tree = Field | dict[str, Any] | list[Any]  # dict and list hold trees
_NOTHING: Tree = {}


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


def fields_of(tree: Tree) -> Iterator[Field]:
    """The fields of a tree, in the order of the document."""
    if isinstance(tree, Field):
        yield tree
        return
    for branch in tree.values() if isinstance(tree, dict) else tree:
        yield from fields_of(branch)
