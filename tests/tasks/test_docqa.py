"""Document QA from files to scores: layouts, defaults, diagnosis, and what is refused."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.metrics.anls_star import AnlsStar
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.tasks import task
from vlmeval_cli.tasks.base import Facts

REFS = [{"questionId": n, "question": f"q{n}?", "answers": [f"answer {n}"]} for n in range(4)]
PREDS = [{"questionId": n, "answer": f"answer {n}"} for n in range(4)]


def value_of(report, name):
    return report["metrics"][name]["value"]


def test_defaults_and_their_values(score):
    given = ["Answer 0", "It is answer 1.", "answer 9", ""]
    preds = [{"questionId": n, "answer": text} for n, text in enumerate(given)]
    _, report, _ = score(preds, REFS)
    assert report["task"] == "docqa"
    assert report["primary"] == "anls"
    # Similarities: 1; 7 of 15 characters to delete, 8/15; 1 of 8 to change, 7/8; 0.
    assert value_of(report, "anls") == pytest.approx((1 + 8 / 15 + 7 / 8) / 4, abs=1e-12)
    assert value_of(report, "exact_match") == 0.25
    assert report["outcomes"] == {"empty": 1, "partial": 2, "right": 1}


@pytest.mark.parametrize(
    ("row", "group"),
    [
        ({"image_local_name": "a.jpg", "answer_type": ["single span"]}, "single span"),
        ({"image": "a.png", "answer_type": "number"}, "number"),
    ],
    ids=["InfographicVQA", "DocVQA"],
)
def test_challenge_files_are_scored_with_their_groups(score, row, group):
    document = {"dataset_name": "x", "data": [{**one, **row} for one in REFS]}
    _, report, _ = score(PREDS, document)
    assert (report["task"], value_of(report, "anls")) == ("docqa", 1.0)
    assert report["groups"][0]["by"] == {"answer_type": group}


def test_st_vqa_is_docqa_and_textvqa_is_vqa(score):
    rows = [{"question_id": n, "question": "q?", "answers": [f"answer {n}"]} for n in range(4)]
    preds = [{"question_id": n, "answer": f"answer {n}"} for n in range(4)]
    stvqa = {"data": [{**row, "file_path": f"coco-text/{n}.jpg"} for n, row in enumerate(rows)]}
    assert score(preds, stvqa)[1]["task"] == "docqa"
    assert score(preds, {"data": [{**row, "image_id": "a"} for row in rows]})[1]["task"] == "vqa"


def test_ocrbench_file_has_its_own_primary_metric_and_spelling(score):
    rows = [
        {"id": 0, "dataset_name": "HME100k", "type": "HMER", "question": "q", "answers": ["x^2"],
         "predict": "x ^ 2"},
        {"id": 1, "dataset_name": "docVQA", "type": "Doc VQA", "question": "q", "answers": ["x^2"],
         "predict": "x ^ 2"},
    ]  # fmt: skip
    _, report, _ = score(rows)
    assert (report["task"], report["primary"]) == ("docqa", "ocrbench")
    assert value_of(report, "ocrbench") == 0.5
    assert {tuple(group["by"].items()) for group in report["groups"]} == {
        (("type", "HMER"),), (("type", "Doc VQA"),),
    }  # fmt: skip


def test_padding_is_told_with_the_number_of_items(score):
    preds = [{"questionId": 0, "answer": "answerr" + " " * 20}, *PREDS[1:]]
    _, report, _ = score(preds, REFS)
    assert any("in 1 of 4 items the official ANLS" in one["message"] for one in report["warnings"])
    _, report, _ = score(preds, REFS, "--metrics", "anls:variant=normalized,exact_match")
    assert report["warnings"] == []


@pytest.mark.parametrize(
    ("file", "strict", "kept"),
    [
        ("qwen2_vl_7b_instruct", 0.890164, 0.894164),
        ("qwen2_vl_2b_instruct", 0.668224, 0.674224),
        ("llama_scout", 0.394034, 0.396534),
    ],
)
def test_recorded_outputs_get_the_published_values(shared, capsys, file, strict, kept):
    metrics = "anls:variant=paper,anls:variant=normalized"
    path = str(shared / "docvqa" / f"{file}.json.gz")
    assert main(["score", path, "--json", "-", "--metrics", metrics, "--resamples", "0"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert round(value_of(report, "anls[variant=paper]"), 6) == strict
    assert round(value_of(report, "anls[variant=normalized]"), 6) == kept


def test_normalised_anls_is_that_of_anls_star_for_texts(shared):
    anls_star = pytest.importorskip("anls_star")
    from measuring import measured

    from vlmeval_cli.metrics.anls import Anls

    with gzip.open(shared / "docvqa" / "llama_scout.json.gz", "rt", encoding="utf-8") as file:
        rows = json.load(file)[:300]
    items = [(" ".join(row["predicted_answer"].split()), row["ground_truth"]) for row in rows]
    ours = measured(Anls(variant="normalized"), items).values[:, 0]
    theirs = [anls_star.anls_score(tuple(answers), text) for text, answers in items]
    assert ours.tolist() == pytest.approx(theirs, abs=1e-12)


ANSWERS = st.text(alphabet="aAbß1 \n", max_size=6)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(ANSWERS, st.lists(ANSWERS, min_size=1, max_size=3)), min_size=2, max_size=6)
)
def test_anls_star_of_answers_is_that_of_its_package(items):
    anls_star = pytest.importorskip("anls_star")
    references = [answers for _, answers in items]
    predictions = [text for text, _ in items]
    parsed = Parsed(predictions)
    ids = [*map(str, range(len(items)))]
    seen = Items(ids, predictions, {}, str, list)
    columns = task("docqa").with_references(references, seen, parsed, RunConfig()).columns
    batch = Batch(ids, predictions, references, prepared=columns)
    ours = AnlsStar().measure(batch, None).values[:, 0]
    theirs = [anls_star.anls_score(tuple(answers), text) for text, answers in items]
    assert ours.tolist() == pytest.approx(theirs, abs=1e-12)


def test_anls_star_is_scored_when_it_is_asked_for(score):
    preds = [*PREDS[:2], {"questionId": 2, "answer": "answer 9"}, {"questionId": 3, "answer": ""}]
    code, report, _ = score(preds, REFS, "--metrics", "anls_star,exact_match")
    assert code == 0
    # Two right ones, one with 1 of 8 characters to change, an empty one.
    assert value_of(report, "anls_star") == pytest.approx((1 + 1 + 7 / 8 + 0) / 4, abs=1e-12)


def scores(**values):
    return {
        name: Score(Output(name), name, value, 100, Signature({})) for name, value in values.items()
    }


def patterns(**values):
    return [found.pattern for found in task("docqa").diagnose(scores(**values))]


def test_answers_inside_sentences_are_diagnosed():
    assert patterns(anls=0.4, exact_match=0.36, ocrbench=0.9) == [
        "ocrbench (0.90) is far above ANLS (0.40)"
    ]


def test_misread_letters_are_diagnosed():
    assert patterns(anls=0.8, exact_match=0.5, ocrbench=0.55) == [
        "ANLS (0.80) is far above exact match (0.50)"
    ]


def test_answers_inside_sentences_are_no_misread_letters():
    """Of n sentences each holds its answer: ANLS is partial, and no letter is wrong."""
    assert patterns(anls=0.53, exact_match=0.1, ocrbench=1.0) == [
        "ocrbench (1.00) is far above ANLS (0.53)"
    ]
    assert patterns(anls=0.53, exact_match=0.1, ocrbench=0.6) == []


@pytest.mark.parametrize("absent", ["missing", "empty"])
def test_a_lack_of_answers_is_no_sign_of_misreading(score, absent):
    preds = [{"questionId": 0, "answer": "answer 0"}, {"questionId": 1, "answer": "nothing alike"}]
    if absent == "empty":
        preds += [{"questionId": n, "answer": ""} for n in (2, 3)]
    _, report, _ = score(preds, REFS, "--missing", "worst")
    (found,) = report["diagnosis"]
    assert found["pattern"] == "2 of 4 predictions are missing or empty"
    _, report, _ = score([PREDS[0], preds[1], {**PREDS[2], "answer": "b"}], REFS[:3])
    assert report["diagnosis"][0]["pattern"].startswith("ANLS (0.33) is low")


def test_other_texts_are_diagnosed():
    assert patterns(anls=0.3, exact_match=0.28, ocrbench=0.3) == [
        "ANLS (0.30) is low and hardly above exact match (0.28)"
    ]
    assert patterns(anls=0.9, exact_match=0.85, ocrbench=0.9) == []


def test_answers_that_hold_the_right_words_are_no_other_texts():
    assert patterns(anls=0.4, exact_match=0.36, token_f1=0.6) == [
        "token F1 (0.60) is far above ANLS (0.40)"
    ]


@pytest.mark.parametrize(
    ("fields", "primary"),
    [((), "anls"), (("type",), "anls"), (("dataset", "question_type"), "ocrbench")],
)
def test_the_primary_metric(fields, primary):
    assert task("docqa").defaults(Facts(1, 2, fields=frozenset(fields))).primary == primary


BAD = {
    "no answer to a question": (PREDS[:3], REFS, (), 3, '1 id has no prediction: "3"'),
    "a list as prediction": (
        [*PREDS[:3], {"questionId": 3, "answer": ["a", "b"]}], REFS, (), 3,
        'preds.json: row 4: field "answer", got a list of 2, expected a string',
    ),
    "an object as prediction": (
        [*PREDS[:3], {"questionId": 3, "answer": {"text": "a"}}], REFS, (), 3,
        'row 4: field "answer", got an object with the keys text, expected a string',
    ),
    "a boolean as prediction": (
        [*PREDS[:3], {"questionId": 3, "answer": True}], REFS, (), 3,
        'row 4: field "answer", got true, expected a string',
    ),
    "a boolean as reference": (
        PREDS, [*REFS[:3], {**REFS[3], "answers": [False]}], (), 3,
        'refs.json: row 4: field "answers", got a list of 1, expected a string or a list',
    ),
    "a list inside a list": (
        PREDS, [*REFS[:3], {**REFS[3], "answers": [["a"]]}], (), 3, 'field "answers"',
    ),
    "an id twice": (
        [*PREDS, PREDS[0]], REFS, (), 3, 'preds.json: row 5: id "0" repeats row 1',
    ),
    "an id that is a list": (
        [{"questionId": [n], "answer": "a"} for n in range(4)], REFS, (), 3, "got a list of 1",
    ),
    "no id in common": (
        [{"questionId": n + 50, "answer": "a"} for n in range(4)], REFS, (), 3,
        "no id of preds.json",
    ),
    "swapped files": (
        REFS, [{"questionId": n, "predicted_answer": "a"} for n in range(4)], (), 3, "swapped",
    ),
    "no reference anywhere": (
        PREDS, [{**row, "answers": []} for row in REFS], (), None, "refs.json",
    ),
    "no predictions": (
        [{"questionId": n} for n in range(4)], REFS, (), 2, "no field looks like predictions",
    ),
    "a cut-off file": (json.dumps(PREDS)[:-9], REFS, (), 3, "cut off"),
    "an empty file": ("", REFS, (), 3, "the file is empty"),
    "a threshold above 1": (
        PREDS, REFS, ("--metrics", "anls:threshold=2"), 2,
        'option anls:threshold: got "2.0", expected 0 to 1',
    ),
    "a threshold that is no number": (
        PREDS, REFS, ("--metrics", "anls:threshold=half"), 2,
        'option anls:threshold: got "half", expected a number',
    ),
    "an unknown variant": (
        PREDS, REFS, ("--metrics", "anls:variant=strict"), 2, "expected one of official, paper",
    ),
    "an unknown spelling": (
        PREDS, REFS, ("--metrics", "ocrbench:spelling=latex"), 2, "expected one of auto, text",
    ),
    "an unknown metric": (PREDS, REFS, ("--metrics", "anlss"), 2, 'unknown metric "anlss"'),
    "an unknown group": (PREDS, REFS, ("--by", "page"), 2, 'no item has a value in a field "page"'),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_a_clear_message(score, case):
    predictions, references, options, code, message = BAD[case]
    found, report, printed = score(predictions, references, *options)
    assert found in ((code,) if code else (2, 3))
    assert message in report["error"]["message"] + printed
    assert "Traceback" not in printed


def test_bad_rows_can_be_left_out_and_are_counted(score):
    preds = [*PREDS[:3], {"questionId": 3, "answer": ["a", "b"]}]
    _, report, _ = score(preds, REFS, "--on-bad-row", "skip", "--missing", "worst")
    assert report["outcomes"] == {"missing": 1, "right": 3}
    assert value_of(report, "anls") == 0.75


def test_unanswered_questions_are_skipped_and_counted(score):
    _, report, _ = score(PREDS, [*REFS[:3], {**REFS[3], "answers": []}])
    assert report["metrics"]["anls"]["skipped"] == {"no_reference": 1}
    assert report["metrics"]["anls"]["n"] == 3
