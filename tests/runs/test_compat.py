"""``--compat``: each number equals that of the tool, recorded from the tool itself."""

import json
from pathlib import Path

import pytest

from vlmeval_cli import api
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.registry import build
from vlmeval_cli.runs import compat
from vlmeval_cli.tasks import NAMES
from vlmeval_cli.tasks.compat import names, tools

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def golden(name):
    return json.loads((GOLDEN / name).read_text("utf-8"))


TORCH = golden("torchmetrics.json")
HARNESSES = golden("harnesses.json")


def rows(items, **fields):
    return [
        {"id": str(i), "prediction": item["prediction"], **fields,
         "references": item["references"]}
        for i, item in enumerate(items)
    ]  # fmt: skip


def lacks_tables(metric):
    return "no tables" if metric.info.name in ("meteor_1_5", "spice") else None


def mean(rows, name):
    return sum(row[name] for row in rows) / len(rows)


def test_torchmetrics_texts(score):
    found = score(rows(TORCH["texts"]), task="text", compat="torchmetrics")
    theirs = TORCH["of_texts"]
    names = {
        "sacrebleu": "sacrebleu[reference_length=first,smoothing=none]",
        "bleu": "sacrebleu[reference_length=first,smoothing=none,tokenizer=whitespace]",
        "chrf": "chrf[variant=torchmetrics,word_order=2]",
        "rouge_1_f1": "rouge_1_f1[stemmer=false]",
        "rouge_2_f1": "rouge_2_f1[stemmer=false]",
        "rouge_l_f1": "rouge_l_f1[stemmer=false]",
    }
    for theirs_name, ours in names.items():
        expected = pytest.approx(theirs[theirs_name], abs=TORCH["tolerance"])
        assert found.scores[ours].value == expected, ours
    items = found.items.scores
    for theirs_name in ("bleu", "chrf"):
        expected = pytest.approx(theirs[f"{theirs_name}_items"], abs=TORCH["tolerance"])
        assert items[names[theirs_name]].tolist() == expected


def test_torchmetrics_chrf_without_words(score):
    found = score(rows(TORCH["texts"]), task="text", metrics="chrf:variant=torchmetrics")
    expected = pytest.approx(TORCH["of_texts"]["chrf_plain"], abs=TORCH["tolerance"])
    assert found["chrf"] == expected


def test_torchmetrics_squad(score):
    found = score(rows(TORCH["answers"]), task="vqa", compat="torchmetrics")
    theirs = TORCH["of_answers"]
    assert found["exact_match"] == pytest.approx(theirs["exact_match"], abs=1e-6)
    assert found["token_f1"] == pytest.approx(theirs["f1"], abs=1e-6)


def test_torchmetrics_average_precision(score):
    def box(numbers, label, **more):
        return {"bbox": numbers, "label": str(label), **more}

    predictions = [
        {"id": str(i), "prediction": [box(b, n, score=s) for b, n, s in image["predicted"]]}
        for i, image in enumerate(TORCH["images"])
    ]
    references = [
        {"id": str(i), "boxes": [box(b, n) for b, n in image["true"]], "width": 300, "height": 300}
        for i, image in enumerate(TORCH["images"])
    ]
    found = score(
        predictions, references, task="grounding", compat="torchmetrics",
        reference_field="boxes", box_format="pixels",
    )  # fmt: skip
    theirs = TORCH["of_images"]
    pairs = {
        "map": "map", "map_50": "map_50", "map_75": "map_75", "map_small": "map_small",
        "map_medium": "map_medium", "map_large": "map_large", "mar_1": "mar_1",
        "mar_10": "mar_10", "mar_100": "mar_100",
    }  # fmt: skip
    for name, other in pairs.items():
        assert found[name] == pytest.approx(theirs[other], abs=1e-6), name


def test_torchmetrics_classes(score):
    pairs = [
        {"id": str(i), "prediction": f"class{mine}", "label": f"class{true}"}
        for i, (mine, true) in enumerate(TORCH["classes"])
    ]
    found = score(pairs, task="classification", compat="torchmetrics")
    for name, value in TORCH["of_classes"].items():
        if name in found.scores:
            assert found[name] == pytest.approx(value, abs=TORCH["tolerance"]), name
    assert {row[0] for row in found.tables["compat"].rows} == {
        "accuracy", "precision_macro", "recall_macro", "f1_macro", "mcc", "cohen_kappa",
    }  # fmt: skip


