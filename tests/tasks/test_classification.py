"""Classification from files to scores, and files that cannot be scored as they are."""

import json

import pytest

from vlmeval_cli import api
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task

REFERENCES = [{"id": i, "label": label} for i, label in enumerate(["cat", "dog", "cat", "bird"])]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture
def score(tmp_path):
    def run(predictions, references=REFERENCES, **options):
        rows = [
            row if isinstance(row, dict) else {"id": i, "prediction": row}
            for i, row in enumerate(predictions)
        ]
        return api.score(
            write(tmp_path / "preds.jsonl", rows), write(tmp_path / "refs.jsonl", references),
            task="classification", resamples=0, **options,
        )  # fmt: skip

    return run


def test_a_score_whose_interval_would_not_hold_it_is_told(tmp_path):
    # Of 500 classes of one item each, a resample has about 63 %: its macro averages are others.
    labels = [f"class_{i}" for i in range(500)]
    said = [labels[i if i % 10 < 3 else (7 * i + 1) % 500] for i in range(500)]
    references = [{"id": i, "label": label} for i, label in enumerate(labels)]
    predictions = [{"id": i, "prediction": label} for i, label in enumerate(said)]
    files = [write(tmp_path / "p.jsonl", predictions), write(tmp_path / "r.jsonl", references)]
    found = api.score(*files, task="classification", resamples=200)
    lost = [name for name, score in found.scores.items() if score.ci_low is None]
    (told,) = (one.message for one in found.warnings if one.code == "interval_left_out")
    assert lost
    assert all(name in told for name in lost)


def codes(result):
    return {warning.code for warning in result.warnings}


@pytest.mark.parametrize(
    ("predictions", "references", "accuracy"),
    [
        (["cat", "It is a dog.", "CAT", "a bird"], ["cat", "dog", "cat", "bird"], 1.0),
        ([0, 1, 1, 0], [0, 1, 0, 0], 0.75),
        ([0.0, 1.0, 1, "0"], [0, 1, 0, 0], 0.75),
        ([True, False, True, True], [True, True, True, False], 0.5),
        ([True, "yes", "true", "False"], [True, True, True, False], 0.75),
        (["LABEL_0", "LABEL_1", "LABEL_1", "LABEL_0"], [0, 1, 0, 0], 0.75),
        ([["cat"], "dog", "cat", "cat"], ["cat", "dog", "cat", "bird"], 0.75),
        (["cat", "dog", "dog", "cat"], ["cat", "dog", ["cat", "dog"], ["bird", "dog"]], 0.75),
        ([1, 2, 3, 9], [[1, 2, 3, 4]] * 4, 0.75),
        ([{"cat": 0.9, "dog": 0.1}] * 4, ["cat", "dog", "cat", "cat"], 0.75),
        ([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]], [0, 1, 0, 0], 0.75),
        ([[{"label": "cat", "score": 0.9}, {"label": "dog", "score": 0.1}]] * 4, ["cat"] * 4, 1.0),
    ],
)
def test_labels_of_every_shape(score, predictions, references, accuracy):
    predictions = [{"id": i, "prediction": one} for i, one in enumerate(predictions)]
    references = [{"id": i, "label": one} for i, one in enumerate(references)]
    assert score(predictions, references)["accuracy"] == accuracy


