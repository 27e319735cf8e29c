"""JSON, YAML and CSV are read strictly, without surprises, and within bounds."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.parsing.documents.bounds import DEEPEST, LONGEST, NotADocument
from vlmeval_cli.parsing.documents.syntax import (
    is_too_deep,
    plain,
    read_csv,
    read_json,
    read_yaml,
    syntax_of,
)

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.lists(VALUES, max_size=3) | st.dictionaries(st.text(max_size=4), VALUES, max_size=3)


@given(DOCUMENTS)
@settings(deadline=None, max_examples=150)
def test_json_is_read_as_the_standard_library_reads_it(document):
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=1)):
        assert read_json(text) == (json.loads(text), False)


@given(st.lists(st.tuples(st.text('ab"\\', max_size=2), st.text('x"\\', max_size=2)), max_size=4))
@settings(deadline=None, max_examples=150)
def test_keys_that_repeat_are_noticed_and_the_last_wins(pairs):
    text = "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}"
    assert read_json(text) == (dict(pairs), len(dict(pairs)) < len(pairs))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": -Infinity}', "-Infinity is no JSON number"),
        ('{"a": 1e400}', "out of range"),
        ('{"a": 1,}', "not JSON"),
        ("{'a': 1}", "not JSON"),
        ('{"a": 1} extra', "not JSON"),
        ("null", "it is null, neither an object nor a list"),
        ("42", "it is 42, neither"),
        ('"text"', 'it is "text", neither'),
        ("", "not JSON"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "more than 64 levels"),
        ("[" * 200_000, "more than 64 levels"),
        ('{"a": ' + "9" * 5_000 + "}", "not JSON"),
        (" " * (LONGEST + 1), "longer than 4,000,000 characters"),
    ],
)
def test_what_is_no_json_document_is_refused_with_a_reason(text, reason):
    with pytest.raises(NotADocument, match=reason):
        read_json(text)


def test_64_levels_are_read_and_large_integers_stay_exact():
    assert not is_too_deep(read_json("[" * DEEPEST + "]" * DEEPEST).value)
    assert read_json('{"a": 12345678901234567890123}').value == {"a": 12345678901234567890123}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("d: 2024-01-02\nt: 12:30", {"d": "2024-01-02", "t": "12:30"}),
        ("a: no\nb: yes\nc: off", {"a": "no", "b": "yes", "c": "off"}),
        ("zip: 007\nhex: 0x1F\nbig: 1_000", {"zip": "007", "hex": "0x1F", "big": "1_000"}),
        ("a: 1\nb: -2.5\nc: 1e3", {"a": 1, "b": -2.5, "c": 1000.0}),
        ("a: true\nb: null\nc: ~\nd:", {"a": True, "b": None, "c": None, "d": None}),
        ("a: '5'\nb: !!str 5", {"a": "5", "b": "5"}),
        ("- a\n- [1, {b: c}]", ["a", [1, {"b": "c"}]]),
        ("1: x\ntrue: y", {"1": "x", "true": "y"}),
        ("x: &x [1]\ny: *x", {"x": [1], "y": [1]}),
        ("text: |\n  one\n  two\n", {"text": "one\ntwo\n"}),
        ('{"a": [1, "b"]}', {"a": [1, "b"]}),
    ],
)
def test_yaml_has_the_scalars_of_json_and_nothing_else(text, value):
    assert read_yaml(text) == (value, False)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: !!python/object/apply:os.system ['true']", "tag"),
        ("a: !custom 5", "tag"),
        ("a: &a [*a]", "alias"),
        (BOMB, "aliases repeat more than"),
        ("- " * 100_000 + "a", "levels"),
        ("[" * 100_000, "levels"),
        ("a: 1\n---\nb: 2", "several"),
        ("? [a]\n: 1", "key is no text"),
        ("a: [1, 2", "not YAML"),
        ("a: 1\n b: 2", "not YAML"),
        ("a: \x00", "characters"),
        ("just a sentence", "neither an object nor a list"),
        ("", "it is null"),
    ],
)
def test_yaml_that_is_unsafe_or_broken_is_refused(text, reason):
    with pytest.raises(NotADocument, match=reason):
        read_yaml(text)


def test_a_yaml_key_that_repeats_is_noticed():
    assert read_yaml("a: 1\na: 2") == ({"a": 2}, True)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("id,n\n007,1e5\n", [{"id": "007", "n": "1e5"}]),
        ("a;b\n1,5;2\n", [{"a": "1,5", "b": "2"}]),
        ("a\tb\nx\ty", [{"a": "x", "b": "y"}]),
        ('a,b\n"x, ""y""\nz",2', [{"a": 'x, "y"\nz', "b": "2"}]),
        ("a, b\r\n\r\n1, 2\r\n", [{"a": "1", "b": "2"}]),
    ],
)
def test_tables_are_rows_of_text(text, rows):
    assert read_csv(text) == (rows, False)


@pytest.mark.parametrize("text", ["a,b", "a\n1\n2", "a,b\n1,2,3", "a,\n1,2", '"a,b\n1,2', "", "x"])
def test_what_is_no_table_is_refused(text):
    with pytest.raises(NotADocument, match="not CSV"):
        read_csv(text)


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        ('{"a": 1}', "JSON"),
        ("[]", "JSON"),
        ("{'a': 1}", None),
        ("a: 1\nb: 2", "YAML"),
        ("Note: cash only", None),
        ("a,b\n1,2", "CSV"),
        ("a: 1, b\nc: 2, d", "YAML"),
        ("a sentence.\nAnother, longer one.", None),
        ("", None),
    ],
)
def test_a_text_that_is_a_document_on_its_own_has_a_syntax(text, syntax):
    assert syntax_of(text) == syntax


def test_only_plain_json_is_taken_from_lenient_parsers():
    assert plain({1: (None, True)}) == {"1": [None, True]}
    for value in ({"a": float("inf")}, [1j], [b"x"], {"a": {1, 2}}, {"a": ...}):
        with pytest.raises(NotADocument):
            plain(value)


def test_orjson_still_refuses_what_the_careful_reader_must_look_at():
    for text in ("NaN", "1e400", '"\\ud800"'):
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(text)
