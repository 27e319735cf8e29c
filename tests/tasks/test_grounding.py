"""Phrase grounding and detection, from files to scores."""

import json
import random

import pytest

from vlmeval_cli import api
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task
from vlmeval_cli.tasks.base import Facts

W, H = 640, 480
EXPRESSIONS = ("acc_at_iou", "box_iou", "center_accuracy")


@pytest.fixture
def score(tmp_path):
    def write(name, content):
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content, "utf-8")
        elif name.endswith(".jsonl"):
            path.write_text("".join(json.dumps(row) + "\n" for row in content), "utf-8")
        else:
            path.write_text(json.dumps(content), "utf-8")
        return str(path)

    def score(predictions, references=None, kind="jsonl", **choices):
        files = [write(f"preds.{kind}", predictions)]
        if references is not None:
            files.append(write(f"refs.{kind}", references))
        return api.score(*files, resamples=0, **choices)

    return score


def true_boxes(n, seed=1):
    rng = random.Random(seed)
    found = []
    for _ in range(n):
        x, y = sorted(rng.sample(range(W + 1), 2)), sorted(rng.sample(range(H + 1), 2))
        found.append([x[0], y[0], x[1], y[1]])
    return found


def references(boxes, **more):
    return [{"id": i, "bbox": box, **more} for i, box in enumerate(boxes)]


SIZED = {"width": W, "height": H}


def grid(box, side=1000):
    return [round(v * side / own) for v, own in zip(box, (W, H, W, H), strict=True)]


def test_expressions_are_scored_by_their_first_box(score):
    boxes = true_boxes(20)
    preds = [{"id": i, "prediction": str(box)} for i, box in enumerate(boxes)]
    found = score(preds, references(boxes, **SIZED))
    assert found.task == "grounding"
    assert (found.primary, found["acc_at_50"], found["mean_iou"]) == ("acc_at_50", 1.0, 1.0)
    assert found.outcomes["right"] == 20
    assert found.signature.recorded["inferred"]["box_format"] == "pixels"


def test_a_rejected_frame_is_told_with_its_score(score):
    boxes = true_boxes(20)
    preds = [{"id": i, "prediction": f'{{"bbox_2d": {grid(b)}}}'} for i, b in enumerate(boxes)]
    found = score(preds, references(boxes, **SIZED))
    (warning,) = [w.message for w in found.warnings if w.code == "rejected_readings"]
    assert warning.startswith("acc_at_50 is 1.0000 as read; read otherwise: qwen2.5-vl would give")


def test_the_frame_does_not_depend_on_the_references(score):
    boxes = true_boxes(20)
    preds = [{"id": i, "prediction": str(grid(b))} for i, b in enumerate(boxes)]
    read = score(preds, references(true_boxes(20, seed=9), **SIZED))
    assert read.signature.recorded["inferred"]["box_format"] == "1000"


def test_fractions_on_both_sides_need_no_sizes(score):
    boxes = [[0.1, 0.2, 0.5, 0.6], [0.0, 0.0, 1.0, 0.5]]
    preds = [{"id": i, "prediction": str(box)} for i, box in enumerate(boxes)]
    assert score(preds, references(boxes))["mean_iou"] == 1.0


def test_a_grid_needs_no_sizes_beside_fractions(score):
    preds = [{"id": 0, "prediction": "<loc0000><loc0000><loc1023><loc1023> x"}]
    assert score(preds, references([[0.0, 0.0, 1.0, 1.0]]))["mean_iou"] == 1.0


def test_a_grid_beside_pixels_needs_sizes(score):
    preds = [{"id": 0, "prediction": "<loc0000><loc0000><loc1023><loc1023> x"}]
    with pytest.raises(VlmevalError, match="predicted boxes are fractions") as error:
        score(preds, references([[0, 0, 640, 480]]))
    assert "width/height" in error.value.hint


def test_phrases_of_one_image_have_composite_ids(score):
    refs = [{"image": "a.jpg", "sent": s, "bbox": [n, 2, 30, 40]} for n, s in enumerate("xyz")]
    preds = [{"image": r["image"], "sent": r["sent"], "prediction": str(r["bbox"])} for r in refs]
    found = score(preds[::-1], refs, box_format="pixels")
    assert found.items.ids == ["a.jpg | x", "a.jpg | y", "a.jpg | z"]
    assert found["mean_iou"] == 1.0