def test_labels_of_sentiment_are_joined_by_idx(tmp_path, capsys):
    refs = [{"idx": i, "sentence": f"text {i}", "label": i % 2} for i in range(10)]
    preds = [{"idx": i, "label": 1} for i in range(10)]
    files = [write(tmp_path / "p.jsonl", preds), write(tmp_path / "r.jsonl", refs)]
    assert main(["score", *files, "--json", "-", "--resamples", "0"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["task"] == "classification"
    assert report["metrics"]["accuracy"]["value"] == 0.5
    assert report["tables"]["confusion_matrix"]["rows"] == [["0", 0, 5], ["1", 0, 5]]


def test_a_classifiers_output_has_its_confidence_beside_it(score):
    rows = [{"id": i, "text": "…", "label": label, "score": 0.8}
            for i, label in enumerate(["cat", "dog", "dog", "bird"])]  # fmt: skip
    result = score(rows)
    assert result["accuracy"] == 0.75
    assert result["ece"] == pytest.approx(0.05)  # one bin: .8 said, .75 right
    assert result["brier"] == pytest.approx((3 * 0.2**2 + 0.8**2) / 4)
    assert result.scores["ece"].ci_low is None


def test_a_classifiers_label_is_taken_whole(score):
    references = [{"id": i, "label": label} for i, label in enumerate(["tiger", "cat", "cat"])]
    labels = ["tiger shark", "cat", "cat"]
    rows = [{"id": i, "prediction": one, "score": 0.9} for i, one in enumerate(labels)]
    result = score(rows, references)
    assert result.items.predictions[0] == "tiger shark"
    assert "unknown_labels" in codes(result)


def test_percent_is_converted_and_said(score):
    rows = [{"id": i, "prediction": "cat", "confidence": 80} for i in range(4)]
    result = score(rows)
    assert result["ece"] == pytest.approx(0.3)  # .8 said, half of them right
    assert any("in percent" in note for note in result.notes)


def test_text_confidences_are_read(score):
    said = ["80%", "0.8", None, ""]
    rows = [{"id": i, "prediction": "cat", "confidence": one} for i, one in enumerate(said)]
    result = score(rows)
    assert result.scores["brier"].n == 2
    assert result.scores["brier"].skipped == {"no_confidence": 2}


@pytest.mark.parametrize("value", [-0.1, 12.5])
def test_a_score_that_is_no_probability_is_told_and_left_out(score, value):
    rows = [{"id": i, "prediction": "cat", "score": value} for i in range(4)]
    result = score(rows)
    assert "no_probability" in codes(result)
    assert "ece" not in result.scores


def test_the_probability_of_one_class_throughout_is_told(score):
    references = [{"id": i, "label": "pn"[i % 2]} for i in range(10)]
    rows = [{"id": i, "prediction": "pn"[i % 2], "score": [0.97, 0.03][i % 2]} for i in range(10)]
    assert "confidence_of_one_class" in codes(score(rows, references))


def test_the_confusion_matrix_is_written_as_csv(tmp_path):
    labels = ["=cat", "dog", "dog"]
    refs = write(tmp_path / "r.jsonl", [{"id": i, "label": one} for i, one in enumerate(labels)])
    preds = write(tmp_path / "p.jsonl", [{"id": i, "prediction": "dog"} for i in range(3)])
    assert main(["score", preds, refs, "--output", str(tmp_path / "out")]) == 0
    lines = (tmp_path / "out" / "tables.csv").read_text().splitlines()
    matrix = [line for line in lines if line.startswith("confusion_matrix,")]
    assert matrix == [
        "confusion_matrix,1,reference,'=cat",
        "confusion_matrix,1,'=cat,0",
        "confusion_matrix,1,dog,1",
        "confusion_matrix,2,reference,dog",
        "confusion_matrix,2,'=cat,0",
        "confusion_matrix,2,dog,2",
    ]
    report = json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert report["files"]["tables"]["path"] == "tables.csv"


def test_exact_labels_are_not_looked_for(tmp_path):
    preds = write(tmp_path / "p.jsonl", [{"id": 0, "prediction": "a cat"}])
    refs = write(tmp_path / "r.jsonl", [{"id": 0, "label": "cat"}])
    config = tmp_path / "c.yaml"
    config.write_text("task: classification\nparse: {labels: exact}\n")
    report = tmp_path / "report.json"
    assert main(["score", preds, refs, "--config", str(config), "--json", str(report)]) == 0
    assert json.loads(report.read_bytes())["metrics"]["accuracy"]["value"] == 0.0


@pytest.mark.parametrize(
    ("predictions", "references", "words"),
    [
        ([0.5, "dog", "cat", "bird"], None, ["preds.jsonl:1", '"prediction"', "0.5", "a label"]),
        ([["cat", "dog"], "dog", "cat", "bird"], None, ["preds.jsonl:1", "list", "a label"]),
        ([[], "dog", "cat", "bird"], None, ["preds.jsonl:1", "list", "a label"]),
        (["cat", {"x": "y"}, "cat", "bird"], None, ["preds.jsonl:2", "object", "probabilities"]),
        (["cat", [{"label": "cat"}], "cat", "bird"], None, ["preds.jsonl:2", "probabilities"]),
        (["cat", {"cat": None}, "cat", "bird"], None, ["preds.jsonl:2", "probabilities"]),
        ([[0.1, 0.7, 0.2]] * 4, None, ["preds.jsonl:1", "3 probabilities", "names of classes"]),
        ([0, 1, 0, 2], None, ["preds.jsonl:1", "numbers of classes", '"bird", "cat", "dog"']),
        (["pos", "neg", "pos", "neg"], [0, 1, 0, 1], ["names of classes", "are numbers"]),
        (["cat"], None, ["3", "no prediction"]),
        (["cat"] * 4, [0.5, 1, 0, 1], ["refs.jsonl:1", '"label"', "0.5", "a label"]),
        (["cat"] * 4, [{"name": "cat"}] * 4, ["refs.jsonl:1", "got a list", "a list of labels"]),
        (["cat"] * 4, [[["cat"]]] * 4, ["refs.jsonl:1", "a list of labels"]),
        (["cat"] * 4, [None] * 4, ["refs.jsonl", "no item has a reference"]),
        (["cat"] * 4, [""] * 4, ["refs.jsonl", "no item has a reference"]),
    ],
)
def test_files_that_cannot_be_scored_say_why(score, predictions, references, words):
    rows = [{"id": i, "label": one} for i, one in enumerate(references or [])]
    predictions = [{"id": i, "prediction": one} for i, one in enumerate(predictions)]
    with pytest.raises(VlmevalError) as raised:
        score(predictions, rows or REFERENCES)
    for word in words:
        assert word in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize("value", [{"cat": "x"}, "high", [0.2], True, float("inf")])
def test_a_confidence_that_is_none_is_refused(score, value):
    rows = [{"id": i, "prediction": "cat", "confidence": value} for i in range(4)]
    with pytest.raises(VlmevalError, match=r"preds.jsonl:1.*confidence.*from 0 to 1"):
        score(rows)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ("calibration", "reads prediction.confidence"),
        ("calibration:bins=0", "expected from 1 to"),
        ("accuracy:bins=3", "no option"),
        ("classification:average=macro", "no option"),
        ("f1_makro", "Did you mean"),
        ("mean_iou", "reads"),
    ],
)
def test_metrics_that_cannot_be_scored_say_why(score, metrics, words):
    with pytest.raises(VlmevalError, match=words):
        score(["cat", "dog", "cat", "bird"], metrics=metrics)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("cat or dog", "unparsed"),
        ("not a cat", "unparsed"),
        ("The picture shows nothing.", "unparsed"),
        ("I'm sorry, but I can't help with that.", "refused"),
        ("<think>a cat? a dog?", "truncated"),
        ("<think>a dog?</think> cat", "right"),
        ("dog", "wrong"),
        ("zebra", "wrong"),
    ],
)
def test_an_answer_that_names_no_class_has_its_outcome(score, text, outcome):
    result = score([text, "dog", "cat", "bird"])
    assert result.outcomes.get(outcome, 0) == (4 if outcome == "right" else 1)
    assert result["accuracy"] == (1.0 if outcome == "right" else 0.75)


