"""Phrase grounding and detection: boxes for an expression, or for the objects of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from vlmeval_cli.joining import Repeats, Roles
from vlmeval_cli.parsing.boxes.reading import CONFIDENCE, POINTS, parse_boxes, prediction_boxes
from vlmeval_cli.parsing.boxes.references import OBJECTS, reference_boxes, with_references
from vlmeval_cli.parsing.boxes.sizes import FIELDS
from vlmeval_cli.parsing.boxes.values import FACTS
from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.grounding import PATTERNS

_DETECTION_LAYOUTS: Final = frozenset({"coco_detection", "coco_detection_results"})


def rows_repeat(values: Sequence[Any], roles: Roles, layouts: frozenset[str]) -> Repeats:
    """In detection the item is the image: all rows of an image are its boxes."""
    if layouts & _DETECTION_LAYOUTS:
        return "list_or_empty"
    are_answers = any(isinstance(found, str) for found in values)
    return "error" if are_answers or roles.question is not None else "list_if_repeated"


def _defaults(facts: Facts) -> Defaults:
    if POINTS in facts.columns:
        note = "the predictions are points: they are to lie in the box"
        return Defaults(("pointing_accuracy", "center_accuracy"), "pointing_accuracy", note)
    if OBJECTS not in facts.columns:
        return Defaults(("acc_at_iou", "box_iou", "center_accuracy"), primary="acc_at_50")
    if CONFIDENCE in facts.columns:
        return Defaults(("box_f1", "mean_ap", "tide"), primary="box_f1")
    return Defaults(("box_f1", "expected_ap", "tide"), primary="box_f1")


TASK = Task(
    name="grounding",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=("split",),
    diagnose=PATTERNS,
    reads=frozenset({"box_format"}),
    fields=(*FIELDS, "answer"),
    belongs_to_value=FACTS,
    empty_list_is_answer=True,
    rows_repeat=rows_repeat,
    read_predictions=prediction_boxes,
    read_references=reference_boxes,
    parse=parse_boxes,
    with_references=with_references,
)
