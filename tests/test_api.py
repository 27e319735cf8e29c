"""The Python door: choices, policies and what a result carries."""

import json

import pytest

from vlmeval_cli import RunResult, VlmevalError, api, score
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, UsageError

REFERENCES = [
    {"id": "a", "question": "what?", "image": "1.jpg", "kind": "x", "answers": ["dog"]},
    {"id": "b", "question": "who?", "image": "1.jpg", "kind": "y", "answers": ["a cat", "cat"]},
    {"id": "c", "question": "when?", "image": "2.jpg", "kind": "x", "answers": ["noon"]},
]
PREDICTIONS = [
    {"id": "a", "prediction": "Dog"},
    {"id": "b", "prediction": "<think>a cat or a dog</think> the cat"},
    {"id": "c", "prediction": "night"},
]


@pytest.fixture
def files(tmp_path):
    def files(predictions=PREDICTIONS, references=REFERENCES):
        paths = tmp_path / "preds.jsonl", tmp_path / "refs.jsonl"
        for path, rows in zip(paths, (predictions, references), strict=True):
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return paths

    return files


def without(*ids):
    return [row for row in PREDICTIONS if row["id"] not in ids]


def changed(name, value):
    return [{**row, "prediction": value} if row["id"] == name else row for row in PREDICTIONS]


def test_a_result_carries_scores_counts_intervals_and_signatures(files):
    result = score(*files(), metrics="exact_match")
    found = result.scores["exact_match"]
    assert isinstance(result, RunResult)
    assert result["exact_match"] == pytest.approx(2 / 3)
    assert (found.n, found.metric, found.output.range) == (3, "exact_match", (0.0, 1.0))
    assert found.ci_low <= found.value <= found.ci_high
    assert found.signature.comparable["name"] == "exact_match"
    assert result.outcomes == {"wrong": 1, "right": 2}


def test_items_tell_what_was_scored(files):
    sample = score(*files(), metrics="exact_match").items.sample(1)
    assert (sample.id, sample.prediction, sample.outcome) == ("b", "the cat", "right")
    assert sample.raw == "<think>a cat or a dog</think> the cat"
    assert sample.references == ["a cat", "cat"]


def test_reasoning_can_be_kept(files):
    result = score(*files(), metrics="exact_match", reasoning="keep")
    assert result["exact_match"] == pytest.approx(1 / 3)
    assert result.signature.comparable["reasoning"] == "keep"


def test_missing_predictions_are_an_error(files):
    with pytest.raises(DataError, match='1 id has no prediction: "c"'):
        score(*files(without("c")))


def test_missing_predictions_can_be_skipped_and_are_counted(files):
    result = score(*files(without("c")), metrics="exact_match", missing="skip")
    assert (result["exact_match"], result.scores["exact_match"].n) == (1.0, 2)
    assert result.join.missing == 1


def test_nothing_left_to_score_is_an_error(files):
    nothing = [{**row, "prediction": None} for row in PREDICTIONS]
    with pytest.raises(DataError, match=r'preds.jsonl: no item has a prediction in "prediction"'):
        score(*files(nothing), missing="skip")


def test_missing_predictions_can_be_the_worst(files):
    result = score(*files(without("c")), metrics="exact_match", missing="worst")
    assert result["exact_match"] == pytest.approx(2 / 3)
    assert result.outcomes == {"missing": 1, "right": 2}
    assert result.items.sample(2).prediction is None


def test_the_worst_is_worse_than_an_empty_answer_that_is_right(files):
    references = [{**row, "answers": ["the"]} for row in REFERENCES]
    result = score(*files(without("c"), references), metrics="exact_match", missing="worst")
    assert result.items.sample(2).scores == {"exact_match": 0.0}


def test_policies_are_part_of_the_signature(files):
    skipped = score(*files(without("c")), missing="skip").signature.comparable
    worst = score(*files(without("c")), missing="worst").signature.comparable
    assert skipped["join"] != worst["join"]


def test_the_references_are_part_of_the_signature(files):
    one = score(*files()).signature.comparable["references"]
    again = score(*files(references=REFERENCES[::-1])).signature.comparable["references"]
    other = [{**row, "answers": [*row["answers"], "x"]} for row in REFERENCES]
    assert one == again
    assert one != score(*files(references=other)).signature.comparable["references"]


def test_groups_by_a_field(files):
    result = score(*files(), by="kind", metrics="exact_match")
    found = {group.by["kind"]: group.scores["exact_match"].value for group in result.groups}
    assert found == {"x": 0.5, "y": 1.0}


