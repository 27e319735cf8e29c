"""A quick answer to "does this document follow the schema?" for the common part of JSON Schema.

A schema of common keywords becomes a tree of functions, which says yes or no about a hundred times
as fast as a validator that must be ready to explain. Schemas with any other keyword have no quick
check. Tests hold it equal to the jsonschema package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

Check = Callable[[Any], bool]

_IGNORED = {
    "$schema", "$comment", "$defs", "definitions", "title", "description", "default", "examples",
    "deprecated", "readOnly", "writeOnly", "format", "contentEncoding", "contentMediaType",
    "contentSchema",
}  # fmt: skip
_STRUCTURAL = {"type", "required", "properties", "items", "additionalProperties"}
DRAFT = "https://json-schema.org/draft/2020-12/schema"


class _NoQuickCheck(Exception):
    """The schema has a keyword that only a full validator knows."""


def quick_check(schema: Any) -> Check | None:  # noqa: ANN401  (JSON)
    """A function from document to yes or no; None where the schema needs a full validator.

    >>> check = quick_check({"type": "object", "required": ["a"]})
    >>> check({"a": 1}), check({}), check([])
    (True, False, False)
    """
    schema = _without_name(schema)
    try:
        return _Compiler(schema).check(schema)
    except (_NoQuickCheck, RecursionError):
        return None


def is_structural(schema: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether only keys, types and nesting of a document decide if it follows the schema.

    Any keyword that is not known to be so makes it false.
    """
    return _is_structural(_without_name(schema))


def _is_structural(schema: Any) -> bool:  # noqa: ANN401  (JSON)
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict) or not _is_of_draft(schema):
        return False
    if not schema.keys() - _IGNORED <= _STRUCTURAL:
        return False
    parts = [*schema.get("properties", {}).values()]
    parts += [schema[name] for name in ("items", "additionalProperties") if name in schema]
    return all(map(_is_structural, parts))


def _is_of_draft(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("$schema", DRAFT).rstrip("#") == DRAFT)


def _without_name(schema: Any) -> Any:  # noqa: ANN401  (JSON)
    """A schema less its own ``$id``; references within it lead to the same places."""
    if not isinstance(schema, dict):
        return schema
    return {keyword: value for keyword, value in schema.items() if keyword != "$id"}


class _Compiler:
    """Makes checks of the parts of one schema."""

    def __init__(self, root: Any) -> None:  # noqa: ANN401  (JSON)
        self._root = root
        self._referred: dict[str, Check] = {}

    def check(self, schema: Any) -> Check:  # noqa: ANN401  (JSON)
        if schema is True:
            return lambda _: True
        if schema is False:
            return lambda _: False
        if not _is_of_draft(schema):
            raise _NoQuickCheck
        checks = [
            part
            for keyword in schema
            if keyword not in _IGNORED and keyword not in ("required", "additionalProperties")
            for part in [self._keyword(keyword, schema)]
        ]
        if "properties" not in schema and schema.keys() & {"required", "additionalProperties"}:
            checks.append(self._members(schema))
        return _all(checks)

    def _keyword(self, keyword: str, schema: Mapping[str, Any]) -> Check:
        value = schema[keyword]
        if keyword in _SIMPLE:
            return _SIMPLE[keyword](value)
        if keyword == "properties":
            return self._members(schema)
        if keyword == "items":
            return self._elements(value)
        if keyword == "$ref":
            return self._reference(value)
        if keyword in ("allOf", "anyOf", "oneOf"):
            return _combined(keyword, [self.check(part) for part in value])
        if keyword == "not":
            refused = self.check(value)
            return lambda document: not refused(document)
        raise _NoQuickCheck

    def _members(self, schema: Mapping[str, Any]) -> Check:
        """Keys of an object: those known, those required, and all others."""
        if "patternProperties" in schema:
            raise _NoQuickCheck
        known = {key: self.check(part) for key, part in schema.get("properties", {}).items()}
        required = frozenset(schema.get("required", ()))
        more = schema.get("additionalProperties", True)
        others = None if more is True else self.check(more)  # spares a call a key

        def members(document: Any) -> bool:  # noqa: ANN401  (JSON)
            if type(document) is not dict:
                return True
            if not required <= document.keys():
                return False
            for key, value in document.items():
                check = known.get(key, others)
                if check is not None and not check(value):
                    return False
            return True

        return members

    def _elements(self, schema: Any) -> Check:  # noqa: ANN401  (JSON)
        check = self.check(schema)
        return lambda document: type(document) is not list or all(map(check, document))

    def _reference(self, target: str) -> Check:
        """A part of the same file, by its path; parts may refer to each other."""
        if not isinstance(target, str) or not re.fullmatch(r"#(/[^%~]*)?", target):
            raise _NoQuickCheck
        if target not in self._referred:
            self._referred[target] = lambda document: made(document)
            made = self.check(self._at(target))
            self._referred[target] = made
        return self._referred[target]

    def _at(self, target: str) -> Any:  # noqa: ANN401  (JSON)
        found = self._root
        for key in target.split("/")[1:]:
            if not isinstance(found, dict) or key not in found:
                raise _NoQuickCheck
            found = found[key]
        return found


