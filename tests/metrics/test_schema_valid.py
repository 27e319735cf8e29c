"""Schema validity equals the jsonschema package; schemas are inferred from references."""

import json
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from vlmeval_cli.core.batch import Batch, ValueColumn, offsets_of, singles
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.document_structure import structure
from vlmeval_cli.metrics.inferred_schema import NO_SHAPE, shape_of
from vlmeval_cli.metrics.json_schemas import Fault, canonical, fault_finder, refuse_invalid
from vlmeval_cli.metrics.schema_check import is_structural, quick_check
from vlmeval_cli.metrics.schema_valid import SchemaValid

SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 1.5, -2, "", "a", "bb", "2024"])
KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
NUMBERS = st.sampled_from([0, 1, 1.5])


def schemas(inner):
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
            "properties": st.dictionaries(KEYS, inner, max_size=2),
            "required": st.lists(KEYS, max_size=2, unique=True),
            "additionalProperties": st.booleans() | inner,
            "items": inner,
            "enum": st.lists(SCALARS, min_size=1, max_size=3),
            "const": SCALARS,
            "minimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(0, 2),
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "pattern": st.sampled_from(["^a", "[0-9]+", "b$"]),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "title": st.just("anything"),
            "$ref": st.just("#/$defs/part"),
            "uniqueItems": st.just(True),  # not known to the quick check
        },
    )


SCHEMAS = st.recursive(st.booleans() | schemas(st.booleans()), schemas, max_leaves=4)
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
PART = {"type": ["string", "object"], "required": ["a"]}


def batch(documents, references=()):
    columns = {"prediction.documents": ValueColumn(documents, singles(len(documents)))}
    if references:
        flat = [one for found in references for one in found]
        columns["references.documents"] = ValueColumn(flat, offsets_of([*map(len, references)]))
    return Batch([*map(str, range(len(documents)))], documents, references, columns=columns)


def found_in(metric, items, **options):
    return measure([metric], items, NoProgress(), **options)[0]


def valid(metric, items):
    return found_in(metric, items).statistics.values[:, 0].tolist()


@given(schemas(SCHEMAS), st.lists(VALUES, min_size=1, max_size=6))
@settings(deadline=None, max_examples=100)
def test_validity_is_that_of_jsonschema(schema, documents):
    schema = {**schema, "$defs": {"part": PART}}
    expected = [Draft202012Validator(schema).is_valid(one) for one in documents]
    quick = quick_check(schema)
    if quick is not None:
        assert [quick(one) for one in documents] == expected
    find = fault_finder(schema)
    assert [not find(one) for one in documents] == expected


@given(st.lists(VALUES, min_size=1, max_size=5), VALUES)
@settings(deadline=None, max_examples=60)
def test_an_inferred_schema_accepts_what_it_was_inferred_from(references, other):
    schema = shape_of(references).schema()
    Draft202012Validator.check_schema(schema)
    assert is_structural(schema)
    validator, find = Draft202012Validator(schema), fault_finder(schema)
    assert all(map(validator.is_valid, references))
    assert (not find(other)) == validator.is_valid(other)


@given(st.lists(VALUES, min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_shapes_merge_in_any_order(documents):
    whole = shape_of(documents)
    for order in permutations(documents):
        merged = NO_SHAPE
        for one in order:
            merged = shape_of([one]) | merged
        assert merged.digest() == whole.digest()


def test_the_inferred_schema_requires_what_all_have_and_allows_what_any_has():
    references = [{"a": 1, "b": [{"c": "x"}]}, {"a": 2.5, "b": [], "d": None}]
    assert shape_of(references).schema() == {
        "type": ["object"],
        "properties": {
            "a": {"type": ["number"]},
            "b": {
                "type": ["array"],
                "items": {
                    "type": ["object"],
                    "properties": {"c": {"type": ["string"]}},
                    "required": ["c"],
                    "additionalProperties": False,
                },
            },
            "d": {"type": ["null"]},
        },
        "required": ["a", "b"],
        "additionalProperties": False,
    }


def test_answers_are_valid_by_the_inferred_schema():
    references = [[{"total": 5, "date": "x"}], [{"total": 2.5, "date": "y"}]] * 3
    documents = [
        {"total": 1.5, "date": "z"},
        {"total": "1.5", "date": "z"},
        {"total": 1},
        {"total": 1, "date": "z", "tax": 0},
        None,
        [{"total": 1, "date": "z"}],
    ]
    assert valid(SchemaValid(), batch(documents, references)) == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_the_table_counts_answers_by_path_and_problem():
    schema = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"properties": {"n": {"type": "integer"}}}},
            "date": {"pattern": "^2024"},
            "total": True,
        },
        "required": ["items", "total"],
        "additionalProperties": False,
    }
    documents = [
        {"items": [{"n": "1"}, {"n": "2"}], "total": 1},  # two faults at one path: one answer
        {"items": [{"n": "1"}, {"n": 2.0}], "total": 1},
        {"tax": 1},
        {"items": [], "total": 1, "date": "2023"},
        None,
    ]
    metric = SchemaValid(schema=canonical(schema))
    found = found_in(metric, batch(documents), batch_size=2)
    assert metric.tables(found.statistics, None)["schema"].rows == [
        ("items[].n", "expected integer, got string", 2, 0.4),
        ("$", "missing, or could not be read", 1, 0.2),
        ("date", 'breaks pattern: "^2024"', 1, 0.2),
        ("items", "required key is missing", 1, 0.2),
        ("tax", "key that the schema does not have", 1, 0.2),
        ("total", "required key is missing", 1, 0.2),
    ]


