"""Each rule about fields, ids and tasks, on made rows."""

from itertools import pairwise

import pytest

from vlmeval_cli.core.config import FieldChoice
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.detection import Side, TaskFound, detect, rules
from vlmeval_cli.readers.base import Layout

LINES = Layout("jsonl", "an object a line")


def names(line):
    return line.split()


# The candidates as the specification lists them, in its order.
IDS = names(
    "id question_id questionId sample_id uid qid doc_id task_id image_id img_id index idx key "
    "file_name image"
)
PREDICTIONS = names(
    "prediction predicted_answer pred response model_output output generated_text generation "
    "completion predicted predicted_label pred_label bboxes boxes bbox summary answer caption text "
    "result"
)
REFERENCES = names(
    "bboxes boxes bbox references reference refs answers ground_truth ground_truths gt gold golds "
    "target targets label labels class category captions summary highlights translation "
    "canonical_solution answer caption solution expected"
)
QUESTIONS = names("question query problem prompt instruction sent phrase expression")
LABELS = {"label", "labels", "class", "category"}


def look(predictions, references=None, /, *, task="vqa", **named):
    mine = Side("preds.jsonl", LINES, predictions)
    theirs = None if references is None else Side("refs.jsonl", LINES, references)
    return detect(mine, theirs, fields=FieldChoice(**named), task=task)


def values(found):
    return found.fields.predictions.value, found.fields.references.value


@pytest.mark.parametrize("name", PREDICTIONS)
def test_every_prediction_name_is_recognised(name):
    found = look([{"id": "a", name: "x"}], [{"id": "a", "references": ["y"]}])
    assert values(found)[0] == name


@pytest.mark.parametrize("name", REFERENCES)
def test_every_reference_name_is_recognised(name):
    found = look([{"id": "a", "prediction": "x"}], [{"id": "a", name: "y"}])
    assert values(found)[1] == name


@pytest.mark.parametrize("name", IDS)
def test_every_id_name_is_recognised(name):
    found = look([{name: "a", "prediction": "x"}], [{name: "a", "reference": "y"}])
    assert (name, name) in found.ids


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_name_is_recognised(name):
    found = look(
        [{"id": "a", "prediction": "x"}], [{"id": "a", name: "what?", "answer": "y"}], task=None
    )
    assert found.task == "vqa"
    assert found.fields.references.question == name


def test_the_names_are_those_of_the_specification():
    assert list(rules.ID_NAMES) == IDS
    assert list(rules.PREDICTION_NAMES) == PREDICTIONS
    assert list(rules.REFERENCE_NAMES) == REFERENCES
    assert list(rules.QUESTION_NAMES) == QUESTIONS
    assert rules.OPTION_NAMES == ("options", "choices")


@pytest.mark.parametrize(
    ("first", "second"),
    [*pairwise(name for name in PREDICTIONS if name not in ("answer", "caption"))],
)
def test_of_two_prediction_names_the_first_in_the_list_is_taken(first, second):
    found = look([{"id": "a", second: "z", first: "x"}], [{"id": "a", "gold": "y"}])
    assert values(found)[0] == first
    assert any(second in note for note in found.notes)


@pytest.mark.parametrize(
    ("first", "second"), [(a, b) for a, b in pairwise(REFERENCES) if a not in LABELS or b in LABELS]
)
def test_of_two_reference_names_the_first_in_the_list_is_taken(first, second):
    found = look([{"id": "a", "prediction": "x"}], [{"id": "a", second: "z", first: "y"}])
    assert values(found)[1] == first


@pytest.mark.parametrize("name", ["answer", "caption"])
def test_answer_and_caption_give_way_to_any_other_prediction_name(name):
    found = look([{"id": "a", name: "gold", "text": "x"}], [{"id": "a", "references": ["y"]}])
    assert values(found)[0] == "text"


def test_no_field_serves_both_sides_of_one_file():
    assert values(look([{"id": "a", "answer": "x", "references": ["y"]}])) == (
        "answer",
        "references",
    )


@pytest.mark.parametrize("name", ["text", "result"])
def test_a_field_called_like_the_references_beats_text_and_result(name):
    found = look([{"id": "a", name: "in", "label": "x"}], [{"id": "a", "label": "y"}])
    assert values(found)[0] == "label"


