"""The cases of the specification that must come out right, from files on disk."""

import json
from itertools import islice

import pytest

from vlmeval_cli.core.config import FieldChoice
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.detection import Side, detect
from vlmeval_cli.joining import collect, join, join_one_file
from vlmeval_cli.readers import open_source

TEN = ["dakota"] * 6 + ["nous les gosses", "clos", "dakota digital", "dakota dig"]
WORDS = "the quick brown fox jumps over the lazy dog while many other animals look at it and"
LONG = f"{WORDS} wonder why it never sleeps at all {WORDS}"


def side_of(source):
    return Side(source.path, source.layout, [row.fields for row in islice(source.rows(), 10_000)])


@pytest.fixture
def files(tmp_path):
    def write(name, content):
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content, "utf-8")
        elif name.endswith(".jsonl"):
            path.write_text("".join(json.dumps(row) + "\n" for row in content), "utf-8")
        else:
            path.write_text(json.dumps(content), "utf-8")
        return open_source(str(path))

    return write


@pytest.fixture
def recognise(files):
    def recognise(predictions, references=None, /, *, kind="jsonl", task=None, **named):
        mine = files(f"preds.{kind}", predictions)
        theirs = None if references is None else files(f"refs.{kind}", references)
        found = detect(
            side_of(mine),
            None if theirs is None else side_of(theirs),
            fields=FieldChoice(**named),
            task=task,
        )
        return found, mine, theirs

    return recognise


@pytest.fixture
def joined(recognise):
    def joined(predictions, references=None, **choices):
        found, mine, theirs = recognise(predictions, references, **choices)
        rows = collect(mine, found.prediction_names)
        if theirs is None:
            return found, join_one_file(rows, found.fields)
        return found, join(rows, collect(theirs, found.reference_names), found.fields)

    return joined


def fields_of(found):
    return found.fields.predictions.value, found.fields.references.value


@pytest.mark.parametrize(
    "cell", ['"[""a dog"", ""the dog""]"', "\"['a dog', 'the dog']\""], ids=["JSON", "Python"]
)
def test_lists_in_the_cells_of_a_table_are_several_references(joined, cell):
    found, met = joined("id,prediction\n1,a dog\n", f"id,captions\n1,{cell}\n", kind="csv")
    assert found.task == "captioning"
    assert met.dataset.references == [["a dog", "the dog"]]


def test_lists_in_the_texts_of_jsonl_stay_as_they_are_written(joined):
    refs = [{"id": 1, "captions": '["a dog", "the dog"]'}]
    assert joined([{"id": 1, "prediction": "x"}], refs)[1].dataset.references == [
        ['["a dog", "the dog"]']
    ]


def coco_annotations(n_images=2, n_captions=3):
    return {
        "images": [{"id": image} for image in range(n_images)],
        "annotations": [
            {"id": 900 + 10 * image + i, "image_id": image, "caption": f"caption {i} of {image}"}
            for i in range(n_captions)
            for image in range(n_images)
        ],
    }


def test_coco_captions_results_and_annotations(files, joined):
    results = [{"image_id": image, "caption": f"guess {image}"} for image in (1, 0)]
    found, met = joined(results, coco_annotations(), kind="json")
    assert found.task == "captioning"
    assert met.dataset.ids == ["0", "1"]
    assert met.dataset.predictions == ["guess 0", "guess 1"]
    assert met.dataset.references[1] == ["caption 0 of 1", "caption 1 of 1", "caption 2 of 1"]


def test_flattened_coco_rows_of_an_image_are_its_references(joined):
    flat = coco_annotations()["annotations"]
    found, met = joined([{"image_id": i, "caption": "guess"} for i in (0, 1)], flat)
    assert found.task == "captioning"
    assert found.ids[0].references == "image_id"
    assert [len(answers) for answers in met.dataset.references] == [3, 3]


