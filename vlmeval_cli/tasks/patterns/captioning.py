"""Patterns in the scores of captions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vlmeval_cli.tasks.patterns.rules import (
    Bound,
    Pattern,
    Patterns,
    above,
    ahead,
    at_least,
    below,
    short_of,
)
from vlmeval_cli.tasks.patterns.wording import LENGTHS, MANY_PHRASES, wording

CORPUS: Final = 100  # images; the rarity of n-grams in fewer says little, and so does CIDEr
_LOW_CIDER: Final = Bound(0.4, "captioning models score 0.8 to 1.4 on COCO")
_FAIR_ROUGE: Final = Bound(0.4, "captioning models score 0.5 to 0.6 on COCO")
_OTHER_LENGTH: Final = Bound(
    0.6, "both count common words; usually BLEU-1 is the higher of the two"
)
_MANY_WORDS: Final = Bound(0.5, "half of the words are right")
_LOST_PHRASES: Final = Bound(
    0.2, "BLEU-4 is usually a third to a half of BLEU-1 where words stand in phrases"
)
_SYNONYMS: Final = Bound(0.35, "a usual model has 0.27 more METEOR than BLEU-4 on Flickr8k")
_FITTING: Final = Bound(
    0.8, "in the example of CLIPScore's authors captions that fit score 0.86, and wrong ones 0.72"
)

PATTERNS: Final = Patterns(
    (
        Pattern(
            seen="ROUGE-L is fair ({rouge_l:.2f}) and CIDEr is low ({cider:.2f})",
            when=(above("rouge_l", _FAIR_ROUGE), below("cider", _LOW_CIDER)),
            meaning="the captions share common words with the references, not the telling ones",
            advice="look at the lowest items (--worst 20): captions may be generic "
            '("a man standing in a room") or name the wrong objects',
            least_items=CORPUS,
        ),
        Pattern(
            seen="BLEU-4 is high ({bleu_4:.2f}) and CIDEr is low ({cider:.2f})",
            when=(at_least("bleu_4", MANY_PHRASES), below("cider", _LOW_CIDER)),
            meaning="generic captions: the phrases are those of many images, not what tells this "
            "one apart",
            advice="train or prompt for what is particular (objects, numbers, colours, text in the "
            "image); count how many different captions there are",
            least_items=CORPUS,
        ),
        Pattern(
            seen="BLEU-1 ({bleu_1:.2f}) is far below ROUGE-L ({rouge_l:.2f})",
            when=(short_of("bleu_1", "rouge_l", _OTHER_LENGTH),),
            meaning="captions are much longer or much shorter than the references",
            advice="compare the lengths; limit max_new_tokens, or ask for one sentence",
        ),
        Pattern(
            seen="BLEU-1 is high ({bleu_1:.2f}) and BLEU-4 low ({bleu_4:.2f})",
            when=(
                above("bleu_1", _MANY_WORDS),
                short_of("bleu_4", "bleu_1", _LOST_PHRASES),
            ),
            meaning="the right words occur, and not in the order of the references: lists of "
            "objects, or broken sentences",
            advice="ask for one whole sentence; read a few captions for grammar",
        ),
        Pattern(
            seen="METEOR ({meteor:.2f}) is far above BLEU-4 ({bleu_4:.2f})",
            when=(ahead("meteor", "bleu_4", _SYNONYMS),),
            meaning="words of the same stem or meaning are used in other phrases",
            advice="usually fine; METEOR or a metric of meaning says more of such captions",
        ),
        Pattern(
            seen="CLIPScore is high ({clip_score:.2f}) and CIDEr is low ({cider:.2f})",
            when=(above("clip_score", _FITTING), below("cider", _LOW_CIDER)),
            meaning="the captions fit their images, and say it in other words than the references, "
            "or say other things",
            advice="read items with a high CLIPScore and a low CIDEr: what references leave out is "
            "no fault; clip_retrieval tells whether captions are particular",
            least_items=CORPUS,
        ),
        *(replace(one, least_items=CORPUS) for one in wording("bleu_4", "BLEU-4")),
        *LENGTHS,
    )
)