def test_missing_predictions_are_the_worst_if_asked(score):
    result = score(["cat", "dog"], missing="worst")
    assert result["accuracy"] == result["recall_micro"] == 0.5
    assert result["unparsed_rate"] == 0.5


def test_accuracy_of_what_was_parsed_leaves_missing_predictions_out(score):
    # right, wrong, unreadable, missing: 1 of the 2 that were read; 2 of 4 were not
    result = score(["cat", "bird", "It is hard to say."], missing="worst")
    assert result["accuracy"] == 0.25
    assert result["accuracy_parsed"] == 0.5
    assert result["unparsed_rate"] == 0.5


def test_why_a_score_is_unknown_is_told(score):
    unread = score(["I cannot tell what it is."] * 4)
    assert unread.scores["accuracy_parsed"].reason == "no prediction names a class"
    one_class = score(["cat"], [{"id": 0, "label": "cat"}])
    assert one_class.scores["cohen_kappa"].reason == (
        "predictions and references are all of one class"
    )


def test_a_class_that_no_reference_has_is_one_class_however_it_is_spelled(score):
    spelled = [score([one, other, "cat", "bird"]) for one, other in (("Fox", "fox"), ("fox",) * 2)]
    assert spelled[0]["f1_macro"] == spelled[1]["f1_macro"]
    # cat: 1 of 2 found, so 2/3; dog 0; bird 1; fox 0
    assert spelled[0]["f1_macro"] == pytest.approx((2 / 3 + 1) / 4)
    assert spelled[0].items.predictions[:2] == ["Fox", "Fox"]


def test_bad_rows_are_left_out_if_asked(score):
    result = score(["cat", ["dog", "cat"], "cat", "bird"], on_bad_row="skip", missing="skip")
    assert result["accuracy"] == 1.0
    assert result.join.bad_rows == 1


def scores(**values):
    return {
        name: Score(Output(name), name, value, 100, Signature({})) for name, value in values.items()
    }


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        ({"accuracy": 0.9, "f1_macro": 0.5}, "macro F1 (0.50) is far below accuracy (0.90)"),
        ({"accuracy": 0.5, "unparsed_rate": 0.2, "accuracy_parsed": 0.6}, "20% of the predictions"),
        ({"ece": 0.3}, "ECE is high (0.30)"),
    ],
)
def test_patterns_are_told(values, pattern):
    (found,) = task("classification").diagnose(scores(**values))
    assert found.pattern.startswith(pattern)


def test_good_scores_say_nothing():
    values = {"accuracy": 0.9, "f1_macro": 0.88, "unparsed_rate": 0.01, "ece": 0.03}
    assert not task("classification").diagnose(scores(**values))
