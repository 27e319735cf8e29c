"""Patterns in the scores of multiple choice."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, above, ahead, below

_UNPARSED: Final = Bound(0.05, "one in twenty: more than a rare slip, and up to 5 points lost")
_FORM: Final = Bound(0.05, "5 points lost to the form alone")
_FAIR: Final = Bound(0.5, "the others are right as often as not, twice the chance of four options")
_BIASED: Final = Bound(0.1, "10 points: what a preferred position earns if it is right 35 % "
                       "of the time instead of 25 %")  # fmt: skip
_TURNED: Final = Bound(0.1, "10 points; guessing among two of four options gives such a gap")
_OF_LENIENT_RULE: Final = Bound(0.05, "5 points of difference by the rule of reading alone")

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="{choice_unparsed_rate:.1%} of the answers name no option",
            when=(above("choice_unparsed_rate", _UNPARSED),),
            meaning="accuracy measures the form of the answers too; choice_accuracy_parsed "
            "leaves that out",
            advice='ask for "the letter of the right option only", and look at the reasons in '
            "the samples",
        ),
        Pattern(
            seen="accuracy is low ({choice_accuracy:.2f}), and {choice_accuracy_parsed:.2f} among "
            "the answers that name an option",
            when=(
                below("choice_accuracy", _FAIR),
                above("choice_accuracy_parsed", _FAIR),
                ahead("choice_accuracy_parsed", "choice_accuracy", _FORM),
            ),
            meaning="the format costs more than the lack of knowledge: the model knows, and does "
            "not say it as a choice",
            advice="fix the prompt or the reading before the model: ask for the letter, give more "
            "new tokens to a model that reasons, and see the table of the format's cost",
        ),
        Pattern(
            seen="accuracy ({choice_accuracy:.2f}) is above balanced accuracy "
            "({choice_balanced_accuracy:.2f})",
            when=(ahead("choice_accuracy", "choice_balanced_accuracy", _BIASED),),
            meaning="the model does better where the right answer is a frequent letter: it "
            "prefers a position",
            advice="see the table of letters; score all rotations of the options "
            "(circular_accuracy)",
        ),
        Pattern(
            seen="accuracy ({choice_accuracy:.2f}) is far above circular accuracy "
            "({circular_accuracy:.2f})",
            when=(ahead("choice_accuracy", "circular_accuracy", _TURNED),),
            meaning="many questions are right in some orders of the options only",
            advice="report circular accuracy; lucky guesses are in the other",
        ),
        Pattern(
            seen="mmmu_accuracy ({mmmu_accuracy:.2f}) is above choice_accuracy "
            "({choice_accuracy:.2f})",
            when=(ahead("mmmu_accuracy", "choice_accuracy", _OF_LENIENT_RULE),),
            meaning="the rule of MMMU takes the last letter or option that an answer mentions; "
            "ours takes no answer that does not say which it means",
            advice="report the rule with the number; ask for a clear final answer, on which both "
            "agree",
        ),
    )
)
