"""Layouts of questions about images: VQAv2, TextVQA, DocVQA, ST-VQA, OCRBench, VizWiz, GQA."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from vlmeval_cli.readers.rules import (
    DocumentRule,
    Fields,
    RowRule,
    first_row,
    with_answer_texts,
)

_ANSWERED = {"question": "question", "references": "answers"}


def _rows_under(key: str) -> Callable[[Fields], Iterator[object]]:
    return lambda document: (with_answer_texts(row) for row in document[key])


def _has_rows(key: str, *fields: str) -> Callable[[Fields], bool]:
    return lambda document: set(fields) <= first_row(document, key).keys()


def _has_official_ids(rows: Sequence[Fields]) -> bool:
    """VQAv2 numbers its questions and answers in text; others who use these names do not."""
    return all(type(row["question_id"]) is int and isinstance(row["answer"], str) for row in rows)


def _has_answer_objects(rows: Sequence[Fields]) -> bool:
    return all("answer" in first_row(row, "answers") for row in rows)


def _vizwiz_row(row: Fields) -> Fields:
    return cast("Fields", with_answer_texts(row))


def _is_gqa(document: Fields) -> bool:
    questions = list(document.values())[:20]
    return bool(questions) and all(
        isinstance(question, dict) and {"question", "answer", "isBalanced"} <= question.keys()
        for question in questions
    )


def _gqa_questions(document: Fields) -> Iterator[object]:
    for key, question in document.items():
        yield {"id": key, **question} if isinstance(question, dict) else question


DOCUMENTS = (
    DocumentRule(
        "vqav2_annotations",
        _has_rows("annotations", "question_id", "answers"),
        _rows_under("annotations"),
        "VQAv2 annotations: question_id and answers",
        task="vqa",
        roles={"id": "question_id", "references": "answers"},
        side="references",
    ),
    DocumentRule(
        "vqav2_questions",
        _has_rows("questions", "question_id", "question"),
        _rows_under("questions"),
        "VQAv2 questions: question_id and question, without answers",
        task="vqa",
        roles={"id": "question_id", "question": "question"},
        side="questions",
    ),
    DocumentRule(
        "infographicvqa",
        _has_rows("data", "questionId", "question", "image_local_name"),
        _rows_under("data"),
        "InfographicVQA: data with questionId, question and image_local_name",
        task="docqa",
        roles={"id": "questionId", "image": "image_local_name", **_ANSWERED},
        side="references",
    ),
    DocumentRule(
        "docvqa",
        _has_rows("data", "questionId", "question"),
        _rows_under("data"),
        "DocVQA: data with questionId and question",
        task="docqa",
        roles={"id": "questionId", **_ANSWERED},
        side="references",
    ),
    DocumentRule(
        "stvqa",
        _has_rows("data", "question_id", "question", "file_path"),
        _rows_under("data"),
        "ST-VQA: data with question_id, question and file_path",
        task="docqa",
        roles={"id": "question_id", "image": "file_path", **_ANSWERED},
        side="references",
    ),
    DocumentRule(
        "textvqa",
        _has_rows("data", "question_id", "question"),
        _rows_under("data"),
        "TextVQA: data with question_id and question",
        task="vqa",
        roles=_ANSWERED,  # no id: LLaVA calls the image "question_id"
        side="references",
    ),
    DocumentRule(
        "gqa_questions",
        _is_gqa,
        _gqa_questions,
        "GQA questions: by id, each with answer and isBalanced",
        task="vqa",
        roles={"id": "id", "question": "question", "references": "answer"},
        side="references",
    ),
)

ROWS = (
    RowRule(
        "ocrbench",
        frozenset({"dataset_name", "type", "question", "answers"}),
        "OCRBench: rows of dataset_name, type, question and answers",
        task="docqa",
        roles={"id": "id", "prediction": "predict", **_ANSWERED},
        side="references",
    ),
    RowRule(
        "vqav2_results",
        frozenset({"question_id", "answer"}),
        "VQAv2 results: rows of a numeric question_id and answer alone",
        only=True,
        test=_has_official_ids,
        task="vqa",
        roles={"id": "question_id", "prediction": "answer", "references": "answer"},
    ),
    RowRule(
        "vizwiz",
        frozenset({"image", "question", "answers", "answerable"}),
        "VizWiz: rows of image, question, answerable and answers with their confidence",
        test=_has_answer_objects,
        convert=_vizwiz_row,
        task="vqa",
        roles={"id": "image", **_ANSWERED},
        side="references",
    ),
)
