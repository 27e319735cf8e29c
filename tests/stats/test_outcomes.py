import numpy as np

from vlmeval_cli.core.metric import Output
from vlmeval_cli.stats.outcomes import counted, outcomes

FRACTION = Output("exact_match")


def test_a_status_of_the_parser_wins_over_the_score():
    assert outcomes(["refused", None], np.array([1.0, 1.0]), FRACTION) == ["refused", "right"]


def test_an_empty_answer_can_be_the_right_one():
    assert outcomes(["empty", "empty"], np.array([1.0, 0.0]), FRACTION) == ["right", "empty"]


def test_best_is_right_worst_is_wrong_and_between_is_partial():
    found = outcomes([None] * 4, np.array([1.0, 0.0, 0.3, np.nan]), FRACTION)
    assert found == ["right", "wrong", "partial", "skipped"]


def test_without_right_answers_every_usable_prediction_is_scored():
    assert outcomes([None, "missing"], None, None) == ["scored", "missing"]


def test_lower_is_better_turns_the_ends_round():
    error = Output("wer", higher_is_better=False, range=(0.0, None), worst=None)
    assert outcomes([None, None], np.array([0.0, 0.7]), error) == ["right", "partial"]


def test_counts_follow_the_ladder():
    assert list(counted(["right", "missing", "right"]).items()) == [("missing", 1), ("right", 2)]