def test_faults_of_a_schema_with_patterns_of_keys():
    schema = {"patternProperties": {"^x": True}, "additionalProperties": False}
    assert fault_finder(schema)({"xa": 1, "b": 2, "c.d": 3}) == {
        Fault("b", "key that the schema does not have"),
        Fault('["c.d"]', "key that the schema does not have"),
    }


@pytest.mark.parametrize(
    ("schema", "document", "is_valid"),
    [
        ({"type": "integer"}, 1.0, True),
        ({"type": "number"}, True, False),
        ({"enum": [1]}, True, False),
        ({"enum": [1]}, 1.0, True),
        ({"format": "date"}, "not a date", True),  # an annotation
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "null"}}}, 1, False),
        ({"$id": "https://example.org/s", "$ref": "#/$defs/n", "$defs": {"n": {}}}, 1, True),
        ({"items": {"$ref": "#"}, "type": "array"}, [[[]]], True),
        ({"items": {"$ref": "#"}, "type": "array"}, [[1]], False),
        ({"$schema": DRAFT_7, "items": [{"type": "null"}]}, [1], False),
        ({"prefixItems": [{"type": "null"}]}, [1], False),
        ({"$ref": "#named", "$defs": {"a": {"$anchor": "named", "type": "null"}}}, 1, False),
    ],
)  # fmt: skip
def test_awkward_schemas(schema, document, is_valid):
    refuse_invalid(schema, "schema.json")
    assert (not fault_finder(schema)(document)) == is_valid


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "text"}, r"not a JSON Schema: \$\.type"),
        ({"properties": []}, "not a JSON Schema"),
        ({"required": "a"}, "not a JSON Schema"),
        ([], "a JSON Schema is an object"),
        ("x", "a JSON Schema is an object"),
        ({"$ref": "https://example.org/other.json"}, "not in the file, and nothing is fetched"),
        ({"properties": {"a": {"$ref": "other.json#/a"}}}, "not in the file"),
        ({"$ref": "#/$defs/none"}, "not in the file"),
        ({"pattern": "["}, "not a"),
        ({"$schema": 5}, "expected a draft of JSON Schema"),
        ({"$schema": "https://example.org/draft"}, "expected a draft of JSON Schema"),
    ],
)
def test_what_is_no_usable_schema_is_refused(schema, message):
    with pytest.raises(UsageError, match=f"s.json: .*{message}|s.json: {message}"):
        refuse_invalid(schema, "s.json")
    with pytest.raises(UsageError):
        SchemaValid(schema=json.dumps(schema))


def test_a_schema_that_refers_to_itself_without_end_is_a_fault_and_no_crash():
    assert fault_finder({"$ref": "#"})({"a": 1}) == {
        Fault("$", "the schema refers to itself without end")
    }


def test_a_given_schema_needs_no_references():
    metric = SchemaValid(schema='{"type":"object"}')
    assert metric.needs() == ("prediction.documents",)
    assert valid(metric, batch([{}, [], None])) == [1.0, 0.0, 0.0]


def test_structures_of_lists_do_not_depend_on_order_or_length():
    one, other = {"x": [{"a": 1}, {"b": 2}]}, {"x": [{"b": 0}, {"a": "z"}, {"a": None}]}
    assert structure(one) == structure(other)
    assert structure(one, with_types=True) != structure(other, with_types=True)
    assert structure({"a,b": 1}) != structure({"a": 1, "b": 1})


def test_statistics_are_ones_for_every_answer():
    values = found_in(SchemaValid(), batch([{}, None], [[{}], [{}]])).statistics.values
    np.testing.assert_array_equal(values[:, 1], [1.0, 1.0])