def test_flattened_coco_is_joined_by_image_even_if_predictions_are_numbered(joined):
    flat = [{**row, "id": n} for n, row in enumerate(coco_annotations()["annotations"])]
    preds = [{"image_id": i, "id": n, "caption": f"guess {i}"} for n, i in enumerate((1, 0))]
    _, met = joined(preds, flat)
    assert met.dataset.ids == ["0", "1"]
    assert met.dataset.predictions == ["guess 0", "guess 1"]


def test_vqav2_results_and_annotations(joined):
    answers = [{"answer": a, "answer_confidence": "yes", "answer_id": n} for n, a in enumerate(TEN)]
    annotations = {
        "annotations": [
            {
                "question_id": 7, "image_id": 1, "question_type": "what",
                "answer_type": "other", "multiple_choice_answer": "dakota", "answers": answers,
            }
        ]
    }  # fmt: skip
    found, met = joined([{"question_id": 7, "answer": "dakota"}], annotations, kind="json")
    assert found.task == "vqa"
    assert met.dataset.references == [TEN]
    assert met.dataset.predictions == ["dakota"]


def test_vqav2_annotations_that_were_flattened_to_lines(recognise):
    answers = [{"answer": a, "answer_confidence": "yes", "answer_id": n} for n, a in enumerate(TEN)]
    refs = [{"question_id": 7, "question": "what?", "answers": answers}]
    found, *_ = recognise([{"question_id": 7, "answer": "dakota"}], refs)
    assert found.task == "vqa"


def test_one_textvqa_file_with_two_equal_ids(joined):
    row = {
        "id": "34602", "question_id": "34602", "image_id": "003a", "question": "what brand?",
        "answers": TEN, "target_answer": "dakota", "prediction": "dakota digital",
    }  # fmt: skip
    found, met = joined([row, {**row, "id": "34603", "question_id": "34603"}])
    assert found.task == "vqa"
    assert found.is_one_file
    assert fields_of(found) == ("prediction", "answers")
    assert met.dataset.ids == ["34602", "34603"]
    assert found.fields.references.image == "image_id"


def test_docvqa_file_half_with_one_answer(recognise):
    rows = [
        {
            "questionId": 49153 + n, "question": "What is it?", "image": "a.png",
            "predicted_answer": "0.27", "ground_truth": ["0.28"] if n % 2 else ["0.28", ".28"],
        }
        for n in range(10)
    ]  # fmt: skip
    found, *_ = recognise(rows)
    assert found.task == "docqa"
    assert fields_of(found) == ("predicted_answer", "ground_truth")


def test_rrc_answers_and_results(recognise):
    refs = [{"questionId": n, "answers": [f"{n}", f"number {n}"]} for n in range(4)]
    preds = [{"questionId": n, "answer": f"{n}"} for n in range(4)]
    found, *_ = recognise(preds, refs)
    assert found.task == "docqa"
    assert fields_of(found) == ("answer", "answers")


def test_mmmu_gold_by_id_and_letters_by_id(recognise):
    refs = {
        f"validation_{n}": {"question_type": "multiple-choice", "ground_truth": letter}
        for n, letter in enumerate("BCDA")
    } | {"validation_9": {"question_type": "open", "ground_truth": ["3.5", "3.50"]}}
    preds = dict.fromkeys(refs, "D")
    found, *_ = recognise(preds, refs, kind="json")
    assert found.task == "choice"
    assert fields_of(found) == ("value", "ground_truth")


@pytest.mark.parametrize(
    "reference", [{"captions": ["two dogs", "a pair of dogs"]}, {"caption": "two dogs"}]
)
def test_caption_against_captions_or_caption(recognise, reference):
    found, *_ = recognise([{"id": "a", "caption": "dogs"}], [{"id": "a", **reference}])
    assert found.task == "captioning"
    assert fields_of(found) == ("caption", next(iter(reference)))


def test_sst2_labels_in_both_files_of_ten_rows(joined):
    refs = [{"idx": n, "sentence": f"text {n}", "label": n % 2} for n in range(10)]
    preds = [{"idx": n, "label": 1} for n in reversed(range(10))]
    found, met = joined(preds, refs)
    assert found.task == "classification"
    assert fields_of(found) == ("label", "label")
    assert met.dataset.references[:3] == [[0], [1], [0]]


