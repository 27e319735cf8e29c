"""SQuAD v1.1 and v2: questions inside paragraphs inside articles."""

from __future__ import annotations

from collections.abc import Iterator

from vlmeval_cli.readers.rules import DocumentRule, Fields, answer_texts, first_row

_ROLES = {"id": "id", "question": "question", "references": "answers"}


def _questions(document: Fields) -> Iterator[Fields]:
    for article in document["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                yield {"context": paragraph.get("context"), **question}


def _with_texts(question: Fields) -> Fields:
    if "answers" not in question:
        return question
    return {**question, "answers": answer_texts(question["answers"], "text")}


def _rows_of_v1(document: Fields) -> Iterator[object]:
    return map(_with_texts, _questions(document))


def _rows_of_v2(document: Fields) -> Iterator[object]:
    """In version 2 no answer means that the right answer is the empty text."""
    for question in map(_with_texts, _questions(document)):
        if question.get("answers") == []:
            question["answers"] = [""]
        yield question


def _first_paragraph(document: Fields) -> Fields:
    return first_row(first_row(document, "data"), "paragraphs")


def _is_squad(document: Fields) -> bool:
    return "qas" in _first_paragraph(document)


def _is_v2(document: Fields) -> bool:
    return _is_squad(document) and (
        str(document.get("version", "")).lower().startswith(("v2", "2"))
        or "is_impossible" in first_row(_first_paragraph(document), "qas")
    )


DOCUMENTS = (
    DocumentRule(
        "squad_v2",
        _is_v2,
        _rows_of_v2,
        "SQuAD v2: questions in paragraphs, some without an answer",
        task="vqa",
        roles=_ROLES,
        side="references",
    ),
    DocumentRule(
        "squad_v1",
        _is_squad,
        _rows_of_v1,
        "SQuAD v1.1: questions in paragraphs",
        task="vqa",
        roles=_ROLES,
        side="references",
    ),
)