def test_lmms_refcoco_has_widths_and_heights(score):
    refs = [{"question_id": n, "answer": ["left dog"], "bbox": [10 * n, 20, 300, 200], **SIZED}
            for n in range(3)]  # fmt: skip
    preds = [{"question_id": n, "prediction": f"[{10 * n}, 20, {10 * n + 300}, 220]"}
             for n in range(3)]  # fmt: skip
    found = score(preds, refs, box_format="pixels")
    assert found["mean_iou"] == 1.0
    assert any("lmms-eval's RefCOCO layout" in note for note in found.notes)


def test_references_that_would_be_swapped_are_widths_and_heights(score):
    boxes = true_boxes(20)
    refs = references([[a, b, c - a, d - b] for a, b, c, d in boxes], **SIZED)
    preds = [{"id": i, "prediction": str(box)} for i, box in enumerate(boxes)]
    assert score(preds, refs)["mean_iou"] == 1.0


def test_the_frame_of_the_references_can_be_named(score):
    boxes = true_boxes(20)
    refs = references([grid(box) for box in boxes], **SIZED)
    preds = [{"id": i, "prediction": str(box)} for i, box in enumerate(boxes)]
    with pytest.raises(VlmevalError, match="a reference box lies beyond its image"):
        score(preds, refs)
    assert score(preds, refs, box_format="/1000")["mean_iou"] > 0.98


def test_the_format_of_the_references_must_be_the_same_to_compare_runs(score):
    preds, refs = [{"id": 0, "prediction": "[10, 20, 30, 40]"}], references([[10, 20, 30, 40]])
    formats = {
        name: score(preds, refs, box_format=name).signature.comparable["reference_format"]
        for name in ("pixels", "pixels/xywh-pixels", "1000/1000")
    }
    assert formats == {
        "pixels": "pixels", "pixels/xywh-pixels": "xywh-pixels", "1000/1000": "1000",
    }  # fmt: skip


