"""Scores of multiple choice, by hand and by scikit-learn."""

import numpy as np
import pytest
from kinds import choices as kind
from sklearn.metrics import balanced_accuracy_score

from vlmeval_cli.core.batch import NumberColumn, offsets_of, singles
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.choice import (
    ChoiceAccuracy,
    ChoiceAccuracyParsed,
    ChoiceBalancedAccuracy,
    ChoiceUnparsedRate,
)
from vlmeval_cli.metrics.circular_accuracy import CircularAccuracy
from vlmeval_cli.stats.pooled import pooled_scores, rows_of


def measured(metric, batch):
    return measure([metric], batch, NoProgress())[0].statistics


def score(metric, items):
    found = measured(metric, kind.batch(items))
    return next(iter(metric.finalize(found.values.sum(axis=0)).values())), found


def test_unreadable_answers_are_wrong_and_open_questions_are_skipped():
    # right: A, D, B of five; the sixth is open
    value, found = score(ChoiceAccuracy(), kind.MIXED)
    assert value == pytest.approx(3 / 5)
    assert found.skips == {4: "open question"}


def test_over_parsed_answers_only():
    value, found = score(ChoiceAccuracyParsed(), kind.MIXED)
    assert value == pytest.approx(3 / 4)
    assert found.skips == {2: "no option could be read", 4: "open question"}


def test_unparsed_rate():
    assert score(ChoiceUnparsedRate(), kind.MIXED)[0] == pytest.approx(1 / 5)


def test_an_answer_that_is_none_of_the_options_is_skipped_and_warned_of():
    batch = kind.batch([("A", ["A"]), ("B", [])])
    found = measured(ChoiceAccuracy(), batch)
    assert found.skips == {1: "its answer is none of its options"}
    (notice,) = ChoiceAccuracy().advise(found.facts, 1)
    assert notice.code == "no_right_option"


def test_balanced_accuracy_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    golds, chosen = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    items = [("ABCD"[c], ["ABCD"[g]]) for c, g in zip(chosen, golds, strict=True)]
    metric = ChoiceBalancedAccuracy()
    found = measured(metric, kind.batch(items))
    value = pooled_scores(metric, rows_of(found), 60)["choice_balanced_accuracy"]
    assert value == pytest.approx(balanced_accuracy_score(golds, chosen), abs=1e-12)


def test_a_model_that_always_says_b_has_a_balanced_accuracy_of_one_in_letters():
    metric = ChoiceBalancedAccuracy()
    found = measured(metric, kind.batch([("B", ["B"])] * 8 + [("B", ["A"]), ("B", ["C"])]))
    assert pooled_scores(metric, rows_of(found), 10)["choice_balanced_accuracy"] == 1 / 3


def test_floors_and_letters_are_told():
    _, found = score(ChoiceAccuracy(), kind.MIXED)
    tables = ChoiceAccuracy().tables(found, None)
    # B is right twice of five, as C is. Of four options four questions have one that is right and
    # one has two: chance is (4 x 1/4 + 2/4) / 5.
    assert [row[1] for row in tables["floors"].rows] == pytest.approx([3 / 5, 2 / 5, 3 / 10])
    assert "always B" in tables["floors"].rows[1][0]
    shown = [row[:3] for row in tables["letters"].rows]
    assert shown == [("A", 1, 1), ("B", 2, 2), ("C", 2, 0), ("D", 1, 1), ("none named", 0, 1)]


def test_of_several_right_letters_each_counts_for_the_floors():
    _, found = score(ChoiceAccuracy(), [("A", ["A", "B"]), ("C", ["B", "C"]), ("D", ["D"])])
    tables = ChoiceAccuracy().tables(found, None)
    # Always B is right of two in three; chance is (2/4 + 2/4 + 1/4) / 3.
    assert [row[1] for row in tables["floors"].rows] == pytest.approx([1, 2 / 3, 5 / 12])
    assert [row[4] for row in tables["letters"].rows] == pytest.approx([1, 1, 1, 1])


def test_the_random_floor_is_unknown_where_options_are():
    batch = kind.batch(kind.PERFECT)
    unknown = NumberColumn(np.full(6, np.nan), singles(6))
    batch.columns["options.count"] = unknown
    found = measured(ChoiceAccuracy(), batch)
    assert ChoiceAccuracy().tables(found, None)["floors"].rows[2][1] is None


def test_a_variant_reads_the_text_again_and_tells_of_the_random_draws():
    batch = kind.batch(kind.MIXED)  # answers "A", "B", "", "D", an open one, and "B"
    found = measured(ChoiceAccuracy(variant="mmmu"), batch)
    assert found.values[:, 0].tolist() == [1, 0, 0, 1, 0, 1]
    assert found.facts["guessed"] == 1
    (notice,) = ChoiceAccuracy(variant="mmmu").advise(found.facts, 5)
    assert "would draw an option at random for 1 of 5 answers" in notice.message


def test_vlmevalkit_never_draws_and_no_warning_says_so():
    rule = ChoiceAccuracy(variant="vlmevalkit")
    (notice,) = rule.advise({"guessed": 1}, 5)
    assert "finds no option in 1 of 5 answers" in notice.message
    assert "random" not in notice.message
    found = measured(rule, kind.batch(kind.MIXED))
    assert found.facts["guessed"] == 1  # the empty answer


def circular(chosen, right, sizes):
    batch = kind.batch([("A", ["A"])] * len(sizes))
    offsets = offsets_of(sizes)
    batch.columns["circular.choice"] = kind.ragged([[one] for one in chosen])
    batch.columns["circular.right"] = kind.ragged([[one] for one in right])
    for name in ("circular.choice", "circular.right"):
        column = batch.columns[name]
        batch.columns[name] = type(column)(column.values, offsets)
    return measured(CircularAccuracy(), batch)


def test_a_question_is_right_only_if_all_its_rotations_are():
    found = circular(["A", "B", "B", "A"], ["A", "B", "B", "C"], [2, 0, 2, 0])
    assert found.values.tolist() == [[1, 1], [0, 0], [0, 1], [0, 0]]
    assert list(found.skips) == [1, 3]


def test_a_question_without_a_right_option_in_one_rotation_is_skipped():
    found = circular(["A", "B"], ["A", ""], [2, 0])
    assert found.skips[0] == "its answer is none of its options"


def test_an_unreadable_rotation_makes_the_question_wrong():
    assert circular([None, "B"], ["A", "B"], [2, 0]).values[0].tolist() == [0, 1]
