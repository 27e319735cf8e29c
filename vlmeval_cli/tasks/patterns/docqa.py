"""Patterns in the scores of answers that stand in a document."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import (
    Bound,
    Pattern,
    Patterns,
    ahead,
    below,
    not_ahead,
)

GAP: Final = Bound(0.15, "15 points, beyond the 95 % interval of a hundred items")
_LOW: Final = Bound(0.5, "as if half of the answers earned nothing")

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="ocrbench ({ocrbench:.2f}) is far above ANLS ({anls:.2f})",
            when=(ahead("ocrbench", "anls", GAP),),
            meaning="many predictions hold the right answer inside a longer text, and ANLS "
            "counts every other character against it",
            advice='ask for the answer alone ("Answer using the text in the document, without '
            'a sentence."), or take it out of the sentence before scoring',
        ),
        # An answer inside a longer text earns ANLS too: letters are misread where more is earned.
        Pattern(
            seen="ANLS ({anls:.2f}) is far above exact match ({exact_match:.2f})",
            when=(ahead("anls", "exact_match", GAP),),
            unless=(not_ahead("anls", "ocrbench", GAP),),
            meaning="many answers are a few characters off: misread letters, spaces, units or "
            "thousands separators",
            advice="look at the partial items (--worst 20); raise the image resolution if "
            "letters are misread, or agree on a spelling of numbers if they are not",
        ),
        Pattern(
            seen="ANLS ({anls:.2f}) is low and hardly above exact match ({exact_match:.2f})",
            when=(not_ahead("anls", "exact_match", GAP), below("anls", _LOW)),
            unless=(ahead("ocrbench", "anls", GAP), ahead("token_f1", "anls", GAP)),
            meaning="wrong answers are wholly different texts: another place of the page was "
            "read, or none",
            advice="check that the pages reach the model unscaled and in the right order; "
            "compare the answer types (--by answer_type) to see where it fails",
        ),
        Pattern(
            seen="token F1 ({token_f1:.2f}) is far above ANLS ({anls:.2f})",
            when=(ahead("token_f1", "anls", GAP),),
            unless=(ahead("ocrbench", "anls", GAP),),
            meaning="many answers hold the right words among others, or in another order, and "
            "ANLS gives nothing below half of the characters",
            advice="ask for the answer as it stands in the document, without a sentence",
        ),
    )
)