def _all(checks: list[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]
    if len(checks) == 2:  # a type and one keyword of it
        first, second = checks
        return lambda document: first(document) and second(document)
    return lambda document: all(check(document) for check in checks)


def _combined(keyword: str, checks: list[Check]) -> Check:
    least, most = {"allOf": (len(checks), inf), "anyOf": (1, inf), "oneOf": (1, 1)}[keyword]
    return lambda document: least <= sum(check(document) for check in checks) <= most


def _is_number(value: Any) -> bool:  # noqa: ANN401  (JSON)
    return type(value) in (int, float)


def _is_integer(value: Any) -> bool:  # noqa: ANN401  (JSON)
    return type(value) is int or (type(value) is float and value.is_integer())


_TYPES: Mapping[str, Check] = {
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "string": lambda value: type(value) is str,
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": _is_integer,
}


def _types(names: str | list[str]) -> Check:
    checks = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    if len(checks) == 1:
        return checks[0]
    return lambda value: any(check(value) for check in checks)


def _enum(values: list[Any]) -> Check:
    """One of some scalars; ``true`` is not 1, and 1.0 is."""
    if any(isinstance(value, dict | list) for value in values):
        raise _NoQuickCheck
    known = {(type(value) is bool, value) for value in values}

    def enum(value: Any) -> bool:  # noqa: ANN401  (JSON)
        return type(value) not in (dict, list) and (type(value) is bool, value) in known

    return enum


def _pattern(text: str) -> Check:
    search = re.compile(text).search
    return lambda value: type(value) is not str or search(value) is not None


def _bound(kinds: tuple[type, ...], holds: Callable[[Any, Any], bool]) -> Callable[[Any], Check]:
    """A keyword that bounds values of some kinds and lets all others be."""
    return lambda bound: lambda value: type(value) not in kinds or holds(value, bound)


_NUMBERS = (int, float)
_SIMPLE: Mapping[str, Callable[[Any], Check]] = {
    "type": _types,
    "enum": _enum,
    "const": lambda value: _enum([value]),
    "pattern": _pattern,
    "minimum": _bound(_NUMBERS, lambda value, bound: value >= bound),
    "maximum": _bound(_NUMBERS, lambda value, bound: value <= bound),
    "exclusiveMinimum": _bound(_NUMBERS, lambda value, bound: value > bound),
    "exclusiveMaximum": _bound(_NUMBERS, lambda value, bound: value < bound),
    "minLength": _bound((str,), lambda value, bound: len(value) >= bound),
    "maxLength": _bound((str,), lambda value, bound: len(value) <= bound),
    "minItems": _bound((list,), lambda value, bound: len(value) >= bound),
    "maxItems": _bound((list,), lambda value, bound: len(value) <= bound),
}
