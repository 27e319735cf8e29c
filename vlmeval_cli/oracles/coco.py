"""pycocoevalcap: BLEU, ROUGE-L and CIDEr-D on the tokens of its Java program."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np

from vlmeval_cli.core.optional import require
from vlmeval_cli.oracles.base import Scored, Texts, Unavailable

Tokens = dict[int, list[str]]


def tokenized(texts: Texts) -> tuple[Tokens, Tokens]:
    """References and predictions through the Java tokenizer of the package, in this order."""
    if shutil.which("java") is None:
        raise Unavailable("its tokenizer needs Java, and no java is on the PATH")
    module = require("pycocoevalcap.tokenizer.ptbtokenizer", extra="reference", user="--reference")
    program = module.PTBTokenizer()
    references = {
        i: [{"caption": _one_line(text)} for text in accepted]
        for i, accepted in enumerate(texts.references)
    }
    predictions = {i: [{"caption": _one_line(text)}] for i, text in enumerate(texts.predictions)}
    try:
        return program.tokenize(references), program.tokenize(predictions)
    except OSError as error:
        raise Unavailable(f"its tokenizer cannot run: {error}") from error


def _one_line(text: str) -> str:
    """``text`` without line breaks, which would give every later text its neighbour's tokens."""
    return " ".join(text.splitlines())


def bleu(texts: Texts) -> dict[str, Scored]:
    """BLEU-1 to BLEU-4."""
    module = require("pycocoevalcap.bleu.bleu", extra="reference", user="--reference")
    corpus, items = module.Bleu(4).compute_score(*tokenized(texts), verbose=0)
    return {
        f"bleu_{n}": Scored(float(corpus[n - 1]), np.array(items[n - 1], dtype=np.float64))
        for n in (1, 2, 3, 4)
    }


def rouge_l(texts: Texts) -> dict[str, Scored]:
    """ROUGE-L."""
    module = require("pycocoevalcap.rouge.rouge", extra="reference", user="--reference")
    return {"rouge_l": _scored(module.Rouge(), texts)}


def cider(texts: Texts) -> dict[str, Scored]:
    """CIDEr-D, which the package calls CIDEr."""
    module = require("pycocoevalcap.cider.cider", extra="reference", user="--reference")
    return {"cider": _scored(module.Cider(), texts)}


def _scored(scorer: Any, texts: Texts) -> Scored:  # noqa: ANN401  (classes without types)
    corpus, items = scorer.compute_score(*tokenized(texts))
    return Scored(float(corpus), np.asarray(items, dtype=np.float64))


def meteor(texts: Texts) -> dict[str, Scored]:
    """METEOR 1.5, the Java program itself; it takes captions as they are, each in one line."""
    if shutil.which("java") is None:
        raise Unavailable("METEOR 1.5 needs Java, and no java is on the PATH")
    module = require("pycocoevalcap.meteor.meteor", extra="reference", user="--reference")
    references = {
        i: [_plain_line(text) for text in accepted] for i, accepted in enumerate(texts.references)
    }
    predictions = {i: [_plain_line(text)] for i, text in enumerate(texts.predictions)}
    try:
        corpus, items = module.Meteor().compute_score(references, predictions)
    except OSError as error:
        raise Unavailable(f"METEOR 1.5 cannot run: {error}") from error
    return {"meteor_1_5": Scored(float(corpus), np.asarray(items, dtype=np.float64))}


def _plain_line(text: str) -> str:
    """``text`` without what ends a line or a field for the program, which would wait forever."""
    return _one_line(text).replace("|||", "").replace("\0", " ")