ANSWERS = [
    lambda box: str(box),
    lambda box: f'{{"bbox_2d": {grid(box)}}}',
    lambda box: "<ref>x</ref><box>({},{}),({},{})</box>".format(*grid(box, 999)),
    lambda box: "({},{}),({},{})".format(*grid(box)),
    lambda box: {"x": box[0], "y": box[1], "w": box[2] - box[0], "h": box[3] - box[1]},
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_other_references_change_no_reading(score, answer):
    boxes = true_boxes(30)
    preds = [{"id": i, "prediction": answer(box)} for i, box in enumerate(boxes)]
    preds[3]["prediction"] = "on the left"
    others = boxes[7:] + boxes[:7], true_boxes(30, seed=5), [[1, 1, 2, 2]] * 30
    first, *found = [score(preds, references(own, **SIZED)) for own in (boxes, *others)]
    assert len({one["mean_iou"] for one in (first, *found)}) == 4
    for one in found:
        assert one.items.predictions == first.items.predictions
        assert one.signature.recorded["inferred"] == first.signature.recorded["inferred"]
        assert (one.outcomes["unparsed"], one.items.outcomes[3]) == (1, "unparsed")


def test_points_are_scored_by_pointing(score):
    preds = [{"id": 0, "prediction": '<point x="50" y="50">nose</point>'}]
    found = score(preds, references([[300, 200, 400, 300]], **SIZED))
    assert (found.primary, found["pointing_accuracy"]) == ("pointing_accuracy", 1.0)


def test_missing_expressions_are_an_error_though_boxes_need_no_text(score):
    refs = references(true_boxes(3), **SIZED)
    with pytest.raises(VlmevalError, match="2 ids have no prediction"):
        score([{"id": 0, "bbox": [1, 2, 3, 4]}], refs)


OBJECTS = [
    {"image_id": 1, "bboxes": [{"bbox": [1, 2, 30, 40], "label": "dog"},
                               {"bbox": [100, 200, 300, 400], "label": "Cat"}]},
    {"image_id": 2, "bboxes": []},
    {"image_id": 3, "bboxes": [{"bbox": [5, 6, 70, 80], "label": "dog"}]},
]  # fmt: skip


def test_rows_of_an_image_are_its_boxes_and_no_row_is_none(score):
    preds = [
        {"image_id": 1, "bbox": [1, 2, 30, 40], "label": "dog"},
        {"image_id": 1, "bbox": [100, 200, 300, 400], "label": "cat"},
        {"image_id": 3, "bbox": [5, 6, 70, 80], "label": "cat"},
    ]
    found = score(preds, OBJECTS, metrics="box_f1,box_f1:labels=ignore", box_format="pixels")
    assert found.join.missing == 0
    assert found.join.no_reference == 0
    assert found["box_f1[labels=ignore]"] == 1.0
    assert found.scores["box_f1"].value == pytest.approx(2 / 3)  # the last label is wrong


@pytest.mark.parametrize("kind", ["json", "jsonl"])  # the one holds [], the other nothing at all
def test_results_without_a_row_have_no_boxes_and_that_is_told(score, kind):
    found = score([], OBJECTS, kind)
    assert (found["box_recall"], found["tide_missed"], found.join.missing) == (0.0, 1.0, 0)
    assert found["box_f1_macro"] == pytest.approx(1 / 3)  # image 2 has no object, and none is said
    assert any("no image has a predicted box" in note for note in found.notes)


def test_an_empty_file_beside_expressions_is_an_error(score):
    with pytest.raises(VlmevalError, match="the file is empty"):
        score([], ONE)


def test_detections_in_the_words_of_a_model(score):
    answers = [
        '[{"bbox_2d": [1, 2, 30, 40], "label": "dog"}, '
        '{"bbox_2d": [100, 200, 300, 400], "label": "cat"}]',
        "There are no objects.",
        '```json\n[{"bbox_2d": [5, 6, 70, 80], "label": "dog"},]\n```',
    ]
    preds = [{"image_id": i, "prediction": text} for i, text in enumerate(answers, start=1)]
    found = score(preds, OBJECTS, metrics="box_f1", box_format="pixels")
    assert found["box_f1"] == 1.0


def test_lists_of_boxes_with_lists_of_labels_and_scores(score):
    preds = [
        {"image_id": 1, "boxes": [[1, 2, 30, 40], [100, 200, 300, 400]], "labels": ["dog", "cat"],
         "scores": [0.9, 0.8]},
        {"image_id": 2, "boxes": [], "labels": [], "scores": []},
        {"image_id": 3, "boxes": [[5, 6, 70, 80]], "labels": ["dog"], "scores": [0.7]},
    ]  # fmt: skip
    found = score(preds, OBJECTS, metrics="box_f1", box_format="pixels")
    assert found["box_f1"] == 1.0


INSTANCES = {
    "images": [{"id": 1, "width": W, "height": H}, {"id": 2, "width": W, "height": H}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 18, "bbox": [10, 20, 30, 40], "area": 1200},
        {"id": 2, "image_id": 1, "category_id": 44, "bbox": [100, 20, 30, 40], "area": 1200},
        {"id": 3, "image_id": 2, "category_id": 44, "bbox": [5, 5, 50, 50], "area": 2500},
    ],
    "categories": [{"id": 18, "name": "Dog"}, {"id": 44, "name": "bottle"}],
}


def results(*scores):
    rows = [{key: row[key] for key in ("image_id", "category_id", "bbox")}
            for row in INSTANCES["annotations"]]  # fmt: skip
    return [{**row, "score": score} for row, score in zip(rows, scores, strict=True)]


