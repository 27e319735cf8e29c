"""Layouts are known by their content and give rows with the fields that matter."""

import gzip
import json
import random
from pathlib import Path

import pytest

from vlmeval_cli.readers import open_source

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def source(tmp_path):
    """A source of the given text or JSON value."""

    def make(content, **options):
        path = tmp_path / "input"
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8", newline="")
        return open_source(str(path), **options)

    return make


def fields(source):
    return [row.fields for row in source.rows()]


def seen(source):
    layout = source.layout
    return layout.name, layout.task, dict(layout.roles), layout.side


GENERAL = {
    "lines": ('{"id": 1, "x": "a"}\n{"id": 2, "x": "b"}\n', "jsonl"),
    "one line": ('{"id": 1, "x": "a"}', "jsonl"),
    "lines after noise": ('loading, please wait\n{"id": 1}\n{"id": 2}\n', "jsonl"),
    "array": ('[{"id": 1}, {"id": 2}]', "json_array"),
    "printed array": ('[\n{"id": 1}\n]', "json_array"),
    "printed object": ('{\n "id": 1,\n "x": "a"\n}', "json_array"),
    "wrapped array": ('{"model": "m", "results": [{"id": 1}]}', "json_array"),
    "texts by id": ('{"img1": "a dog", "img2": "a cat"}', "json_by_id"),
    "one text by id": ('{"img1": "a dog"}', "json_by_id"),
    "lists by id": ('{"img1": ["a dog"], "img2": ["a cat", "cat"]}', "json_by_id"),
    "boxes by id": ('{"img1": [{"b": 1}], "img2": [{"b": 2}]}', "json_by_id"),
    "commas": ("id,caption\n1,a dog\n", "csv"),
    "semicolons": ("id;caption\n1;a dog, a cat\n", "csv"),
    "bars": ("id|caption\n1|a dog\n", "csv"),
    "tabs": ("id\tcaption\n1\ta dog, a cat\n", "tsv"),
    "tabs and bare quotes": ('id\tcaption\n1\t"a dog" barks\n2\t5" cat\n', "tsv"),
}


@pytest.mark.parametrize(("content", "name"), GENERAL.values(), ids=GENERAL.keys())
def test_general_layout_is_known_by_content(source, content, name):
    assert source(content, on_bad_row="skip").layout.name == name


def test_by_id_gives_ids_and_values(source):
    found = source({"a": "x", "b": {"y": 1}, "c": {"id": "c", "y": 2}, "d": {"id": 9}, "e": None})
    assert fields(found) == [
        {"id": "a", "value": "x"},
        {"id": "b", "y": 1},
        {"id": "c", "y": 2},
        {"key": "d", "id": 9},
        {"id": "e", "value": None},
    ]
    assert seen(found) == ("json_by_id", None, {"id": "id"}, None)


def test_by_id_keeps_an_id_that_is_there_twice(source):
    assert fields(source('{"a": "x", "b": "y", "a": "z"}')) == [
        {"id": "a", "value": "x"},
        {"id": "b", "value": "y"},
        {"id": "a", "value": "z"},
    ]


def test_bare_quotes_of_a_tab_table_are_text(source):
    found = source('id\tcaption\n1\t"a dog" barks\n2\t5" cat\n')
    assert [row["caption"] for row in fields(found)] == ['"a dog" barks', '5" cat']


def test_lines_of_a_table_are_where_its_rows_begin(source):
    found = source('id,caption\n1,"two\nlines"\n\n2,x\n')
    assert [row.line for row in found.rows()] == [2, 5]


def test_lines_of_jsonl_count_blank_ones(source):
    assert [row.line for row in source('\n{"id": 1}\n\n{"id": 2}\n').rows()] == [2, 4]


def test_places_are_lines_or_rows(source):
    assert source('{"id": 1}\n{"id": 2}').layout.where("p", 2) == "p:2"
    assert source([{"id": 1}]).layout.where("p", 2) == "p: row 2"


