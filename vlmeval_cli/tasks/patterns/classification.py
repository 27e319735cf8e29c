"""Patterns in the scores of classification."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, above, ahead, at_least, below

_UNEQUAL: Final = Bound(0.15, "macro F1 and accuracy are within a few points on balanced data")
_UNPARSED: Final = Bound(0.05, "one in twenty: more than a rare slip, and up to 5 points lost")
_UNCALIBRATED: Final = Bound(0.1, "confidences are 10 points off on average")
_HIGH: Final = Bound(0.7, "looks like a usable classifier")
_CHANCE: Final = Bound(0.2, 'at most "slight" agreement beyond chance (Landis and Koch 1977)')
_LOW: Final = Bound(0.5, "fewer right than wrong")
_FORM: Final = Bound(0.1, "10 points by the form of the answers alone")
_ONE_SIDED: Final = Bound(0.1, "10 points between the two means")

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="{unparsed_rate:.0%} of the predictions name no class that could be read",
            when=(above("unparsed_rate", _UNPARSED),),
            meaning="they count as wrong, and may be a matter of format; accuracy_parsed is that "
            "of the others",
            advice='ask for the label alone ("Answer with one of: …"), and look at the '
            "outcomes other than right and wrong in the samples (--samples F)",
        ),
        Pattern(
            seen="accuracy is low ({accuracy:.2f}), and {accuracy_parsed:.2f} among the answers "
            "that name a class",
            when=(
                below("accuracy", _LOW),
                above("accuracy_parsed", _LOW),
                ahead("accuracy_parsed", "accuracy", _FORM),
            ),
            meaning="the format costs more than the lack of knowledge",
            advice="list the classes in the prompt, or decode among them, before training more",
        ),
        Pattern(
            seen="macro F1 ({f1_macro:.2f}) is far below accuracy ({accuracy:.2f})",
            when=(ahead("accuracy", "f1_macro", _UNEQUAL),),
            meaning="frequent classes are recognised and rare ones are not",
            advice="look at the recall of each class; weigh or add examples of the rare ones",
        ),
        Pattern(
            seen="macro precision ({precision_macro:.2f}) is far above macro recall "
            "({recall_macro:.2f})",
            when=(ahead("precision_macro", "recall_macro", _ONE_SIDED),),
            meaning="rare classes are named seldom, and then rightly: the model falls back on the "
            "frequent ones",
            advice="see in the confusion table where they go; weigh the rare classes",
        ),
        Pattern(
            seen="accuracy is high ({accuracy:.2f}) and kappa low ({cohen_kappa:.2f})",
            when=(at_least("accuracy", _HIGH), below("cohen_kappa", _CHANCE)),
            meaning="most of the accuracy is what always naming the most frequent class earns",
            advice="see the floors; report balanced accuracy or MCC instead",
        ),
        Pattern(
            seen="ECE is high ({ece:.2f})",
            when=(above("ece", _UNCALIBRATED),),
            meaning="confidences are far from the share of predictions that are right",
            advice="see in the table of reliability whether they are too high or too low, and "
            "scale them on held-out items before anything depends on them",
        ),
    )
)
