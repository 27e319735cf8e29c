"""Phrase grounding and detection: boxes for an expression, or for the objects of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.joining import Repeats, Roles
from vlmeval_cli.parsing.boxes.reading import CONFIDENCE, POINTS, parse_boxes, prediction_boxes
from vlmeval_cli.parsing.boxes.references import OBJECTS, reference_boxes, with_references
from vlmeval_cli.parsing.boxes.sizes import FIELDS
from vlmeval_cli.parsing.boxes.values import FACTS
from vlmeval_cli.tasks.base import Defaults, Facts, Task, value

HIGH: Final = 0.7  # F1 or accuracy from here on is high
LOW: Final = 0.5
LOOSE_IOU: Final = 0.7  # of matched pairs, which have 0.5 at least
TIGHT_IOU: Final = 0.8
GAP: Final = 0.2
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


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    return [*_expressions(scores), *_objects(scores)]


def _expressions(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    """What accuracy, IoU and centres of single boxes say together."""
    accuracy, iou, centre = (
        value(scores, name) for name in ("acc_at_50", "mean_iou", "center_accuracy")
    )
    found = []
    # Misses have some IoU too, so that hits have this much at most.
    if accuracy is not None and iou is not None and accuracy >= HIGH and iou < LOOSE_IOU * accuracy:
        found.append(
            Diagnosis(
                pattern=f"Acc@0.5 is high ({accuracy:.2f}) and mean IoU low ({iou:.2f})",
                meaning="the right things are found, with loose boxes",
                advice="look at Acc@0.75 (--metrics acc_at_iou:thresholds=50+75); check the "
                "rounding of the box format and the resolution of the images",
            )
        )
    if accuracy is not None and centre is not None and centre >= accuracy + GAP:
        found.append(
            Diagnosis(
                pattern=f"centres are right ({centre:.2f}) far more often than boxes "
                f"({accuracy:.2f} at IoU 0.5)",
                meaning="the place is known, and the size of the box is wrong: too small, too "
                "large, or of the wrong aspect",
                advice="check width and height: boxes as x, y, width, height, or the frame of an "
                "image of another size (--box-format)",
            )
        )
    return found


def _objects(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    """What precision, recall, F1 and the IoU of matched pairs say together."""
    f1, precision, recall, iou = (
        value(scores, name) for name in ("box_f1", "box_precision", "box_recall", "matched_iou")
    )
    found: list[Diagnosis] = []
    if f1 is not None and iou is not None:
        found += _quality(f1, iou)
    if precision is not None and recall is not None:
        found += _balance(precision, recall)
    return found


def _quality(f1: float, iou: float) -> Sequence[Diagnosis]:
    """How many objects are found, beside how exactly."""
    if f1 >= HIGH and iou < LOOSE_IOU:
        return [
            Diagnosis(
                pattern=f"F1 is high ({f1:.2f}) and the IoU of matched boxes low ({iou:.2f})",
                meaning="the objects are found, with loose boxes",
                advice="score at a higher threshold (--metrics box_f1:threshold=0.75); check the "
                "rounding of the box format and the resolution of the images",
            )
        ]
    if f1 < LOW and iou >= TIGHT_IOU:
        return [
            Diagnosis(
                pattern=f"F1 is low ({f1:.2f}) and the IoU of matched boxes high ({iou:.2f})",
                meaning="what is found is found exactly, and much is missed or invented",
                advice="see the table of errors (tide): missed objects want a prompt that asks for "
                "all of them, wrong classes a list of the labels",
            )
        ]
    return []


def _balance(precision: float, recall: float) -> Sequence[Diagnosis]:
    """Whether too few or too many boxes are predicted."""
    if precision >= recall + GAP:
        return [
            Diagnosis(
                pattern=f"precision ({precision:.2f}) is far above recall ({recall:.2f})",
                meaning="the model is cautious: what it names is right, and it names too little",
                advice="ask for all objects, allow longer outputs (truncated ones lose boxes), or "
                "lower the confidence threshold",
            )
        ]
    if recall >= precision + GAP:
        return [
            Diagnosis(
                pattern=f"recall ({recall:.2f}) is far above precision ({precision:.2f})",
                meaning="the model over-predicts: it finds the objects among many other boxes",
                advice="see the table of errors (tide) for duplicates and background; raise the "
                "confidence threshold, or ask for each object once",
            )
        ]
    return []


TASK = Task(
    name="grounding",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=("split",),
    diagnose=_diagnose,
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
