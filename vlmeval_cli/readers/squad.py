"""SQuAD v1.1 and v2: questions inside paragraphs inside articles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vlmeval_cli.readers.rules import DocumentRule, Fields, RowRule, answer_texts, first_row

_ROLES = {"id": "id", "question": "question", "references": "answers"}
_ID = re.compile(r"[0-9a-f]{24}(?:[0-9a-f]{12})?|[0-9a-f-]{36}")


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


def _are_probabilities(document: Fields) -> bool:
    """Whether an object by id holds how likely each question has no answer; no answers."""
    return bool(document) and all(
        type(value) is float and 0 <= value <= 1 and _ID.fullmatch(key) is not None
        for key, value in document.items()
    )


def _probability_rows(document: Fields) -> Iterator[object]:
    return ({"id": key, "na_prob": value} for key, value in document.items())


def _has_starts(rows: Sequence[Fields]) -> bool:
    """Whether the answers are texts and places, side by side, as Hugging Face has them."""
    return all(
        isinstance(row["answers"], dict) and {"text", "answer_start"} <= row["answers"].keys()
        for row in rows
    )


def _has_unanswerable(rows: Sequence[Fields]) -> bool:
    return _has_starts(rows) and any(row["answers"]["text"] == [] for row in rows)


def _row_of_v1(row: Fields) -> Fields:
    return {**row, "answers": row["answers"]["text"]}


def _row_of_v2(row: Fields) -> Fields:
    texts = row["answers"]["text"]
    return {**row, "answers": texts or [""], "is_impossible": not texts}


def _converted_row(row: Fields) -> Fields:
    """A row that was written by vlmeval; an empty text among the references is an answer."""
    return {**row, "references": row["references"] or [""]}


ROWS = (
    RowRule(
        "squad_predictions",
        frozenset({"id", "prediction_text"}),
        "answers to SQuAD as Hugging Face has them: id and prediction_text",
        roles={"id": "id", "prediction": "prediction_text"},
        side="predictions",
    ),
    RowRule(
        "squad_v2",
        frozenset({"id", "question", "answers"}),
        "rows of SQuAD v2, some without an answer",
        test=_has_unanswerable,
        convert=_row_of_v2,
        task="vqa",
        roles=_ROLES,
        side="references",
    ),
    RowRule(
        "squad_v1",
        frozenset({"id", "question", "answers"}),
        "rows of SQuAD: question, and answers with text and answer_start",
        test=_has_starts,
        convert=_row_of_v1,
        task="vqa",
        roles=_ROLES,
        side="references",
    ),
    RowRule(
        "squad_v2",
        frozenset({"id", "question", "references", "is_impossible"}),
        "rows of SQuAD v2: question, references and is_impossible",
        convert=_converted_row,
        task="vqa",
        roles={**_ROLES, "prediction": "prediction", "references": "references"},
        side="references",
    ),
)

DOCUMENTS = (
    DocumentRule(
        "squad_na_prob",
        _are_probabilities,
        _probability_rows,
        "probabilities that SQuAD questions have no answer, not their answers",
        roles={"id": "id"},
        side="predictions",
    ),
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
