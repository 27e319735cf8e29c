"""MMMU's official accuracy: its rule for open answers, and the published number."""

import json

import pytest

from vlmeval_cli.api import score
from vlmeval_cli.text.mmmu_open import found_in, is_right_open


@pytest.fixture(scope="module")
def llava(shared):
    folder = shared / "mmmu"
    if not folder.is_dir():
        pytest.skip("the shared MMMU data is not beside this repository")
    return folder / "llava1.5_13b_total_val_output.json", folder / "answer_dict_val.json"


def test_the_official_overall_accuracy_of_llava_is_found_again(llava):
    # MMMU's main_eval_only.py prints 0.367 for this file; its answers are letters already, so that
    # the official code draws nothing at random.
    result = score(*llava, metrics="mmmu_accuracy", resamples=0)
    assert round(result["mmmu_accuracy"], 3) == 0.367
    assert [row[1] for row in result.tables["mmmu"].rows] == [847, 53, 900]
    assert not [notice for notice in result.warnings if notice.code == "random_guess"]


def test_every_choice_item_is_right_where_the_letters_are_equal(llava):
    # eval_multi_choice compares the letter with the gold letter, or with each of a list.
    answers, golds = (json.loads(path.read_text("utf-8")) for path in llava)
    result = score(*llava, metrics="choice_accuracy:variant=mmmu", resamples=0)
    (column,) = result.items.scores.values()
    for name, found in zip(result.items.ids, column.tolist(), strict=True):
        if golds[name]["question_type"] == "multiple-choice":
            assert found == (answers[name] == golds[name]["ground_truth"]), name
        else:
            assert found != found  # skipped


def test_lmms_eval_reads_letters_without_a_space_before_them(tmp_path):
    # "A " is in "DNA is …" to lmms-eval; the official rule asks for " A ".
    path = tmp_path / "one.jsonl"
    item = {"id": "1", "prediction": "DNA is red", "answer": "A", "A": "x", "B": "y"}
    path.write_text(json.dumps(item))
    values = [
        score(path, task="choice", metrics=spec, resamples=0)["mmmu_accuracy"]
        for spec in ("mmmu_accuracy", "mmmu_accuracy:variant=lmms")
    ]
    assert values == [0.0, 1.0]


# By the rule of metric-spec 14.1.
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The ratio is 1.068.", {1.07}),
        ("So x = 3\nThe answer is 4", {3.0, 4.0, "x = 3"}),
        ("x = 7", {7.0}),  # "=" tells in the last line only
        ("12", {12.0}),
        ("1,000", {1000.0, 0.0}),
        ("1.5e-3 m", {"1.5e-3 m", 0.0, 1.0, -3.0}),  # also the numbers inside of it
        ("it is Red", {"red"}),
        ("B", {" b", "b "}),
        ("the value is therefore small", {"small"}),
    ],
)
def test_what_is_found_in_an_open_answer(text, found):
    assert found_in(text) == found


@pytest.mark.parametrize(
    ("text", "references", "is_right"),
    [
        ("The area is 12 cm", ["12"], True),
        ("It is transformed", ["transform"], True),
        ("hormone", ["Transformation"], False),
        ("24.31", ["24.32"], False),
        ("1.068", ["1.07"], True),  # rounded to two decimals
        ("step b", ["B"], True),  # a letter is looked for with a space beside it
        ("about 1,200", ["1200"], True),
        ("no idea", ["$MgS$", "MgS"], False),
    ],
)
def test_open_answers(text, references, is_right):
    assert is_right_open(text, references) == is_right
