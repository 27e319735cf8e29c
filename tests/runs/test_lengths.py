"""Lengths of answers beside those of references."""

import pytest

from vlmeval_cli.runs.lengths import length_table, lengths

REFERENCES = ["a small red car", "a car"]  # 3 words in the mean


def rows(*texts):
    return [
        {"id": str(i), "question": "q?", "prediction": text, "answers": REFERENCES}
        for i, text in enumerate(texts)
    ]


def test_medians_of_answers_and_of_the_mean_of_references(score):
    found = lengths(score(rows("red", "a b c d e", "a b c"), task="vqa"))
    assert (found.words, found.references, found.ratio, found.n) == (3, 3, 1, 3)


def test_reasoning_and_empty_answers_do_not_count(score):
    found = lengths(score(rows("<think>what a car</think>red", "", "blue"), task="vqa"))
    assert (found.words, found.n) == (1, 2)


def test_letters_have_no_length_beside_their_answers(score):
    choices = [
        {"id": str(i), "question": "q?", "options": ["x", "y"], "answer": "B",
         "prediction": "The answer is B."}
        for i in range(3)
    ]  # fmt: skip
    found = lengths(score(choices, task="choice"))
    assert (found.words, found.references, found.ratio) == (4, None, None)


def test_boxes_have_no_length(score):
    boxes = [{"id": "0", "prediction": [1, 2, 3, 4], "bbox": [1, 2, 3, 4], "width": 9, "height": 9}]
    result = score(boxes, task="grounding", box_format="pixels", reference_field="bbox")
    assert lengths(result) is None
    assert length_table({"base": result}) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "what I can see is a small red car",
            "words in the median: 9 in predictions, 3 in references (3.0 times as many)",
        ),
        ("car", "words in the median: 1 in predictions, 3 in references (0.3 times as many)"),
    ],
)
def test_other_lengths_than_the_references_are_told(score, text, told):
    found = score(rows(*[text] * 20), task="vqa").diagnosis
    assert any(one.pattern.startswith(told) for one in found)
    few = score(rows(*[text] * 19), task="vqa").diagnosis
    assert not any(one.pattern.startswith("words in") for one in few)


def test_runs_stand_side_by_side(score):
    one, other = (score(rows(text), task="vqa") for text in ("red", "a red car it is indeed"))
    assert length_table({"base": one, "lora": other}).rows == [
        ("base", 1, 3, 1 / 3),
        ("lora", 6, 3, 2.0),
    ]
