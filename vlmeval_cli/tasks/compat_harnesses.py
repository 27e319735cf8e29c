"""What is reproduced of evaluation harnesses; the types are those of ``compat``."""

from __future__ import annotations

from vlmeval_cli.tasks.compat_packages import CAPTION_BREAKS, METEOR_1_5
from vlmeval_cli.tasks.compat_tools import Coverage, Missing, Number, Tool

_DRAWS = "where its rule finds no option it draws one at random; here such an answer is wrong"
_M4C = (
    "prediction and answers are normalised always; commas, question marks and 's are treated first"
)
_ANLS = "the rule of the challenges (anls-rrc)"

_LMMS_ANLS = Number("anls", "anls", _ANLS, ("docvqa", "infovqa"))
_LMMS_CHARTS = Number(
    "relaxed_accuracy",
    "relaxed_overall",
    "numbers may be off by 5 %, other texts are compared in lower case",
    ("chartqa",),
)
_LMMS = {
    "vqa": Coverage(
        numbers=(
            Number(
                "vqa_accuracy:variant=lmms",
                "exact_match",
                "prediction and answers are normalised always, also where all annotators agree",
                ("vqav2",),
            ),
            Number(
                "vqa_accuracy:variant=m4c", "exact_match", _M4C, ("textvqa", "vizwiz", "ok_vqa")
            ),
            Number(
                "exact_match:normalize=gqa-lmms",
                "exact_match",
                "lower case, ASCII punctuation deleted; articles count",
                ("gqa",),
            ),
            _LMMS_CHARTS,
        ),
        differs=("annotation records of VQA v2 without answer_id (as in vqa-official)",),
    ),
    "docqa": Coverage(
        numbers=(
            _LMMS_ANLS,
            Number(
                "ocrbench:variant=lmms",
                "ocrbench_accuracy",
                "an answer is a part of the prediction; full-width letters are written as ASCII",
                ("ocrbench",),
            ),
            _LMMS_CHARTS,
        ),
    ),
    "captioning": Coverage(
        numbers=(
            Number("cider", "CIDEr", "pycocoevalcap's on PTB tokens; it is our default"),
            Number("bleu", "Bleu_1 to Bleu_4", "pycocoevalcap's; it is our default"),
            METEOR_1_5,
            Number("rouge_l", "ROUGE_L", "pycocoevalcap's; it is our default"),
        ),
        differs=(CAPTION_BREAKS,),
    ),
    "choice": Coverage(
        numbers=(
            Number(
                "mmmu_accuracy:variant=lmms",
                "mmmu_acc",
                'options are read as "(B)", "B " anywhere, "B." or by their text',
                ("mmmu",),
            ),
            Number(
                "choice_accuracy:variant=lmms-mcq",
                "accuracy",
                'over A to D: a letter that opens or ends the answer, that follows "answer is", '
                "stands in brackets or before a mark, or failing all in any word",
                ("erqa", "realworldqa", "videomme"),
            ),
        ),
        missing=(
            Missing("MMBench and the like", "answered in rotations, and partly read by a judge"),
            Missing("MMStar", "its number is a mean over categories; its items are as in erqa"),
        ),
        differs=(
            f"MMMU: {_DRAWS}",
            "RealWorldQA: open questions, which are skipped here and compared as texts there",
        ),
    ),
}

_KIT_ANLS = Number("anls", "Overall", _ANLS, ("docvqa", "infovqa"), times=100)
_KIT_CHARTS = Number(
    "relaxed_accuracy:strip=true",
    "Overall",
    "numbers may be off by 5 %, other texts are stripped and compared in lower case",
    ("chartqa",),
    times=100,
)
_RAW = "the texts themselves, split at spaces, case and punctuation kept: no tokenizer is run"
_KIT = {
    "vqa": Coverage(
        numbers=(
            Number(
                "vqa_accuracy:variant=vlmevalkit",
                "Overall",
                "prediction and answers are normalised always; a period beside a digit stays",
                ("textvqa", "vizwiz"),
                times=100,
            ),
            Number(
                "exact_match:normalize=lower",
                "Overall",
                "stripped and in lower case; punctuation and articles count",
                ("gqa", "ocrvqa"),
                times=100,
            ),
            _KIT_CHARTS,
        ),
        differs=("several answers to a question of GQA: it takes their mean, we their best",),
    ),
    "docqa": Coverage(
        numbers=(
            _KIT_ANLS,
            Number("ocrbench", "Final Score Norm", "it is our default", ("ocrbench",), times=100),
            _KIT_CHARTS,
        ),
    ),
    "captioning": Coverage(
        numbers=(
            Number("cider:tokenizer=whitespace", "CIDEr", f"pycocoevalcap's on {_RAW}", times=100),
            Number("bleu:tokenizer=whitespace", "Bleu", f"pycocoevalcap's on {_RAW}", times=100),
            Number("rouge_l:tokenizer=space", "ROUGE_L", f"pycocoevalcap's on {_RAW}", times=100),
        ),
    ),
    "choice": Coverage(
        numbers=(
            Number(
                "choice_accuracy:variant=vlmevalkit",
                "Overall, exact_matching",
                'one letter among the last five words, "answer is B", or one option\'s text',
                ("repository",),
                times=100,
            ),
            Number(
                "choice_accuracy:variant=ms-vlmeval",
                "Overall, exact_matching, of ms-vlmeval 0.0.20",
                'the same without "answer is B"',
                ("ms-vlmeval",),
                is_default=False,
            ),
        ),
        missing=(
            Missing("accuracy with a judge", "no model is called here"),
            Missing("circular accuracy of MMBench", "circular_accuracy reads options our way"),
        ),
        differs=("states of its repository before the last five words were asked for",),
    ),
}

HARNESSES = (
    Tool(
        name="lmms-eval",
        version="0.7.3",
        tasks=_LMMS,
        reasoning="lmms-eval",
        checked="golden values of its functions (tests/golden/make_harnesses.py, make_vqa.py)",
    ),
    Tool(
        name="vlmevalkit",
        version="its repository in 2026, and ms-vlmeval 0.0.20 of PyPI",
        tasks=_KIT,
        reasoning="keep",
        checked="golden values of ms-vlmeval's functions (tests/golden/make_harnesses.py)",
    ),
)
