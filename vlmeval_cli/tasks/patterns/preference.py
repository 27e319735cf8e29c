"""Patterns in the scores of preference."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, ahead, below, not_ahead

_BY_LENGTH: Final = Bound(0.05, "five points, more than judges of one answer twice differ by")
_UNSTEADY: Final = Bound(0.8, "a fifth of the verdicts change; strong judges keep more than that")
_LEANS: Final = Bound(0.1, "a tenth of the pairs more to one place than to the other")
_TENTATIVE: Final = Bound(
    0.667, "below it Krippendorff (2004) draws not even tentative conclusions"
)

_CHANGE: Final = "of the verdicts stay when the answers change places"
_BOTH: Final = (
    "judge every pair in both orders and let the two verdicts count together, as win_rate does; "
    "take a stronger judge"
)

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="the win rate is {win_rate:.2f}, and {length_controlled_win_rate:.2f} at equal "
            "length",
            when=(ahead("win_rate", "length_controlled_win_rate", _BY_LENGTH),),
            meaning="the model wins partly by the length of its answers",
            advice="report both, and see the table of length and verdicts; bring the answers to "
            "like lengths and judge again",
        ),
        Pattern(
            seen="the win rate is only {win_rate:.2f}, and {length_controlled_win_rate:.2f} at "
            "equal length",
            when=(ahead("length_controlled_win_rate", "win_rate", _BY_LENGTH),),
            meaning="the length of its answers costs the model wins",
            advice="report both, and see the table of length and verdicts; bring the answers to "
            "like lengths and judge again",
        ),
        Pattern(
            seen=f"{{position_consistency:.0%}} {_CHANGE}, and the others go to the first "
            "({biased_to_first:.0%}) more than to the second ({biased_to_second:.0%})",
            when=(
                below("position_consistency", _UNSTEADY),
                ahead("biased_to_first", "biased_to_second", _LEANS),
            ),
            meaning="the judge prefers what it sees first",
            advice=_BOTH,
        ),
        Pattern(
            seen=f"{{position_consistency:.0%}} {_CHANGE}, and the others go to the second "
            "({biased_to_second:.0%}) more than to the first ({biased_to_first:.0%})",
            when=(
                below("position_consistency", _UNSTEADY),
                ahead("biased_to_second", "biased_to_first", _LEANS),
            ),
            meaning="the judge prefers what it sees last",
            advice=_BOTH,
        ),
        Pattern(
            seen=f"only {{position_consistency:.0%}} {_CHANGE}, and the others go either way",
            when=(
                below("position_consistency", _UNSTEADY),
                not_ahead("biased_to_first", "biased_to_second", _LEANS),
                not_ahead("biased_to_second", "biased_to_first", _LEANS),
            ),
            meaning="the judge is unsure, rather than moved by the place",
            advice="the answers may be equally good: allow ties, ask several times or several "
            "judges",
        ),
        Pattern(
            seen="judges agree little (alpha {judge_alpha:.2f})",
            when=(below("judge_alpha", _TENTATIVE),),
            meaning="who judges matters as much as who answers",
            advice="see the table of judges; write clearer instructions, or score each judge alone "
            "(--where judge=NAME)",
        ),
    )
)
