"""nltk, rouge-score and sacrebleu."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vlmeval_cli.core.batch import Vocabulary
from vlmeval_cli.core.metric import Scalar
from vlmeval_cli.core.optional import require
from vlmeval_cli.oracles.base import Scored, Texts, Unavailable
from vlmeval_cli.text.tokenizers import tokenizer

ROUGE_TYPES = {"rouge1": "rouge_1_f1", "rouge2": "rouge_2_f1", "rougeL": "rouge_l_f1"}


def meteor(tokens: str, parameters: Mapping[str, Scalar]) -> Callable[[Texts], dict[str, Scored]]:
    """NLTK's METEOR on tokens of ours (NLTK takes tokens and leaves their making to the caller)."""

    def run(texts: Texts) -> dict[str, Scored]:
        module = require("nltk.translate.meteor_score", extra="reference", user="--reference")
        try:
            items = [
                module.meteor_score(
                    accepted,
                    prediction,
                    **parameters,
                )
                for prediction, accepted in zip(*_tokens(tokens, texts), strict=True)
            ]
        except LookupError as error:
            how = "python -m nltk.downloader wordnet"
            raise Unavailable(f"its WordNet corpus is not installed ({how})") from error
        return {"meteor": Scored(float(np.mean(items)), np.array(items))}

    return run


def bleu(tokens: str, smoothing: str, max_order: int) -> Callable[[Texts], dict[str, Scored]]:
    """NLTK's BLEU-1 to BLEU-``max_order`` on tokens of ours."""

    def run(texts: Texts) -> dict[str, Scored]:
        module = require("nltk.translate.bleu_score", extra="reference", user="--reference")
        smooth = getattr(module.SmoothingFunction(), smoothing)
        predictions, references = _tokens(tokens, texts)
        weights = [(1 / n,) * n for n in range(1, max_order + 1)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it advises smoothing once per sentence
            corpus = module.corpus_bleu(references, predictions, weights, smooth)
            items = [
                module.sentence_bleu(accepted, prediction, weights, smooth)
                for prediction, accepted in zip(predictions, references, strict=True)
            ]
        columns = np.array(items, dtype=np.float64).T
        return {
            f"bleu_{n}": Scored(float(score), column)
            for n, (score, column) in enumerate(zip(corpus, columns, strict=True), start=1)
        }

    return run


def _tokens(name: str, texts: Texts) -> tuple[list[list[str]], list[list[list[str]]]]:
    """Tokens of the predictions, and of the references of each item."""
    encoder, vocabulary = tokenizer(name), Vocabulary()

    def lists(some: Sequence[str]) -> list[list[str]]:
        codes, offsets = encoder.encode(some, vocabulary)
        words = vocabulary.strings
        return [[words[code] for code in part] for part in np.split(codes, offsets[1:-1])]

    return lists(texts.predictions), [lists(accepted) for accepted in texts.references]


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
        logging.getLogger("sacrebleu").setLevel(logging.ERROR)  # it advises once per sentence
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
