"""Visual question answering: a short answer, from one annotator or from ten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.vqa import PATTERNS

ANNOTATORS = 10  # VQA accuracy counts agreement with ten people
_LONG_ANSWER = 5  # words; from here on answers are sentences, and n-gram metrics say something
_DOCUMENTS = "if they are about documents, --task docqa takes ANLS as primary"
_ANSWERS = ("exact_match", "token_f1", "anls")


def _defaults(facts: Facts) -> Defaults:
    for layout, official in _OFFICIAL.items():
        if layout in facts.layouts:
            return official(facts)
    is_long = facts.median_words >= _LONG_ANSWER
    own = _usual(facts, ("rouge_l", "meteor", "bleu") if is_long else ())
    return replace(own, networks=("bert_score",)) if is_long else own


def _usual(facts: Facts, texts: tuple[str, ...]) -> Defaults:
    """What is scored where no benchmark says it, with metrics of ``texts`` for long answers."""
    if facts.typical_references >= ANNOTATORS:
        return Defaults(("vqa_accuracy", *_ANSWERS, *texts), primary="vqa_accuracy")
    if facts.typical_references > 1:
        note = (
            f"fewer than {ANNOTATORS} answers per question: exact match is the primary metric; "
            f"{_DOCUMENTS}"
        )
        return Defaults((*_ANSWERS, "vqa_accuracy", *texts), primary="exact_match", note=note)
    note = (
        "typically one answer per question: exact match and token F1 are scored; VQA accuracy "
        f"needs several annotators; {_DOCUMENTS}"
    )
    return Defaults((*_ANSWERS, *texts), primary="exact_match", note=note)


def _textvqa(facts: Facts) -> Defaults:
    return Defaults(
        ("vqa_accuracy:variant=m4c", *_ANSWERS),
        primary="vqa_accuracy[variant=m4c]",
        note="TextVQA is scored by its own evaluator's rule, variant=m4c of vqa_accuracy, which "
        "normalises every answer; the rule of VQA v2 scores lower where all annotators agree",
    )


def _vizwiz(facts: Facts) -> Defaults:
    return Defaults(
        ("vqa_accuracy:variant=vizwiz", *_ANSWERS),
        primary="vqa_accuracy[variant=vizwiz]",
        note="VizWiz is scored by its own evaluation code's rule, variant=vizwiz of vqa_accuracy, "
        "which normalises the prediction alone; lmms-eval reports variant=m4c, VLMEvalKit "
        "variant=vlmevalkit",
    )


def _gqa(facts: Facts) -> Defaults:
    note = "GQA is scored as its script does, letter case and spaces counting"
    if "isBalanced" not in facts.fields:  # it is there where the run selects or groups by it
        note += "; published numbers are of balanced questions alone: --where isBalanced=true"
    return Defaults(
        ("exact_match:normalize=none", *_ANSWERS),
        primary="exact_match[normalize=none]",
        note=note,
    )


def _squad_v1(facts: Facts) -> Defaults:
    return Defaults(
        ("exact_match", "token_f1:version=v1"),
        primary="exact_match",
        note="SQuAD v1.1 is scored as its script does, which prints percent (--percent)",
    )


def _squad_v2(facts: Facts) -> Defaults:
    return Defaults(
        ("exact_match:version=v2", "token_f1"),
        primary="exact_match[version=v2]",
        note='SQuAD v2 is scored as its script does, which prints "exact" and "f1" in percent '
        "(--percent): an empty prediction is right where the question has no answer",
    )


# Layout of a benchmark → what its own evaluation scores.
_OFFICIAL: Mapping[str, Callable[[Facts], Defaults]] = MappingProxyType(
    {
        "textvqa": _textvqa,
        "vizwiz": _vizwiz,
        "gqa_questions": _gqa,
        "squad_v1": _squad_v1,
        "squad_v2": _squad_v2,
    }
)


TASK = Task(
    name="vqa",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=("answer_type", "question_type"),
    diagnose=PATTERNS,
)
