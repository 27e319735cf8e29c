"""Visual question answering from files to scores: benchmarks, defaults, and what is refused."""

import json

import pytest

from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task
from vlmeval_cli.tasks.base import Facts

REFS = [{"question_id": n, "question": f"q{n}?", "answers": [f"answer {n}"]} for n in range(4)]
PREDS = [{"question_id": n, "prediction": f"answer {n}"} for n in range(4)]


def value_of(report, name):
    return report["metrics"][name]["value"]


def questions(answers, **fields):
    """Rows of TextVQA or VizWiz: a question each, with the answers of its annotators."""
    return [
        {"question_id": n, "question": f"q{n}?", "answers": given, **fields}
        for n, given in enumerate(answers)
    ]


def answered(*predictions):
    return [{"question_id": n, "answer": text} for n, text in enumerate(predictions)]


# --- plain files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "primary"),
    [(Facts(10, 1), "vqa_accuracy"), (Facts(3, 1), "exact_match"), (Facts(1, 1), "exact_match")],
)
def test_the_primary_metric_of_plain_files(facts, primary):
    assert task("vqa").defaults(facts).primary == primary


def test_one_answer_per_question(score):
    given = ["answer 0", "It is answer 1.", "no", ""]
    preds = [{"question_id": n, "prediction": text} for n, text in enumerate(given)]
    _, report, _ = score(preds, REFS)
    assert (report["task"], report["primary"]) == ("vqa", "exact_match")
    assert value_of(report, "exact_match") == 0.25
    # F1: 1; both of two words of four, 2 x 2 / (2 + 4); 0; 0.
    assert value_of(report, "token_f1") == pytest.approx((1 + 2 / 3) / 4, abs=1e-12)


def test_plain_files_of_ten_answers_warn_where_full_agreement_costs(score):
    """All ten say "yes": "Yes" is compared as it is. Nine do: it is normalised first."""
    refs = questions([["yes"] * 10, ["yes"] * 9 + ["no"], ["yes"] * 10])
    preds = [{"question_id": n, "prediction": text} for n, text in enumerate(["Yes", "Yes", "no"])]
    _, report, printed = score(preds, refs)
    assert report["primary"] == "vqa_accuracy"
    assert value_of(report, "vqa_accuracy") == pytest.approx(1 / 3)
    assert "1 of 3 predictions score 0 though they agree" in " ".join(printed.split())
    assert "vqa_accuracy:variant=m4c" in printed


# --- benchmarks, as their own evaluation scores them ---------------------------------------------


def test_textvqa_is_scored_by_its_own_rule(score):
    """M4C writes "Macy's" and "macys" apart, and forgives case where all annotators agree."""
    refs = {"data": questions([["copenhagen"] * 10, ["macy's"] * 10], image_id="a")}
    _, report, printed = score(answered("COPENHAGEN", "Macys"), refs)
    assert report["primary"] == "vqa_accuracy[variant=m4c]"
    assert value_of(report, "vqa_accuracy[variant=m4c]") == 0.5
    assert "vqa_accuracy" not in report["metrics"]
    assert "own evaluator's rule" in printed


def test_vizwiz_is_scored_by_its_own_rule(score):
    """Its code normalises the prediction alone: "two" of annotators is met by no prediction."""
    texts = [["black cat"] * 10, ["two"] * 10, ["soup"] * 3 + ["unanswerable"] * 7]
    refs = [
        {
            "image": f"VizWiz_val_{n}.jpg",
            "question": "what is this?",
            "answers": [{"answer": text, "answer_confidence": "yes"} for text in given],
            "answer_type": "other",
            "answerable": 1,
        }
        for n, given in enumerate(texts)
    ]
    given = ["The black cat.", "two", "Soup"]
    preds = [{"image": f"VizWiz_val_{n}.jpg", "answer": text} for n, text in enumerate(given)]
    _, report, printed = score(preds, refs)
    assert report["primary"] == "vqa_accuracy[variant=vizwiz]"
    assert value_of(report, report["primary"]) == pytest.approx((1 + 0 + 0.9) / 3)
    assert "variant=m4c" in printed


GQA = {
    str(n): {"question": "?", "answer": "left", "isBalanced": n < 3, "imageId": "1"}
    for n in range(4)
}
GQA_PREDS = [
    {"questionId": str(n), "prediction": text}
    for n, text in enumerate(["left", "Left", "left.", "left"])
]


def test_gqa_counts_letter_case_and_full_stops(score):
    _, report, printed = score(GQA_PREDS, GQA)
    assert report["primary"] == "exact_match[normalize=none]"
    assert value_of(report, report["primary"]) == 0.5
    assert value_of(report, "exact_match") == 1.0
    assert "--where isBalanced=true" in printed
    assert "letter case" in report["diagnosis"][0]["meaning"]


def test_gqa_of_balanced_questions(score):
    _, report, printed = score(GQA_PREDS, GQA, "--where", "isBalanced=true")
    assert report["metrics"][report["primary"]]["n"] == 3
    assert value_of(report, report["primary"]) == pytest.approx(1 / 3)
    assert "--where" not in printed


def squad(version, *texts, **fields):
    qas = [
        {
            "id": f"5733be284776f4190066117{n}",
            "question": "?",
            "answers": [{"text": text, "answer_start": 0} for text in given],
            **({"is_impossible": not given} if version == "v2.0" else {}),
        }
        for n, given in enumerate(texts)
    ]
    return {"version": version, "data": [{"paragraphs": [{"context": "c", "qas": qas}]}]}


def squad_predictions(*texts):
    return {f"5733be284776f4190066117{n}": text for n, text in enumerate(texts)}


