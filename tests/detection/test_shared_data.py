"""Public data sets as they are: what is recognised in them and how they join."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from vlmeval_cli.detection import Side, detect
from vlmeval_cli.joining import collect, join, join_one_file
from vlmeval_cli.parsing.texts import reference_texts
from vlmeval_cli.readers import open_source

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def opened(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"shared data {name} is not beside the repository")
    source = open_source(str(path))
    head = [row.fields for row in islice(source.rows(), 10_000)]
    return source, Side(source.path, source.layout, head)


def look(predictions, references=None, **choices):
    mine, my_side = opened(predictions)
    if references is None:
        found = detect(my_side, None)
        rows = collect(mine, found.prediction_names)
        return found, join_one_file(rows, found.fields)
    theirs, their_side = opened(references)
    found = detect(my_side, their_side)
    rows = collect(mine, found.prediction_names)
    golds = collect(theirs, found.reference_names)
    return found, join(rows, golds, found.fields, **choices)


def values(found):
    return found.fields.predictions.value, found.fields.references.value


def test_flickr8k_captions():
    found, met = look("flickr8k/preds.jsonl", "flickr8k/refs.jsonl")
    assert (found.task, values(found)) == ("captioning", ("prediction", "references"))
    assert len(met.dataset) == met.report.matched == 2000


def test_captions_by_id():
    names = ("clipscore_example/good_captions.json", "clipscore_example/refs.json")
    found, met = look(*names)
    assert (found.task, values(found)) == ("captioning", ("value", "value"))
    assert met.dataset.ids == ["image1", "image2"]


@pytest.mark.parametrize("name", ["zero_shot", "finetuned"])
def test_textvqa_in_one_file(name):
    found, met = look(f"textvqa/{name}.jsonl.gz")
    assert (found.task, values(found)) == ("vqa", ("prediction", "answers"))
    assert len(met.dataset) == 5000
    assert Counter(map(len, met.dataset.references)) == {10: 5000}


@pytest.mark.parametrize("name", ["llama_scout", "qwen2_vl_2b_instruct", "qwen2_vl_7b_instruct"])
def test_docvqa_in_one_file(name):
    found, met = look(f"docvqa/{name}.json.gz")
    assert (found.task, values(found)) == ("docqa", ("predicted_answer", "ground_truth"))
    assert len(met.dataset) == 1000


def test_mmmu_letters():
    found, met = look("mmmu/llava1.5_13b_total_val_output.json", "mmmu/answer_dict_val.json")
    assert (found.task, values(found)) == ("choice", ("value", "ground_truth"))
    assert met.report.matched == 900


def test_squad_keeps_the_empty_answer():
    found, met = look("squad/bert.json", "squad/gold_v2_dev_1407.json")
    assert (found.task, values(found)) == ("vqa", ("value", "answers"))
    assert met.report.matched == 1407
    assert met.report.no_reference == 0
    texts = reference_texts(met.dataset.references, "answers", str, empty_is_answer=True)
    assert texts.values == met.dataset.references


def test_vqav2_annotations_have_ten_answers():
    source, side = opened("vqav2/annotations_valid.json.gz")
    results = Side("preds", side.layout.__class__("jsonl", ""), [{"question_id": 1, "answer": "x"}])
    found = detect(results, side)
    assert (found.task, values(found)) == ("vqa", ("answer", "answers"))
    column = collect(source, ["answers"])["answers"]
    assert Counter(map(len, reference_texts(column, "answers", str).values)) == {10: 8977}


def test_coco_detection_groups_boxes_by_image():
    names = (
        "coco_detection/instances_val2014_fakebbox100_results.json",
        "coco_detection/instances_val2014_100.json",
    )
    found, met = look(*names, repeats="list_or_empty")
    assert (found.task, values(found)) == ("grounding", ("boxes", "boxes"))
    assert met.report.missing == 0
    assert [len(own) for own in met.dataset.predictions].count(0) == 1
    boxes = [box for own in met.dataset.predictions for row in own for box in row]
    assert len(boxes) == 734
    assert all(len(box["bbox"]) == 4 for box in boxes)
