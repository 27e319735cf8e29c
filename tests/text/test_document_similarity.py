"""ANLS* equals the package of its authors, run live."""

import math
import random
import warnings
from contextlib import contextmanager
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from vlmeval_cli.text.document_pairing import best_pairs
from vlmeval_cli.text.document_similarity import Matcher, explained, size_of

anls_star = pytest.importorskip("anls_star")

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([0.5, 1.0, 12.5]),
    st.text(alphabet="abAB ß", max_size=4),
)
KEYS = st.sampled_from(["a", "b", "c", "d"])


def containers(children):
    return st.lists(children, max_size=4) | st.dictionaries(KEYS, children, max_size=4)


DOCUMENTS = st.recursive(LEAVES, containers, max_leaves=14)
ROWS = st.lists(
    st.fixed_dictionaries({key: st.text(alphabet="ab ", max_size=4) for key in "ab"}), max_size=4
)


def theirs(prediction, references):
    """Score, closest reference and scores by key of the package."""
    gold = references[0] if len(references) == 1 else tuple(references)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score, closest, keys = anls_star.anls_score(
            gold, prediction, return_gt=True, return_key_scores=True
        )
    return score, closest, {key: tree(node) for key, node in keys.items()}


def tree(node):
    below = {key: tree(child) for key, child in node.children.items()}
    return {"score": node.anls_score, **({"keys": below} if below else {})}


class Solver:
    """Stands in for munkres: which of equally good pairings that takes differs by its version."""

    def compute(self, gains):
        found = best_pairs(gains)
        rows, columns = linear_sum_assignment(gains, maximize=True)
        best = math.fsum(gains[i][j] for i, j in zip(rows, columns, strict=True))
        assert math.fsum(gains[i][j] for i, j in found) == pytest.approx(best, abs=1e-12)
        return found


@contextmanager
def same_solver():
    """The package with the solver that we use."""
    with pytest.MonkeyPatch.context() as patch:
        module = import_module("anls_star.anls_star")
        patch.setattr(module, "Munkres", Solver)
        patch.setattr(module, "make_cost_matrix", lambda gains: gains)
        yield


# Section 11.3 of the specification; the values are those of anls_star 1.0.1.
@pytest.mark.parametrize(
    ("reference", "prediction", "expected"),
    [
        (["a", "b", "c"], ["a"], 1 / 3),
        ({"a": "x"}, {"a": "x", "b": "z"}, 0.5),
        ({"a": "x"}, {"a": "x", "b": None}, 0.5),
        ({"a": "x", "b": None}, {"a": "x"}, 1.0),
        ([], [], 1.0),
        ({}, {}, 1.0),
        (1, 1.0, 0.0),
        ("true", True, 1.0),
        ("", None, 0.0),
        (None, "", 1.0),
        ("abcd", "abxy", 0.5),
        ("abcd", "wxyz", 0.0),
        ({"a": "hello", "b": ["this", "is", "a", "test"]},
         {"a": "hello!", "b": ["a", "test", "this", "be"]}, 0.7666666666666667),
    ],
)  # fmt: skip
def test_published_vectors(reference, prediction, expected):
    assert Matcher().best(prediction, [reference]).mean == pytest.approx(expected, abs=1e-15)
    assert theirs(prediction, [reference])[0] == pytest.approx(expected, abs=1e-15)


@given(prediction=DOCUMENTS, references=st.lists(DOCUMENTS, min_size=1, max_size=3))
@settings(deadline=None, max_examples=300)
def test_equals_the_package_with_the_same_solver(prediction, references):
    if references == [[]] and isinstance(prediction, str):
        return  # the package raises: a list without an accepted answer
    with same_solver():
        score, closest, keys = theirs(prediction, references)
    found = explained(prediction, references)
    assert found.score == pytest.approx(score, abs=1e-12)
    assert found.closest == closest
    assert_same_keys(found.keys, keys)


def assert_same_keys(ours, others):
    assert ours.keys() == others.keys()
    for key, own in ours.items():
        assert own["score"] == pytest.approx(others[key]["score"], abs=1e-12)
        assert_same_keys(own.get("keys", {}), others[key].get("keys", {}))


@given(prediction=ROWS, reference=ROWS)
@settings(deadline=None, max_examples=150)
def test_rows_of_one_shape_equal_the_package_as_it_is(prediction, reference):
    score, _, _ = theirs(prediction, [reference])
    assert Matcher().best(prediction, [reference]).mean == pytest.approx(score, abs=1e-12)


@given(seed=st.integers(0, 10**6), size=st.integers(8, 11))
@settings(deadline=None, max_examples=12)
def test_long_tables_equal_the_package_as_it_is(seed, size):
    rng = random.Random(seed)
    words = ["tea", "Tea ", "teas", "milk", "", 1, 2.5, True, "12.50"]
    reference = [{key: rng.choice(words) for key in "abc"} for _ in range(size)]
    prediction = [{key: rng.choice([row[key], "te"]) for key in "cab"} for row in reference[:9]]
    rng.shuffle(prediction)
    score, _, _ = theirs(prediction, [reference])
    assert Matcher().best(prediction, [reference]).mean == pytest.approx(score, abs=1e-12)


@given(seed=st.integers(0, 10**6))
@settings(deadline=None, max_examples=12)
def test_long_lists_of_any_entries_equal_the_package_with_the_same_solver(seed):
    rng = random.Random(seed)
    words = ["tea", "Teas", None, "", 1, {"a": "x"}, {"a": None, "b": "tea"}, {}]
    reference, prediction = ([rng.choice(words) for _ in range(9)] for _ in range(2))
    with same_solver():
        score, closest, _ = theirs(prediction, [reference])
    found = Matcher().best(prediction, [reference])
    assert (found.mean, found.closest) == (pytest.approx(score, abs=1e-12), closest)


def test_size_counts_nulls():
    assert size_of({"a": [1, 2], "b": None, "c": []}) == 3