def test_squad_v1_gives_no_f1_to_what_normalises_to_nothing(score):
    refs = squad("1.1", ["France"], ["The"], ["a b c d"])
    _, report, _ = score(squad_predictions("france.", "the", "b"), refs)
    assert report["primary"] == "exact_match"
    assert value_of(report, "exact_match") == pytest.approx(2 / 3)
    # "a b c d" is three words once its article is gone: F1 2 x 1 / (1 + 3).
    assert value_of(report, "token_f1[version=v1]") == pytest.approx((1 + 0 + 0.5) / 3)


def test_squad_v2_leaves_out_answers_that_normalise_to_nothing(score):
    refs = squad("v2.0", ["France"], [], ["the", "dog"], [])
    _, report, printed = score(squad_predictions("france.", "", "a", "dog"), refs)
    assert report["primary"] == "exact_match[version=v2]"
    assert value_of(report, "exact_match[version=v2]") == 0.5
    assert value_of(report, "token_f1") == 0.5
    assert "SQuAD v2" in printed


def test_squad_v2_gives_the_numbers_of_its_script(score, shared):
    """evaluate-v2.0 printed exact 75.55081734, f1 78.83251405 for these files."""
    folder = shared / "squad"
    _, report, _ = score(
        (folder / "bert.json").read_text("utf-8"),
        (folder / "gold_v2_dev_1407.json").read_text("utf-8"),
        "--resamples",
        "0",
    )
    found = {name: one["value"] * 100 for name, one in report["metrics"].items()}
    assert found["exact_match[version=v2]"] == pytest.approx(75.55081734, abs=5e-9)
    assert found["token_f1"] == pytest.approx(78.83251405, abs=5e-9)


# --- diagnosis -----------------------------------------------------------------------------------


def patterns(**values):
    scores = {
        name: Score(Output(name), name.partition("[")[0], value, 100, Signature({}))
        for name, value in values.items()
    }
    return [found.pattern for found in task("vqa").diagnose(scores)]


def test_words_too_many_and_spelling_are_diagnosed():
    assert patterns(exact_match=0.4, token_f1=0.6, anls=0.5) == [
        "token F1 (0.60) is far above exact match (0.40)"
    ]
    assert patterns(exact_match=0.4, token_f1=0.5, anls=0.6) == [
        "ANLS (0.60) is far above exact match (0.40)"
    ]
    assert patterns(exact_match=0.4, token_f1=0.5, anls=0.5) == []


def test_variants_are_diagnosed_as_their_metric():
    assert patterns(**{"exact_match[version=v2]": 0.4, "token_f1": 0.6}) == [
        "token F1 (0.60) is far above exact match (0.40)"
    ]


def test_form_is_told_from_words_too_many():
    scores = {"exact_match[normalize=none]": 0.1, "exact_match": 0.6, "token_f1": 0.6, "anls": 0.6}
    assert patterns(**scores) == ["exact match is 0.60 once normalised, and 0.10 as written"]


# --- what is refused -----------------------------------------------------------------------------


def changed(rows, **fields):
    return [*rows[:-1], {**rows[-1], **fields}]


BAD = {
    "an empty file": ("", REFS, (), 3, "the file is empty"),
    "a cut-off file": (json.dumps(PREDS)[:-9], REFS, (), 3, "cut off"),
    "a list as prediction": (
        changed(PREDS, prediction=["a"]), REFS, (), 3,
        'preds.json: row 4: field "prediction", got a list of 1, expected a string',
    ),
    "an object as prediction": (changed(PREDS, prediction={"a": 1}), REFS, (), 3, "got an object"),
    "a boolean as prediction": (changed(PREDS, prediction=True), REFS, (), 3, "got true"),
    "a missing prediction": (changed(PREDS, prediction=None), REFS, (), 3, "1 id has no"),
    "a boolean as answer": (
        PREDS, changed(REFS, answers=[True]), (), 3,
        'refs.json: row 4: field "answers", got a list of 1',
    ),
    "a list inside a list": (PREDS, changed(REFS, answers=[["a"]]), (), 3, 'field "answers"'),
    "no answer at all": (
        PREDS, [{**row, "answers": []} for row in REFS], ("--task", "vqa"), 3,
        "no item has a reference",
    ),
    "an id twice": ([*PREDS, PREDS[0]], REFS, (), 3, 'id "0" repeats'),
    "ids that do not meet": (
        [{**row, "question_id": row["question_id"] + 99} for row in PREDS], REFS, (), 3,
        "no id of",
    ),
    "no predictions": (
        [{"question_id": n} for n in range(4)], REFS, (), 2, "looks like predictions",
    ),
    "VQA v2's questions as references": (
        answered("a"), {"questions": [{"question_id": 0, "question": "?", "image_id": 1}]}, (), 2,
        "questions",
    ),
    "an unknown variant": (
        PREDS, REFS, ("--metrics", "vqa_accuracy:variant=vqa"), 2, "vizwiz",
    ),
    "a normalisation beside a variant": (
        PREDS, REFS, ("--metrics", "vqa_accuracy:normalize=squad"), 2,
        "vqa_accuracy:normalize is for variant=simple",
    ),
    "an unknown normalisation": (
        PREDS, REFS, ("--metrics", "exact_match:normalize=gqa"), 2, "gqa-lmms",
    ),
    "a field that is not there": (
        PREDS, REFS, ("--where", "isBalanced=true"), 2, "isBalanced",
    ),
    "a value that no row has": (
        GQA_PREDS, GQA, ("--where", "isBalanced=maybe"), 2, "isBalanced",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_a_clear_message(score, case):
    predictions, references, options, code, message = BAD[case]
    found, report, printed = score(predictions, references, *options)
    told = " ".join([report["error"]["message"], report["error"]["hint"] or "", printed])
    assert found == code, told
    assert message in told.replace("\n", " ")
    assert "Traceback" not in printed
