"""Patterns in the scores of programs."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, above, ahead, at_least, below

_LUCK: Final = Bound(0.15, "15 points: one problem in seven is solved by trying again")
_ALIKE: Final = Bound(0.8, "four of five characters are those of the solution")
_UNLIKE: Final = Bound(0.4, "as like as two programs of the same language that do other things")
_FAILS: Final = Bound(0.5, "fewer problems solved than not")
_WORKS: Final = Bound(0.7, "most problems are solved")
_COPIES: Final = Bound(0.3, "three in ten programs are the solution to the letter")
_PHRASES: Final = Bound(0.5, "half of the runs of four tokens are those of the solution")
_TRIES: Final = (5, 10, 100)


def _tries(k: int) -> Pattern:
    """pass@k beside pass@1, told of the largest k alone."""
    return Pattern(
        seen=f"pass@{k} ({{pass_at_{k}:.2f}}) is far above pass@1 ({{pass_at_1:.2f}})",
        when=(ahead(f"pass_at_{k}", "pass_at_1", _LUCK),),
        unless=tuple(ahead(f"pass_at_{more}", "pass_at_1", _LUCK) for more in _TRIES if more > k),
        meaning="the model finds right programs, but not at the first try",
        advice="sample several and choose among them (by tests of your own, a vote, or a "
        "re-ranker), or lower the temperature",
    )


PATTERNS: Final = Patterns(
    (
        *(_tries(k) for k in _TRIES),
        Pattern(
            seen="edit similarity is high ({edit_similarity:.2f}) and pass@1 low ({pass_at_1:.2f})",
            when=(above("edit_similarity", _ALIKE), below("pass_at_1", _FAILS)),
            meaning="the programs look like the solutions and do not work",
            advice="look at the reasons of the lowest items (--worst 20): one small error may "
            "repeat",
        ),
        Pattern(
            seen="BLEU is high ({smoothed_bleu_4:.2f}) and pass@1 low ({pass_at_1:.2f})",
            when=(at_least("smoothed_bleu_4", _PHRASES), below("pass_at_1", _FAILS)),
            meaning="the programs are written like the solutions and do not work",
            advice="trust the tests, not the likeness; see in the table of endings whether they "
            "fail, crash or run out of time",
        ),
        Pattern(
            seen="pass@1 is high ({pass_at_1:.2f}) and edit similarity low ({edit_similarity:.2f})",
            when=(at_least("pass_at_1", _WORKS), below("edit_similarity", _UNLIKE)),
            meaning="usually fine: the programs work and are written otherwise",
            advice="leave likeness out where there are tests",
        ),
        Pattern(
            seen="{code_exact_match:.0%} of the programs are the reference solution to the letter",
            when=(above("code_exact_match", _COPIES),),
            meaning="the problems may have been in the training data",
            advice="score problems that are newer than the model, or changed ones, beside these",
        ),
    )
)