def test_a_reference_name_serves_where_no_prediction_name_is():
    assert values(look([{"id": 1, "target": "x"}], [{"id": 1, "target": "y"}]))[0] == "target"


def test_perfect_predictions_beside_another_candidate_are_refused():
    with pytest.raises(UsageError, match="probably not a model's output"):
        look(
            [{"id": n, "prediction": f"y{n}", "response": "x"} for n in range(3)],
            [{"id": n, "reference": f"y{n}"} for n in range(3)],
        )


def test_perfect_predictions_without_another_candidate_are_believed():
    rows = [{"id": n, "prediction": f"y{n}"} for n in range(3)]
    assert values(look(rows, [{"id": n, "reference": f"y{n}"} for n in range(3)]))


def test_an_input_that_both_files_share_is_no_other_candidate():
    rows = [{"id": n, "text": f"in {n}", "label": f"c{n}"} for n in range(3)]
    assert values(look(rows, rows)) == ("label", "label")


def test_a_field_that_is_null_everywhere_is_not_there():
    found = look([{"id": 1, "prediction": None, "output": "x"}], [{"id": 1, "reference": "y"}])
    assert values(found)[0] == "output"


def test_predictions_that_are_all_null_are_still_the_predictions():
    found = look([{"id": 1, "prediction": None}], [{"id": 1, "references": ["y"]}])
    assert values(found)[0] == "prediction"


def test_a_fact_about_the_item_is_not_guessed_to_be_its_reference():
    refs = [{"id": 1, "question": "?", "category": "indoor", "answer": "y"}]
    with pytest.raises(UsageError, match='"category", "answer"'):
        look([{"id": 1, "prediction": "x"}], refs)
    assert values(look([{"id": 1, "answer": "x"}], refs))[1] == "answer"


@pytest.mark.parametrize(
    "row",
    [
        {"text": "in", "label": "x"},
        {"answer": "a", "caption": "b"},
        {"answer": "a", "label": "b"},
    ],
)
def test_two_golds_in_one_file_are_undecidable(row):
    with pytest.raises(UsageError, match="may both be references"):
        look([{"id": 1, **row}])


def test_answers_that_hold_the_answer_are_not_its_prediction():
    with pytest.raises(UsageError, match="equals the references"):
        look([{"id": n, "question": "?", "answer": "y", "answers": ["y", "z"]} for n in range(3)])


def test_named_fields_win_and_dots_reach_inside_objects():
    found = look(
        [{"k": 1, "prediction": "no", "out": {"text": "x"}}],
        [{"k": 1, "doc": {"gold": ["y"]}, "references": ["no"]}],
        id="k", prediction="out.text", references="doc.gold",
    )  # fmt: skip
    assert values(found) == ("out.text", "doc.gold")
    assert found.ids == (("k", "k"),)


def test_a_named_task_wins():
    refs = [{"id": 1, "captions": ["y", "z"]}]
    found = look([{"id": 1, "prediction": "x"}], refs, task="vqa")
    assert (found.task, found.task_reason) == ("vqa", "named by the user")


def test_a_dot_names_the_whole_row_less_its_id():
    refs = [{"id": 1, "company": "ACME", "answer": "9"}]
    assert values(look([{"id": 1, "prediction": "x"}], refs, references="."))[1] == "."


@pytest.mark.parametrize("role", ["id", "prediction", "references"])
def test_a_named_field_that_is_not_there_is_refused_with_the_fields(role):
    with pytest.raises(UsageError, match=f'"no_such", named as the {role}') as error:
        look([{"id": 1, "prediction": "x"}], [{"id": 1, "answer": "y"}], **{role: "no_such"})
    assert "id" in error.value.hint


def test_an_unknown_task_names_the_closest():
    with pytest.raises(UsageError) as error:
        look([{"id": 1, "prediction": "x", "answer": "y"}], task="captoining")
    assert 'Did you mean "captioning"?' in error.value.hint