def test_classifier_output_with_its_input_text(recognise):
    preds = [{"id": n, "text": "it was fine", "label": "pos", "score": 0.9} for n in range(3)]
    refs = [{"id": n, "label": "neg"} for n in range(3)]
    found, *_ = recognise(preds, refs)
    assert found.task == "classification"
    assert fields_of(found) == ("label", "label")


def test_imagenet_with_a_thousand_labels(recognise):
    refs = [{"image": f"{n}.jpg", "label": f"class {n}"} for n in range(1000)]
    preds = [{"image": f"{n}.jpg", "prediction": "class 1"} for n in range(1000)]
    assert recognise(preds, refs)[0].task == "classification"


def test_summaries_are_text_although_there_is_a_prompt(recognise):
    refs = [{"id": n, "prompt": f"Summarize page {n}", "answer": LONG} for n in range(5)]
    preds = [{"id": n, "prediction": "short"} for n in range(5)]
    assert recognise(preds, refs)[0].task == "text"


def test_translations_with_source_are_undecidable_and_say_text(recognise):
    refs = [
        {"id": n, "source": "der Hund", "references": ["the dog runs over grass", f"a dog is {n}"]}
        for n in range(5)
    ]
    preds = [{"id": n, "prediction": "the dog"} for n in range(5)]
    with pytest.raises(UsageError, match="source") as error:
        recognise(preds, refs)
    assert "--task: text" in error.value.hint


def test_invoices_are_whole_rows_less_their_id(joined):
    refs = [{"id": n, "company": "ACME", "date": "1/2/3", "total": "9.00"} for n in range(3)]
    preds = [{"id": n, "prediction": '{"company": "ACME"}'} for n in range(3)]
    found, met = joined(preds, refs)
    assert found.task == "freeform"
    assert fields_of(found) == ("prediction", ".")
    assert met.dataset.references[0] == [{"company": "ACME", "date": "1/2/3", "total": "9.00"}]


def test_donut_ground_truth_is_a_document_in_a_string(recognise):
    refs = [{"id": n, "ground_truth": '{"gt_parse": {"total": "9"}}'} for n in range(3)]
    preds = [{"id": n, "prediction": "total 9"} for n in range(3)]
    assert recognise(preds, refs)[0].task == "freeform"


@pytest.mark.parametrize("text", ["total: 9\ndate: today", "item,price\ntea,2\ncake,3"])
def test_yaml_mappings_and_csv_tables_are_documents(recognise, text):
    refs = [{"id": n, "reference": text} for n in range(3)]
    assert recognise([{"id": n, "prediction": "x"} for n in range(3)], refs)[0].task == "freeform"


def test_refcoco_phrases_of_one_image_make_a_composite_id(joined):
    refs = [
        {"image": "a.jpg", "sent": sent, "bbox": [n, 2, 3, 4]}
        for n, sent in enumerate(["left dog", "right dog"])
    ]
    preds = [{"image": r["image"], "sent": r["sent"], "bbox": [0, 0, 1, 1]} for r in refs[::-1]]
    found, met = joined(preds, refs)
    assert found.task == "grounding"
    assert met.dataset.ids == ["a.jpg | left dog", "a.jpg | right dog"]
    assert met.dataset.references == [[[0, 2, 3, 4]], [[1, 2, 3, 4]]]


def test_lmms_refcoco_is_grounding_by_its_box(recognise):
    refs = [{"question_id": n, "answer": ["left dog", "dog"], "bbox": [1, 2, 3, 4]} for n in (1, 2)]
    preds = [{"question_id": n, "prediction": "[1, 2, 3, 4]"} for n in (1, 2)]
    found, *_ = recognise(preds, refs)
    assert (found.task, fields_of(found)[1]) == ("grounding", "bbox")