def test_rows_can_be_read_again_and_side_by_side(source):
    for content in ('{"id": 1}\n{"id": 2}', [{"id": 1}, {"id": 2}], {"a": "x", "b": "y"}):
        found = source(content)
        first, second = found.rows(), found.rows()
        assert [next(first), *second] == [next(found.rows()), *found.rows()]
        assert len(list(first)) == 1


CAPTIONS = {
    "images": [{"id": 7, "file_name": "a.jpg"}],
    "annotations": [
        {"id": 1, "image_id": 7, "caption": "a dog"},
        {"id": 2, "image_id": 7, "caption": "dog"},
    ],
}
VQA_ANNOTATIONS = {
    "annotations": [
        {
            "question_id": 10,
            "image_id": 7,
            "question_type": "what",
            "answer_type": "other",
            "multiple_choice_answer": "red",
            "answers": [
                {"answer": "red", "answer_confidence": "yes", "answer_id": 1},
                {"answer": "blue", "answer_confidence": "no", "answer_id": 2},
            ],
        }
    ]
}
QUESTION = {"id": "q1", "question": "who?", "answers": [{"text": "Ann", "answer_start": 3}]}
SQUAD_1 = {"version": "1.1", "data": [{"paragraphs": [{"context": "c", "qas": [QUESTION]}]}]}
UNANSWERED = {"id": "q2", "question": "why?", "answers": [], "is_impossible": True}
SQUAD_2 = {"version": "v2.0", "data": [{"paragraphs": [{"context": "c", "qas": [UNANSWERED]}]}]}
VIZWIZ = [
    {
        "image": "a.jpg",
        "question": "what?",
        "answers": [{"answer": "pen", "answer_confidence": "yes"}],
        "answer_type": "other",
        "answerable": 1,
    }
]
GQA = {"05": {"question": "is it?", "answer": "yes", "isBalanced": True, "imageId": "n1"}}
DOCVQA = {"dataset_name": "docvqa", "data": [{"questionId": 5, "question": "q", "answers": ["a"]}]}
TEXTVQA = {"data": [{"question_id": 3, "image_id": "x", "question": "q", "answers": ["a"] * 10}]}
KARPATHY = {
    "images": [
        {"filename": "a.jpg", "imgid": 0, "split": "test", "sentences": [{"raw": "a dog"}]},
    ],
    "dataset": "flickr8k",
}
HUMANEVAL = [
    {
        "task_id": "HumanEval/0",
        "prompt": "def f():",
        "canonical_solution": "  pass",
        "test": "check",
        "entry_point": "f",
    }
]
QA = {"id": "question_id", "question": "question", "references": "answers"}

