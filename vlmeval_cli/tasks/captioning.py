"""Captioning: one sentence about an image, several accepted captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.tasks.base import Defaults, Facts, Task, value

CORPUS = 100  # images; the rarity of n-grams in fewer says little, and so does CIDEr


def _defaults(facts: Facts) -> Defaults:
    return Defaults(("cider", "bleu", "meteor", "rouge_l"), primary="cider")


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    found = []
    cider, rouge, bleu_1 = (value(scores, name) for name in ("cider", "rouge_l", "bleu_1"))
    says_much = cider is not None and scores["cider"].n >= CORPUS
    if says_much and cider is not None and rouge is not None and cider < 0.4 and rouge > 0.4:
        found.append(
            Diagnosis(
                pattern=f"ROUGE-L is fair ({rouge:.2f}) and CIDEr is low ({cider:.2f})",
                meaning="the captions share common words with the references, not the telling ones",
                advice="look at the lowest items (--worst 20): captions may be generic "
                '("a man standing in a room") or name the wrong objects',
            )
        )
    if bleu_1 is not None and rouge is not None and bleu_1 < 0.6 * rouge:
        found.append(
            Diagnosis(
                pattern=f"BLEU-1 ({bleu_1:.2f}) is far below ROUGE-L ({rouge:.2f})",
                meaning="captions are much longer or much shorter than the references",
                advice="compare the lengths; limit max_new_tokens, or ask for one sentence",
            )
        )
    return found


TASK = Task(
    name="captioning",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=_diagnose,
)
