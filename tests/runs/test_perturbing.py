"""Copies of a file: every other field stays, and the noise depends on the id alone."""

import json
import random

import pytest

from vlmeval_cli import api
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.readers.synonyms import load_synonyms
from vlmeval_cli.runs.perturbing import PerturbConfig, perturb
from vlmeval_cli.text.perturbations import KINDS

ROWS = [
    {
        "id": f"q{i}",
        "question": f"Where is the {thing} in the picture?",
        "answers": ["here"],
        "n": i,
    }
    for i, thing in enumerate(("sofa", "large dog", "bicycle", "refrigerator", "man"))
]


@pytest.fixture
def write(tmp_path):
    def to_file(rows, name="refs.jsonl"):
        path = tmp_path / name
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return to_file


def copies(path, **choices):
    found = api.perturb(path, **choices)
    return [row for several in found.rows for row in several], found


def test_each_row_has_a_copy_for_each_kind_and_severity(write):
    rows, found = copies(write(ROWS))
    assert len(rows) == len(ROWS) * len(KINDS) * 5
    assert [copy.name for copy in found.copies][:6] == [
        "typos-1", "typos-2", "typos-3", "typos-4", "typos-5", "case-1",
    ]  # fmt: skip


def test_everything_but_the_text_stays(write):
    rows, _ = copies(write(ROWS), kinds="typos", severities=3)
    for before, after in zip(ROWS, rows, strict=True):
        assert after["question"] != before["question"]
        noise = {"perturbation": "typos", "severity": 3}
        assert after == {**before, "question": after["question"], **noise}


def test_the_order_of_rows_changes_nothing(write):
    mixed = random.Random(1).sample(ROWS, len(ROWS))
    first, _ = copies(write(ROWS))
    second, _ = copies(write(mixed, "mixed.jsonl"))
    assert sorted(map(str, first)) == sorted(map(str, second))


def test_kinds_and_severities_do_not_depend_on_what_else_is_asked(write):
    path = write(ROWS)
    everything, _ = copies(path)
    alone, _ = copies(path, kinds="filler", severities=4)
    wanted = [row for row in everything if (row["perturbation"], row["severity"]) == ("filler", 4)]
    assert alone == wanted


def test_fields_of_our_names_are_kept_beside(write):
    rows, _ = copies(
        write([{**ROWS[0], "severity": "mild", "perturbation": None}]), kinds="case", severities=1
    )
    assert rows[0]["recorded_severity"] == "mild"
    assert rows[0]["recorded_perturbation"] is None
    assert (rows[0]["perturbation"], rows[0]["severity"]) == ("case", 1)


def test_reasons_for_unchanged_rows_are_counted(write):
    rows = [*ROWS, {"id": "a", "question": ""}, {"id": "b", "question": "12?"}, {"id": "c"}]
    _, found = copies(write(rows), kinds="dropped_words", severities=5)
    (tally,) = found.tallies.values()
    assert (tally.rows, tally.changed) == (8, 5)
    assert tally.unchanged == {
        "empty text": 1, "no word that may be left out": 1, "the field holds no text": 1,
    }  # fmt: skip


def test_the_edit_rate_is_the_mean_over_changed_rows(write):
    rows = [{"id": 1, "question": "the dog barks"}, {"id": 2, "question": "dog"}]
    _, found = copies(write(rows), kinds="dropped_words", severities=5)
    (tally,) = found.tallies.values()
    assert tally.mean_edit_rate == pytest.approx(4 / 13)  # "the " of 13 characters


def test_synonyms_spare_words_of_answers_and_options(write):
    rows = [
        {"id": 1, "question": "Is it a couch?", "answers": ["a couch"]},
        {"id": 2, "question": "Is it a couch?", "options": ["couch", "bed"], "answer": "A"},
        {"id": 3, "question": "Is it a couch?", "answers": ["yes"]},
    ]
    found, _ = copies(write(rows), kinds="synonyms", severities=5)
    assert [row["question"] for row in found] == [
        "Is it a couch?", "Is it a couch?", "Is it a sofa?",
    ]  # fmt: skip


def test_a_chat_keeps_its_form_and_only_the_user_is_perturbed(write):
    parts = [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "big cat"}]
    turns = [
        {"role": "system", "content": "be brief now"},
        {"role": "user", "content": parts},
        {"role": "assistant", "content": "a dog"},
    ]
    rows, _ = copies(write([{"id": 1, "messages": turns}] * 2), kinds="case", severities=5)
    said = [{**parts[1], "text": "BIG CAT"}]
    assert rows[0]["messages"] == [turns[0], {**turns[1], "content": [parts[0], *said]}, turns[2]]


def test_conversations_in_a_json_array_keep_their_form(tmp_path):
    asked = {"from": "human", "value": "<image>\nwhat is it"}
    row = {"id": "a", "image": "a.jpg", "conversations": [asked, {"from": "gpt", "value": "a cat"}]}
    path = tmp_path / "train.json"
    path.write_text(json.dumps([row, row], indent=1))
    rows, _ = copies(path, kinds="case", severities=5)
    said = {**asked, "value": "<image>\nWHAT IS IT"}
    assert [one["conversations"] for one in rows] == [[said, row["conversations"][1]]] * 2


def test_rows_without_ids_depend_on_their_order_and_say_so(write):
    _, found = copies(write([{"question": "the cat"}, {"question": "the dog"}]), kinds="case")
    assert found.id == "#"
    assert any("depends on their order" in note for note in found.notes)