def test_classes_given_by_number_are_called_by_name(score):
    wrong = {"image_id": 2, "category_id": 9, "bbox": [200, 200, 50, 50], "score": 0.1}
    found = score([*results(0.9, 0.8, 0.7), wrong], INSTANCES, "json")
    assert (found["map"], found["box_f1"]) == pytest.approx((1.0, 6 / 7))
    assert {row[0] for row in found.tables["ap_by_class"].rows} == {"dog", "bottle"}
    labels = [[box["label"] for box in boxes] for boxes in found.items.predictions]
    assert labels == [["Dog", "bottle"], ["bottle", "category 9"]]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({}, {"18", "44"}),
        ({18: "dog"}, {"dog", "44"}),
        ({18: "dog", 44: "Dog"}, {"18", "44"}),  # one name for two classes would make them one
    ],
)
def test_classes_without_a_name_of_their_own_are_called_by_number(score, names, shown):
    categories = [{"id": number, "name": name} for number, name in names.items()]
    found = score(results(0.9, 0.8, 0.7), {**INSTANCES, "categories": categories}, "json")
    assert found["map"] == pytest.approx(1.0)
    assert {row[0] for row in found.tables["ap_by_class"].rows} == shown


def test_the_area_of_a_true_box_is_that_of_its_segment(score):
    annotations = [{**one, "area": 1e6} for one in INSTANCES["annotations"]]
    found = score(results(0.9, 0.8, 0.7), {**INSTANCES, "annotations": annotations}, "json")
    assert found["mar_large"] == pytest.approx(1.0)
    assert found["mar_small"] is None


def test_a_rejected_reading_of_classes_given_by_number_is_scored_by_name(score):
    rows = [{"image_id": image, "boxes": []} for image in (1, 2)]
    for one in INSTANCES["annotations"]:
        x, y, w, h = one["bbox"]
        corners = {"x1": x, "y1": y, "x2": x + w, "y2": y + h}
        rows[one["image_id"] - 1]["boxes"].append(corners | {"category_id": one["category_id"]})
    found = score(rows, INSTANCES, "json", box_format="1000")
    (told,) = [w.message for w in found.warnings if w.code == "rejected_readings"]
    assert "pixels would give 1.0000" in told


def test_equal_scores_lead_to_the_average_precision_over_all_orders(score):
    found = score(results(1.0, 1.0, 1.0), INSTANCES, "json")
    assert found["expected_map"] == pytest.approx(1.0)
    assert "map" not in found.scores
    assert any(w.message.startswith("all 3 scores are equal") for w in found.warnings)


def test_repeated_answers_in_text_are_an_error(score):
    preds = [{"image_id": 1, "prediction": "[1, 2, 3, 4]"}] * 2
    with pytest.raises(VlmevalError, match="repeats"):
        score(preds, OBJECTS)


ONE = [{"id": 0, "bbox": [10, 20, 300, 200], **SIZED}]
READ = [{"id": 0, "prediction": "[10, 20, 300, 200]"}]

