"""Visual question answering: a short answer, from one annotator or from ten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.tasks.base import Defaults, Facts, Task, value

ANNOTATORS = 10  # VQA accuracy counts agreement with ten people
_LONG_ANSWER = 5  # words; from here on answers are sentences, and n-gram metrics say something
_DOCUMENTS = "if they are about documents, --task docqa takes ANLS as primary"


def _defaults(facts: Facts) -> Defaults:
    texts = ("rouge_l", "meteor", "bleu") if facts.median_words >= _LONG_ANSWER else ()
    answers = ("exact_match", "token_f1", "anls")
    if facts.typical_references >= ANNOTATORS:
        return Defaults(("vqa_accuracy", *answers, *texts), primary="vqa_accuracy")
    if facts.typical_references > 1:
        note = (
            f"fewer than {ANNOTATORS} answers per question: exact match is the primary metric; "
            f"{_DOCUMENTS}"
        )
        return Defaults((*answers, "vqa_accuracy", *texts), primary="exact_match", note=note)
    note = (
        "one answer per question: exact match and token F1 are scored; VQA accuracy needs several "
        f"annotators; {_DOCUMENTS}"
    )
    return Defaults((*answers, *texts), primary="exact_match", note=note)


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    found = []
    exact, f1, anls = (value(scores, name) for name in ("exact_match", "token_f1", "anls"))
    if exact is not None and f1 is not None and f1 > exact + 0.15:
        found.append(
            Diagnosis(
                pattern=f"token F1 ({f1:.2f}) is far above exact match ({exact:.2f})",
                meaning="many answers hold the right words among others",
                advice='ask for short answers ("Answer with a single word or phrase."), or take '
                "the answer out of the sentence before scoring",
            )
        )
    if exact is not None and anls is not None and anls > exact + 0.15:
        found.append(
            Diagnosis(
                pattern=f"ANLS ({anls:.2f}) is far above exact match ({exact:.2f})",
                meaning="many answers are a few characters off: spelling, spaces or units",
                advice="look at the lowest items (--worst 20) for a systematic difference",
            )
        )
    return found


TASK = Task(
    name="vqa",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=("answer_type", "question_type"),
    diagnose=_diagnose,
)