def test_a_file_without_predictions_says_which_option_names_them():
    with pytest.raises(UsageError, match="no field looks like predictions") as error:
        look([{"id": 1, "guess": "x"}], [{"id": 1, "references": ["y"]}])
    assert "--prediction-field" in error.value.hint


@pytest.mark.parametrize("name", ["caption", "prediction", "captions"])
def test_texts_that_are_held_against_images_alone_need_no_references(name):
    side = Side("preds.jsonl", LINES, [{"id": "1", "image": "a.jpg", name: "a dog"}])
    found = detect(side, None, only_images=True)
    assert values(found) == (name, None)
    assert found.task == "captioning"


def test_a_metric_of_one_task_decides_where_the_files_do_not():
    asked = TaskFound("captioning", "clip_score was asked for")
    mine = Side("preds.jsonl", LINES, [{"id": "1", "prediction": "a dog"}])
    theirs = Side("refs.jsonl", LINES, [{"id": "1", "references": ["a dog"]}])
    with pytest.raises(UsageError, match="cannot tell the task"):
        detect(mine, theirs)
    assert detect(mine, theirs, asked=asked).task == "captioning"
    boxes = Side("refs.jsonl", LINES, [{"id": "1", "bbox": [1, 2, 3, 4]}])
    assert detect(mine, boxes, asked=asked).task == "grounding"


def test_references_that_are_there_stay_references_beside_images():
    row = {"id": "1", "prediction": "a dog", "captions": ["a cat", "a dog on a road by the sea"]}
    found = detect(Side("both.jsonl", LINES, [row]), None, only_images=True)
    assert values(found) == ("prediction", "captions")


def test_predictions_alone_ask_for_two_files():
    with pytest.raises(UsageError, match="no field looks like references") as error:
        look([{"id": 1, "prediction": "x"}], task=None)
    assert "vlmeval score preds.jsonl REFERENCES" in error.value.hint


def test_a_single_unknown_field_is_not_taken_for_a_document():
    with pytest.raises(UsageError, match="no field looks like references"):
        look([{"id": 1, "prediction": "x"}], [{"id": 1, "truth": "y"}], task=None)


def test_files_without_an_id_are_refused():
    with pytest.raises(UsageError, match="no field that could be an id"):
        look([{"prediction": "x"}], [{"id": 1, "reference": "y"}])


@pytest.mark.parametrize("image", [{"bytes": "…"}, "iVBORw0KGgo" * 100], ids=["object", "base64"])
def test_an_image_that_is_its_content_is_no_id_and_is_not_collected(image):
    rows = [{"question_id": 1, "image": image, "prediction": "x", "answer": "y"}]
    found = look(rows)
    assert found.ids == (("question_id", "question_id"),)
    assert "image" not in found.prediction_names


def test_an_image_that_is_named_beside_its_content_is_the_image():
    row = {"question_id": 1, "image": "iVBORw0KGgo" * 100, "image_path": "a.jpg"}
    found = look([{**row, "prediction": "x", "answer": "y"}])
    assert found.fields.references.image == "image_path"


def many(n, **fields):
    """Rows whose values are made from their number."""
    return [{"id": i, **{name: make(i) for name, make in fields.items()}} for i in range(n)]


LONG = "word " * 25
CAPTIONS = ["a dog runs over the grass", "the dog is on a lawn"]


