"""What becomes of each field, by hand, and the best pairing of lists, by trying all."""

import time
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.text.document_compare import closest, diff
from vlmeval_cli.text.document_paths import flatten
from vlmeval_cli.text.document_rules import read_rules, settings_of
from vlmeval_cli.text.document_trees import Planter, fields_of


def kinds(prediction, *references, **rules):
    """(path, kind) of every field that is not right."""
    found = diff(prediction, references, read_rules(settings_of(rules)))
    return [(one["path"], one["kind"]) for one in found]


def counts(prediction, *references, **rules):
    planter = Planter(read_rules(settings_of(rules)))
    return closest(planter, prediction, references).counts()


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 2}, {"a": 1}, [("a", "wrong")]),
        ({"a": "x"}, {"a": 1}, [("a", "wrong_type")]),
        ({"a": "2"}, {"a": 1}, [("a", "wrong")]),
        ({"a": "9.x0"}, {"a": "9.00"}, [("a", "wrong")]),
        ({"a": 1.5}, {"a": 1}, [("a", "wrong")]),
        ({"a": None}, {"a": 1}, [("a", "wrong_type")]),
        ({}, {"a": 1}, [("a", "missing")]),
        ({}, {"a": None}, [("a", "missing")]),
        ({"a": 1}, {}, [("a", "extra")]),
        ({"a": {"b": 1}}, {"a": 1}, [("a", "wrong_type"), ("a.b", "extra")]),
        ({"a": []}, {"a": 1}, [("a", "wrong_type")]),
        ({"a": 1}, {"a": {"b": 1}}, [("a.b", "missing"), ("a", "extra")]),
        ({"a": [1]}, {"a": {"b": 1}}, [("a.b", "missing"), ("a[]", "extra")]),
        ({"a": []}, {}, []),
        ([1, 2], [2, 1], []),
        ([1], [1, 2], [("[]", "missing")]),
        ([1, 3], [1, 2], [("[]", "wrong")]),
        ([1, 1], [1], [("[]", "extra")]),
        ("x", "y", [("$", "wrong")]),
        ("x", {"a": "x"}, [("a", "missing"), ("$", "extra")]),
        ({"a": "n", "b": "m"}, {"a": "m", "b": "n"}, [("a", "swapped"), ("b", "swapped")]),
        ({"a": "n", "b": "n"}, {"a": "m", "b": "n"}, [("a", "swapped")]),
        ({"a": True, "b": True}, {"a": False, "b": True}, [("a", "wrong")]),
        ({"a": "", "b": ""}, {"a": "x", "b": ""}, [("a", "wrong")]),
        ([{"n": 2}, {"n": 5}], [{"n": 2}, {"n": 3}], [("[].n", "wrong")]),
    ],
)
def test_what_becomes_of_each_field(prediction, reference, expected):
    assert kinds(prediction, reference) == expected


def test_a_diff_tells_both_values_and_leaves_out_the_side_that_has_none():
    assert diff({"a": "x", "c": 1}, [{"a": "y", "b": None}]) == [
        {"path": "a", "kind": "wrong", "expected": "y", "got": "x"},
        {"path": "b", "kind": "missing", "expected": None},
        {"path": "c", "kind": "extra", "got": 1},
    ]


def test_an_unreadable_prediction_misses_everything():
    assert kinds(None, {"a": 1, "b": [{"c": 2}]}) == [("a", "missing"), ("b[].c", "missing")]
    assert diff({"a": 1}, []) == []


def test_the_best_reference_counts():
    assert kinds({"a": 1, "b": 2}, {"a": 9}, {"a": 1, "b": 3}, {"a": 1}) == [("b", "extra")]
    # F1 1/2 with two errors, and 1/2 with two errors: the first.
    assert kinds({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 3, "b": 2}) == [("b", "wrong")]


def test_entries_of_lists_are_paired_for_the_most_agreement():
    prediction = [{"n": "tea", "p": 3}, {"n": "milk", "p": 2}]
    reference = [{"n": "milk", "p": 1}, {"n": "tea", "p": 3}, {"n": "rice", "p": 9}]
    assert kinds(prediction, reference) == [
        ("[].p", "wrong"), ("[].n", "missing"), ("[].p", "missing")
    ]  # fmt: skip


def test_lists_within_lists_are_paired_too():
    prediction = {"rows": [["b", 2], ["a", 1]]}
    assert kinds(prediction, {"rows": [[1, "a"], ["b", 2]]}) == []


