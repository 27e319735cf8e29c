"""What the form of the answers costs, worked out by hand."""

import json

import numpy as np
import pytest

from vlmeval_cli import api
from vlmeval_cli.metrics.box_f1 import BoxF1
from vlmeval_cli.metrics.field_f1 import FieldF1
from vlmeval_cli.runs.format_cost import cost_tables, format_cost, format_costs

OPTIONS = ["red", "blue", "green", "white"]


def choices(*answers):
    """Questions whose right answer is B."""
    return [
        {"id": str(i), "question": "q?", "options": OPTIONS, "answer": "B", "prediction": answer}
        for i, answer in enumerate(answers)
    ]


def of_choice(score, *answers):
    return format_cost(score(choices(*answers), task="choice"))


def test_an_option_found_in_a_sentence_is_help_and_no_option_is_a_failure(score):
    found = of_choice(score, "B", "(B)", "The answer is B.", "C", "I like cats")
    assert found.given == pytest.approx(3 / 5)
    assert found.strict == pytest.approx(2 / 5)  # the sentence counts as wrong
    assert found.ceiling == pytest.approx(4 / 5)  # what names no option counts as right
    assert found.others == pytest.approx(3 / 4)  # three of the four that name one
    assert found.helped == {"the option was found in a longer text": 1}
    assert found.failed == {"unparsed": 1}


@pytest.mark.parametrize("answer", ["B", "b", "(B)", "B.", "**B**", " B ", "blue"])
def test_a_bare_letter_or_the_option_itself_needs_no_help(score, answer):
    assert of_choice(score, answer, "C").helped == {}


@pytest.mark.parametrize("answer", ["B. blue", "Answer: B", "\\boxed{B}", "<answer>B</answer>"])
def test_any_other_form_of_a_choice_is_help(score, answer):
    assert sum(of_choice(score, answer, "C").helped.values()) == 1


def test_a_wrong_answer_that_took_help_costs_nothing(score):
    found = of_choice(score, "B", "The answer is C.")
    assert (found.strict, found.given) == (0.5, 0.5)
    assert not found.is_any


def test_reasoning_that_was_taken_out_is_help_in_every_task_of_texts(score):
    rows = [
        {"id": "0", "question": "q?", "prediction": "<think>hm</think>red", "answers": ["red"]},
        {"id": "1", "question": "q?", "prediction": "red", "answers": ["red"]},
    ]
    found = format_cost(score(rows, task="vqa"))
    assert (found.strict, found.given) == (0.5, 1.0)
    assert found.helped == {"reasoning was taken out of it": 1}
    kept = format_cost(score(rows, task="vqa", reasoning="keep"))
    assert kept.helped == {}


def test_empty_cut_off_and_refused_answers_are_failures_and_missing_ones_are_not(score):
    refs = [{"id": str(i), "question": "q?", "answers": ["red"]} for i in range(5)]
    preds = [
        {"id": "0", "prediction": "red", "finish_reason": "stop"},
        {"id": "1", "prediction": "", "finish_reason": "stop"},
        {"id": "2", "prediction": "the colo", "finish_reason": "length"},
        {"id": "3", "prediction": "I'm sorry, but I cannot help.", "finish_reason": "stop"},
    ]
    found = format_cost(score(preds, refs, task="vqa", missing="worst"))
    assert found.failed == {"empty": 1, "truncated": 1, "refused": 1}
    assert found.given == pytest.approx(1 / 5)
    assert found.ceiling == pytest.approx(4 / 5)
    assert found.others == pytest.approx(1 / 2)  # one of right and missing


def documents(*answers):
    return [
        {"id": str(i), "prediction": answer, "references": [{"a": 1, "b": 2}]}
        for i, answer in enumerate(answers)
    ]


def test_documents_are_told_apart_by_what_it_took_to_read_them(score):
    answers = ('{"a": 1, "b": 2}', 'Here: {"a": 1, "b": 2}', "{'a': 1, 'b': 9,", "nothing")
    found = format_cost(score(documents(*answers), task="freeform"))
    assert found.helped == {"taken out of a fence or prose": 1, "repaired": 1}
    # Fields: 2 of 2, 2 of 2, 1 of 2, and 0 of the 2 that are expected: right 5, predicted 6.
    assert found.given == pytest.approx(2 * 5 / (6 + 8))
    assert found.strict == pytest.approx(2 * 2 / (2 + 8))
    assert found.ceiling == pytest.approx(2 * 7 / (8 + 8))
    assert found.others == pytest.approx(2 * 5 / (6 + 6))


def test_a_class_inside_a_sentence_is_help(score):
    rows = [
        {"id": str(i), "prediction": text, "label": label}
        for i, (text, label) in enumerate(
            [("cat", "cat"), ("Cat.", "cat"), ("This looks like a small dog to me", "dog"),
             ("It is either a cat or a dog, hard to say", "dog")]
        )
    ]  # fmt: skip
    found = format_cost(score(rows, task="classification"))
    assert found.helped == {"the class was found in a longer text": 1}
    assert found.failed == {"unparsed": 1}
    assert (found.strict, found.given, found.ceiling) == (0.5, 0.75, 1.0)


