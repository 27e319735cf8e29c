"""METEOR 1.5, the METEOR of the COCO caption evaluation, without Java."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import Metric, MetricInfo, Output, Statistics
from vlmeval_cli.resources.meteor_index import load_meteor_index
from vlmeval_cli.text.meteor_statistics import (
    CHUNKS,
    MODULES,
    N_STATISTICS,
    PREDICTION_FUNCTION,
    PREDICTION_LENGTH,
    PREDICTION_MATCHED,
    different_texts,
    pair_statistics,
)
from vlmeval_cli.text.meteor_words import MeteorWords

_WEIGHTS = (1.0, 0.6, 0.8, 0.6)  # exact, stem, synonym, paraphrase
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75
_PERFECT, _ITEMS = N_STATISTICS, N_STATISTICS + 1


@dataclass(frozen=True, slots=True)
class Meteor15(Metric[None]):
    """METEOR 1.5 as pycocoevalcap calls it: English, normalised, task "rank".

    Words and phrases are matched as they are, by Snowball's English stem, by WordNet's synonyms,
    and by a table of 5.3 million paraphrases. A module weighs 1, 0.6, 0.8 or 0.6, and a function
    word a third of a content word. With the weighted precision P and recall R, and *c* chunks of
    *m* matched words (the mean of both sides),

        score = (1 - 0.6 (c/m)^0.2) · P R / (0.85 P + 0.15 R)

    Input:
        Texts as they are; its own normalisation splits them ("t-shirt" is two words). It needs the
        tables that pycocoevalcap installs, compiled once: ``vlmeval download meteor`` does it in
        half a minute, and so does the first run that asks for this metric.

    Output:
        Fraction, 0 to 1, higher is better; published tables print it times 100. The corpus score
        comes from summed statistics, it is not the mean of the item scores. The reference with the
        highest score gives an item's statistics, the first of equal ones.

    Edge cases:
        Equal texts score 1. An empty prediction, or no match, scores 0. Line breaks and tabs
        are spaces; "|||" is deleted from predictions, as coco-caption does. The original cannot
        score captions with line breaks at all.

    Differs from:
        METEOR 1.5 of pycocoevalcap 1.2: not at all on 80,000 pairs of captions and 6,000 of longer
        texts, up to a thousand words, in any of its 23 statistics. Its two mistakes are kept: a
        match of one word by stem, synonym or paraphrase adds nothing to what the search maximises,
        and distances are added to the wrong alignment.
        ``meteor`` is NLTK's, another formula with other numbers.

    Source:
        Denkowski and Lavie 2014, "Meteor Universal"; pycocoevalcap.

    Example:
        >>> totals = np.zeros(25)
        >>> totals[[0, 1, 4, 5, 20, 21, 22, 24]] = [2, 2, 2, 2, 2, 2, 2, 1]  # two words, two chunks
        >>> round(float(Meteor15().finalize(totals)["meteor_1_5"]), 6)
        0.4
    """

    tokenizer: Literal["none", "ptb"] = "none"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="meteor_1_5",
        revision=1,
        title="matches of words, stems, synonyms and paraphrases, recall before precision, less a "
        "penalty for broken order (METEOR 1.5)",
        use="The METEOR of published captioning tables; for comparing with papers. Needs the "
        "tables of pycocoevalcap, no Java.",
        tasks=("captioning",),
        needs=("prediction.text", "references.text"),
        multi_reference="best",
        source="Denkowski and Lavie 2014; pycocoevalcap Meteor",
        extra="reference",
        sees=frozenset({"partial", "endings", "synonyms", "order"}),
        texts_per_second=10_000,
    )

    def needs(self) -> tuple[str, ...]:
        """Texts of both sides, or their tokens."""
        column = "text" if self.tokenizer == "none" else f"tokens:{self.tokenizer}"
        return f"prediction.{column}", f"references.{column}"

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        meaning = (
            "weighted matches of words and phrases, recall before precision, less a penalty for "
            "broken order; from summed statistics"
        )
        return (Output("meteor_1_5", kind="ratio", meaning=meaning),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows of shape (n, 25): the original's 23 statistics, its chunks that do not count, 1."""
        index = load_meteor_index()
        predictions, references, item_offsets = self._texts(batch)
        counts = np.diff(item_offsets)
        given = [text.replace("|||", "") for text in predictions]
        texts = different_texts(
            [*given, *references], MeteorWords(index.prefixes, index.numeric_prefixes)
        )
        item = np.repeat(np.arange(len(batch)), counts)
        ours, theirs = texts.number[: len(batch)][item], texts.number[len(batch) :]
        keys, pair = np.unique(ours * len(texts.words) + theirs, return_inverse=True)
        rows = pair_statistics(texts.words, *np.divmod(keys, len(texts.words)), index)
        best = _first_of_best(_scores(rows)[pair], item_offsets)
        values = np.zeros((len(batch), N_STATISTICS + 2))
        has_references = counts > 0
        values[has_references, :N_STATISTICS] = rows[pair[best]]
        values[:, _PERFECT] = _is_perfect(values)
        values[:, _ITEMS] = 1.0
        return Statistics(values)

    def _texts(self, batch: Batch) -> tuple[Sequence[str], Sequence[str], Ints]:
        """Predictions, references, and which of these are whose."""
        mine, theirs = self.needs()
        if self.tokenizer == "none":
            references = batch.text(theirs)
            return batch.text(mine).texts, references.texts, references.item_offsets
        tokens = batch.tokens(theirs)
        return batch.tokens(mine).spaced(), tokens.spaced(), tokens.item_offsets

    def finalize(self, totals: Array) -> dict[str, Array]:
        """The formula on summed statistics."""
        scores = _scores(totals)
        return {"meteor_1_5": np.where(totals[..., _ITEMS] > 0, scores, np.nan)}


