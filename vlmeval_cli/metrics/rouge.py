"""ROUGE-L of the COCO caption evaluation, and ROUGE-1, -2, -L and -Lsum of rouge-score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints, TokenColumn
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.core.metric import (
    SELECTS,
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Scalar,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.text.lcs import lcs_lengths
from vlmeval_cli.text.ngrams import pair_overlaps, predictions_with_references
from vlmeval_cli.text.summary_lcs import has_sentences, sentences, union_hits

_BETA = 1.2
_SUBSEQUENCES = ("rouge_l", "rouge_lsum")
_TYPES = (*(f"rouge_{n}" for n in range(1, 10)), *_SUBSEQUENCES)


@dataclass(frozen=True, slots=True)
class RougeL(MeanMetric[None]):
    """Longest common subsequence of the prediction and its references, as COCO scores it.

    With P and R the *highest* precision and the *highest* recall over the references, which may
    come from different ones, the score is (1 + b²) P R / (R + b² P) with b = 1.2.

    Input:
        Tokens of ``tokenizer``, split at single spaces (``ptb-space``); at least one reference.

    Output:
        ``rouge_l``, a fraction, 0 to 1, higher is better; the corpus score is the mean over items.

    Edge cases:
        An empty text is one empty token: empty against empty scores 1, against anything else 0.

    Differs from:
        pycocoevalcap 1.2 ``Rouge``: not at all. ``rouge_l_f1`` of rouge-score is another formula
        on other tokens.

    Source:
        Lin 2004; coco-caption.

    Attributes:
        tokenizer: which tokens are compared.

    Example:
        >>> float(RougeL().finalize(np.array([1.5, 2.0]))["rouge_l"])
        0.75
    """

    tokenizer: str = "ptb-space"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="rouge_l",
        revision=1,
        title="longest common subsequence with the references, recall before precision (COCO's)",
        use="Captions, beside CIDEr; it rewards the order of common words and knows no rarity.",
        tasks=("captioning", "vqa"),
        needs=("prediction.tokens:ptb-space", "references.tokens:ptb-space"),
        multi_reference="best",
        source="Lin 2004; pycocoevalcap Rouge",
        sees=frozenset({"partial", "order"}),
        texts_per_second=100_000,
    )

    def needs(self) -> tuple[str, ...]:
        """Token columns of the chosen tokeniser."""
        return (f"prediction.tokens:{self.tokenizer}", f"references.tokens:{self.tokenizer}")

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        meaning = "F-score (beta 1.2) of the longest common subsequence of tokens"
        return (Output("rouge_l", meaning=meaning),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Score of each item, and 1."""
        pairs = _pairs(*(batch.tokens(name) for name in self.needs()))
        common = np.where((pairs.predicted == 0) & (pairs.accepted == 0), 1, pairs.subsequence)
        precision = _highest(common / np.maximum(pairs.predicted, 1), pairs, len(batch))
        recall = _highest(common / np.maximum(pairs.accepted, 1), pairs, len(batch))
        weighted = recall + _BETA**2 * precision
        scores = (1 + _BETA**2) * precision * recall / np.where(weighted > 0, weighted, 1.0)
        return mean_statistics(scores)