# name, predictions, references, choices, what the message holds
BROKEN = [
    ("a number as prediction", [{"id": 0, "prediction": 7}], ONE, {},
     'preds.jsonl:1: field "prediction", got 7'),
    ("a boolean as prediction", [{"id": 0, "prediction": True}], ONE, {},
     'preds.jsonl:1: field "prediction", got true'),
    ("three numbers as reference", READ, [{"id": 0, "bbox": [1, 2, 3]}], {"task": "grounding"},
     'refs.jsonl:1: field "bbox"'),
    ("words as reference", READ, [{"id": 0, "bbox": "left"}], {"task": "grounding"},
     "expected boxes (no box is in the text)"),
    ("nothing as reference", READ, [{"id": 0, "bbox": None}], {"task": "grounding"},
     "no item has a reference"),
    ("an object without a box as reference", READ, [{"id": 0, "bbox": {"label": "x"}}],
     {"task": "grounding"}, 'an object with "label" has no box'),
    ("infinite numbers as reference", READ, '{"id": 0, "bbox": [1, 2, 3, 1e999]}', {},
     "expected boxes (inf is no number of an image)"),
    ("a width of words", READ, [{**ONE[0], "width": "wide"}], {}, 'field "width", got "wide"'),
    ("a height of zero", READ, [{**ONE[0], "height": 0}], {}, 'field "height", got "0"'),
    ("an unknown format", READ, ONE, {"box_format": "qwen5"}, 'unknown format "qwen5"'),
    ("an option that is none", READ, ONE, {"box_format": "llava:grid=3"}, "takes no options"),
    ("a format that needs sizes", [{"id": 0, "prediction": "[0.1, 0.2, 0.3, 0.4]"}],
     [{"id": 0, "bbox": [1, 2, 3, 4]}],
     {"box_format": "shikra"}, "need the sizes of the images"),
    ("an undecidable frame", READ, ONE, {}, "cannot tell what the numbers of the boxes count"),
    ("references beyond their images", READ, [{**ONE[0], "bbox": [10, 20, 900, 200]}],
     {"box_format": "pixels"}, 'item "0": a reference box lies beyond its image'),
    ("repeated ids", READ * 2, ONE, {}, 'id "0" repeats'),
    ("missing predictions", READ, [*ONE, {**ONE[0], "id": 1}], {}, "1 id has no prediction"),
    ("a threshold of IoU that is none", READ, ONE, {"metrics": "acc_at_iou:thresholds=500"},
     "acc_at_iou:thresholds"),
    ("a metric of texts", READ, ONE, {"metrics": "anls_star", "box_format": "pixels"}, "anls_star"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("predictions", "golds", "choices", "part"),
    [row[1:] for row in BROKEN],
    ids=[row[0] for row in BROKEN],
)
def test_broken_input_is_told_in_one_message(score, predictions, golds, choices, part):
    with pytest.raises(VlmevalError) as error:
        score(predictions, golds, **choices)
    assert part in error.value.message
    assert "\n" not in error.value.message


def test_bad_predictions_can_be_left_out_and_are_counted(score):
    preds = [{"id": 0, "prediction": "[10, 20, 300, 200]"}, {"id": 1, "prediction": 7}]
    golds = [ONE[0], {**ONE[0], "id": 1}]
    found = score(preds, golds, on_bad_row="skip", missing="worst", box_format="pixels")
    assert found["acc_at_50"] == 0.5
    assert (found.join.bad_rows, found.outcomes["missing"]) == (1, 1)


def test_what_cannot_be_read_is_unparsed_and_wrong(score):
    golds = [{**ONE[0], "id": i} for i in range(3)]
    texts = ["[10, 20, 300, 200]", "on the left", "no box"]
    found = score([{"id": i, "prediction": t} for i, t in enumerate(texts)], golds,
                  box_format="pixels")  # fmt: skip
    assert found["acc_at_50"] == pytest.approx(1 / 3)
    assert (found.outcomes["unparsed"], found.outcomes["wrong"]) == (1, 1)
    assert found.items.sample(1).reason == "no box is in the text"


def test_inspect_tells_the_format(tmp_path, capsys):
    preds, refs = tmp_path / "preds.jsonl", tmp_path / "refs.jsonl"
    preds.write_text('{"id": 0, "prediction": "<loc0000><loc0000><loc1023><loc1023> x"}\n')
    refs.write_text(json.dumps(ONE[0]) + "\n")
    assert main(["inspect", str(preds), str(refs)]) == 0
    assert "boxes are read as paligemma" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("columns", "primary", "first"),
    [
        (set(), "acc_at_50", "acc_at_iou"),
        ({"prediction.points"}, "pointing_accuracy", "pointing_accuracy"),
        ({"references.objects"}, "box_f1", "box_f1"),
        ({"references.objects", "prediction.confidence"}, "box_f1", "box_f1"),
    ],
)
def test_defaults_follow_the_items(columns, primary, first):
    chosen = task("grounding").defaults(Facts(1.0, 0.0, frozenset(columns)))
    assert (chosen.primary, chosen.metrics[0]) == (primary, first)
    assert len(chosen.metrics) >= 2
    assert ("mean_ap" in chosen.metrics) == ("prediction.confidence" in columns)


def patterns(**values):
    scores = {
        name: Score(Output(name), name, number, 100, Signature({}))
        for name, number in values.items()
    }
    return [found.meaning for found in task("grounding").diagnose(scores)]


LOOSE, MISSES = "the objects are found, with loose boxes", "what is found is found exactly"
CAUTIOUS, MANY = "the model is cautious", "the model over-predicts"


