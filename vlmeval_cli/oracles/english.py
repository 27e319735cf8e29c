"""nltk, rouge-score and sacrebleu."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from vlmeval_cli.core.metric import Scalar
from vlmeval_cli.core.optional import require
from vlmeval_cli.oracles.base import Scored, Texts, Unavailable
from vlmeval_cli.text.tokenizers import tokenizer

ROUGE_TYPES = {"rouge1": "rouge_1_f1", "rouge2": "rouge_2_f1", "rougeL": "rouge_l_f1"}


def meteor(tokens: str, parameters: Mapping[str, Scalar]) -> Callable[[Texts], dict[str, Scored]]:
    """NLTK's METEOR on tokens of ours (NLTK takes tokens and leaves their making to the caller)."""

    def run(texts: Texts) -> dict[str, Scored]:
        module = require("nltk.translate.meteor_score", extra="reference", user="--reference")
        split = tokenizer(tokens).split
        try:
            items = [
                module.meteor_score(
                    [split(reference) for reference in accepted],
                    split(prediction),
                    **parameters,
                )
                for prediction, accepted in zip(texts.predictions, texts.references, strict=True)
            ]
        except LookupError as error:
            raise Unavailable("NLTK's WordNet corpus is not installed") from error
        return {"meteor": Scored(float(np.mean(items)), np.array(items))}

    return run


def rouge(stemmer: bool) -> Callable[[Texts], dict[str, Scored]]:
    """ROUGE-1, 2 and L of rouge-score; the best reference of each type."""

    def run(texts: Texts) -> dict[str, Scored]:
        module = require("rouge_score.rouge_scorer", extra="reference", user="--reference")
        scorer = module.RougeScorer([*ROUGE_TYPES], use_stemmer=stemmer)
        rows = [
            scorer.score_multi(accepted, prediction)
            for prediction, accepted in zip(texts.predictions, texts.references, strict=True)
        ]
        columns = {
            name: np.array([row[kind].fmeasure for row in rows])
            for kind, name in ROUGE_TYPES.items()
        }
        return {name: Scored(float(column.mean()), column) for name, column in columns.items()}

    return run


def sacrebleu(smoothing: str, effective_order: bool) -> Callable[[Texts], dict[str, Scored]]:
    """BLEU of sacrebleu with tokenizer 13a."""

    def run(texts: Texts) -> dict[str, Scored]:
        module = require("sacrebleu.metrics", extra="reference", user="--reference")
        metric = module.BLEU(smooth_method=smoothing, effective_order=effective_order)
        most = max(map(len, texts.references))
        streams = [
            [accepted[k] if k < len(accepted) else None for accepted in texts.references]
            for k in range(most)
        ]
        corpus = metric.corpus_score(list(texts.predictions), streams).score
        items = [
            metric.sentence_score(prediction, list(accepted)).score
            for prediction, accepted in zip(texts.predictions, texts.references, strict=True)
        ]
        return {"sacrebleu": Scored(float(corpus), np.array(items))}

    return run