def test_an_unknown_group_field_lists_the_known_ones(files):
    with pytest.raises(UsageError, match=r"Known: .*kind"):
        score(*files(), by="kinds")


def test_a_wrong_metric_is_told_before_a_file_is_read():
    with pytest.raises(UsageError, match="unknown metric"):
        score("no_such_file.jsonl", metrics="blue")


def test_where_and_limit_select_items(files):
    assert score(*files(), where={"kind": "x"}).scores["exact_match"].n == 2
    assert score(*files(), limit=1).scores["exact_match"].n == 1


def test_images_that_repeat_cluster_the_intervals(files):
    assert score(*files()).statistics_options["cluster_by"] == "image"
    assert score(*files(), cluster_by="none").statistics_options["cluster_by"] is None
    assert score(*files(), cluster_by="kind").statistics_options["units"] == 2


@pytest.mark.parametrize("bad", [["a", "list"], {"an": "object"}, True])
def test_a_prediction_that_is_no_text_names_its_place(files, bad):
    with pytest.raises(DataError, match=r'preds.jsonl:2: field "prediction", got'):
        score(*files(changed("b", bad)))


def test_bad_predictions_can_be_left_out_and_are_counted(files):
    paths = files(changed("b", [1]))
    result = score(*paths, on_bad_row="skip", missing="skip", metrics="exact_match")
    assert (result.join.matched, result.join.missing, result.join.bad_rows) == (2, 1, 1)
    assert result.scores["exact_match"].n == 2


def test_bad_predictions_left_out_are_missing(files):
    paths = files(changed("b", [1]))
    with pytest.raises(DataError, match="no prediction"):
        score(*paths, on_bad_row="skip")
    worst = score(*paths, on_bad_row="skip", missing="worst", metrics="exact_match")
    assert worst["exact_match"] == pytest.approx(1 / 3)


def test_null_is_missing_and_numbers_are_text(files):
    with pytest.raises(DataError, match="no prediction"):
        score(*files(changed("b", None)))
    references = [{**row, "answers": ["3"]} for row in REFERENCES]
    result = score(*files(changed("b", 3), references), metrics="exact_match")
    assert result.items.sample(1).scores == {"exact_match": 1.0}


def test_items_without_a_reference_are_left_out_and_counted(files):
    references = [
        {**row, "answers": [] if row["id"] == "a" else row["answers"]} for row in REFERENCES
    ]
    result = score(*files(references=references), metrics="exact_match")
    found = result.scores["exact_match"]
    assert (result.join.no_reference, found.n) == (1, 2)
    assert found.skipped == {"no_reference": 1}


def test_no_reference_at_all_is_an_error(files):
    references = [{**row, "answers": [""]} for row in REFERENCES]
    with pytest.raises(VlmevalError, match="reference"):
        score(*files(references=references), reference_field="answers")


def test_one_answer_per_question_chooses_exact_match(files):
    references = [{**row, "answers": row["answers"][:1]} for row in REFERENCES]
    result = score(*files(references=references))
    assert result.primary == "exact_match"
    assert "vqa_accuracy" not in result.scores
    assert any("one answer per question" in note for note in result.notes)


def test_one_file_holds_both_sides(tmp_path):
    path = tmp_path / "both.jsonl"
    rows = [{**row, "prediction": "dog"} for row in REFERENCES]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert score(path, metrics="exact_match")["exact_match"] == pytest.approx(1 / 3)


def test_only_one_metric_gets_a_warning(files):
    codes = [warning.code for warning in score(*files(), metrics="anls").warnings]
    assert "one_metric" in codes


def test_the_same_seed_gives_the_same_interval(files):
    one, two = (score(*files(), seed=seed).scores["anls"] for seed in (1, 1))
    assert (one.ci_low, one.ci_high) == (two.ci_low, two.ci_high)


def test_textvqa_file_has_its_published_scores(shared):
    result = score(
        shared / "textvqa" / "finetuned.jsonl.gz",
        metrics="vqa_accuracy:variant=simple:normalize=squad,exact_match,token_f1:version=v1",
        resamples=0,
    )
    found = [result[name] for name in ("vqa_accuracy", "exact_match", "token_f1")]
    assert found == pytest.approx([0.745267, 0.7826, 0.810370], abs=5e-7)


