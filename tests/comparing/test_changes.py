"""What changes of several scores say together."""

import numpy as np
import pytest
from made_runs import made

from vlmeval_cli.comparing.changes import change_findings, compare_diagnosis, gains
from vlmeval_cli.tasks import NAMES, task
from vlmeval_cli.tasks.patterns.changes import ANY_TASK, CHANGES

N = 50
HALF = [1] * 25 + [0] * 25


def seen(name, base, run):
    return [one.pattern for one in compare_diagnosis(task(name), base, run)]


def test_a_gain_of_form_alone_is_told():
    base = made(HALF, outcomes=["right"] * 25 + ["unparsed"] * 25)
    run = made([1] * 40 + [0] * 10)
    assert seen("vqa", base, run) == [
        "the primary score rises (+0.300), and 100% of that is answers that no longer fail"
    ]


def test_a_loss_of_form_alone_is_told():
    run = made([1] * 10 + [0] * 40, outcomes=["right"] * 10 + ["truncated"] * 15 + ["wrong"] * 25)
    (pattern,) = seen("vqa", made(HALF), run)
    assert pattern.startswith("the primary score falls (-0.300), and 100% of that is answers that")


def test_a_gain_of_content_is_no_finding():
    assert seen("vqa", made(HALF), made([1] * 40 + [0] * 10)) == []


@pytest.mark.parametrize(
    ("marks", "words", "told"),
    [
        (40, 2, "the primary score rises (+0.300) and answers are 2.0 times as long"),
        (10, 2, "the primary score falls (-0.300) and answers are 2.0 times as long"),
        (10, 0.5, "the primary score falls (-0.300) and answers have 0.5 times the words"),
    ],
)
def test_a_change_with_other_lengths_is_told(marks, words, told):
    base = made(HALF, texts=["a small red car"] * N)
    text = " ".join(["red"] * int(4 * words))
    run = made([1] * marks + [0] * (N - marks), texts=[text] * N)
    assert seen("vqa", base, run) == [told]


def test_a_change_within_its_error_is_none():
    """One item more of 50: the standard error of the difference is as large as the difference."""
    found = gains(made(HALF), made([1] * 26 + [0] * 24))
    assert found["exact_match"] == 0.0


def test_gains_of_outputs_where_lower_is_better_are_turned():
    found = gains(made(HALF, loss=2.0), made(HALF, loss=1.5))
    assert found["loss"] == 0.5


def test_few_items_say_nothing():
    assert gains(made([1] * 19), made([0] * 19)) == {}


def test_only_items_of_both_runs_with_a_score_count():
    base = made([1] * 30 + [np.nan] * 20)
    run = made([0] * 15 + [1] * 15 + [1] * 20)
    assert gains(base, run)["exact_match"] == -0.5


@pytest.mark.parametrize(
    ("name", "up", "down"),
    [
        ("captioning", "bleu_4", "cider"),
        ("captioning", "cider", "bleu_4"),
        ("captioning", "meteor", "cider"),
        ("captioning", "bert_score_f1", "bleu_4"),
        ("captioning", "bleu_4", "bert_score_f1"),
        ("text", "chrf", "sacrebleu"),
        ("text", "sacrebleu", "chrf"),
        ("text", "rouge_lsum_f1", "sacrebleu"),
        ("text", "bert_score_f1", "sacrebleu"),
        ("text", "sacrebleu", "bert_score_f1"),
        ("vqa", "token_f1", "em"),
        ("docqa", "anls", "em"),
        ("vqa", "em", "anls"),
        ("choice", "choice_accuracy", "choice_balanced_accuracy"),
        ("choice", "choice_accuracy", "circular_accuracy"),
        ("classification", "accuracy", "f1_macro"),
        ("classification", "f1_macro", "accuracy"),
        ("classification", "accuracy", "ece"),
        ("freeform", "format_valid_strict", "field_f1"),
        ("freeform", "field_f1", "schema_valid"),
        ("freeform", "field_precision", "field_recall"),
        ("freeform", "field_recall", "field_precision"),
        ("grounding", "acc_at_50", "mean_iou"),
        ("grounding", "box_precision", "box_recall"),
        ("grounding", "box_recall", "box_precision"),
        ("code", "edit_similarity", "pass_at_1"),
        ("code", "pass_at_1", "pass_at_5"),
        ("code", "pass_at_1", "pass_at_10"),
        ("code", "pass_at_1", "pass_at_100"),
        ("language_modeling", "loss", "token_accuracy"),
        ("language_modeling", "token_accuracy", "loss"),
        ("rationality", "prediction_accuracy", "prediction_trustworthiness"),
        ("preference", "win_rate", "length_controlled_win_rate"),
    ],
)
def test_scores_that_move_against_each_other_are_told(name, up, down):
    up, down = (n.replace("em", "exact_match") if n == "em" else n for n in (up, down))
    (found,) = CHANGES[name].among({up: 0.05, down: -0.05})
    assert "rises (+0.050)" in found.pattern
    assert "falls (-0.050)" in found.pattern
    assert CHANGES[name].among({up: 0.05, down: 0.05}) == []
    assert CHANGES[name].among({up: 0.05, down: -0.009}) == []


def test_a_gain_in_spelling_is_told():
    (found,) = CHANGES["vqa"].among({"vqa_accuracy": 0.17, "exact_match": 0.06})
    assert found.pattern == "VQA accuracy rises (+0.170) far more than exact match (+0.060)"
    assert CHANGES["vqa"].among({"vqa_accuracy": 0.10, "exact_match": 0.06}) == []


def test_every_task_has_patterns_of_changes():
    assert set(CHANGES) == set(NAMES)
    shared = set(map(id, ANY_TASK))
    assert all(shared <= set(map(id, own)) for own in CHANGES.values())


def test_findings_name_the_runs():
    base = made(HALF, chrf=0.5, sacrebleu=0.3, task="text")
    run = made(HALF, chrf=0.6, sacrebleu=0.2, task="text")
    (found,) = change_findings(task("text"), {"base": base, "lora": run})
    assert found.pattern == "lora against base: chrF rises (+0.100) and BLEU falls (-0.100)"


@pytest.mark.parametrize("outcome", ["empty", "missing"])
@pytest.mark.parametrize("turned", [False, True])
def test_where_a_tenth_is_absent_no_other_cause_is_told(outcome, turned):
    base = made(HALF)
    run = made([1] * 10 + [0] * 40, outcomes=["right"] * 10 + [outcome] * 15 + ["wrong"] * 25)
    assert seen("vqa", *((run, base) if turned else (base, run))) == []