def test_torchmetrics_perplexity(score):
    texts = [
        {"id": str(i), "token_logprobs": own}
        for i, own in enumerate(TORCH["of_tokens"]["log_probabilities"])
    ]
    found = score(texts, task="language_modeling", compat="torchmetrics")
    expected = pytest.approx(TORCH["of_tokens"]["perplexity"], rel=TORCH["tolerance"])
    assert found["perplexity"] == expected


@pytest.mark.parametrize(
    ("task", "data_set", "output", "theirs"),
    [
        ("docqa", "docvqa", "anls", "anls"),
        ("docqa", "infovqa", "anls", "anls"),
    ],
)
def test_lmms_eval_answers(score, task, data_set, output, theirs):
    found = score(rows(HARNESSES["answers"]), task=task, compat=f"lmms-eval:{data_set}")
    expected = [row[theirs] for row in HARNESSES["lmms"]["rows"]]
    assert found.items.scores[output].tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("data_set", "theirs"), [("gqa", "gqa"), ("chartqa", "chartqa")])
def test_lmms_eval_single_answers(score, data_set, theirs):
    items = [{**item, "references": item["references"][:1]} for item in HARNESSES["answers"]]
    found = score(rows(items), task="vqa", compat=f"lmms-eval:{data_set}")
    expected = [row[theirs] for row in HARNESSES["lmms"]["rows"]]
    assert found.items.scores[found.primary].tolist() == expected


def test_lmms_eval_takes_reasoning_out_its_own_way(score):
    texts = HARNESSES["lmms"]["reasoning"]
    items = [{"prediction": row["text"], "references": ["x"]} for row in texts]
    found = score(rows(items), task="docqa", compat="lmms-eval:docvqa")
    assert list(found.items.predictions) == [row["answer"] for row in texts]


@pytest.mark.parametrize(
    ("task", "data_set", "theirs"),
    [
        ("vqa", "textvqa", "TextVQA"),
        ("vqa", "ocrvqa", "OCRVQA"),
        ("vqa", "chartqa", "ChartQA"),
        ("docqa", "docvqa", "DocVQA"),
    ],
)
def test_vlmevalkit_answers(score, task, data_set, theirs):
    found = score(rows(HARNESSES["answers"]), task=task, compat=f"vlmevalkit:{data_set}")
    expected = [row[theirs] for row in HARNESSES["vlmevalkit"]]
    assert found.items.scores[found.primary].tolist() == pytest.approx(expected, abs=1e-12)
    value = next(row[3] for row in found.tables["compat"].rows)
    assert value == pytest.approx(100 * mean(HARNESSES["vlmevalkit"], theirs), abs=1e-9)


def test_vlmevalkit_captions_are_scored_as_they_are(score):
    found = score(rows(HARNESSES["captions"]), task="captioning", compat="vlmevalkit")
    for name, value in HARNESSES["of_captions"].items():
        assert found[name] == pytest.approx(value, abs=1e-12), name


def choices():
    return [
        {"id": str(i), "prediction": item["prediction"], "answer": "A",
         **dict(zip("ABCDE", item["options"], strict=False))}
        for i, item in enumerate(HARNESSES["choices"])
    ]  # fmt: skip


def test_vlmevalkit_choices(score):
    found = score(choices(), task="choice", compat="vlmevalkit:ms-vlmeval")
    expected = [float(one["ms-vlmeval"] == "A") for one in HARNESSES["of_choices"]]
    assert found.items.scores[found.primary].tolist() == expected


def test_vlmevalkit_of_the_repository_looks_for_answer_is(score):
    one = {"id": "1", "prediction": "the answer is B, as the A is red in this long text of mine",
           "answer": "B", "A": "red", "B": "blue"}  # fmt: skip
    assert score([one], task="choice", compat="vlmevalkit")["choice_accuracy"] == 1.0
    assert score([one], task="choice", compat="vlmevalkit:ms-vlmeval")["choice_accuracy"] == 0.0


def test_lmms_eval_choices_where_it_does_not_draw(score):
    found = score(choices(), task="choice", compat="lmms-eval")
    expected = [float(one["lmms"] == "A") for one in HARNESSES["of_choices"]]
    assert found.items.scores[found.primary].tolist() == expected
    drawn = sum(one["lmms"] == "drawn" for one in HARNESSES["of_choices"])
    assert drawn > 100
    assert any(f"{drawn:,}" in warning.message for warning in found.warnings)


def test_lmms_eval_shares_an_extractor_of_four_options(score):
    found = score(choices(), task="choice", compat="lmms-eval:erqa")
    theirs = HARNESSES["of_choices"]
    assert found.items.scores[found.primary].tolist() == [
        float(one["lmms-mcq"] == "A") for one in theirs
    ]