def test_deep_lists_take_no_time_that_doubles_with_every_level():
    one, other = "x", "y"
    for _ in range(60):
        one, other = [one, "a"], [other, "a"]
    assert len(kinds(one, other)) == 1


def test_weights_count_on_both_sides():
    found = counts({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 9}, a={"weight": 3}, c={"weight": 0.5})
    assert found == (3.0, 4.5, 4.0)
    assert found.f1 == pytest.approx(6 / 8.5)


def test_two_documents_without_fields_agree():
    assert counts({}, {"a": []}).f1 == 1.0


def test_ignored_fields_are_on_neither_side():
    assert counts({"a": 1, "b": 2}, {"a": 1, "c": 3}, b={"compare": "ignore"}) == (
        1.0, 1.0, 2.0
    )  # fmt: skip
    everything_but = {"$": {"compare": "ignore"}, "a": {"compare": "value"}}
    planter = Planter(read_rules(settings_of(everything_but)))
    tree = planter.tree({"a": 1, "b": [2, {"c": 3}], "d": {"e": 4}})
    assert [own.path for own in fields_of(tree)] == ["a"]


LEAVES = st.sampled_from([0, 1, 2, "x", "y", None])
ENTRIES = st.dictionaries(st.sampled_from(["a", "b", "c"]), LEAVES, max_size=3)
RAGGED = st.recursive(
    LEAVES,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b"]), below, max_size=2)
    ),
    max_leaves=8,
)
EXACT = settings_of({"$": {"compare": "exact"}})


def plain_right(prediction, reference):
    """Fields that agree, with every pairing of lists tried."""
    if isinstance(reference, dict) and isinstance(prediction, dict):
        return sum(plain_right(prediction[k], reference[k]) for k in reference if k in prediction)
    if isinstance(reference, list) and isinstance(prediction, list):
        few, many = sorted([prediction, reference], key=len)
        return max(
            sum(plain_right(one, other) for one, other in zip(few, chosen, strict=True))
            for chosen in permutations(many, len(few))
        )
    if isinstance(prediction, dict | list) or isinstance(reference, dict | list):
        return 0
    return int(type(prediction) is type(reference) and prediction == reference)


@given(prediction=RAGGED, reference=RAGGED)
@settings(deadline=None, max_examples=200)
def test_no_other_pairing_agrees_more(prediction, reference):
    check_against_all_pairings(prediction, reference)


ROWS = st.lists(st.lists(LEAVES, max_size=3) | st.lists(ENTRIES, max_size=2), max_size=4)


@given(prediction=ROWS, reference=ROWS)
@settings(deadline=None, max_examples=200)
def test_pairing_equal_rows_first_loses_nothing(prediction, reference):
    check_against_all_pairings(prediction, reference)


def test_rows_of_long_tables_are_paired_in_no_time():
    reference = [[f"tea {n}", n % 7, "green"] for n in range(400)]
    prediction = [[name, price, "black"] for name, price, _ in reversed(reference)]
    started = time.perf_counter()
    assert kinds({"rows": reference[::-1]}, {"rows": reference}) == []
    assert kinds({"rows": prediction}, {"rows": reference}) == [("rows[][]", "wrong")] * 400
    assert time.perf_counter() - started < 5.0


@given(prediction=st.lists(ENTRIES, max_size=4), reference=st.lists(ENTRIES, max_size=4))
@settings(deadline=None, max_examples=200)
def test_pairing_equal_entries_first_loses_nothing(prediction, reference):
    check_against_all_pairings(prediction, reference)


def check_against_all_pairings(prediction, reference):
    if prediction is None:
        return  # an unreadable prediction, which has no fields
    one = closest(Planter(read_rules(EXACT)), prediction, [reference])
    expected = plain_right(prediction, reference) if reference is not None else 0
    sizes = len(flatten(prediction)), len(flatten(reference)) if reference is not None else 0
    assert one.counts() == (expected, *sizes)
    found = [outcome.kind for outcome in one.outcomes()]
    assert found.count("right") == expected
    assert len(found) - found.count("extra") == sizes[1]
    assert sum(outcome.got is not None for outcome in one.outcomes()) == sizes[0]


def test_paths():
    document = {"a.b": {"": 1, "c": [[2], {"d": None}]}, "e": {}}
    assert flatten(document) == [
        ('["a.b"][""]', 1), ('["a.b"].c[][]', 2), ('["a.b"].c[].d', None)
    ]  # fmt: skip
    assert flatten(3) == [("$", 3)]
