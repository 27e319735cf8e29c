"""Patterns in the scores of longer texts."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import (
    NONE,
    Bound,
    Pattern,
    Patterns,
    above,
    ahead,
    below,
    short_of,
)
from vlmeval_cli.tasks.patterns.wording import LENGTHS, wording

_FAIR_WORDS: Final = Bound(0.3, "summaries of good systems score 0.4 in ROUGE-1 (CNN/DailyMail)")
_FEW_PAIRS: Final = Bound(0.25, "ROUGE-2 of good summaries is about half of their ROUGE-1")
_REORDERED: Final = Bound(0.1, "the two are equal where sentences come in the same order")
_FAIR_LETTERS: Final = Bound(0.4, "below, too little is right for its parts to be told apart")
_NEARLY_ALL: Final = Bound(0.8, "above, nothing is wrong with the words")
_FEW_WORDS: Final = Bound(0.3, "BLEU of translations is usually half of their chrF or more")
_CUT: Final = Bound(0.4, "METEOR of good translations is 0.2 to 0.3 above their BLEU")

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="ROUGE-1 is fair ({rouge_1_f1:.2f}) and ROUGE-2 is low ({rouge_2_f1:.2f})",
            when=(
                above("rouge_1_f1", _FAIR_WORDS),
                short_of("rouge_2_f1", "rouge_1_f1", _FEW_PAIRS),
            ),
            meaning="the right words occur, in other phrases: a paraphrase, or words that fit "
            "any text of this kind",
            advice="read the lowest items (--worst 20); a metric of meaning can tell the two "
            "apart, n-grams cannot",
        ),
        Pattern(
            seen="ROUGE-Lsum ({rouge_lsum_f1:.2f}) is far above ROUGE-L ({rouge_l_f1:.2f})",
            when=(ahead("rouge_lsum_f1", "rouge_l_f1", _REORDERED),),
            meaning="the same things are said in another order of sentences",
            advice="look at rouge_lsum_f1 if their order does not matter, as in CNN/DailyMail",
        ),
        # A BLEU of 0 only says that the texts are shorter than four words.
        Pattern(
            seen="chrF ({chrf:.2f}) is far above BLEU ({sacrebleu:.2f})",
            when=(
                above("chrf", _FAIR_LETTERS),
                below("chrf", _NEARLY_ALL),
                above("sacrebleu", NONE),
                short_of("sacrebleu", "chrf", _FEW_WORDS),
            ),
            meaning="words are nearly right: other endings, compounds or spellings, or outputs "
            "much shorter or longer than the references",
            advice="compare the lengths first, then the endings of words; chrF forgives both "
            "more than BLEU",
        ),
        Pattern(
            seen="METEOR ({meteor:.2f}) is far above BLEU ({sacrebleu:.2f})",
            when=(above("sacrebleu", NONE), ahead("meteor", "sacrebleu", _CUT)),
            meaning="most words of the references occur, as other forms or synonyms, or amid "
            "much else",
            advice="compare the lengths; if they are alike, the texts are paraphrases, and a "
            "metric of meaning says more",
        ),
        *wording("sacrebleu", "BLEU"),
        *LENGTHS,
    )
)