def test_detection_without_boxes_for_an_image_is_an_empty_list(recognise):
    refs = {
        "images": [{"id": 1}, {"id": 2}],
        "annotations": [
            {"id": n, "image_id": image, "bbox": [n, 2, 3, 4], "category_id": 1}
            for n, image in enumerate((1, 1, 2))
        ],
    }
    preds = [
        {"image_id": 1, "category_id": 1, "bbox": [n, 2, 3, 4], "score": 0.5} for n in range(2)
    ]
    found, mine, theirs = recognise(preds, refs, kind="json")
    rows, golds = collect(mine, found.prediction_names), collect(theirs, found.reference_names)
    met = join(rows, golds, found.fields, repeats="list_or_empty")
    assert found.task == "grounding"
    predictions = met.dataset.predictions  # the rows of each id, of which the reader makes one
    corners = [[box["bbox"] for boxes in own for box in boxes] for own in predictions]
    assert corners == [[[0, 2, 3, 4], [1, 2, 3, 4]], []]
    assert met.report.missing == 0


def test_humaneval_samples_alone_are_code_without_references(recognise):
    rows = [{"task_id": f"HumanEval/{n}", "completion": "pass", "passed": True} for n in range(3)]
    found, *_ = recognise(rows)
    assert found.task == "code"
    assert fields_of(found) == ("completion", None)


def test_log_probabilities_beside_text_references_are_no_language_modeling(recognise):
    refs = [{"id": n, "question": f"what {n}?", "answer": f"word{n}"} for n in range(30)]
    preds = [{"id": n, "text": "word", "logprobs": {"content": []}} for n in range(30)]
    assert recognise(preds, refs)[0].task == "vqa"


def test_losses_without_references_are_language_modeling(recognise):
    rows = [{"id": n, "token_logprobs": [-0.1, -0.2]} for n in range(3)]
    assert recognise(rows)[0].task == "language_modeling"


def test_rows_of_losses_are_language_modeling_and_no_documents(recognise):
    preds = [{"id": n, "nll": 30.0, "n_tokens": 10, "domain": "a"} for n in range(3)]
    refs = [{"id": n, "loss": 2.0, "n_tokens": 10, "text": "abc"} for n in range(3)]
    for one, other in ((preds, refs), (refs, preds), (preds, preds)):
        assert recognise(one, other)[0].task == "language_modeling"
    texts = [{"id": n, "reference": f"text {n}", "domain": "a"} for n in range(3)]
    assert recognise(preds, texts)[0].task == "language_modeling"


def test_documents_with_a_loss_are_documents(recognise):
    rows = [{"id": n, "company": "ACME", "year": 2020 + n, "loss": 1.5 * n} for n in range(3)]
    found, *_ = recognise(rows, rows)
    assert found.task == "freeform"
    assert fields_of(found) == (".", ".")


def test_openai_choices_are_no_options(joined):
    preds = [
        {"custom_id": f"q{n}", "choices": [{"message": {"content": "a dog"}}]} for n in range(3)
    ]
    refs = [{"id": f"q{n}", "question": f"what {n}?", "answer": f"dog {n}"} for n in range(3)]
    found, met = joined(preds, refs)
    assert found.task == "vqa"
    assert met.dataset.predictions == ["a dog"] * 3


def test_passed_beside_text_references_is_no_code(recognise):
    rows = [
        {"id": n, "question": f"{n}?", "prediction": "x", "answer": f"{n}", "passed": False}
        for n in range(30)
    ]
    assert recognise(rows)[0].task == "vqa"


def test_dump_with_gold_answer_and_output_in_text(recognise):
    preds = [
        {"question_id": n, "question": f"{n}?", "answer": f"gold {n}", "text": f"output {n}"}
        for n in range(3)
    ]
    refs = [{"question_id": n, "question": f"{n}?", "answers": [f"gold {n}"]} for n in range(3)]
    assert fields_of(recognise(preds, refs)[0]) == ("text", "answers")