@dataclass(frozen=True, slots=True)
class Rouge(MeanMetric[None]):
    """ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum as Google's rouge-score computes them.

    Input:
        rouge-score's tokens: lower case, runs of a-z and 0-9 only, words of more than three letters
        stemmed by Porter's algorithm if ``stemmer``; at least one reference.

    Output:
        ``rouge_1_f1``, ``rouge_2_f1``, ``rouge_l_f1``: F1 of common n-grams, and of the longest
        common subsequence; with the type rouge_lsum also ``rouge_lsum_f1``, of the subsequences of
        sentences, a line each. Fractions, 0 to 1, higher is better; for each type the best
        reference counts; the corpus score is the mean over items.

    Edge cases:
        A text without tokens scores 0, also against another one. Every letter outside a-z is
        dropped: "café" becomes "caf", and a Chinese text nothing. A text of one line is one
        sentence for rouge_lsum, which then is rouge_l.

    Differs from:
        rouge-score 0.1.2 ``RougeScorer.score_multi``: not at all. Hugging Face's ``evaluate``
        prints the median of unseeded bootstrap means of it. ``rouge_l`` is COCO's ROUGE-L.

    Source:
        Lin 2004; google-research rouge-score.

    Attributes:
        types: which of rouge_1 … rouge_9, rouge_l and rouge_lsum.
        stemmer: whether words are stemmed.

    Example:
        >>> totals = np.array([0.8, 0.2, 0.6, 2.0])
        >>> float(Rouge().finalize(totals)["rouge_1_f1"])
        0.4
    """

    types: tuple[str, ...] = field(default=("rouge_1", "rouge_2", "rouge_l"), metadata=SELECTS)
    stemmer: bool = True

    info: ClassVar[MetricInfo] = MetricInfo(
        name="rouge",
        revision=1,
        title="common words, word pairs and subsequences with the best reference (rouge-score's)",
        use="Summaries and long free answers in English; drops every letter outside a-z.",
        tasks=("text", "captioning", "vqa", "freeform"),
        needs=(
            "prediction.tokens:rouge-stem",
            "references.tokens:rouge-stem",
            "prediction.text",
            "references.text",
        ),
        multi_reference="best",
        source="Lin 2004; rouge-score RougeScorer",
        sees=frozenset({"partial", "endings", "order"}),
        texts_per_second=100_000,
    )

    def check(self) -> None:
        """Check the options.

        Raises:
            UsageError: no type, or one that does not exist or stands twice.
        """
        if not self.types or len(set(self.types)) < len(self.types):
            raise UsageError(f"rouge: types are {quoted('+'.join(self.types))}, expected each once")
        for name in self.types:
            if name not in _TYPES:
                raise UsageError(
                    f"rouge: unknown type {quoted(name)}", hint=did_you_mean(name, [*_TYPES])
                )

    def needs(self) -> tuple[str, ...]:
        """Token columns with or without stemming, and the texts they were made from."""
        name = "rouge-stem" if self.stemmer else "rouge"
        tokens = (f"prediction.tokens:{name}", f"references.tokens:{name}")
        return (*tokens, "prediction.text", "references.text")

    @classmethod
    def options_for(cls, output: str) -> Mapping[str, Scalar] | None:
        """``rouge_lsum_f1`` is types=rouge_lsum."""
        name = output.removesuffix("_f1")
        return {"types": (name,)} if name != output and name in _TYPES else None

    def outputs(self) -> tuple[Output, ...]:
        """One number per type."""
        return tuple(Output(f"{name}_f1", meaning=_meaning(name)) for name in self.types)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """F1 of each type with the best reference, and 1."""
        prediction, references = (batch.tokens(name) for name in self.needs()[:2])
        has_subsequences = not set(_SUBSEQUENCES).isdisjoint(self.types)
        pairs = _pairs(prediction, references, subsequences=has_subsequences)
        common = _common_ngrams(prediction, references, self._longest)
        scores = []
        for name in self.types:
            if name == "rouge_l":
                f1 = _f1(pairs.subsequence, pairs.predicted, pairs.accepted)
            elif name == "rouge_lsum":
                f1 = _f1(_summary_hits(batch, self.needs(), pairs), pairs.predicted, pairs.accepted)
            else:
                n = int(name.removeprefix("rouge_"))
                possible = (np.maximum(x - (n - 1), 0) for x in (pairs.predicted, pairs.accepted))
                f1 = _f1(common[n - 1], *possible)
            scores.append(_highest(f1, pairs, len(batch)))
        vanished = _vanished(batch.text("prediction.text").texts, prediction)
        vanished += _vanished(batch.text("references.text").texts, references)
        return mean_statistics(*scores, facts={"texts_without_latin_letters": vanished})

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Texts of which the tokeniser leaves nothing."""
        vanished = facts.get("texts_without_latin_letters", 0)
        if vanished == 0:
            return ()
        verb = "text has" if vanished == 1 else "texts have"
        message = (
            f"{vanished} {verb} letters but none of a-z or 0-9: rouge-score's tokenizer drops all "
            "others, so they score 0 even when equal. Use bleu or rouge_l for such scripts."
        )
        return (Notice("rouge_letters_dropped", message),)

    @property
    def _longest(self) -> int:
        """Order of the longest n-grams that are asked for."""
        orders = (name.removeprefix("rouge_") for name in self.types)
        return max((int(order) for order in orders if order.isdigit()), default=0)


class _Pairs(NamedTuple):
    """Every reference with the prediction of its item.

    Attributes:
        item_offsets: item ``i`` owns the pairs ``item_offsets[i]`` to ``item_offsets[i + 1]``.
        predicted: tokens of the prediction, shape (n_pairs,).
        accepted: tokens of the reference, shape (n_pairs,).
        subsequence: tokens of the longest common subsequence, shape (n_pairs,).
    """

    item_offsets: Ints
    predicted: Ints
    accepted: Ints
    subsequence: Ints


class _Sentences(NamedTuple):
    """Texts that may be several sentences, a line each, and their tokens."""

    texts: Sequence[str]
    column: TokenColumn

    def are_several(self, number: int) -> bool:
        """Whether text ``number`` has more than one."""
        return has_sentences(self.texts[number])

    def of(self, number: int) -> list[Sequence[int]]:
        """Tokens of each sentence of text ``number``."""
        start, stop = self.column.offsets[number : number + 2].tolist()
        return sentences(self.texts[number], self.column.tokens[start:stop].tolist())


def _pairs(
    predictions: TokenColumn, references: TokenColumn, *, subsequences: bool = True
) -> _Pairs:
    per_item = np.diff(references.item_offsets)
    accepted = np.diff(references.offsets)
    common = lcs_lengths(predictions, references) if subsequences else np.zeros_like(accepted)
    predicted = np.repeat(np.diff(predictions.offsets), per_item)
    return _Pairs(references.item_offsets, predicted, accepted, common)


def _highest(scores: Array, pairs: _Pairs, n_items: int) -> Array:
    """Highest score among the references of each item, shape (n_items,)."""
    if not n_items:
        return np.zeros(0)
    return np.maximum.reduceat(scores, pairs.item_offsets[:-1])


def _common_ngrams(predictions: TokenColumn, references: TokenColumn, longest: int) -> list[Ints]:
    """Clipped n-gram matches of each pair, one array (n_pairs,) per order."""
    if not longest:
        return []
    texts = predictions_with_references(predictions, references)
    return [common[~texts.is_prediction] for common in pair_overlaps(texts, longest)]


def _summary_hits(batch: Batch, needs: Sequence[str], pairs: _Pairs) -> Ints:
    """Common tokens of each pair, sentence by sentence, shape (n_pairs,)."""
    columns = [batch.tokens(name) for name in needs[:2]]
    texts = [batch.text(name).texts for name in needs[2:]]
    predicted, accepted = map(_Sentences, texts, columns)
    hits = pairs.subsequence.copy()
    item = np.repeat(np.arange(len(batch)), np.diff(pairs.item_offsets)).tolist()
    for pair in np.flatnonzero(pairs.subsequence).tolist():  # a common token, or none at all
        if predicted.are_several(item[pair]) or accepted.are_several(pair):
            hits[pair] = union_hits(accepted.of(pair), predicted.of(item[pair]))
    return hits


def _f1(common: Ints, predicted: Ints, accepted: Ints) -> Array:
    """Harmonic mean of precision and recall of each pair; 0 where nothing is common."""
    precision = common / np.maximum(predicted, 1)
    recall = common / np.maximum(accepted, 1)
    return 2 * precision * recall / np.where(common > 0, precision + recall, 1.0)


def _vanished(texts: Sequence[str], column: TokenColumn) -> int:
    """Texts that have letters but no token."""
    empty = np.flatnonzero(np.diff(column.offsets) == 0).tolist()
    return sum(any(mark.isalpha() for mark in texts[i]) for i in empty)


def _meaning(name: str) -> str:
    if name == "rouge_lsum":
        return "F1 of longest common subsequences, sentence by sentence, best reference"
    if name == "rouge_l":
        return "F1 of the longest common subsequence of words, best reference"
    return f"F1 of common word {name.removeprefix('rouge_')}-grams, best reference"


METRICS = (RougeL, Rouge)