# What --compat takes, and refuses ------------------------------------------------------------


def test_every_number_can_be_built():
    for tool in tools().values():
        assert set(tool.tasks) <= set(NAMES)
        for coverage in tool.tasks.values():
            assert coverage.numbers
            assert all(build(number.spec) for number in coverage.numbers)


def test_names_list_tools_and_data_sets():
    assert {"pycocoevalcap", "lmms-eval:textvqa", "vlmevalkit:chartqa"} <= set(names())


ANSWERS = [{"id": "1", "question": "q", "prediction": "a cat", "answers": ["cat"] * 10}]


def test_a_tool_that_does_not_do_the_task_names_those_that_do(score):
    with pytest.raises(UsageError) as refused:
        score(ANSWERS, compat="pycocoevalcap")
    assert "the task is vqa" in refused.value.message
    assert "captioning" in refused.value.message
    assert "vqa-official" in refused.value.hint


def test_a_named_task_is_refused_before_files_are_read():
    with pytest.raises(UsageError, match="for captioning, text"):
        api.score("no-such-file.jsonl", task="vqa", compat="pycocoevalcap")


def test_an_unknown_tool_is_refused(score):
    with pytest.raises(UsageError, match='unknown tool "lmms_eval"'):
        score(ANSWERS, compat="lmms_eval")


def test_an_unknown_data_set_lists_those_of_the_task(score):
    with pytest.raises(UsageError, match="vqav2, textvqa, vizwiz"):
        score(ANSWERS, compat="lmms-eval:docvqa")


def test_metrics_beside_it_are_refused(score):
    with pytest.raises(UsageError, match="got both"):
        score(ANSWERS, compat="lmms-eval", metrics="anls")


def test_an_explanation_needs_a_tool(score):
    with pytest.raises(UsageError, match="--explain-diff without --compat"):
        score(ANSWERS, explain_diff=True)


def test_the_result_records_the_tool(score):
    found = score(ANSWERS, compat="lmms-eval:textvqa")
    record = {"tool": "lmms-eval", "version": "0.7.3", "data_set": "textvqa"}
    assert found.signature.recorded["compat"] == record
    assert found.signature.comparable["reasoning"] == "lmms-eval"
    assert list(found.scores) == ["vqa_accuracy[variant=m4c]"]
    assert any("numbers of lmms-eval (0.7.3) on textvqa" in note for note in found.notes)


def test_the_layout_of_a_file_names_the_data_set(tmp_path):
    references = {"data": [{"question_id": 1, "question": "q", "answers": ["cat"] * 10}]}
    (tmp_path / "refs.json").write_text(json.dumps(references))
    (tmp_path / "preds.jsonl").write_text('{"question_id": 1, "prediction": "cat"}\n')
    found = api.score(
        tmp_path / "preds.jsonl", tmp_path / "refs.json", compat="vlmevalkit", resamples=0
    )
    assert list(found.scores) == ["vqa_accuracy[variant=vlmevalkit]"]


def test_what_is_not_available_is_listed_with_its_reason(score, monkeypatch):
    monkeypatch.setattr(compat, "lacking", lacks_tables)
    captions = [{"id": str(i), "prediction": "a dog", "captions": ["a dog"]} for i in range(3)]
    found = score(captions, task="captioning", compat="pycocoevalcap")
    missing = {row[1]: row[4] for row in found.tables["compat"].rows if row[0] == "not available"}
    assert missing["METEOR"] == missing["SPICE"] == "no tables"
    assert all(missing.values())
    assert "cider" in found.scores
    assert "meteor_1_5" not in found.scores


def test_reasoning_is_part_of_the_answer_where_the_tool_takes_none_out(score):
    item = {**ANSWERS[0], "prediction": "<think>x</think> cat"}
    assert score([item], compat="vqa-official:vqav2")["vqa_accuracy"] == 0.0
    assert score([item], compat="lmms-eval:vqav2")["vqa_accuracy"] == 1.0


def test_a_caption_that_shifts_the_others_is_warned_of(score, monkeypatch):
    monkeypatch.setattr(compat, "lacking", lacks_tables)
    captions = [{"id": "1", "prediction": "a\rdog", "captions": ["plan B."]}] + [
        {"id": str(i), "prediction": "a dog", "captions": ["a dog"]} for i in range(2, 4)
    ]
    found = score(captions, task="captioning", compat="pycocoevalcap")
    told = [warning.message for warning in found.warnings if warning.code == "compat_differs"]
    assert len(told) == 2
    assert "1 caption with a line break" in told[0]
    assert "1 caption ending in a single letter" in told[1]
