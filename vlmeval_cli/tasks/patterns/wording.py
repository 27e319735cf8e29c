"""Patterns of texts that were worded by a model, whatever the task that they are part of."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, above, ahead, at_least, below

SAME_MEANING: Final = Bound(
    0.9,
    "raw BERTScore of unrelated English sentences is about 0.83 (its baseline for roberta-large), "
    "so that 0.9 is well above chance",
)
OTHER_MEANING: Final = Bound(
    0.85, "raw BERTScore of unrelated English sentences is about 0.83, so that this is near chance"
)
FEW_PHRASES: Final = Bound(
    0.15, "people's own captions score about 0.2 against each other (BLEU-4, COCO)"
)
MANY_PHRASES: Final = Bound(0.3, "more phrases in common than people's captions have")
RECALL_GAP: Final = Bound(0.2, "one of the two is half as high again at usual values of 0.4")


def wording(bleu: str, name: str) -> tuple[Pattern, ...]:
    """Patterns of meaning beside phrases.

    Args:
        bleu: the output that counts phrases.
        name: what it is called.
    """
    return (
        Pattern(
            seen=f"BERTScore is high ({{bert_score_f1:.2f}}) and {name} low ({{{bleu}:.2f}})",
            when=(at_least("bert_score_f1", SAME_MEANING), below(bleu, FEW_PHRASES)),
            meaning="usually fine: the same is said in other words",
            advice="report the metric of meaning beside that of phrases; add references in other "
            "words if you can, and read a few items to be sure",
        ),
        Pattern(
            seen=f"BERTScore is low ({{bert_score_f1:.2f}}) and {name} high ({{{bleu}:.2f}})",
            when=(below("bert_score_f1", OTHER_MEANING), at_least(bleu, MANY_PHRASES)),
            meaning="phrases are shared and the meaning is not: stock phrases, repetition, or a "
            "copied frame around another fact",
            advice="read the lowest items (--worst 20) for negations, numbers and names; penalise "
            "repetition when decoding",
        ),
        Pattern(
            seen=f"BERTScore ({{bert_score_f1:.2f}}) and {name} ({{{bleu}:.2f}}) are both low",
            when=(below("bert_score_f1", OTHER_MEANING), below(bleu, FEW_PHRASES)),
            meaning="neither words nor meaning agree: the answers are about something else",
            advice="review the data and the prompt before the model: whether ids belong together, "
            "the language, the image that reaches the model, the wording of the question",
        ),
    )


LENGTHS: Final = (
    Pattern(
        seen="ROUGE-L recall ({rouge_l_recall:.2f}) is far above precision "
        "({rouge_l_precision:.2f})",
        when=(ahead("rouge_l_recall", "rouge_l_precision", RECALL_GAP),),
        meaning="the texts hold what the references say, and much else: they are too long",
        advice="ask for fewer words, limit max_new_tokens, or reward brevity",
    ),
    Pattern(
        seen="ROUGE-L precision ({rouge_l_precision:.2f}) is far above recall "
        "({rouge_l_recall:.2f})",
        when=(ahead("rouge_l_precision", "rouge_l_recall", RECALL_GAP),),
        meaning="what is said is in the references, and most of them is left out: the texts are "
        "too short",
        advice="ask for all details; look for outputs that are cut off (the outcomes)",
    ),
)

TOO_LONG: Final = Bound(
    2.0, "twice the words: n-gram precision is halved even if every word of the reference occurs"
)
TOO_SHORT: Final = Bound(0.5, "half the words: recall is halved even if every word is right")
WORDS: Final = Patterns(
    (
        Pattern(
            seen="words in the median: {words:.0f} in predictions, {reference_words:.0f} in "
            "references ({words_ratio:.1f} times as many)",
            when=(above("words_ratio", TOO_LONG),),
            meaning="every metric that counts words against the references is lower for it",
            advice="ask for the form of the references (one sentence, a word or phrase), or limit "
            "max_new_tokens; then compare again",
        ),
        Pattern(
            seen="words in the median: {words:.0f} in predictions, {reference_words:.0f} in "
            "references ({words_ratio:.1f} times as many)",
            when=(below("words_ratio", TOO_SHORT),),
            meaning="what the references say beyond that cannot be earned",
            advice="ask for more detail; look for outputs that are cut off (the outcomes)",
        ),
    )
)