@pytest.mark.parametrize(
    ("task", "refs", "preds"),
    [
        ("grounding", many(3, reference=lambda i: [i, 2, 3, 4]), {}),
        ("grounding", many(3, bboxes=lambda i: [[i, 2, 3, 4], [5, 6, 7, 8]]), {}),
        ("grounding", many(3, reference=lambda i: f"[{i}, 2, 3.5, 4]"), {}),
        ("freeform", many(3, reference=lambda i: {"total": i}), {}),
        ("freeform", many(3, references=lambda i: [{"item": i}, {"item": 2}]), {}),
        ("freeform", many(3, reference=lambda i: '[{"item": 1}]'), {}),
        ("choice", many(3, answer=lambda i: "red", options=lambda i: ["red", "blue"]), {}),
        ("choice", many(3, answer=lambda i: "A", choices=lambda i: {"A": "red", "B": "blue"}), {}),
        ("choice", many(3, answer=lambda i: "red", A=lambda i: "red", B=lambda i: "blue"), {}),
        ("choice", many(10, answer=lambda i: "A" if i < 8 else "red"), {}),
        ("code", many(3, reference=lambda i: "pass", entry_point=lambda i: "f"), {}),
        ("code", many(3, reference=lambda i: "pass", tests=lambda i: "t"), {"completion": "x"}),
        ("rationality", many(3, boxes=lambda i: [1, 2, 3, 4]), {"heatmap": "a.npy"}),
        ("preference", many(3, reference=lambda i: f"some text {i}"), {"winner": "model_a"}),
        ("captioning", many(3, references=lambda i: CAPTIONS), {}),
        ("captioning", many(3, caption=lambda i: "dog"), {}),
        ("captioning", many(6, references=lambda i: CAPTIONS, prompt=lambda i: "Describe."), {}),
        ("classification", many(3, category=lambda i: f"{i}"), {}),
        ("classification", many(30, target=lambda i: f"class {i % 3}"), {}),
        ("docqa", many(3, docId=lambda i: i, answers=lambda i: ["x y", f"{i}"]), {}),
        ("text", many(3, reference=lambda i: LONG), {}),
        ("vqa", many(3, question=lambda i: f"{i}?", answers=lambda i: ["x", "y"]), {}),
        ("vqa", many(3, query=lambda i: f"{i}?", answer=lambda i: i), {}),
    ],
)
def test_the_task_that_each_kind_of_evidence_gives(task, refs, preds):
    rows = [{"id": row["id"], "prediction": "x", **preds} for row in refs]
    found = look(rows, refs, task=None)
    assert found.task == task
    assert found.task_reason


def test_question_ids_and_answers_are_questions_and_answers():
    refs = [{"question_id": n, "answers": ["x", f"{n}"]} for n in range(3)]
    preds = [{"question_id": n, "prediction": "x"} for n in range(3)]
    assert look(preds, refs, task=None).task == "vqa"


def test_many_letters_short_of_four_fifths_are_no_choices():
    refs = many(10, answer=lambda i: "A" if i < 7 else "red", question=lambda i: f"{i}?")
    found = look([{"id": i, "prediction": "x"} for i in range(10)], refs, task=None)
    assert found.task == "vqa"


def test_rows_with_open_answers_among_choices_are_told():
    refs = many(4, answer=lambda i: "red", options=lambda i: ["red", "blue"] if i else None)
    found = look([{"id": i, "prediction": "x"} for i in range(4)], refs, task=None)
    assert any("1 of 4 rows" in note for note in found.notes)


def test_fifty_one_values_are_no_classes():
    refs = many(1020, reference=lambda i: f"c{i % 51}", question=lambda i: f"{i}?")
    preds = [{"id": i, "prediction": "x"} for i in range(1020)]
    assert look(preds, refs, task=None).task == "vqa"
    assert look(preds, refs[:1000], task=None).task == "vqa"


def test_an_undecidable_task_tells_what_was_seen_and_the_option():
    refs = many(3, answer=lambda i: f"word {i}")
    with pytest.raises(UsageError, match='the references "answer"') as error:
        look([{"id": i, "prediction": "x"} for i in range(3)], refs, task=None)
    assert "--task" in error.value.hint
    assert "vqa" in error.value.hint


def test_a_results_layout_does_not_overrule_the_references():
    results = Layout("vqav2_results", "VQAv2 results", task="vqa", roles={"prediction": "answer"})
    mine = Side("p", results, [{"question_id": 1, "answer": "A"}])
    theirs = Side("r", LINES, [{"question_id": 1, "answer": "A", "options": ["red", "blue"]}])
    assert detect(mine, theirs).task == "choice"


def test_every_choice_has_its_reason():
    found = look([{"id": 1, "prediction": "x"}], [{"id": 1, "captions": ["y"]}], task=None)
    assert found.task_reason == 'the references are called "captions"'
    assert found.reasons["prediction"].startswith('"prediction"')
    assert found.reasons["references"].startswith('"captions"')
    assert found.reasons["id"].startswith('"id"')