def test_dump_whose_gold_is_called_like_the_references_is_refused(recognise):
    preds = [
        {"question_id": n, "question": f"{n}?", "answer": f"gold {n}", "text": f"output {n}"}
        for n in range(3)
    ]
    refs = [{"question_id": n, "question": f"{n}?", "answer": f"gold {n}"} for n in range(3)]
    with pytest.raises(UsageError, match='"answer" equals the references') as error:
        recognise(preds, refs)
    assert "--prediction-field text" in error.value.hint
    found, *_ = recognise(preds, refs, prediction="text")
    assert fields_of(found) == ("text", "answer")


@pytest.mark.parametrize(
    "gold",
    [
        lambda n: {"bbox": [n, 2, 30 + n, 40]},
        lambda n: {"answer": f"gold {n}"},
        lambda n: {"label": "cat" if n % 2 else "dog"},
    ],
)
def test_gold_is_refused_beside_a_text_whose_name_nobody_knows(recognise, gold):
    refs = [{"id": n, "question": f"Where is {n}?", **gold(n)} for n in range(4)]
    preds = [{**row, "model_answer": f"it is {n}"} for n, row in enumerate(refs)]
    (name,) = gold(0)
    with pytest.raises(UsageError, match=f'"{name}" equals the references .*"model_answer"') as e:
        recognise(preds, refs)
    assert "--prediction-field model_answer" in e.value.hint
    assert fields_of(recognise(preds, refs, prediction=name)[0]) == (name, name)


@pytest.mark.parametrize(
    "more",
    [
        lambda n: {"model": "base"},  # the same everywhere
        lambda n: {"image": f"{n}.png"},  # an input
        lambda n: {"caption_source": f"s{n}"},  # the references have it too
        lambda n: {"seconds": n / 7},  # no text
    ],
)
def test_a_perfect_model_is_scored_where_no_other_field_can_be_its_output(recognise, more):
    refs = [
        {"id": n, "question": f"{n}?", "answer": f"a {n}", "caption_source": f"s{n}"}
        for n in range(4)
    ]
    preds = [{"id": n, "answer": f"a {n}", **more(n)} for n in range(4)]
    assert fields_of(recognise(preds, refs)[0]) == ("answer", "answer")


@pytest.mark.parametrize(
    ("predictions", "references", "kind"),
    [
        ([{"id": "a", "references": ["x", "y"]}], [{"id": "a", "prediction": "x"}], "jsonl"),
        ([{"id": "a", "captions": ["x", "y"]}], [{"id": "a", "caption": "x"}], "jsonl"),
        ([{"question_id": "a", "question": "?", "answers": TEN}],
         [{"question_id": "a", "answer": "x"}], "jsonl"),
        (coco_annotations(), [{"image_id": 0, "caption": "x"}, {"image_id": 1, "caption": "y"}],
         "json"),
        ({"a": ["x", "y"], "b": ["z"]}, {"a": "x", "b": "y"}, "json"),
        ({"a": {"question_type": "open", "ground_truth": "B"}}, {"a": "B"}, "json"),
    ],
)  # fmt: skip
def test_swapped_files_are_told_with_the_right_command(recognise, predictions, references, kind):
    with pytest.raises(DataError, match="swapped") as error:
        recognise(predictions, references, kind=kind)
    names = [error.value.hint.index(f"{name}.{kind}") for name in ("refs", "preds")]
    assert names == sorted(names)


def test_a_category_beside_options_is_the_topic_and_no_answer(recognise):
    rows = [
        {"id": n, "question": "q?", "options": ["red", "blue"], "answer": "A", "category": "art"}
        for n in range(4)
    ]
    found, *_ = recognise([{"id": n, "prediction": "B"} for n in range(4)], rows)
    assert (found.task, fields_of(found)) == ("choice", ("prediction", "answer"))


