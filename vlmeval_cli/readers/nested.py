"""Layouts whose rows nest what others lay flat: questions of ARC, objects of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vlmeval_cli.readers.rules import Fields, RowRule

_BOX_NAMES = ("bbox", "bbox_2d", "box", "box_2d", "bboxes", "boxes")


def _are_labelled(choices: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether options are ``{"text": […], "label": […]}``, or a list of such objects."""
    if isinstance(choices, list):
        return bool(choices) and all(
            isinstance(one, dict) and {"text", "label"} <= one.keys() for one in choices
        )
    return isinstance(choices, dict) and all(
        isinstance(choices.get(name), list) for name in ("text", "label")
    )


def _are_arc(rows: Sequence[Fields]) -> bool:
    return all(_are_labelled(_choices(row)) for row in rows)


def _choices(row: Fields) -> object:
    question = row.get("question")
    return question.get("choices") if isinstance(question, dict) else row.get("choices")


def _arc_row(row: Fields) -> Fields:
    """The row with a question that is a text; the original files nest the options in it."""
    choices, question = _choices(row), row.get("question")
    if isinstance(choices, list):
        texts, labels = zip(*((one["text"], one["label"]) for one in choices), strict=True)
        choices = {"text": [*texts], "label": [*labels]}
    stem = {"question": question.get("stem")} if isinstance(question, dict) else {}
    return {**row, **stem, "choices": choices}


def _are_objects(rows: Sequence[Fields]) -> bool:
    """Whether ``objects`` holds boxes in every row; of an image without any it is empty."""
    found = [row["objects"] for row in rows]
    return any(found) and all(map(_holds_boxes, found))


def _holds_boxes(objects: object) -> bool:
    if isinstance(objects, list):
        return all(isinstance(one, dict) and _holds_boxes(one) for one in objects)
    return isinstance(objects, dict) and any(
        isinstance(objects.get(name), list) for name in _BOX_NAMES
    )


ROWS = (
    RowRule(
        "arc",
        frozenset({"answerKey"}),
        "ARC: questions with an answerKey and labelled choices",
        test=_are_arc,
        convert=_arc_row,
        roles={"references": "answerKey", "question": "question", "options": "choices"},
    ),
    RowRule(
        "objects",
        frozenset({"objects"}),
        "rows with the objects of an image, each with its box",
        test=_are_objects,
        roles={"references": "objects"},
    ),
)
