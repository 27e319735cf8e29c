"""Patterns in the changes of scores from one run to another.

Values are gains: the change in the direction in which the output is better, so that a falling loss
is a gain. Beside the outputs of the task there are ``primary`` (the primary output),
``failures_part`` (the part of its change that comes from items that failed in one run and not in
the other: empty, cut off, unreadable …), and ``words_ratio`` (words of an answer for each word in
the other run, in the median).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vlmeval_cli.tasks.patterns.rules import Bound, Pattern, Patterns, above, ahead, at_least, below

PRIMARY: Final = "primary"
FAILURES_PART: Final = "failures_part"
WORDS_RATIO: Final = "words_ratio"

_UP: Final = Bound(0.01, "a point; and beyond two standard errors where items have scores")
_DOWN: Final = Bound(-0.01, "a point; and beyond two standard errors where items have scores")
_SPELLING: Final = Bound(0.05, "5 points that one of two metrics of the same answers gives")
_MOST: Final = Bound(0.8, "four fifths of the change")
_LONGER: Final = Bound(1.5, "half as long again")
_SHORTER: Final = Bound(0.67, "two thirds of the length")

_COMMON: Final = (
    Pattern(
        seen="the primary score rises ({primary:+.3f}), and {failures_part:.0%} of that is answers "
        "that no longer fail",
        when=(at_least(PRIMARY, _UP), at_least(FAILURES_PART, _MOST)),
        meaning="the answers have a better form, not better content",
        advice="say so when you report the gain; a better prompt or reading may give the same to "
        "the other run, so compare with it after that",
    ),
    Pattern(
        seen="the primary score falls ({primary:+.3f}), and {failures_part:.0%} of that is answers "
        "that fail (empty, cut off, unreadable …)",
        when=(below(PRIMARY, _DOWN), at_least(FAILURES_PART, _MOST)),
        meaning="the form of the answers is worse; what they say may be as good",
        advice="mend the form first (limit of tokens, stop token, prompt), then compare again",
    ),
    Pattern(
        seen="the primary score rises ({primary:+.3f}) and answers are {words_ratio:.1f} times as "
        "long",
        when=(at_least(PRIMARY, _UP), above(WORDS_RATIO, _LONGER)),
        meaning="part of the gain may be length: more words hold more of what the references say",
        advice="compare at the same limit of tokens, or look at a metric that counts precision",
    ),
    Pattern(
        seen="the primary score falls ({primary:+.3f}) and answers are {words_ratio:.1f} times as "
        "long",
        when=(below(PRIMARY, _DOWN), above(WORDS_RATIO, _LONGER)),
        meaning="the answers may hold what is right among other words",
        advice="ask for short answers, or look at token F1 or recall before you call it worse",
    ),
    Pattern(
        seen="the primary score falls ({primary:+.3f}) and answers have {words_ratio:.1f} times "
        "the words",
        when=(below(PRIMARY, _DOWN), below(WORDS_RATIO, _SHORTER)),
        meaning="the answers leave out what the references say",
        advice="look for answers that are cut off, and at the lengths of the texts it was tuned on",
    ),
)


def _against(up: str, down: str, names: tuple[str, str], meaning: str, advice: str) -> Pattern:
    """One output rises and another one falls."""
    return Pattern(
        seen=f"{names[0]} rises ({{{up}:+.3f}}) and {names[1]} falls ({{{down}:+.3f}})",
        when=(at_least(up, _UP), below(down, _DOWN)),
        meaning=meaning,
        advice=advice,
    )


def _meaning(bleu: str, name: str) -> tuple[Pattern, Pattern]:
    return (
        _against(
            "bert_score_f1", bleu, ("BERTScore", name),
            "the same is said in words that are further from the references: usually fine",
            "read a few of the items that moved most; prefer the metric of meaning if they are "
            "right",
        ),
        _against(
            bleu, "bert_score_f1", (name, "BERTScore"),
            "phrases of the references are copied with another meaning, or repeated",
            "read the items that moved most for numbers, names and negations",
        ),
    )  # fmt: skip


_TEXTS: Final = (
    _against(
        "token_f1", "exact_match", ("token F1", "exact match"),
        "the right words stand among others more often: answers became longer",
        "ask for short answers, or extract the answer before scoring",
    ),
    _against(
        "exact_match", "anls", ("exact match", "ANLS"),
        "more answers are right to the letter, and the wrong ones are further off",
        "read wrong answers: short guesses earn no part of ANLS",
    ),
    _against(
        "anls", "exact_match", ("ANLS", "exact match"),
        "more answers are nearly right and fewer exactly: spelling, units or extra words",
        "look at the partial items for a systematic difference",
    ),
)  # fmt: skip

_BY_TASK: Final[dict[str, tuple[Pattern, ...]]] = {
    "captioning": (
        _against(
            "bleu_4", "cider", ("BLEU-4", "CIDEr"),
            "captions became more generic: usual phrases, fewer words that tell images apart",
            "read what moved most; stop earlier, or train on more particular captions",
        ),
        _against(
            "cider", "bleu_4", ("CIDEr", "BLEU-4"),
            "captions name more of what is particular, in phrases of their own",
            "usually fine; CIDEr is closer to people's judgment of captions",
        ),
        _against(
            "meteor", "cider", ("METEOR", "CIDEr"),
            "captions are longer or list more: recall is up and the weight of rare words down",
            "compare the lengths",
        ),
        *_meaning("bleu_4", "BLEU-4"),
    ),
    "text": (
        _against(
            "chrf", "sacrebleu", ("chrF", "BLEU"),
            "words are nearer in their letters and phrases are not: longer texts, or other endings",
            "compare the lengths; look at the endings of words",
        ),
        _against(
            "sacrebleu", "chrf", ("BLEU", "chrF"),
            "phrases are right more often and less is said: the texts became shorter",
            "compare the lengths; look for texts that are cut off",
        ),
        _against(
            "rouge_lsum_f1", "sacrebleu", ("ROUGE-Lsum", "BLEU"),
            "more sentences of the references are met, in longer or looser wording",
            "compare the lengths",
        ),
        *_meaning("sacrebleu", "BLEU"),
    ),
    "vqa": (
        *_TEXTS,
        Pattern(
            seen="VQA accuracy rises ({vqa_accuracy:+.3f}) far more than exact match "
            "({exact_match:+.3f})",
            when=(at_least("vqa_accuracy", _UP), ahead("vqa_accuracy", "exact_match", _SPELLING)),
            meaning="part of the gain is in spelling that exact match forgives (letter case, full "
            "stops, articles), or in agreement with more annotators",
            advice="see the items that moved most; score both runs with "
            "vqa_accuracy:variant=m4c, which normalises every answer, before you call it content",
        ),
    ),
    "docqa": _TEXTS,
    "choice": (
        _against(
            "choice_accuracy", "choice_balanced_accuracy", ("accuracy", "balanced accuracy"),
            "the model prefers positions that are often right",
            "see the letters in both runs; score rotations of the options",
        ),
        _against(
            "choice_accuracy", "circular_accuracy", ("accuracy", "circular accuracy"),
            "more questions are right in some order of the options, fewer in all",
            "report circular accuracy",
        ),
    ),
    "classification": (
        _against(
            "accuracy", "f1_macro", ("accuracy", "macro F1"),
            "frequent classes gain at the cost of rare ones",
            "compare the recall of each class; weigh the rare ones",
        ),
        _against(
            "f1_macro", "accuracy", ("macro F1", "accuracy"),
            "rare classes gain at the cost of frequent ones",
            "usually meant, if classes were weighed; say which of the two matters",
        ),
        _against(
            "accuracy", "ece", ("accuracy", "calibration"),
            "the model is right more often and less honest about it",
            "scale the confidences anew: those of the other run do not carry over",
        ),
    ),
    "freeform": (
        _against(
            "format_valid_strict", "field_f1", ("validity", "field F1"),
            "the form was learned at the cost of the content",
            "see which fields fell (the table of fields); mix the training data",
        ),
        _against(
            "field_f1", "schema_valid", ("field F1", "validity by the schema"),
            "more values are right, in documents that break the schema more often",
            "decode with the schema",
        ),
        _against(
            "field_precision", "field_recall", ("field precision", "field recall"),
            "the model became cautious: it leaves fields out",
            "see the missing fields by path",
        ),
        _against(
            "field_recall", "field_precision", ("field recall", "field precision"),
            "the model fills in more fields, and makes some up",
            "see the extra and hallucinated fields by path",
        ),
    ),
    "grounding": (
        _against(
            "acc_at_50", "mean_iou", ("Acc@0.5", "mean IoU"),
            "more boxes pass the threshold, and boxes are looser",
            "compare Acc@0.75",
        ),
        _against(
            "box_precision", "box_recall", ("precision", "recall"),
            "fewer boxes are predicted, and more of them right",
            "look for answers that are cut off; choose by what a missed object costs",
        ),
        _against(
            "box_recall", "box_precision", ("recall", "precision"),
            "more boxes are predicted, and fewer of them right",
            "see duplicates and background in the table of errors",
        ),
    ),
    "code": (
        _against(
            "edit_similarity", "pass_at_1", ("edit similarity", "pass@1"),
            "programs look more like the solutions and work less often",
            "trust the tests; tuning may copy the style of its data",
        ),
        *(
            _against(
                "pass_at_1", f"pass_at_{k}", ("pass@1", f"pass@{k}"),
                "samples became alike: the first try is better and trying again helps less",
                "usual after preference tuning; raise the temperature if you sample several",
            )
            for k in (5, 10, 100)
        ),
    ),
    "language_modeling": (
        _against(
            "loss", "token_accuracy", ("the loss (as a gain)", "token accuracy"),
            "probabilities are better spread, and the likeliest token is right less often",
            "usual for smoothing or a higher temperature; choose by how the model is decoded",
        ),
        _against(
            "token_accuracy", "loss", ("token accuracy", "the loss (as a gain)"),
            "the likeliest token is right more often, and mistakes are held for more certain: "
            "overconfidence, as after too many epochs",
            "stop earlier or smooth labels",
        ),
    ),
    "rationality": (
        _against(
            "prediction_accuracy", "prediction_trustworthiness", ("accuracy", "trustworthiness"),
            "the gain comes from shortcuts: right more often, for the right reason less often",
            "test on shifted backgrounds before you prefer this run",
        ),
    ),
    "preference": (
        _against(
            "win_rate", "length_controlled_win_rate", ("the win rate", "the one at equal length"),
            "the gain is length: longer answers win more, and no better ones are written",
            "report both; compare at like lengths before you prefer this run",
        ),
    ),
}  # fmt: skip

CHANGES: Final[Mapping[str, Patterns]] = MappingProxyType(
    {name: Patterns((*_COMMON, *own)) for name, own in _BY_TASK.items()}
)
ANY_TASK: Final = Patterns(_COMMON)