SPECIAL = {
    "coco captions": (
        CAPTIONS,
        ("coco_captions", "captioning", {"id": "image_id", "references": "caption"}, "references"),
        {"file_name": "a.jpg", "id": 1, "image_id": 7, "caption": "a dog"},
    ),
    "coco captions results": (
        [{"image_id": 7, "caption": "a dog"}],
        (
            "coco_results",
            "captioning",
            {"id": "image_id", "prediction": "caption", "references": "caption"},
            None,
        ),
        {"image_id": 7, "caption": "a dog"},
    ),
    "coco instances": (
        {"images": [], "annotations": [{"image_id": 7, "bbox": [1, 2, 3, 4], "category_id": 1}]},
        ("coco_detection", "grounding", {"id": "image_id", "references": "boxes"}, "references"),
        {"image_id": 7, "boxes": [{"bbox": [1, 2, 3, 4], "category_id": 1}]},
    ),
    "coco detection results": (
        [{"image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}],
        (
            "coco_detection_results",
            "grounding",
            {"id": "image_id", "prediction": "boxes"},
            "predictions",
        ),
        {
            "image_id": 7,
            "boxes": [{"bbox": [1, 2, 3, 4], "category_id": 1, "score": 0.5}],
        },
    ),
    "karpathy": (
        KARPATHY,
        ("karpathy_captions", "captioning", {"references": "captions"}, "references"),
        {
            "filename": "a.jpg",
            "imgid": 0,
            "split": "test",
            "captions": ["a dog"],
            "image": "a.jpg",
        },
    ),
    "vqav2 annotations": (
        VQA_ANNOTATIONS,
        (
            "vqav2_annotations",
            "vqa",
            {"id": "question_id", "references": "answers"},
            "references",
        ),
        {**VQA_ANNOTATIONS["annotations"][0], "answers": ["red", "blue"]},
    ),
    "vqav2 questions": (
        {"questions": [{"question_id": 10, "image_id": 7, "question": "what?"}]},
        (
            "vqav2_questions",
            "vqa",
            {"id": "question_id", "question": "question"},
            "questions",
        ),
        {"question_id": 10, "image_id": 7, "question": "what?"},
    ),
    "vqav2 results": (
        [{"question_id": 10, "answer": "red"}],
        (
            "vqav2_results",
            "vqa",
            {"id": "question_id", "prediction": "answer", "references": "answer"},
            None,
        ),
        {"question_id": 10, "answer": "red"},
    ),
    "docvqa": (
        DOCVQA,
        (
            "docvqa",
            "docqa",
            {"id": "questionId", "question": "question", "references": "answers"},
            "references",
        ),
        {"questionId": 5, "question": "q", "answers": ["a"]},
    ),
    "textvqa": (
        TEXTVQA,
        ("textvqa", "vqa", {"question": "question", "references": "answers"}, "references"),
        TEXTVQA["data"][0],
    ),
    "squad v1": (
        SQUAD_1,
        ("squad_v1", "vqa", {**QA, "id": "id"}, "references"),
        {"context": "c", "id": "q1", "question": "who?", "answers": ["Ann"]},
    ),
    "squad v2": (
        SQUAD_2,
        ("squad_v2", "vqa", {**QA, "id": "id"}, "references"),
        {"context": "c", "id": "q2", "question": "why?", "answers": [""], "is_impossible": True},
    ),
    "vizwiz": (
        VIZWIZ,
        ("vizwiz", "vqa", {**QA, "id": "image"}, "references"),
        {**VIZWIZ[0], "answers": ["pen"]},
    ),
    "gqa": (
        GQA,
        (
            "gqa_questions",
            "vqa",
            {"id": "id", "question": "question", "references": "answer"},
            "references",
        ),
        {"id": "05", **GQA["05"]},
    ),
    "humaneval": (
        HUMANEVAL,
        (
            "humaneval",
            "code",
            {"id": "task_id", "references": "canonical_solution", "question": "prompt"},
            "references",
        ),
        HUMANEVAL[0],
    ),
    "humaneval samples": (
        [{"task_id": "HumanEval/0", "completion": "pass", "passed": True}],
        (
            "humaneval_samples",
            "code",
            {"id": "task_id", "prediction": "completion"},
            "predictions",
        ),
        {"task_id": "HumanEval/0", "completion": "pass", "passed": True},
    ),
    "alpaca eval": (
        [{"instruction": "i", "output_1": "a", "output_2": "b", "preference": 1.0}],
        (
            "alpaca_eval",
            "preference",
            {"prediction": "preference", "question": "instruction"},
            None,
        ),
        {"instruction": "i", "output_1": "a", "output_2": "b", "preference": 1.0},
    ),
    "llava answers": (
        '{"question_id": "a", "prompt": "p", "text": "t", "answer_id": "x", "model_id": "m", '
        '"metadata": {}}\n',
        (
            "llava_answers",
            None,
            {"id": "question_id", "prediction": "text", "question": "question"},
            "predictions",
        ),
        {
            "question_id": "a",
            "question": "p",
            "prompt": "p",
            "text": "t",
            "answer_id": "x",
            "model_id": "m",
            "metadata": {},
        },
    ),
    "vlmevalkit choices": (
        "index\tquestion\tA\tB\tanswer\tprediction\n0\tq\tNone\tNA\tA\tA.\n",
        (
            "vlmevalkit_choices",
            "choice",
            {
                "id": "index",
                "prediction": "prediction",
                "references": "answer",
                "question": "question",
            },
            None,
        ),
        {"index": "0", "question": "q", "A": "None", "B": "NA", "answer": "A", "prediction": "A."},
    ),
    "vlmevalkit answers": (
        "index\tquestion\tanswer\tprediction\n0\tq\t['a', 'b']\ta\n",
        (
            "vlmevalkit",
            None,
            {
                "id": "index",
                "prediction": "prediction",
                "references": "answer",
                "question": "question",
            },
            None,
        ),
        {"index": "0", "question": "q", "answer": ["a", "b"], "prediction": "a"},
    ),
    "lmms-eval samples": (
        '{"doc_id": 0, "target": "red", "input": "what?", "filtered_resps": "blue"}\n',
        (
            "harness_samples",
            None,
            {
                "id": "doc_id",
                "prediction": "filtered_resps",
                "references": "target",
                "question": "input",
            },
            None,
        ),
        {"doc_id": 0, "target": "red", "input": "what?", "filtered_resps": "blue"},
    ),
    "lmms-eval samples of questions with several answers": (
        '{"doc_id": 0, "target": "[\'red\', \'blue\']", "filtered_resps": "blue"}\n',
        (
            "harness_samples",
            None,
            {"id": "doc_id", "prediction": "filtered_resps", "references": "target"},
            None,
        ),
        {"doc_id": 0, "target": ["red", "blue"], "filtered_resps": "blue"},
    ),
    "lm-eval samples": (
        '{"doc_id": 0, "target": "red", "filtered_resps": ["blue"], "resps": [["blue"]]}\n',
        (
            "harness_samples",
            None,
            {"id": "doc_id", "prediction": "filtered_resps", "references": "target"},
            None,
        ),
        {"doc_id": 0, "target": "red", "filtered_resps": "blue", "resps": [["blue"]]},
    ),
    "openai batch": (
        '{"id": "batch_1", "custom_id": "a", "error": null, "response": {"status_code": 200, '
        '"body": {"choices": [{"message": {"content": "red"}, "finish_reason": "length"}]}}}\n',
        (
            "openai_batch",
            None,
            {"id": "custom_id", "prediction": "prediction"},
            "predictions",
        ),
        {
            "id": "batch_1",
            "custom_id": "a",
            "error": None,
            "prediction": "red",
            "finish_reason": "length",
        },
    ),
    "openai completions": (
        [{"id": "x", "choices": [{"message": {"content": [{"type": "text", "text": "red"}]}}]}],
        ("openai_completions", None, {"prediction": "prediction"}, None),
        {"id": "x", "prediction": "red"},
    ),
}


@pytest.mark.parametrize(("content", "layout", "row"), SPECIAL.values(), ids=SPECIAL.keys())
def test_special_layout_is_known_by_content(source, content, layout, row):
    found = source(content)
    assert seen(found) == layout
    assert fields(found)[0] == row
    assert fields(found)[0] == row, "a second pass gives the same"


def test_failed_request_of_a_batch_has_no_prediction(source):
    found = source(
        '{"custom_id": "a", "response": {"body": {"choices": [{"message": {"content": "x"}}]}}}\n'
        '{"custom_id": "b", "response": null, "error": {"code": "expired"}}\n'
        '{"custom_id": "c", "response": {"status_code": 400, "body": {"error": "bad"}}}\n'
    )
    assert [row["prediction"] for row in fields(found)] == ["x", None, None]
    assert [row.get("error") for row in fields(found)] == [None, {"code": "expired"}, "bad"]


@pytest.mark.parametrize("cell", ["[1, 2]", "[a", "['\\d']x]", "{'a': 1}", "[" * 9999 + "]"])
def test_cells_that_are_no_list_of_texts_stay_text(source, cell):
    rows = [{"index": 0, "question": "q", "answer": cell, "prediction": "x"}]
    assert fields(source(rows))[0]["answer"] == cell


def test_several_responses_stay_a_list(source):
    found = source('{"doc_id": 0, "target": "x", "filtered_resps": ["a", "b"]}\n')
    assert fields(found)[0]["filtered_resps"] == ["a", "b"]


@pytest.mark.parametrize(
    "row",
    [
        {"image_id": 1, "id": 2, "caption": "flattened annotation"},
        {"question_id": "a", "answer": "ids of another data set"},
        {"question_id": 1, "question": "q", "answer": "gold", "text": "output"},
        {"task_id": "sum", "completion": "text"},
        {"question_id": 1, "answer": ["phrase"], "bbox": [1, 2, 3, 4]},
    ],
    ids=lambda row: "-".join(row),
)
def test_rows_that_resemble_a_special_layout_stay_general(source, row):
    assert seen(source([row, row])) == ("json_array", None, {}, None)


SHARED_FILES = {
    "clipscore_example/refs.json": ("json_by_id", 2),
    "coco_detection/instances_val2014_100.json": ("coco_detection", 100),
    "coco_detection/instances_val2014_fakebbox100_results.json": ("coco_detection_results", 99),
    "docvqa/llama_scout.json.gz": ("json_array", 1000),
    "flickr8k/refs.jsonl": ("jsonl", 2000),
    "mmmu/answer_dict_val.json": ("json_by_id", 900),
    "squad/bert.json": ("json_by_id", 1407),
    "squad/gold_v2_dev_1407.json": ("squad_v2", 1407),
    "textvqa/zero_shot.jsonl.gz": ("jsonl", 5000),
    "vqav2/annotations_valid.json.gz": ("vqav2_annotations", 8977),
    "vqav2/questions_valid.json.gz": ("vqav2_questions", 8977),
}


@pytest.mark.parametrize(("name", "expected"), SHARED_FILES.items(), ids=SHARED_FILES.keys())
def test_published_files_are_recognised(name, expected):
    if not (SHARED / name).is_file():
        pytest.skip(f"{name} is not beside the repository")
    source = open_source(str(SHARED / name))
    assert (source.layout.name, sum(1 for _ in source.rows())) == expected


def test_gzip_is_known_by_its_bytes(tmp_path):
    path = tmp_path / "input.jsonl"
    path.write_bytes(gzip.compress(b'{"id": 1}\n') + gzip.compress(b'{"id": 2}\n'))
    assert fields(open_source(str(path))) == [{"id": 1}, {"id": 2}]


def test_lines_longer_and_shorter_than_blocks_come_out_whole(tmp_path):
    from vlmeval_cli.readers.content import open_content

    lengths = random.Random(5).choices([1, 7, 8, 9, 30, 100], k=200)
    lines = [b"x" * length + b"\n" for length in lengths]
    path = tmp_path / "input"
    path.write_bytes(b"".join(lines)[:-1])
    for size in (1, 8, 64):
        blocks = list(open_content(str(path)).line_blocks(size))
        assert b"".join(blocks) == b"".join(lines)[:-1]
        assert all(block.endswith(b"\n") for block in blocks[:-1])


def test_a_document_on_one_line_is_parsed_once(source, monkeypatch):
    from vlmeval_cli.readers import documents, opening

    parsed = []
    for module in (documents, opening):
        loads = module.exact_loads
        monkeypatch.setattr(
            module, "exact_loads", lambda text, loads=loads: parsed.append(text) or loads(text)
        )
    assert len(fields(source([{"id": number} for number in range(500)]))) == 500
    assert len(parsed) == 1
