"""Classification: one of a fixed set of classes, as a label or in a model's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.parsing.classes.reading import CONFIDENCE_FIELDS, parse_classes, reference_classes
from vlmeval_cli.parsing.classes.values import prediction_labels, reference_labels
from vlmeval_cli.tasks.base import Defaults, Facts, Task, adding, value

_UNEQUAL = 0.15
_UNPARSED = 0.05
_UNCALIBRATED = 0.1


def _defaults(facts: Facts) -> Defaults:
    calibration = ("calibration",) if "prediction.confidence" in facts.columns else ()
    return Defaults(("accuracy", "classification", *calibration), primary="accuracy")


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    names = ("accuracy", "accuracy_parsed", "unparsed_rate", "f1_macro", "ece")
    accuracy, parsed, unparsed, macro, ece = (value(scores, name) for name in names)
    found = []
    if unparsed is not None and unparsed > _UNPARSED:
        ceiling = "" if parsed is None else f" (accuracy of the others is {parsed:.2f})"
        found.append(
            Diagnosis(
                pattern=f"{unparsed:.0%} of the predictions name no class that could be read",
                meaning=f"they count as wrong{ceiling}, and may be a matter of format",
                advice='ask for the label alone ("Answer with one of: …"), and look at the '
                "outcomes other than right and wrong in the samples (--samples F)",
            )
        )
    if accuracy is not None and macro is not None and accuracy > macro + _UNEQUAL:
        found.append(
            Diagnosis(
                pattern=f"macro F1 ({macro:.2f}) is far below accuracy ({accuracy:.2f})",
                meaning="frequent classes are recognised and rare ones are not",
                advice="look at the recall of each class; weigh or add examples of the rare ones",
            )
        )
    if ece is not None and ece > _UNCALIBRATED:
        found.append(
            Diagnosis(
                pattern=f"ECE is high ({ece:.2f})",
                meaning="confidences are far from the share of predictions that are right",
                advice="see in the table of reliability whether they are too high or too low, and "
                "scale them on held-out items before anything depends on them",
            )
        )
    return found


TASK = Task(
    name="classification",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=(),
    diagnose=_diagnose,
    reads=frozenset({"labels"}),
    fields=CONFIDENCE_FIELDS,
    read_predictions=prediction_labels,
    read_references=reference_labels,
    parse=parse_classes,
    with_references=adding(reference_classes),
)
