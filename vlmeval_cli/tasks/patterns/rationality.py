"""Patterns in the scores of rationality."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, at_least, below

_LOW: Final = Bound(0.5, "fewer than half")
_HIGH: Final = Bound(0.7, "looks like a usable classifier")
_SCATTERED: Final = Bound(0.3, "less than a third of the heat lies on the object")
_FRAGILE: Final = Bound(1.0, "the error of AlexNet (2012) under the same corruptions")

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="accuracy is high ({prediction_accuracy:.2f}) and trustworthiness low "
            "({prediction_trustworthiness:.2f})",
            when=(
                at_least("prediction_accuracy", _HIGH),
                below("prediction_trustworthiness", _LOW),
            ),
            meaning="right for the wrong reasons: the model leans on background or on other "
            "shortcuts",
            advice="look at the RW items; test on shifted backgrounds before you rely on it",
        ),
        Pattern(
            seen="inference reliability is low ({inference_reliability:.2f})",
            when=(below("inference_reliability", _LOW),),
            meaning="the model looks at the object and still names another class",
            advice="the classes may be too alike or their prompts unclear; look at WR items",
        ),
        Pattern(
            seen="trustworthiness is high ({prediction_trustworthiness:.2f}) and accuracy low "
            "({prediction_accuracy:.2f})",
            when=(
                at_least("prediction_trustworthiness", _HIGH),
                below("prediction_accuracy", _LOW),
            ),
            meaning="what is right is right for good reasons, and little is right",
            advice="the model looks where it should and knows too little: train the classes, not "
            "the attention",
        ),
        Pattern(
            seen="rationales are valid ({rationale_accuracy:.2f}) with little heat on the object "
            "({relevant_mass:.2f})",
            when=(at_least("rationale_accuracy", _HIGH), below("relevant_mass", _SCATTERED)),
            meaning="the threshold of a valid rationale is too low for maps this diffuse",
            advice="raise it (rationality:threshold=0.5 is that of the paper), or check that masks "
            "and maps are of the same view of the image (rationality:view=crop)",
        ),
        Pattern(
            seen="accuracy is high ({prediction_accuracy:.2f}) and mCE is {mce:.2f}",
            when=(at_least("prediction_accuracy", _HIGH), at_least("mce", _FRAGILE)),
            meaning="the model is right on these images and loses more than AlexNet does to noise, "
            "blur and weather",
            advice="see the table of corruptions for the worst kind; augment with that",
        ),
    )
)