@pytest.mark.parametrize(
    ("values", "meaning"),
    [
        ({"acc_at_50": 0.70, "mean_iou": 0.48}, "the right things are found, with loose boxes"),
        ({"acc_at_50": 0.69, "mean_iou": 0.48}, None),
        ({"acc_at_50": 0.70, "mean_iou": 0.50}, None),
        ({"acc_at_50": 0.30, "center_accuracy": 0.50}, "the place is known"),
        ({"acc_at_50": 0.31, "center_accuracy": 0.50}, None),
        ({"box_f1": 0.70, "matched_iou": 0.69}, LOOSE),
        ({"box_f1": 0.69, "matched_iou": 0.69}, None),
        ({"box_f1": 0.70, "matched_iou": 0.70}, None),
        ({"box_f1": 0.49, "matched_iou": 0.80}, MISSES),
        ({"box_f1": 0.50, "matched_iou": 0.80}, None),
        ({"box_f1": 0.49, "matched_iou": 0.79}, None),
        ({"box_precision": 0.75, "box_recall": 0.5}, CAUTIOUS),
        ({"box_precision": 0.65, "box_recall": 0.5}, None),
        ({"box_precision": 0.5, "box_recall": 0.75}, MANY),
        ({"box_precision": 0.5, "box_recall": 0.65}, None),
        ({"box_precision": None, "box_recall": None, "box_f1": None}, None),
    ],
)
def test_what_scores_say_together(values, meaning):
    found = patterns(**values)
    assert len(found) == (meaning is not None)
    assert meaning is None or found[0].startswith(meaning)


LOCATION_TOKENS = {
    "florence-2": "dog<loc_0><loc_0><loc_500><loc_500>cat<loc_500><loc_500><loc_999><loc_999>",
    "paligemma": "<loc0000><loc0000><loc0512><loc0512> dog ; "
    "<loc0512><loc0512><loc1023><loc1023> cat",
}


@pytest.mark.parametrize("name", LOCATION_TOKENS)
def test_images_without_objects_are_right_where_a_model_writes_nothing(score, name):
    objects = [
        {"bbox": [0, 0, W / 2, H / 2], "label": "dog"},
        {"bbox": [W / 2, H / 2, W, H], "label": "cat"},
    ]
    refs = [{"id": i, "objects": objects if i < 2 else [], **SIZED} for i in range(4)]
    silent = [LOCATION_TOKENS[name], "", "", ""]
    found = score([{"id": i, "prediction": text} for i, text in enumerate(silent)], refs)
    assert found.signature.recorded["inferred"]["box_format"] == name
    assert found["box_f1_macro"] == 3 / 4
    assert found["box_recall"] == 1 / 2
    assert found.outcomes == {"empty": 1, "right": 3}
    spelled = [LOCATION_TOKENS[name], "[]", "[]", "[]"]
    same = score([{"id": i, "prediction": text} for i, text in enumerate(spelled)], refs)
    assert (same["box_f1_macro"], same["box_recall"]) == (3 / 4, 1 / 2)


@pytest.mark.parametrize(
    "reference",
    [
        lambda box: {"objects": [{"bbox": box, "label": "dog"}]},
        lambda box: {
            "objects": {
                "bbox": [[box[0], box[1], box[2] - box[0], box[3] - box[1]]],
                "category": ["dog"], "area": [9.5], "id": [3],
            }
        },
        lambda box: {"answer": json.dumps([{"bbox_2d": box, "label": "dog"}])},
        lambda box: {"answer": f"<ref>dog</ref><box>{pairs(grid(box, 999))}</box>"},
        lambda box: {"answer": "".join(f"<loc{v:04}>" for v in rows_first(grid(box, 1023)))},
    ],
    ids=["objects", "columns of objects", "bbox_2d", "qwen-vl", "paligemma"],
)  # fmt: skip
def test_references_of_every_layout_hold_the_same_boxes(score, reference):
    boxes = true_boxes(30)
    preds = [{"id": i, "prediction": str(box)} for i, box in enumerate(boxes)]
    refs = [{"id": i, "question": "?", **reference(b), **SIZED} for i, b in enumerate(boxes)]
    found = score(preds, refs)
    assert (found.task, found["acc_at_50"]) == ("grounding", 1.0)
    assert found["mean_iou"] > 0.97  # a grid of 1000 rounds


def pairs(box):
    return f"({box[0]},{box[1]}),({box[2]},{box[3]})"


def rows_first(box):
    return box[1], box[0], box[3], box[2]