def test_code_in_a_fence_is_help(score):
    code = "def f():\n    return 1\n"
    rows = [
        {"id": "0", "prediction": code, "references": [code]},
        {"id": "1", "prediction": f"Sure:\n```python\n{code}```\n", "references": [code]},
    ]
    found = format_cost(score(rows, task="code"))
    assert found.output.name == "edit_similarity"
    assert (found.strict, found.given) == (0.5, 1.0)


def test_recorded_verdicts_say_nothing_of_how_programs_were_read(score):
    rows = [{"task_id": "a", "completion": "```\nx\n```", "passed": True}]
    found = format_cost(score(rows, task="code"))
    assert found.strict is None
    assert found.reasons["strict"] == "it is not known how its answers were read"


def test_captions_have_no_ceiling_since_none_is_simply_right(score):
    rows = [
        {"id": str(i), "prediction": text, "references": ["a cat on a mat", "a cat"]}
        for i, text in enumerate(["a cat", "", "a dog on a mat"])
    ]
    found = format_cost(score(rows, task="captioning", metrics="rouge_l"))
    assert found.ceiling is None
    assert found.reasons == {"ceiling": "no answer of this task is simply right"}
    assert found.others == pytest.approx(found.given * 3 / 2)  # of the two that say something
    assert found.strict == found.given


def test_a_pooled_primary_has_no_readings(score):
    said = [("cat", "cat"), ("dog", "dog"), ("", "dog")]
    rows = [{"id": str(i), "prediction": t, "label": own} for i, (t, own) in enumerate(said)]
    found = format_cost(score(rows, task="classification", metrics="f1_macro,accuracy"))
    assert found.output.name == "f1_macro"
    assert (found.others, found.ceiling) == (None, None)
    assert found.strict == found.given  # since no answer took help
    assert "all items together" in found.reasons["ceiling"]
    assert not found.is_any


def test_the_table_is_shown_only_where_the_form_costs_something(score):
    costly = score(choices("B", "The answer is B."), task="choice")
    assert costly.tables["format_cost"].title == "Cost of the format (choice_accuracy)"
    readings = {row[0]: row[1] for row in costly.tables["format_cost"].rows}
    assert readings == {"strict": 0.5, "as scored": 1.0, "ceiling": 1.0}
    free = score(choices("B", "A"), task="choice")
    assert "format_cost" not in free.tables
    assert cost_tables(free) == {}


def test_runs_stand_side_by_side_with_reasons(score):
    one = score(choices("B", "The answer is B."), task="choice")
    other = score(choices("B", "?"), task="choice")
    table = format_costs({"base": one, "lora": other})
    assert [row[:5] for row in table.rows] == [
        ["base", 0.5, 1.0, 1.0, 1.0],
        ["lora", 0.5, 0.5, 1.0, 1.0],
    ]
    assert [row[5:] for row in table.rows] == [[1, 0], [0, 1]]  # and nothing is unknown
    assert table.columns[-1] == "failed answers"
    assert format_costs({"base": score(choices("B"), task="choice")}) is None


def test_supposed_fields_and_boxes_score_one_or_nothing():
    fields = np.array([[1.0, 3.0, 2.0, 0.4, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]])
    best, worst = (
        FieldF1().finalize(FieldF1().supposed(fields, right=right).sum(axis=0))
        for right in (True, False)
    )
    assert (best["field_f1"], best["field_f1_macro"], best["field_accuracy"]) == (1.0, 1.0, 1.0)
    # Of the first nothing is found; the second expects nothing, and nothing is right.
    assert (worst["field_f1"], worst["field_f1_macro"]) == (0.0, 0.5)
    boxes = np.array([[1.0, 4.0, 2.0, 0.0, 0.7, 1 / 3, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]])
    best, worst = (
        BoxF1().finalize(BoxF1().supposed(boxes, right=right).sum(axis=0))
        for right in (True, False)
    )
    assert (best["box_f1"], best["box_f1_macro"], best["matched_iou"]) == (1.0, 1.0, 1.0)
    assert (worst["box_f1"], worst["box_f1_macro"]) == (0.0, 0.0)


def test_a_saved_run_knows_what_its_answers_took(tmp_path):
    from vlmeval_cli.cli.main import main
    from vlmeval_cli.runs.saved import load_saved

    path = tmp_path / "preds.jsonl"
    rows = choices("B", "The answer is B.", "nothing of the kind")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    folder = tmp_path / "out"
    assert main(["score", str(path), "--task", "choice", "--output", str(folder)]) == 0
    fresh = format_cost(api.score(path, task="choice", resamples=0))
    saved = format_cost(load_saved(folder).result)
    assert saved.helped == fresh.helped == {"the option was found in a longer text": 1}
    assert (saved.strict, saved.ceiling) == (fresh.strict, fresh.ceiling)


def test_what_is_unknown_in_a_run_has_its_reason(score):
    rows = [
        {"id": str(i), "prediction": text, "references": ["a cat on a mat"]}
        for i, text in enumerate(["a cat", "", "a dog on a mat"])
    ]
    table = format_costs({"base": score(rows, task="captioning", metrics="rouge_l")})
    assert table.columns[-1] == "why unknown"
    assert table.rows[0][-1] == "ceiling: no answer of this task is simply right"


def test_where_every_answer_failed_there_are_no_others_to_be_as_good_as(score):
    found = of_choice(score, "", "I like cats")
    assert found.others is None
    assert found.reasons["others"] == "all answers failed"
    assert found.ceiling == pytest.approx(1.0)
