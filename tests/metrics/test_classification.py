"""Accuracy, averages over classes and correlations are those of scikit-learn."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds.labels import batch
from sklearn import metrics as sklearn

from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.accuracy import Accuracy
from vlmeval_cli.metrics.classification import Classification
from vlmeval_cli.metrics.confusion import MATRIX_CLASSES
from vlmeval_cli.stats.pooled import pooled_scores, rows_of

UNREAD = "\0unread"
NAMES = ["a", "b", "c", "d", None]


def items_of(pairs):
    return batch([(predicted, [true], 0.5) for true, predicted in pairs])


def run(metric, pairs):
    (found,) = measure([metric], items_of(pairs), NoProgress())
    return found


def scores(pairs):
    return pooled_scores(Classification(), rows_of(run(Classification(), pairs).statistics),
                         len(pairs))  # fmt: skip


def tables(metric, pairs):
    found = run(metric, pairs)
    return metric.tables(found.statistics, found.context)


def accuracy(pairs):
    with np.errstate(invalid="ignore"):
        return Accuracy().finalize(run(Accuracy(), pairs).statistics.values.sum(axis=0))


def expected(pairs):
    """What scikit-learn says; an unread prediction is a label that is no class of an average."""
    true = [one for one, _ in pairs]
    predicted = [UNREAD if one is None else one for _, one in pairs]
    classes = sorted({*true, *predicted} - {UNREAD})
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for average in ("macro", "micro", "weighted"):
            values = sklearn.precision_recall_fscore_support(
                true, predicted, labels=classes, average=average, zero_division=0
            )[:3]
            found |= {
                f"{name}_{average}": value
                for name, value in zip(("precision", "recall", "f1"), values, strict=True)
            }
        found["balanced_accuracy"] = sklearn.balanced_accuracy_score(true, predicted)
        found["mcc"] = sklearn.matthews_corrcoef(true, predicted)
        found["cohen_kappa"] = sklearn.cohen_kappa_score(true, predicted)
    return found


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(NAMES)), min_size=1, max_size=30
    )
)
def test_every_score_is_that_of_scikit_learn(pairs):
    ours, theirs = scores(pairs), expected(pairs)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, abs=1e-12, nan_ok=True), name


def test_many_classes_are_those_of_scikit_learn():
    rng = np.random.default_rng(5)
    true, other = rng.integers(0, 300, size=(2, 4000))
    predicted = np.where(rng.random(4000) < 0.6, true, other)
    pairs = [(f"c{one}", f"c{two}") for one, two in zip(true, predicted, strict=True)]
    ours, theirs = scores(pairs), expected(pairs)
    assert {name: pytest.approx(value, abs=1e-12) for name, value in theirs.items()} == ours


def test_accuracy_counts_unread_predictions_as_wrong_and_tells_them():
    # 2 right of 5; 2 right of the 4 that were read; 1 of 5 not read
    pairs = [("a", "a"), ("b", "b"), ("a", "b"), ("b", "z"), ("a", None)]
    found = accuracy(pairs)
    assert found["accuracy"] == pytest.approx(0.4)
    assert found["accuracy_parsed"] == pytest.approx(0.5)
    assert found["unparsed_rate"] == pytest.approx(0.2)


def test_accuracy_of_nothing_read_is_unknown():
    assert np.isnan(accuracy([("a", None)])["accuracy_parsed"])


def test_any_accepted_class_is_right():
    items = batch([("b", ["a", "b"], 1.0), ("a", ["a", "b"], 1.0), ("c", ["a", "b"], 1.0)])
    (found,) = measure([Accuracy()], items, NoProgress())
    assert found.statistics.values[:, 0].tolist() == [1.0, 1.0, 0.0]
    (found,) = measure([Classification()], items, NoProgress())
    assert found.statistics.values.tolist() == [[1, 1], [0, 0], [0, 2]]  # the third is first: a


def test_floors_are_the_most_frequent_class_and_a_random_one():
    pairs = [("a", "a"), ("a", "b"), ("a", None), ("b", "b")]
    rows = tables(Accuracy(), pairs)["floors"].rows
    assert [value for _, value in rows] == [0.5, 0.75, 0.5]


def test_the_confusion_matrix_has_a_column_of_unread_predictions():
    found = tables(Classification(), [("a", "a"), ("a", None), ("b", "a"), ("b", "z")])
    matrix = found["confusion_matrix"]
    assert list(matrix.columns) == ["reference", "a", "b", "z", "(unparsed)"]
    assert [list(row) for row in matrix.rows] == [
        ["a", 1, 0, 0, 1],
        ["b", 1, 0, 1, 0],
        ["z", 0, 0, 0, 0],
    ]
    # a: predicted twice, once right; support 2
    assert found["per_class"].rows[0] == ("a", 0.5, 0.5, 0.5, 2, 2)
    assert [row[:3] for row in found["confusions"].rows] == [
        ("a", "(unparsed)", 1),
        ("b", "a", 1),
        ("b", "z", 1),
    ]


def test_a_large_matrix_is_told_by_its_largest_cells():
    pairs = [(f"c{i}", f"c{i}") for i in range(MATRIX_CLASSES)] + [("c0", "new"), ("c0", "new")]
    found = tables(Classification(), pairs)
    assert "confusion_matrix" not in found
    assert list(found["confusions"].rows) == [("c0", "new", 2, pytest.approx(2 / 3))]


@pytest.mark.parametrize(
    ("facts", "n", "codes"),
    [
        ({"right": 60, "class: a": 50, "class: b": 50}, 100, []),
        ({"right": 95, "class: a": 90, "class: b": 10}, 100, ["imbalanced_classes"]),
        ({"right": 50, "class: a": 50, "class: b": 50}, 100, ["below_floor"]),
        ({"right": 1, "class: a": 9, "class: b": 1}, 10, []),
    ],
)
def test_imbalance_and_blind_guesses_are_told(facts, n, codes):
    assert [notice.code for notice in Accuracy().advise(facts, n)] == codes


@pytest.mark.parametrize(
    ("n_classes", "n", "is_told"), [(30, 600, True), (30, 6000, False), (5, 50, False)]
)
def test_few_items_a_class_are_told(n_classes, n, is_told):
    facts = {f"class: {i}": n // n_classes for i in range(n_classes)}
    assert bool(Classification().advise(facts, n)) == is_told
