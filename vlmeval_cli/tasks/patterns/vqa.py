"""Patterns in the scores of short answers to questions about images."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, above, ahead, below
from vlmeval_cli.tasks.patterns.wording import LENGTHS, wording

GAP: Final = Bound(0.15, "15 points, beyond the 95 % interval of a hundred items")
_SAID_BY_SOME: Final = Bound(0.7, "most answers are those of at least one annotator")
_HELD_BY_FEW: Final = Bound(0.5, "half of what full agreement of the annotators earns")

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="exact match is {exact_match:.2f} once normalised, and "
            "{exact_match[normalize=none]:.2f} as written",
            when=(ahead("exact_match", "exact_match[normalize=none]", GAP),),
            meaning="many answers are right but for letter case, a full stop or an article",
            advice="lowercase the predictions and strip their full stops before scoring, as "
            "published evaluations of GQA do, or ask for such answers",
        ),
        Pattern(
            seen="token F1 ({token_f1:.2f}) is far above exact match ({exact_match:.2f})",
            when=(ahead("token_f1", "exact_match", GAP),),
            meaning="many answers hold the right words among others",
            advice='ask for short answers ("Answer with a single word or phrase."), or take '
            "the answer out of the sentence before scoring",
        ),
        Pattern(
            seen="ANLS ({anls:.2f}) is far above exact match ({exact_match:.2f})",
            when=(ahead("anls", "exact_match", GAP),),
            meaning="many answers are a few characters off: spelling, spaces or units",
            advice="look at the lowest items (--worst 20) for a systematic difference",
        ),
        Pattern(
            seen="relaxed accuracy ({relaxed_accuracy:.2f}) is far above exact match "
            "({exact_match:.2f})",
            when=(ahead("relaxed_accuracy", "exact_match", GAP),),
            meaning="many numbers are within 5 % of the right one and not equal: read off an axis, "
            "or written with other units",
            advice="report relaxed accuracy for charts; where exact numbers are printed, raise the "
            "resolution of the images",
        ),
        Pattern(
            seen="exact match is high ({exact_match:.2f}) and VQA accuracy low "
            "({vqa_accuracy:.2f})",
            when=(
                above("exact_match", _SAID_BY_SOME),
                below("vqa_accuracy", _HELD_BY_FEW),
            ),
            meaning="the answers are those of single annotators: the questions are ambiguous, or "
            "there are fewer than three annotators, whose answer earns a third each",
            advice="take exact match as primary where there are few annotators; else read the "
            "items on which annotators disagree",
        ),
        *wording("bleu_4", "BLEU-4"),
        *LENGTHS,
    )
)