def _first_of_best(scores: Array, item_offsets: Ints) -> Ints:
    """The place of the first highest score of every item that has any."""
    item = np.repeat(np.arange(len(item_offsets) - 1), np.diff(item_offsets))
    order = np.lexsort((np.arange(len(scores)), -scores, item))
    starts = item_offsets[:-1][np.diff(item_offsets) > 0]
    return order[starts]


def _is_perfect(totals: Array) -> Array:
    """1 where all words of both sides are matched in one chunk: the original charges none then."""
    lengths = totals[..., PREDICTION_LENGTH : PREDICTION_LENGTH + 2]
    matched = totals[..., PREDICTION_MATCHED : PREDICTION_MATCHED + 2]
    is_whole = np.all(lengths == matched, axis=-1) & (totals[..., CHUNKS] == 1)
    return np.asarray(is_whole, dtype=np.float64)


def _share(totals: Array, side: int) -> Array:
    """Weighted matches over weighted length of predictions (0) or references (1)."""
    length = totals[..., PREDICTION_LENGTH + side]
    function = totals[..., PREDICTION_FUNCTION + side]
    matched = np.zeros_like(length)
    for module, weight in zip(range(MODULES), _WEIGHTS, strict=True):
        place = 4 + 4 * module + side
        weighted = _DELTA * totals[..., place] + (1 - _DELTA) * totals[..., place + 2]
        matched = matched + weight * weighted
    share: Array = matched / (_DELTA * (length - function) + (1 - _DELTA) * function)
    return share


def _scores(totals: Array) -> Array:
    """The score of statistics of one pair, or of sums; 0 where nothing matched."""
    free = totals[..., _PERFECT] if totals.shape[-1] > _PERFECT else _is_perfect(totals)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = _share(totals, 0), _share(totals, 1)
        mean = 1 / ((1 - _ALPHA) / precision + _ALPHA / recall)
        matched = totals[..., PREDICTION_MATCHED : PREDICTION_MATCHED + 2].sum(axis=-1) / 2
        broken = (totals[..., CHUNKS] - free) / matched
        scores = mean * (1 - _GAMMA * broken**_BETA)
    return np.asarray(np.maximum(np.nan_to_num(scores, nan=0.0), 0.0), dtype=np.float64)


METRICS = (Meteor15,)
