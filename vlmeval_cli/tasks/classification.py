"""Classification: one of a fixed set of classes, as a label or in a model's own words."""

from __future__ import annotations

from vlmeval_cli.parsing.classes.reading import CONFIDENCE_FIELDS, parse_classes, reference_classes
from vlmeval_cli.parsing.classes.values import prediction_labels, reference_labels
from vlmeval_cli.tasks.base import Defaults, Facts, Task, adding
from vlmeval_cli.tasks.patterns.classification import PATTERNS


def _defaults(facts: Facts) -> Defaults:
    calibration = ("calibration",) if "prediction.confidence" in facts.columns else ()
    return Defaults(("accuracy", "classification", *calibration), primary="accuracy")


TASK = Task(
    name="classification",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=(),
    diagnose=PATTERNS,
    reads=frozenset({"labels"}),
    fields=CONFIDENCE_FIELDS,
    read_predictions=prediction_labels,
    read_references=reference_labels,
    parse=parse_classes,
    with_references=adding(reference_classes),
)