def test_a_table_of_questions_is_read(write):
    rows, _ = copies(write(["id\tquestion", "7\tthe cat"], "q.tsv"), kinds="case", severities=5)
    assert rows == [{"id": "7", "question": "THE CAT", "perturbation": "case", "severity": 5}]


def test_a_batch_of_requests_keeps_its_form(write):
    body = {"model": "m", "messages": [{"role": "user", "content": "what is it"}]}
    rows, found = copies(write([{"custom_id": "a", "body": body}]), kinds="case", severities=5)
    assert found.field.startswith('"body.messages"')
    assert rows[0]["body"] == {
        "model": "m", "messages": [{"role": "user", "content": "WHAT IS IT"}],
    }  # fmt: skip


def test_a_list_of_questions_is_perturbed_text_by_text(write):
    rows, _ = copies(write([{"id": 1, "question": ["the cat", None, "a dog"]}]), kinds="case",
                     severities=5)  # fmt: skip
    assert rows[0]["question"] == ["THE CAT", None, "a DOG"]


def test_a_field_inside_an_object_can_be_named(write):
    rows, _ = copies(
        write([{"id": 1, "doc": {"text": "the cat"}}]), kinds="case", severities=5, field="doc.text"
    )
    assert rows[0]["doc"] == {"text": "THE CAT"}


def test_repeated_ids_and_lone_surrogates_do_no_harm(write):
    rows, _ = copies(write([r'{"id": "x", "question": "the cat \ud83e sat"}'] * 2), kinds="case",
                     severities=5)  # fmt: skip
    assert [row["question"] for row in rows] == ["THE CAT \ud83e SAT"] * 2


@pytest.mark.parametrize("name", ["answers", "id", "label", "prediction"])
def test_answers_and_ids_are_never_perturbed(write, name):
    path = write([{**ROWS[0], "label": "x", "prediction": "y"}])
    with pytest.raises(UsageError, match="copies must keep them"):
        api.perturb(path, field=name)


def test_predictions_and_programs_are_refused(write):
    path = write([{"custom_id": "a", "response": {"body": {"choices": [{"text": "x"}]}}}] * 2)
    with pytest.raises(UsageError, match="holds predictions"):
        api.perturb(path)
    problem = {"task_id": "HumanEval/0", "prompt": "def f(): pass", "entry_point": "f", "test": "x"}
    with pytest.raises(UsageError, match="holds programs"):
        api.perturb(write([problem] * 2))


def test_a_file_without_a_question_says_what_to_do(write):
    with pytest.raises(UsageError, match="no field is recognised") as caught:
        api.perturb(write([{"id": 1, "caption": "a dog"}]))
    assert "--field" in caught.value.hint


@pytest.mark.parametrize(
    "wrong",
    [{"kinds": ("typo",)}, {"kinds": ()}, {"severities": (0,)}, {"severities": (6,)},
     {"kinds": ("case",), "synonyms": "x"}],
)  # fmt: skip
def test_wrong_choices_are_refused(wrong):
    with pytest.raises(UsageError):
        PerturbConfig(**wrong)


@pytest.mark.parametrize("name", ["question", "prompt", "instruction", "sent", "src", "article"])
def test_names_of_inputs_are_recognised(write, name):
    row = {"id": 1, name: "the cat", "reference": "a cat"}
    rows, found = copies(write([row, {**row, "id": 2}]), kinds="case", severities=5)
    assert found.field.startswith(f'"{name}"')
    assert [one[name] for one in rows] == ["THE CAT"] * 2


def test_recorded_predictions_are_told(write):
    found = perturb(str(write([{**ROWS[0], "prediction": "y"}])), PerturbConfig())
    assert any('"prediction" stays' in note for note in found.notes)


def test_a_table_of_synonyms_goes_before_the_own_one(write):
    table = write(["# furniture", "sofa, settee", "man\tfellow = chap"], "table.txt")
    rows, _ = copies(write(ROWS), kinds="synonyms", severities=5, synonyms=table)
    assert "the settee in" in rows[0]["question"]
    assert load_synonyms(str(table)) == {"sofa": ("settee",), "man": ("fellow", "chap")}
    as_json = write(['{"Sofa": "settee", "man": ["fellow", "chap"]}'], "table.json")
    assert load_synonyms(str(as_json)) == load_synonyms(str(table))


@pytest.mark.parametrize(
    ("line", "said"),
    [("sofa", "expected other words"), ("sofa, sofa", "expected other words"),
     ("a sofa, couch", "single word"), ("sofa2, couch", "single word"),
     ('{"sofa": 1}', "a word or a list"), ("# nothing", "holds no synonyms")],
)  # fmt: skip
def test_a_wrong_table_of_synonyms_is_told_with_its_place(write, line, said):
    with pytest.raises(DataError, match=said):
        load_synonyms(str(write([line], "table.txt")))


@pytest.mark.parametrize(
    ("file", "field"),
    [("vqav2/questions_valid.json.gz", "question"), ("textvqa/finetuned.jsonl.gz", "question"),
     ("docvqa/llama_scout.json.gz", "question"), ("squad/gold_v2_dev_1407.json", "question")],
)  # fmt: skip
def test_published_questions_are_recognised_and_nearly_all_changed(shared, file, field):
    found = api.perturb(shared / file, kinds=["typos", "filler"], severities=2)
    for _ in found.rows:
        pass
    assert found.field.startswith(f'"{field}"')
    assert all(tally.changed > 0.99 * tally.rows > 0 for tally in found.tallies.values())
