"""How much help it takes to read a document out of an answer."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.parsing.documents.search import pieces
from vlmeval_cli.parsing.documents.stages import Stage, read_document

A = {"a": 1}
LONG_LIST = [{"n": i, "name": "x"} for i in range(20)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', A),
        (' \n{"a": 1}\n', A),
        ("[1, 2]", [1, 2]),
        ('{"a": "```json"}', {"a": "```json"}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("{}", {}),
    ],
)
def test_the_whole_answer_is_strict_json(text, value):
    assert read_document(text, "JSON")[:2] == (value, Stage.STRICT)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('```json\n{"a": 1}\n```', A),
        ('```\n{"a": 1}\n```', A),
        ('```JSON {"a": 1}```', A),
        ('```json\n{"a": 1}', A),  # the fence never ends
        ('```text\nno\n```\n```json\n{"a": 1}\n```', A),
        ('Here you are:\n```json\n{"a": 1}\n```\nAnything else?', A),
        ('Sure! {"a": 1} Hope it helps.', A),
        ('As [1] says: {"a": 1}', A),
        ('See [the form]: {"a": 1}', A),
        ('I weigh {"b": 2}? No: {"a": 1}', {"b": 2}),
        ('Brackets in strings: {"a": "}]\\"{"}', {"a": '}]"{'}),
        ('The colours are ["red", "blue"].', ["red", "blue"]),
        ("```json\n[1, 2]\n```", [1, 2]),
        ('\ufeff{"a": 1}', A),
        (json.dumps('{"a": 1}'), A),  # written twice
        ('{"a": 1}{"b": 2}', A),
    ],
)
def test_a_fence_or_prose_is_taken_away(text, value):
    assert read_document(text, "JSON")[:2] == (value, Stage.EXTRACTED)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 1, 'b': None, 'c': (True,)}", {"a": 1, "b": None, "c": [True]}),
        ("Answer: {'a': \"it's\"}", {"a": "it's"}),
        ('{"a": 1,}', A),
        ("{a: 1}", A),
        ('{"a": 1', A),
        ('"a": 1}', A),
        ("```json\n{'a': 1}\n```", A),
        ('[{"a": 1}, {"a": 2}, {"a": ', [{"a": 1}, {"a": 2}]),
        ('[{"a": "x"}, {"a": "y', [{"a": "x"}]),
        ('{"a": 1 // one\n}', A),
        ('{"a": [{"b": 1}, {"b', {"a": [{"b": 1}]}),
        ('{"a": [{"b": 1}, {"b": ', {"a": [{"b": 1}]}),
        ('{"a": [{"b": 1}, {', {"a": [{"b": 1}]}),
        ("{'a': [{'b': 1}, {'b'", {"a": [{"b": 1}]}),
        ("a: 1\nb: two", {"a": 1, "b": "two"}),  # YAML
        ("a,b\n1,2", [{"a": "1", "b": "2"}]),  # CSV
        ("```yaml\na: 1\n```", A),
    ],
)
def test_broken_json_and_another_syntax_are_repairs(text, value):
    assert read_document(text, "JSON")[:2] == (value, Stage.REPAIRED)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I cannot read the receipt.", "holds no object or list"),
        ("null", "it is null"),
        ("42", "it is 42"),
        ("As [1] and [2, 3] say, no.", "not JSON"),
        ("See [the annex] and {x}.", "holds no object or list"),
        ("", "holds no object or list"),
        ('{"a": 1e999}', "out of range"),
        ("{'a': 1e999}", "not JSON"),
        ("__import__('os').system('true')", "holds no object or list"),
        ("[" * 1_000 + "]" * 1_000, "64 levels"),
        (" " * 4_000_001, "longer than"),
        ("{'a': " * 70 + "1" + "}" * 70, "not JSON"),
    ],
)
def test_what_holds_no_document_says_why(text, reason):
    found = read_document(text, "JSON")
    assert found.value is None
    assert found.stage == Stage.UNREADABLE
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "value", "stage"),
    [
        ("a: 1\nd: 2024-01-02", {"a": 1, "d": "2024-01-02"}, Stage.STRICT),
        ('{"a": 1}', A, Stage.STRICT),  # JSON is YAML
        ("```yaml\na: 1\n```", A, Stage.EXTRACTED),
        ('```json\n{"a": 1}\n```', A, Stage.EXTRACTED),
        ("Sure, see below\n\na: 1\nb:\n  - c", {"a": 1, "b": ["c"]}, Stage.EXTRACTED),
        ('Sure {"a": 1}', A, Stage.EXTRACTED),
        ("a: [1, 2", None, Stage.UNREADABLE),
        ("nothing", None, Stage.UNREADABLE),
        ("```csv\na,b\n1,2\n```", [{"a": "1", "b": "2"}], Stage.REPAIRED),
    ],
)
def test_yaml_where_yaml_is_expected(text, value, stage):
    assert read_document(text, "YAML")[:2] == (value, stage)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("a,b\n1,2", Stage.STRICT),
        ("```csv\na,b\n1,2\n```", Stage.EXTRACTED),
        ("The table\n\na,b\n1,2\n\nDone", Stage.EXTRACTED),
        ("The table\n\na;b\n1;2\n\nDone", Stage.EXTRACTED),
        ("Sure! a;b\n1;2", Stage.EXTRACTED),
        ("Here is the table: a,b\n1,2", Stage.EXTRACTED),
        ("| a | b |\n|---|---|\n| 1 | 2 |", Stage.EXTRACTED),
        ("Here:\n\na | b\n:-- | --:\n1 | 2\n\nThat is all, I think.", Stage.EXTRACTED),
        ('[{"a": "1", "b": "2"}]', Stage.REPAIRED),
    ],
)
def test_csv_where_csv_is_expected(text, stage):
    assert read_document(text, "CSV")[:2] == ([{"a": "1", "b": "2"}], stage)


def test_a_table_in_markdown_is_a_repair_where_json_is_expected():
    table = "| a | b |\n|---|---|\n| 1 \\| x | 2 |"
    assert read_document(table, "JSON")[:2] == ([{"a": "1 | x", "b": "2"}], Stage.REPAIRED)
    assert read_document(table, None).stage == Stage.EXTRACTED


@pytest.mark.parametrize("header", ["No. of items,b", "Sure bet,b", "Here,b", "Total: net,b"])
def test_a_header_in_words_is_still_a_header(header):
    assert read_document(f"{header}\n1,2", "CSV").stage == Stage.STRICT


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "a: 1\nb: 2", "a,b\n1,2", "- a: 1\n  b: 2\n- a: 3\n  b: 4"]
)
def test_without_an_expected_syntax_the_answers_own_form_counts(text):
    assert read_document(text, None).stage == Stage.STRICT


@pytest.mark.parametrize("cut", range(30, 200, 7))
def test_a_list_that_is_cut_off_gives_its_whole_objects(cut):
    text = json.dumps(LONG_LIST)[:cut]
    assert read_document(text, "JSON").value == LONG_LIST[: text.count("}")]


@given(st.text("{}[]\",:'\\`ab1 \n-", max_size=80), st.sampled_from(["JSON", "YAML", "CSV", None]))
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_or_refused_with_a_reason(text, syntax):
    found = read_document(text, syntax)
    assert (found.value is None) == (found.stage == Stage.UNREADABLE) == bool(found.reason)
    assert found.value is None or isinstance(found.value, dict | list)
    json.dumps(found.value, allow_nan=False)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500_000,
        '{"a":' * 100_000,
        '{"a": ' + '\\"' * 300_000,
        "```" * 200_000,
        "[1] " * 300_000,
        "{'a" * 100_000,
        '{"a": "' + "x" * 2_000_000,
        "{a:" * 60_000,
        '{"a": [{"b"' + " " * 150_000 + "x",
        "a | b\n" + " " * 300_000 + "x",
        "a | b\n" + "|-" * 300_000 + "x",
        "Sure" + "! " * 300_000,
    ],
    ids=lambda text: text[:6],
)
@pytest.mark.parametrize("syntax", ["JSON", "CSV"])
def test_hostile_texts_take_no_time(text, syntax):
    started = time.perf_counter()
    read_document(text, syntax)
    assert time.perf_counter() - started < 5.0


def test_brackets_are_found_past_strings_and_footnotes():
    text = 'see [a]: {"b": "}"} and [1, 2], {"c": [{"d": 1'
    assert [piece.text for piece in pieces(text)] == ['{"b": "}"}', "[1, 2]", '{"c": [{"d": 1']
    assert [piece.is_closed for piece in pieces(text)] == [True, True, False]
