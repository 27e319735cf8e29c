"""Multiple choice from files to scores: layouts, mixed sets, rotations, and bad input."""

import json

import pytest

from vlmeval_cli.api import score
from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task

COLOURS = ["red", "blue", "green"]


@pytest.fixture
def write(tmp_path):
    """Write rows (JSONL), an object (JSON) or text; the path."""

    def to(name, content):
        path = tmp_path / name
        if isinstance(content, list):
            content = "".join(json.dumps(row) + "\n" for row in content)
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    return to


@pytest.fixture
def scored(write):
    def run(answers, rows, **choices):
        preds = [{"id": i, "prediction": text} for i, text in enumerate(answers)]
        refs = [{"id": i, "question": f"q{i}?", **row} for i, row in enumerate(rows)]
        choices = {"resamples": 0, **choices}
        return score(write("preds.jsonl", preds), write("refs.jsonl", refs), **choices)

    return run


def row(answer, options=COLOURS, **more):
    return {"options": options, "answer": answer, **more}


def test_answers_in_all_forms(scored):
    result = scored(["B", "(a)", "The answer is green.", "A or B"], [row(x) for x in "BACA"])
    assert result.task == "choice"
    assert result.primary == "choice_accuracy"
    assert result["choice_accuracy"] == 3 / 4
    assert result["choice_accuracy_parsed"] == 1
    assert result["choice_unparsed_rate"] == 1 / 4
    assert result.outcomes == {"unparsed": 1, "right": 3}
    assert result.items.sample(3).reason == "names several options: A, B"
    assert result.items.sample(2).prediction == "C"
    assert result.items.sample(2).raw == "The answer is green."


@pytest.mark.parametrize("answers", [["0", "2", "1"], ["red", "green", "blue"], ["A", "C", "B"]])
def test_golds_as_indices_texts_and_letters(scored, answers):
    result = scored(["A", "C", "A"], [row(answer) for answer in answers], task="choice")
    assert result["choice_accuracy"] == pytest.approx(2 / 3)


def test_predicted_and_recorded_indices_count_alike(scored):
    result = scored([1, 2, 2], [row(answer) for answer in (0, 2, 2)], task="choice")
    assert result["choice_accuracy"] == pytest.approx(2 / 3)


def test_unfinished_reasoning_names_no_option(scored):
    result = scored(["<think>maybe (A)", "B"], [row("A"), row("B")])
    assert result["choice_accuracy"] == 1 / 2
    assert result.outcomes == {"truncated": 1, "right": 1}


def test_reasoning_is_no_answer(scored):
    result = scored(["<think>A? B? (A)!</think>The answer is B."], [row("B")])
    assert result["choice_accuracy"] == 1


def test_open_questions_are_told_and_scored_apart(scored):
    rows = [
        row("B", question_type="multiple-choice"),
        row("A", question_type="multiple-choice"),
        {"answer": "12", "options": [], "question_type": "open"},
    ]
    answers = ["B", "C", "It is 12 m"]
    result = scored(answers, rows)
    assert result["choice_accuracy"] == 1 / 2
    assert result.scores["choice_accuracy"].skipped == {"open question": 1}
    assert result.outcomes == {"wrong": 1, "right": 1, "skipped": 1}
    assert any("--where question_type=open" in note for note in result.notes)
    apart = scored(answers, rows, task="vqa", where={"question_type": "open"})
    assert apart.join.matched == 1
    both = scored(answers, rows, metrics="mmmu_accuracy,choice_accuracy")
    assert both["mmmu_accuracy"] == pytest.approx(2 / 3)


def test_a_vlmevalkit_table_with_rotations(write):
    head = "index\tquestion\tA\tB\tanswer\tprediction\tcategory\n"
    lines = [
        "0\tWhich?\tcat\tdog\tA\tA\tanimals", "1000000\tWhich?\tdog\tcat\tB\tA\tanimals",
        "1\tWhat?\tred\tblue\tB\t(B)\tcolours", "1000001\tWhat?\tblue\tred\tA\tblue\tcolours",
    ]  # fmt: skip
    result = score(write("model_MMBench.tsv", head + "\n".join(lines) + "\n"), resamples=0)
    assert result["choice_accuracy"] == 3 / 4
    assert result["circular_accuracy"] == 1 / 2
    assert result.scores["circular_accuracy"].n == 2
    by_category = {group.by["category"]: group.scores for group in result.groups}
    assert by_category["colours"]["circular_accuracy"].value == 1


def test_one_file_that_repeats_ids_with_rotated_options(write):
    rows = [
        {"id": "x", "question": "q", "options": o, "answer": a, "prediction": p}
        for o, a, p in ((["cat", "dog"], "A", "A"), (["dog", "cat"], "B", "dog"))
    ]
    result = score(write("both.jsonl", rows), resamples=0)
    assert (result["choice_accuracy"], result["circular_accuracy"]) == (1 / 2, 0)


def test_variants_have_their_own_names_and_say_what_they_would_guess(scored):
    metrics = "choice_accuracy:variant=mmmu,choice_accuracy:variant=vlmevalkit"
    result = scored(["A. red", "B"], [row("A"), row("B")], metrics=metrics)
    assert result["choice_accuracy[variant=mmmu]"] == 1 / 2
    assert result["choice_accuracy[variant=vlmevalkit]"] == 1
    assert result.outcomes == {"unparsed": 1, "right": 1}  # as the first metric reads
    assert "random_guess" in {notice.code for notice in result.warnings}


def test_a_missing_answer_is_wrong_where_missing_is_worst(scored):
    result = scored([None, "B"], [row("A"), row("B")], missing="worst")
    assert result["choice_accuracy"] == 1 / 2
    assert result["choice_unparsed_rate"] == 1 / 2
    assert result["choice_accuracy_parsed"] == 1
    assert result.outcomes == {"missing": 1, "right": 1}