@pytest.mark.parametrize(
    "options",
    [
        {"options": {"a": "red", "b": "blue"}},
        {"options": [3, 5, 7, 9]},
        {"options": ["red", None, "blue"]},
        {"choices": {"text": ["red", "blue"], "label": ["1", "2"]}},
    ],
)
def test_options_of_every_kind_make_a_choice(recognise, options):
    refs = [{"id": n, "question": f"{n}?", "answer": "1", **options} for n in range(4)]
    found, *_ = recognise([{"id": n, "prediction": "B"} for n in range(4)], refs)
    assert found.task == "choice"
    assert not found.notes  # recorded options are no open answers, whatever the references are


def arc(n, **more):
    choices = {"text": ["red", "blue"], "label": ["A", "B"]}
    return {"id": f"q{n}", "question": f"{n}?", "choices": choices, "answerKey": "AB"[n], **more}


@pytest.mark.parametrize("is_nested", [False, True])
def test_arc_has_its_answers_in_answerkey(recognise, is_nested):
    refs = [arc(n) for n in range(2)]
    if is_nested:  # as the files of AI2 have it
        refs = [
            {
                "id": row["id"],
                "answerKey": row["answerKey"],
                "question": {
                    "stem": row["question"],
                    "choices": [{"text": "red", "label": "A"}, {"text": "blue", "label": "B"}],
                },
            }
            for row in refs
        ]
    found, _, theirs = recognise([{"id": f"q{n}", "prediction": "B"} for n in range(2)], refs)
    assert (found.task, found.fields.references.value) == ("choice", "answerKey")
    assert found.fields.references.options == "choices"
    assert [row.fields["question"] for row in theirs.rows()] == ["0?", "1?"]


def test_a_dump_of_arc_rows_keeps_its_prediction(recognise):
    found, *_ = recognise([arc(n, output="A") for n in range(2)], [arc(n) for n in range(2)])
    assert fields_of(found) == ("output", "answerKey")


def test_open_answers_without_options_are_counted(recognise):
    golds = [*"ABCDABCDA", "12 m"]
    refs = [{"id": n, "answer": gold} for n, gold in enumerate(golds)]
    found, *_ = recognise([{"id": n, "prediction": "B"} for n in range(10)], refs)
    assert found.task == "choice"
    assert "1 of 10 references looked at are no letters" in found.notes[0]


OBJECT = {"bbox": [1, 2, 30, 40], "label": "cat"}


@pytest.mark.parametrize(
    "reference",
    [
        {"objects": [OBJECT]},
        {"objects": {"bbox": [[1, 2, 30, 40]], "category": [0]}},
        {"answer": '[{"bbox_2d": [1, 2, 30, 40], "label": "cat"}]'},
        {"answer": '```json\n[{"bbox_2d": [1, 2, 30, 40]}]\n```'},
        {"answer": "<answer>[1, 2, 30, 40]</answer>"},
        {"answer": "<loc0010><loc0020><loc0300><loc0400> cat"},
        {"answer": "cat<loc_10><loc_20><loc_300><loc_400>"},
        {"answer": "<ref>the cat</ref><box>(10,20),(300,400)</box>"},
        {"answer": "<|box_start|>(10,20),(300,400)<|box_end|>"},
    ],
    ids=str,
)
def test_references_that_write_boxes_are_grounding(recognise, reference):
    refs = [{"id": n, "question": f"Where is {n}?", **reference} for n in range(3)]
    preds = [{"id": n, "prediction": "[1, 2, 30, 41]"} for n in range(3)]
    found, *_ = recognise(preds, refs)
    assert (found.task, found.fields.references.value) == ("grounding", next(iter(reference)))


def test_images_without_objects_are_among_those_with_some(recognise):
    refs = [{"image_id": n, "objects": [OBJECT] * n} for n in range(3)]
    found, *_ = recognise([{"image_id": n, "prediction": "[]"} for n in range(3)], refs)
    assert (found.task, found.fields.references.value) == ("grounding", "objects")


@pytest.mark.parametrize(
    "objects", [[{"name": "cat", "count": 2}], ["cat"], {"cat": 2}, "two cats"], ids=str
)
def test_objects_without_boxes_are_no_layout(files, objects):
    assert files("refs.jsonl", [{"id": 1, "objects": objects}] * 2).layout.name == "jsonl"
