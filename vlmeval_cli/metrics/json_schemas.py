"""JSON Schemas: refused with a reason, or made ready to find the faults of documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.metrics.document_structure import structure, type_of
from vlmeval_cli.metrics.schema_check import DRAFT, is_structural, quick_check
from vlmeval_cli.text.document_paths import ROOT, of_entries, of_key

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_HINT = "The schema follows https://json-schema.org/draft/2020-12; references stay within the file."
_MOST_EXTRA_KEYS = 20  # of one object that are told one by one


class Fault(NamedTuple):
    """Where a document breaks the schema, ``items[].price``, and how."""

    path: str
    problem: str


Faults = frozenset[Fault]
NO_FAULTS: Faults = frozenset()


def canonical(schema: Any) -> str:  # noqa: ANN401  (JSON)
    """A schema as one text, however its file was spaced and its keys ordered."""
    return json.dumps(schema, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def refuse_invalid(schema: Any, where: str) -> None:  # noqa: ANN401  (JSON)
    """Say what is wrong with a schema.

    Args:
        schema: plain JSON.
        where: its file, for messages.

    Raises:
        UsageError: it is no schema, or refers to something outside of itself.
    """
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for

    if not isinstance(schema, dict | bool):
        raise UsageError(f"{where}: a JSON Schema is an object, got {quoted(schema)}", hint=_HINT)
    _refuse_unknown_draft(schema, where)
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
        _refuse_strangers(schema, where)
    except SchemaError as error:
        raise UsageError(
            f"{where}: not a JSON Schema: {error.json_path}: {error.message[:200]}", hint=_HINT
        ) from error
    except (RecursionError, re.error) as error:
        raise UsageError(f"{where}: not a usable JSON Schema: {error}", hint=_HINT) from error


def _refuse_unknown_draft(schema: Any, where: str) -> None:  # noqa: ANN401  (JSON)
    from jsonschema.validators import validator_for

    named = schema.get("$schema", DRAFT) if isinstance(schema, dict) else DRAFT
    if not isinstance(named, str) or validator_for({"$schema": named}, default=None) is None:
        raise UsageError(
            f'{where}: "$schema": got {quoted(named)}, expected a draft of JSON Schema such as '
            f"{DRAFT}",
            hint='Without "$schema" it is read as that draft.',
        )


def _refuse_strangers(schema: Any, where: str) -> None:  # noqa: ANN401  (JSON)
    """Look every reference of the schema up, within the schema alone.

    Raises:
        UsageError: one leads outside, or nowhere.
    """
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    def look_up(resource: Any, resolver: Any) -> None:  # noqa: ANN401  (referencing's types)
        contents = resource.contents
        if isinstance(contents, dict):
            for pattern in (contents.get("pattern", ""), *contents.get("patternProperties", ())):
                re.compile(pattern)
        for keyword in ("$ref", "$dynamicRef"):
            target = contents.get(keyword) if isinstance(contents, dict) else None
            if target is None:
                continue
            try:
                resolver.lookup(target)
            except Unresolvable as error:
                raise UsageError(
                    f"{where}: {keyword} {quoted(target)} is not in the file, and nothing is "
                    "fetched",
                    hint='Copy that schema into "$defs", and refer to it as "#/$defs/NAME".',
                ) from error
        for part in resource.subresources():
            look_up(part, resolver.in_subresource(part))

    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    registry: Any = Registry().with_resource("", resource)
    look_up(resource, registry.resolver_with_root(resource))


def fault_finder(schema: Any) -> Callable[[Any], Faults]:  # noqa: ANN401  (JSON)
    """A function from document to its faults; it remembers what it has seen.

    Where structure alone decides, every structure is checked once. Otherwise a quick check comes
    first, and only documents that fail it are given to the full validator, which can explain.
    """
    if is_structural(schema):
        return _by_structure(schema)
    quick = quick_check(schema)
    if quick is None:
        return _explained(schema)
    explain = _late(schema)

    def faults(document: Any) -> Faults:  # noqa: ANN401  (JSON)
        try:
            return NO_FAULTS if quick(document) else explain(document)
        except RecursionError:  # "$ref": "#" and nothing else
            return explain(document)

    return faults


def _by_structure(schema: Any) -> Callable[[Any], Faults]:  # noqa: ANN401  (JSON)
    known: dict[str, Faults] = {}
    quick, explain = quick_check(schema), _late(schema)

    def faults(document: Any) -> Faults:  # noqa: ANN401  (JSON)
        key = structure(document, with_types=True)
        if key not in known:
            is_right = quick is not None and quick(document)
            known[key] = NO_FAULTS if is_right else explain(document)
        return known[key]

    return faults


def _late(schema: Any) -> Callable[[Any], Faults]:  # noqa: ANN401  (JSON)
    """The full validator, made when the first document needs it."""
    made: list[Callable[[Any], Faults]] = []

    def faults(document: Any) -> Faults:  # noqa: ANN401  (JSON)
        if not made:
            made.append(_explained(schema))
        return made[0](document)

    return faults


def _explained(schema: Any) -> Callable[[Any], Faults]:  # noqa: ANN401  (JSON)
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    family = validator_for(schema, default=Draft202012Validator)
    validator = family(schema, registry=Registry())  # empty: nothing is ever fetched

    def faults(document: Any) -> Faults:  # noqa: ANN401  (JSON)
        try:
            return frozenset(
                fault for error in validator.iter_errors(document) for fault in _faults(error)
            )
        except RecursionError:
            return frozenset({Fault(ROOT, "the schema refers to itself without end")})

    return faults


def _faults(error: ValidationError) -> Iterator[Fault]:
    """An error of the validator, without the values of this one document."""
    path = _path(error.absolute_path)
    keyword, value, schema = str(error.validator), error.validator_value, error.schema
    if keyword == "required" and isinstance(error.instance, dict):
        for key in value:  # one error for each of them
            if key not in error.instance:
                yield Fault(of_key(path, key), "required key is missing")
    elif keyword == "additionalProperties" and isinstance(schema, dict) and value is False:
        known = schema.get("properties", {}).keys()
        patterns = list(schema.get("patternProperties", ()))
        extra = (key for key in sorted(error.instance) if key not in known)
        named = (key for key in extra if not any(re.search(one, key) for one in patterns))
        for key in islice(named, _MOST_EXTRA_KEYS):
            yield Fault(of_key(path, key), "key that the schema does not have")
    elif keyword == "type":
        expected = " or ".join([value] if isinstance(value, str) else value)
        yield Fault(path, f"expected {expected}, got {_kind(error.instance)}")
    else:
        yield Fault(path, f"breaks {keyword}: {canonical(value)[:60]}")


def _path(keys: Iterable[str | int]) -> str:
    """Keys and places as one path; places in lists are not told apart."""
    path = ROOT
    for key in keys:
        path = of_entries(path) if isinstance(key, int) else of_key(path, key)
    return path


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else type_of(value)