GOOD = [row("A"), row("B")]
BROKEN = {
    "boolean answer": ([True, "B"], GOOD, r'preds.jsonl:1: field "prediction", got true'),
    "list answer": ([["A"], "B"], GOOD, r'preds.jsonl:1: field "prediction", got a list of 1'),
    "object answer": ([{"x": 1}, "B"], GOOD, r'preds.jsonl:1: field "prediction", got an object'),
    "missing answer": (["A", None], GOOD, "1 id has no prediction"),
    "fewer answers": (["A"], GOOD, "1 id has no prediction"),
    "boolean gold": (["A", "B"], [row("A"), row(True)], r'refs.jsonl:2: field "answer", got'),
    "object gold": (["A", "B"], [row("A"), row({"x": 1})], r'refs.jsonl:2: field "answer", got'),
    "no golds": (["A", "B"], [row(None), row(None)], "no item has a reference"),
    "options that are a sentence": (
        ["A", "B"], [row("A"), row("B", "red or blue")], r'item "1": the options are "red or blue"',
    ),
    "options that are objects": (
        ["A", "B"], [row("A"), row("B", [{"x": 1}, {"y": 2}])], r'item "1": the options are a list',
    ),
    "options under names": (
        ["A", "B"], [row("A"), row("B", {"first": "x"})], r'item "1": the options are an object',
    ),
    "27 options": (
        ["A", "B"], [row("A"), row("B", [f"o{i}" for i in range(27)])], "got 27 options, expected",
    ),
    "indices that may start at 0 or 1": (["A", "B"], [row(1), row(2)], "counted from 0, or"),
    "predicted indices that may start at 0 or 1": (["1", "2"], GOOD, "the predictions are whole"),
    "numbers that may be texts": (
        ["A", "B"], [row(0, ["1", "0"]), row(1, ["1", "0"])], "the texts of options, or counted",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "rows", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_input_is_told_with_its_place(scored, answers, rows, message):
    with pytest.raises(VlmevalError, match=message) as caught:
        scored(answers, rows, task="choice")
    assert caught.value.hint


BAD_CHOICES = {
    "an unknown variant": ("choice_accuracy:variant=mmbench", "expected one of vlmeval, mmmu"),
    "an unknown option": ("choice_accuracy:random=true", "has no option"),
    "a metric of texts that is unknown": ("choice_acuracy", "Did you mean"),
    "rotations that are not there": ("circular_accuracy", "reads circular.choice"),
}


@pytest.mark.parametrize(("metrics", "message"), BAD_CHOICES.values(), ids=BAD_CHOICES)
def test_impossible_choices_are_refused(scored, metrics, message):
    with pytest.raises(VlmevalError, match=message):
        scored(["A", "B"], GOOD, metrics=metrics)


def test_two_predictions_of_one_id_are_refused(write):
    preds = write("preds.jsonl", [{"id": 0, "prediction": x} for x in "AB"])
    refs = write("refs.jsonl", [{"id": 0, "question": "q", **row("A")}])
    with pytest.raises(VlmevalError, match="expected one prediction for each id"):
        score(preds, refs)


# What is no error is counted.
COUNTED = {
    "no text": ("", "empty", "the prediction is empty"),
    "beyond the options": ("D", "unparsed", "names D, and the options are A to C"),
    "two letters": ("A/B", "unparsed", "names several options: A, B"),
    "a refusal": ("I'm sorry, but I cannot help with that.", "refused", "begins like a refusal"),
    "cut off": ("<think>maybe (A)", "truncated", "reasoning began and never ended"),
    "prose": ("A man sits here.", "unparsed", "the answer names no option"),
}


@pytest.mark.parametrize(("text", "outcome", "reason"), COUNTED.values(), ids=COUNTED)
def test_what_cannot_be_read_is_an_outcome_with_a_reason(scored, text, outcome, reason):
    result = scored([text, "B"], GOOD)
    sample = result.items.sample(0)
    assert (sample.outcome, sample.reason) == (outcome, reason)


def test_a_gold_that_is_no_option_is_left_out_and_warned_of(scored):
    result = scored(["A", "B"], [row("AC"), row("B")])
    assert result.scores["choice_accuracy"].skipped == {"its answer is none of its options": 1}
    (notice,) = (one for one in result.warnings if one.code == "no_right_option")
    assert notice.message.startswith(
        "1 item has an answer that is none of its options, and is left"
    )


def test_a_gold_of_two_letters_is_no_open_question_where_options_are_unknown(write):
    golds = {name: {"question_type": "multiple-choice", "ground_truth": g} for name, g in
             (("a", "B"), ("b", "AC"))}  # fmt: skip
    result = score(write("p.json", {"a": "B", "b": "A"}), write("r.json", golds), resamples=0)
    assert result.scores["choice_accuracy"].skipped == {"its answer is none of its options": 1}


def patterns(**values):
    scores = {
        name: Score(Output(name), name, value, 100, Signature({})) for name, value in values.items()
    }
    return [found.pattern for found in task("choice").diagnose(scores)]


def test_many_unreadable_answers_are_diagnosed():
    assert patterns(choice_unparsed_rate=0.2) == ["20.0% of the answers name no option"]
    assert patterns(choice_unparsed_rate=0.05) == []


def test_a_preferred_position_is_diagnosed():
    (found,) = patterns(choice_accuracy=0.6, choice_balanced_accuracy=0.4)
    assert "above balanced accuracy (0.40)" in found


def test_luck_with_the_order_of_options_is_diagnosed():
    (found,) = patterns(choice_accuracy=0.6, circular_accuracy=0.4)
    assert "far above circular accuracy (0.40)" in found