def test_nlg_eval_examples_have_their_published_scores(shared, tmp_path):
    folder = shared / "nlg_eval"
    lines = {
        name: (folder / name).read_text().splitlines()
        for name in ("hyp.txt", "ref1.txt", "ref2.txt")
    }
    rows = [
        {"id": str(i), "prediction": hyp, "captions": [one, two]}
        for i, (hyp, one, two) in enumerate(zip(*lines.values(), strict=True))
    ]
    path = tmp_path / "both.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = score(
        path,
        task="captioning",
        metrics="bleu:tokenizer=whitespace,rouge_l:tokenizer=whitespace,cider:tokenizer=whitespace",
        resamples=0,
    )
    names = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider")
    expected = [0.55, 0.428174, 0.284043, 0.201143, 0.522104, 1.242192]
    assert [result[name] for name in names] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("good", [0.6667, 0.4899, 0.3469, 3.7547e-5, 0.4280105, 0.5637413]),
        ("bad", [0.4815, 0.2404, 0.1359, 1.86e-5, 0.3121105, 0.2790165]),
    ],
)
def test_the_clipscore_example_has_its_published_scores(shared, kind, expected):
    folder = shared / "clipscore_example"
    result = score(
        folder / f"{kind}_captions.json", folder / "refs.json", task="captioning", resamples=0
    )
    names = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider")
    assert [result[name] for name in names] == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(
    "choice",
    [
        {"limit": -1}, {"limit": 0}, {"limit": "x"}, {"missing": "foo"}, {"fix_ids": "no"},
        {"confidence": 95}, {"confidence": 1.0}, {"resamples": -1}, {"resamples": 3_000_000_000},
        {"seed": -1}, {"on_bad_row": "drop"}, {"reasoning": "both"}, {"metrics": 5},
        {"metrics": [{"name": "anls"}]},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_choices_are_told(files, choice):
    with pytest.raises(UsageError, match=next(iter(choice))):
        score(*files(), **choice)


@pytest.mark.parametrize(("n", "primary"), [(10, "vqa_accuracy"), (3, "exact_match")])
def test_vqa_accuracy_is_primary_with_ten_annotators(files, n, primary):
    references = [{**row, "answers": row["answers"][:1] * n} for row in REFERENCES]
    result = score(*files(references=references))
    assert result.primary == primary
    assert "vqa_accuracy" in result.scores


def test_an_output_of_a_variant_is_found_by_its_plain_name(files):
    result = score(*files(), metrics="anls:variant=paper")
    assert list(result.scores) == ["anls[variant=paper]"]
    assert result["anls"] == result["anls[variant=paper]"]
    with pytest.raises(KeyError):
        result["exact_match"]


def test_squad_no_answers_are_right_when_empty(shared):
    folder = shared / "squad"
    result = score(folder / "bert.json", folder / "gold_v2_dev_1407.json", resamples=0)
    assert result["exact_match"] == pytest.approx(0.7555081734, abs=1e-9)
    assert result["token_f1"] == pytest.approx(0.7883251405, abs=1e-9)
    assert result.outcomes["right"] / 1407 == pytest.approx(0.7555081734, abs=1e-9)


def test_the_same_file_twice_is_told(tmp_path):
    path = tmp_path / "captions.json"
    path.write_text(json.dumps([{"image_id": i, "caption": f"a dog {i}"} for i in range(3)]))
    result = score(path, path, task="captioning")
    assert any("scored against themselves" in note for note in result.notes)


def test_vqav2_questions_are_no_references(tmp_path):
    questions = tmp_path / "questions.json"
    rows = [{"question_id": i, "image_id": i, "question": "what?"} for i in range(3)]
    questions.write_text(json.dumps({"questions": rows}))
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps([{"question_id": i, "answer": "dog"} for i in range(3)]))
    with pytest.raises(UsageError) as raised:
        score(answers, questions)
    assert "annotations file" in raised.value.hint


def read_as(task, rows, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return " ".join(api.how_read(api.inspect(path, config=RunConfig(task=task))))


def test_inspection_tells_how_texts_are_read(tmp_path):
    answers = ["<think>is it?</think>yes", "no", "maybe"]
    rows = [{"id": i, "prediction": text, "label": "yes"} for i, text in enumerate(answers)]
    told = read_as("vqa", rows, tmp_path)
    assert "reasoning was taken out of 1 of 3 predictions" in told


def test_inspection_tells_what_the_user_must_know(tmp_path):
    given = ["tiger shark", "cat", "cat"]
    rows = [
        {"id": i, "prediction": label, "score": 0.9, "label": "cat"}
        for i, label in enumerate(given)
    ]
    assert '"tiger shark"' in read_as("classification", rows, tmp_path)
