"""Donut's scores: vectors of the specification, distances of zss, and a plain recursion."""

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds.documents import batch

from vlmeval_cli.engine.prepare import Preparer
from vlmeval_cli.metrics.donut import Donut
from vlmeval_cli.text.donut_trees import nodes_of, normalized, pairs, tree_distance


def measured(items):
    return Donut().measure(Preparer(Donut().needs()).prepare(batch(items)), None)


def scores(items):
    with np.errstate(all="ignore"):
        found = Donut().finalize(measured(items).values.sum(axis=0))
    return found["donut_f1"], found["donut_ted_accuracy"]


# Section 13 of the specification.
@pytest.mark.parametrize(
    ("prediction", "reference", "f1", "accuracy"),
    [
        ({"menu": [{"name": "cakes", "count": "2"}]}, {"menu": [{"name": "cake", "count": "2"}]},
         0.5, 8 / 9),
        ({"a": "x"}, {"a": "x", "b": "yy"}, 2 / 3, 0.4),
        ({"m": [{"n": "b"}, {"n": "a"}]}, {"m": [{"n": "a"}, {"n": "b"}]}, 1.0, 5 / 7),
        ({"a": 0}, {"a": "0"}, 0.0, 0.0),
    ],
)  # fmt: skip
def test_published_vectors(prediction, reference, f1, accuracy):
    assert scores([(prediction, [reference])]) == pytest.approx((f1, accuracy), abs=1e-12)


def test_distances_are_those_of_zss(root):
    golden = json.loads((root / "tests" / "golden" / "donut.json").read_text("utf-8"))
    items = [(row["prediction"], [row["reference"]]) for row in golden["items"]]
    expected = [row["accuracy"] for row in golden["items"]]
    assert measured(items).values[:, 3] == pytest.approx(expected, abs=golden["tolerance"])


def test_normalising_drops_what_is_false_and_sorts_keys_by_length():
    document = {"bb": [True, "x", None, {"c": 1}], "a": [[1]], "c": False, "aa": " y ", "d": [{}]}
    assert list(normalized(document).items()) == [("aa", ["y"]), ("bb", ["x"])]


def test_pairs_forget_which_entry_they_come_from():
    document = {"items": [{"n": ["1"], "p": ["2"]}, {"n": ["3"]}], "t": ["4"]}
    assert list(pairs(document)) == [
        ("items.n", "1"), ("items.p", "2"), ("items.n", "3"), ("t", "4")
    ]  # fmt: skip


def test_f1_is_of_the_corpus():
    # 1 right of 1 and 1; 0 right of 3 and 1: 2 * 1 / (4 + 2)
    items = [({"a": "x"}, [{"a": "x"}]), ({"a": "y", "b": "y", "c": "y"}, [{"a": "x"}])]
    assert scores(items)[0] == pytest.approx(1 / 3)


def test_an_unreadable_prediction_is_an_empty_document():
    assert scores([(None, [{"a": "x"}])]) == (0.0, 0.0)
    assert measured([(None, [{"a": "x", "b": "y"}])]).values.tolist() == [[0, 0, 2, 0, 1]]


def test_an_empty_reference_is_told():
    found = measured([({}, [{"a": None}]), ({"a": "x"}, [{"a": "x"}])])
    (notice,) = Donut().advise(found.facts, 2)
    assert "1 of 2 references hold nothing" in notice.message
    assert found.values[0].tolist() == [0, 0, 0, 0, 1]


def test_f1_of_nothing_is_unknown():
    assert np.isnan(scores([({}, [{}])])[0])


def test_each_score_takes_its_best_reference():
    prediction = {"a": ["p", "q"]}
    references = [{"a": ["q", "p"]}, {"a": ["p", "q", "r"]}]
    # F1 is 1 with the first, accuracy 1 - 1/4 with the second.
    assert scores([(prediction, references)]) == pytest.approx((1.0, 0.75))


def test_items_without_a_reference_are_skipped():
    assert measured([({}, []), ({}, [{}])]).skips == {0: "no_reference"}


TEXTS = st.sampled_from(["", "a", "b", "ab", "abc", "tea", "teas"])
TREES = st.dictionaries(
    st.sampled_from(["a", "b", "cc"]),
    st.recursive(
        TEXTS,
        lambda below: st.lists(
            st.dictionaries(st.sampled_from(["n", "p"]), below, max_size=2), max_size=3
        ),
        max_leaves=6,
    ),
    max_size=3,
)


def shape(label, value):
    """A tree as nested tuples: label, whether it is a text, children."""
    if isinstance(value, str):
        return (value, True, ())
    children = value.items() if isinstance(value, dict) else (("<subtree>", own) for own in value)
    below = tuple(
        (own, True, ()) if isinstance(own, str) else shape(key, own) for key, own in children
    )
    return (label, False, below)


def cost(node):
    return len(node[0]) if node[1] else 1


def plain_edits(left, right):
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def change(one, other):
    if one[1] and other[1]:
        return plain_edits(one[0], other[0])
    if one[1] or other[1]:
        return 1 + cost(one if one[1] else other)
    return int(one[0] != other[0])


@cache
def plain_distance(ours, theirs):
    """Edit distance of two forests by its definition: what becomes of the last root?"""
    if not ours and not theirs:
        return 0
    found = []
    if ours:
        last = ours[-1]
        found.append(plain_distance(ours[:-1] + last[2], theirs) + cost(last))
    if theirs:
        last = theirs[-1]
        found.append(plain_distance(ours, theirs[:-1] + last[2]) + cost(last))
    if ours and theirs:
        one, other = ours[-1], theirs[-1]
        kept = plain_distance(one[2], other[2]) + change(one, other)
        found.append(plain_distance(ours[:-1], theirs[:-1]) + kept)
    return min(found)


@given(ours=TREES, theirs=TREES)
@settings(deadline=None, max_examples=100)
def test_the_tree_distance_equals_the_plain_definition(ours, theirs):
    ours, theirs = normalized(ours), normalized(theirs)
    expected = plain_distance((shape("<root>", ours),), (shape("<root>", theirs),))
    assert tree_distance(nodes_of(ours), nodes_of(theirs)) == expected
    assert tree_distance(nodes_of(theirs), nodes_of(ours)) == expected
