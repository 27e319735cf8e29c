"""Signs that tell apart tasks whose rows look alike, and ids that few programs write."""

import pytest

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.detection import Side, detect
from vlmeval_cli.readers.base import Layout

LINES = Layout("jsonl", "an object a line")


def look(predictions, references=None):
    mine = Side("preds.jsonl", LINES, predictions)
    theirs = None if references is None else Side("refs.jsonl", LINES, references)
    return detect(mine, theirs)


def many(n, **fields):
    return [{"id": i, **{name: make(i) for name, make in fields.items()}} for i in range(n)]


PREDICTIONS = many(20, prediction=lambda i: "x")


@pytest.mark.parametrize("form", ["({})", "{}.", "{})", "[{}]", "({}).", "{}"])
def test_letters_in_brackets_are_letters(form):
    refs = many(20, answer=lambda i: form.format("ABCD"[i % 4]), question=lambda i: f"{i}?")
    found = look(PREDICTIONS, refs)
    assert found.task == "choice"
    assert not found.notes  # no open answers among them


def test_small_letters_in_brackets_are_letters():  # as in MMVP
    refs = many(20, answer=lambda i: "(a)" if i % 2 else "(b)", question=lambda i: f"{i}?")
    assert look(PREDICTIONS, refs).task == "choice"


@pytest.mark.parametrize("answer", ["(AB)", "a", "A man", "K"])
def test_other_short_texts_are_no_letters(answer):
    refs = many(20, answer=lambda i: answer if i else "x", question=lambda i: f"{i}?")
    assert look(PREDICTIONS, refs).task != "choice"


def test_one_value_in_all_rows_is_no_set_of_classes():
    refs = many(20, reference=lambda i: "the same words in every row")
    with pytest.raises(UsageError, match="cannot tell the task"):
        look(PREDICTIONS, refs)


def gqa(**more):
    return [
        {"questionId": f"{n}", "question": f"Is {n} left?", "answer": f"item {n}", **more}
        for n in range(20)
    ]


GIVEN = [{"questionId": f"{n}", "prediction": "left"} for n in range(20)]


@pytest.mark.parametrize("sign", [{"isBalanced": True}, {"types": {"a": "b"}}, {"fullAnswer": "x"}])
def test_rows_of_gqa_are_no_documents(sign):
    assert look(GIVEN, gqa(**sign)).task == "vqa"


def test_a_question_id_alone_is_docqa_and_the_other_task_is_told():
    found = look(GIVEN, gqa())
    assert found.task == "docqa"
    assert any("--task vqa" in note for note in found.notes)


def test_a_named_task_and_a_layout_of_documents_need_no_note():
    mine, theirs = (Side(name, LINES, rows) for name, rows in (("p", GIVEN), ("r", gqa())))
    assert detect(mine, theirs, task="docqa").notes == ()
    layout = Layout("docvqa", "DocVQA", task="docqa", side="references")
    assert detect(mine, Side("r", layout, gqa())).notes == ()


@pytest.mark.parametrize("field", ["docId", "ucsf_document_id", "page_ids"])
def test_a_field_of_documents_needs_no_note(field):
    found = look(GIVEN, gqa(**{field: "d1"}))
    assert (found.task, found.notes) == ("docqa", ())


@pytest.mark.parametrize("source", ["document", "dialogue", "article"])
@pytest.mark.parametrize("name", ["summary", "highlights"])
def test_short_summaries_of_texts_are_text(source, name):
    refs = many(20, **{source: lambda i: f"text {i}", name: lambda i: f"short {i}"})
    found = look(PREDICTIONS, refs)
    assert (found.task, found.fields.references.value) == ("text", name)
    found = look(many(20, summary=lambda i: "x"), refs)
    assert (found.task, found.fields.predictions.value) == ("text", "summary")


@pytest.mark.parametrize("name", ["custom_id", "filename"])
def test_rare_ids_are_found_after_all_others(name):
    refs = [{name: f"r{n}", "question": f"{n}?", "answer": f"a {n}"} for n in range(20)]
    preds = [{name: f"r{n}", "prediction": "x"} for n in range(20)]
    assert look(preds, refs).ids == ((name, name),)
    numbered = [{**row, "id": n} for n, row in enumerate(refs)]
    found = look([{**row, "id": n} for n, row in enumerate(preds)], numbered)
    assert [*found.ids][:2] == [("id", "id"), (name, name)]
