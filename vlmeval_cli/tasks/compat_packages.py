"""What is reproduced of packages and official scripts; the types are those of ``compat``."""

from __future__ import annotations

from vlmeval_cli.tasks.compat_tools import Coverage, Missing, Number, Tool

CAPTION_BREAKS = (
    "a line break other than a line feed inside a caption, which shifts all later captions there; "
    "a caption that ends in a single letter and a full stop, whose tokens depend on the next one"
)
METEOR_1_5 = Number(
    "meteor_1_5:tokenizer=ptb", "METEOR", "METEOR 1.5 on PTB tokens; our meteor is NLTK's"
)
SPICE = Number(
    "spice:tokenizer=ptb",
    "SPICE",
    "F of all tuples of PTB tokens; the original program runs",
    outputs=("spice",),
)
_NO_NLTK_SENTENCES = Missing(
    "rougeLsum", "it splits sentences with NLTK's punkt model, which has to be downloaded"
)
_ERROR_RATES = Missing("WER, CER, EditDistance and the like", "no such metric is here yet")

_CAPTIONS = Coverage(
    numbers=(
        Number("cider", "CIDEr", "CIDEr-D on PTB tokens, 0 to 10; it is our default"),
        Number("bleu", "Bleu_1 to Bleu_4", "on PTB tokens, without smoothing; it is our default"),
        METEOR_1_5,
        Number("rouge_l", "ROUGE_L", "F with beta 1.2 on PTB tokens; it is our default"),
        SPICE,
    ),
    differs=(CAPTION_BREAKS,),
)

_SACRE_TIES = "of references equally close in length the first listed counts, not the shorter one"
_TORCH_TEXTS = Coverage(
    numbers=(
        Number(
            "sacrebleu:smoothing=none:reference_length=first",
            "SacreBLEUScore",
            f"13a tokens without smoothing; {_SACRE_TIES}",
        ),
        Number(
            "sacrebleu:tokenizer=whitespace:smoothing=none:reference_length=first",
            "BLEUScore",
            f"tokens are split at white space, without smoothing; {_SACRE_TIES}",
        ),
        Number(
            "chrf:word_order=2:variant=torchmetrics",
            "CHRFScore",
            "chrF++ (words up to pairs), and the F-scores of all orders are averaged instead of "
            "precision and recall",
        ),
        Number(
            "rouge:stemmer=false",
            "ROUGEScore: rouge1, rouge2, rougeL (fmeasure)",
            "words are not stemmed",
        ),
    ),
    missing=(_NO_NLTK_SENTENCES, _ERROR_RATES),
    differs=("single precision: the sixth digit, and ties between references there",),
)

_SACRE = Coverage(
    numbers=(
        Number("sacrebleu", "BLEU", "the default signature; it is our default", times=100),
        Number("chrf", "chrF2", "the default signature; it is our default", times=100),
        Number("chrf:word_order=2", "chrF2++", "words up to pairs count too", times=100),
    ),
    missing=(Missing("TER", "no edit rate with shifts is here yet"),),
)

_CLASSES = {
    "accuracy": "MulticlassAccuracy(average='micro')",
    "precision_macro": "MulticlassPrecision",
    "recall_macro": "MulticlassRecall, and MulticlassAccuracy",
    "f1_macro": "MulticlassF1Score",
    "mcc": "MulticlassMatthewsCorrCoef",
    "cohen_kappa": "MulticlassCohenKappa",
}

_RRC = Coverage(
    numbers=(
        Number(
            "anls",
            "ANLS of the challenges on documents",
            "white space is collapsed, the length is taken before that, and a similarity of "
            "exactly 0.5 counts; it is our default",
        ),
    ),
)

PACKAGES = (
    Tool(
        name="pycocoevalcap",
        version="1.2",
        tasks={"captioning": _CAPTIONS, "text": _CAPTIONS},
        reasoning="keep",
        checked="the package, run beside it by `--reference` and in the tests",
    ),
    Tool(
        name="vqa-official",
        version="GT-Vision-Lab/VQA a013f00 (2021-03-11), and the state before it as :2015",
        tasks={
            "vqa": Coverage(
                numbers=(
                    Number(
                        "vqa_accuracy",
                        "overall accuracy",
                        "answers are normalised unless all annotators gave the same one",
                        ("vqav2",),
                        times=100,
                    ),
                    Number(
                        "vqa_accuracy:variant=official2015",
                        "overall accuracy before March 2021",
                        "the prediction is normalised always, the annotators' answers by the "
                        "punctuation step alone, and not at all where they agree",
                        ("2015",),
                        times=100,
                        is_default=False,
                    ),
                ),
                differs=(
                    "annotation records without answer_id: equal ones are left out together there, "
                    "one by one here",
                    "the script rounds to two decimals",
                ),
            )
        },
        reasoning="keep",
        checked="a plain port of the script's definition, and LAVIS 1.0.2's copy for :2015",
    ),
    Tool(
        name="anls-rrc",
        version="evaluation script of the Robust Reading Competition (DocVQA, InfographicVQA)",
        tasks={"docqa": _RRC, "vqa": _RRC},
        reasoning="keep",
        checked="its copy in lmms-eval 0.7.3",
    ),
    Tool(
        name="torchmetrics",
        version="1.9.0",
        tasks={
            "text": _TORCH_TEXTS,
            "captioning": _TORCH_TEXTS,
            "vqa": Coverage(
                numbers=(
                    Number("exact_match", "SQuAD: exact_match", "it is our default", times=100),
                    Number(
                        "token_f1:version=torchmetrics",
                        "SQuAD: f1",
                        "answers that normalise to nothing count, and two of them agree",
                        times=100,
                    ),
                ),
                differs=("single precision: the sixth digit",),
            ),
            "classification": Coverage(
                numbers=tuple(
                    Number(metric, called, "it is our default", outputs=(metric,))
                    for metric, called in _CLASSES.items()
                ),
                differs=(
                    "predictions in which no class is found: torchmetrics takes classes alone",
                    "single precision: the sixth digit",
                ),
            ),
            "grounding": Coverage(
                numbers=(
                    Number(
                        "mean_ap:precision=single:areas=boxes",
                        "MeanAveragePrecision",
                        "pycocotools' average precision with boxes and thresholds in single "
                        "precision; small, medium and large are by the area of boxes",
                    ),
                ),
                differs=("images in another order, where confidences are equal",),
            ),
            "language_modeling": Coverage(
                numbers=(Number("perplexity", "Perplexity", "it is our default"),),
                differs=("single precision: the sixth digit",),
            ),
        },
        reasoning="keep",
        checked="golden values of the package (tests/golden/make_torchmetrics.py)",
    ),
    Tool(
        name="sacrebleu",
        version="2.6.0",
        tasks={"text": _SACRE, "captioning": _SACRE},
        reasoning="keep",
        checked="the package, in the tests",
    ),
)
