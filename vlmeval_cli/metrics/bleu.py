"""BLEU of the COCO caption evaluation and of NLTK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import (
    SELECTS,
    Metric,
    MetricInfo,
    Notice,
    Output,
    Scalar,
    Statistics,
)
from vlmeval_cli.metrics.bleu_smoothing import SMOOTHINGS, Precisions
from vlmeval_cli.text.ngrams import (
    Texts,
    clipped_matches,
    predictions_with_references,
)

Smoothing = Literal[
    "none", "method0", "method1", "method2", "method3", "method4", "method5", "method6", "method7"
]
_MAX_ORDER = 9
_AT_ORDER_4 = ("method5", "method6", "method7")
_TINY, _SMALL = 1e-15, 1e-9


@dataclass(frozen=True, slots=True)
class Bleu(Metric[None]):
    """Geometric mean of clipped n-gram precisions times a penalty for brevity.

    Input:
        Tokens of ``tokenizer``; at least one reference per item. An n-gram of the prediction counts
        as often as it occurs there, at most as often as in the reference that has it most. The
        reference length is that of the reference closest in length, the shorter on ties.

    Output:
        ``bleu_1`` … ``bleu_4`` (up to ``max_order``), fractions, 0 to 1, higher is better (NLTK's
        methods 5 and 7 can exceed 1). Corpus scores come from counts summed over items, not from
        item scores. None where NLTK's method 6 is undefined (no trigram matches).

    Edge cases:
        Variant ``coco`` adds 1e-15 to matches and 1e-9 to n-gram counts: without a match scores are
        about 1e-12 instead of 0, a perfect one-word caption has BLEU-1 1 and BLEU-4 3.2e-5, an
        empty prediction 0 (also against an empty reference). Variant ``nltk`` counts at least one
        possible n-gram per sentence and order, gives 0 without a unigram match whatever the
        smoothing, leaves orders whose smoothed precision is 0 out of the mean, and without
        smoothing (``method0``) takes the smallest positive double for a precision of 0, which gives
        values such as 1.4e-231. Case is kept by ``whitespace``, folded by ``ptb``.

    Differs from:
        pycocoevalcap 1.2 ``Bleu``: not at all. NLTK 3.9/3.10: item scores (``sentence_bleu``) not
        at all, nor corpus scores (``corpus_bleu``) under methods 0 to 4. Methods 5 and 7 of
        ``corpus_bleu`` take the 5-gram precision, and method 6 the number of n-grams, of whichever
        sentence comes last, so that its score depends on the order of the file; ours are of the
        whole corpus. Under smoothing, BLEU-n is NLTK's with a list of weights: n orders of
        ``max_order`` smoothed together, where only methods 5 to 7, fixed at 4, look beyond n.

    Source:
        Papineni et al. 2002; Chen and Cherry 2014 (smoothing); coco-caption; NLTK.

    Attributes:
        variant: whose counting rules and formula.
        smoothing: NLTK's ``method0`` … ``method7``; ``none`` is its ``method0``. COCO's has none.
        tokenizer: ``auto`` is ``ptb`` for coco and ``whitespace`` for nltk.
        max_order: longest n-grams.

    Example:
        >>> coco = Bleu(max_order=1)
        >>> matches, possible, length, closest, items = 4, 10, 10, 9, 1
        >>> scores = coco.finalize(np.array([matches, possible, length, closest, items]))
        >>> round(float(scores["bleu_1"]), 6)
        0.4
    """

    variant: Literal["coco", "nltk"] = "coco"
    smoothing: Smoothing = "none"
    tokenizer: str = "auto"
    max_order: int = field(default=4, metadata=SELECTS)

    info: ClassVar[MetricInfo] = MetricInfo(
        name="bleu",
        revision=1,
        title="n-grams of the prediction that occur in a reference, with a penalty for brevity",
        use="Captions and short answers, to compare with published tables; says little about one "
        "item. For machine translation tables see sacrebleu.",
        tasks=("captioning", "vqa", "text", "freeform"),
        needs=("prediction.tokens:ptb", "references.tokens:ptb"),
        multi_reference="pooled",
        source="Papineni et al. 2002; pycocoevalcap Bleu; nltk.translate.bleu_score",
        sees=frozenset({"partial", "order"}),
        texts_per_second=100_000,
    )

    def check(self) -> None:
        """Check the options.

        Raises:
            UsageError: an order out of range, or a smoothing that the variant does not have.
        """
        if not 1 <= self.max_order <= _MAX_ORDER:
            raise UsageError(
                f"bleu: max_order is {self.max_order}, expected a number from 1 to {_MAX_ORDER}"
            )
        if self.variant == "coco" and self.smoothing != "none":
            raise UsageError(
                f"bleu: COCO's BLEU has no smoothing, got {self.smoothing}",
                hint=f"Use bleu:variant=nltk:smoothing={self.smoothing}",
            )
        if self.smoothing in _AT_ORDER_4 and self.max_order != 4:
            raise UsageError(
                f"bleu: {self.smoothing} is defined for max_order 4, got {self.max_order}"
            )

    def needs(self) -> tuple[str, ...]:
        """Token columns of the chosen tokeniser."""
        name = self.options()["tokenizer"]
        return (f"prediction.tokens:{name}", f"references.tokens:{name}")

    def outputs(self) -> tuple[Output, ...]:
        """One number per order."""
        highest = None if self.smoothing in ("method5", "method7") else 1.0
        return tuple(
            Output(
                f"bleu_{n}",
                range=(0.0, highest),
                kind="ratio",
                meaning=f"precision of n-grams up to length {n}, less a penalty for brevity",
            )
            for n in range(1, self.max_order + 1)
        )

    def options(self) -> dict[str, Scalar]:
        """All options, with the values that the defaults stand for."""
        tokenizer = self.tokenizer
        if tokenizer == "auto":
            tokenizer = "ptb" if self.variant == "coco" else "whitespace"
        smoothing = self.smoothing
        if self.variant == "nltk" and smoothing == "none":
            smoothing = "method0"
        return {
            "variant": self.variant,
            "smoothing": smoothing,
            "tokenizer": tokenizer,
            "max_order": self.max_order,
        }

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Matched and possible n-grams per order, lengths, and 1 per item."""
        prediction, references = (batch.tokens(name) for name in self.needs())
        texts = predictions_with_references(prediction, references)
        counts = clipped_matches(texts, self._n_counted)
        lengths = texts.lengths[texts.is_prediction]
        existing = possible_ngrams(lengths, self._n_counted)
        if self.variant == "nltk":
            counts += [np.maximum(possible, 1) for possible in existing]
        else:
            counts += existing
        if self.smoothing == "method6":
            counts += existing
        counts += [lengths, closest_lengths(texts, len(batch)), np.ones_like(lengths)]
        unmatched = int(np.count_nonzero(counts[self.max_order - 1] == 0))
        return Statistics(
            np.column_stack(counts).astype(np.float64), facts={"without_longest_match": unmatched}
        )

    def finalize(self, totals: Array) -> dict[str, Array]:
        """BLEU of summed counts, with COCO's or NLTK's formula."""
        totals = np.asarray(totals, dtype=np.float64)
        n = self._n_counted
        formula = _coco if self.variant == "coco" else _nltk(self.options()["smoothing"])
        counts = Precisions(
            matched=totals[..., :n],
            possible=totals[..., n : 2 * n],
            existing=totals[..., -3 - n : -3],
            length=totals[..., -3],
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = formula(counts, totals[..., -2], self.max_order)
        scores = np.where(totals[..., -1:] > 0, scores, np.nan)
        return {f"bleu_{i + 1}": scores[..., i] for i in range(self.max_order)}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Zeros that the reader could take for a judgement of the model."""
        unmatched = facts.get("without_longest_match", 0)
        if unmatched == 0 or (unmatched < n and self.options()["smoothing"] != "method0"):
            return ()
        shape = f"{self.max_order}-gram"
        if unmatched >= n:
            message = f"no {shape} of any prediction occurs in its references"
        else:
            message = f"{unmatched} of {n} predictions share no {shape} with their references"
        effect = f"{message}, so bleu_{self.max_order} without smoothing is practically 0 there."
        return (Notice("bleu_unsmoothed_zero", f"{effect} For items, see smoothing=method1."),)

    @property
    def _n_counted(self) -> int:
        """Orders that are counted; two smoothings look one order further."""
        return self.max_order + (self.smoothing in ("method5", "method7"))


def possible_ngrams(lengths: Ints, max_order: int) -> list[Ints]:
    """N-grams that texts of these lengths have, for order 1, 2, … ``max_order``."""
    return [np.maximum(lengths - (n - 1), 0) for n in range(1, max_order + 1)]


def closest_lengths(texts: Texts, n_items: int) -> Ints:
    """Length of the reference closest to the prediction in length, the shorter on ties.

    Returns:
        Shape (n_items,).
    """
    lengths = texts.lengths
    references = ~texts.is_prediction
    item = texts.item[references]
    length = lengths[references]
    distance = np.abs(length - lengths[texts.is_prediction][item])
    # Distance first, then length, in one integer whose minimum is the reference wanted.
    base = int(lengths.max(initial=0)) + 1
    closest = np.full(n_items, np.iinfo(np.int64).max)
    np.minimum.at(closest, item, distance * base + length)
    return closest % base


def first_closest_lengths(texts: Texts, n_items: int) -> Ints:
    """As :func:`closest_lengths`, but of references equally close the first listed."""
    lengths = texts.lengths
    references = ~texts.is_prediction
    item, length = texts.item[references], lengths[references]
    distance = np.abs(length - lengths[texts.is_prediction][item])
    place = np.arange(len(length))
    base = len(length) + 1
    closest = np.full(n_items, np.iinfo(np.int64).max)
    np.minimum.at(closest, item, distance * base + place)
    found: Ints = length[closest % base]
    return found


def _coco(counts: Precisions, reference_length: Array, max_order: int) -> Array:
    precisions = (counts.matched + _TINY) / (counts.possible + _SMALL)
    roots = 1.0 / np.arange(1, max_order + 1)
    scores = np.cumprod(precisions, axis=-1) ** roots
    ratio = (counts.length + _TINY) / (reference_length + _SMALL)
    penalty = np.where(ratio < 1, np.exp(1 - 1 / np.minimum(ratio, 1)), 1.0)
    return np.asarray(scores * penalty[..., None], dtype=np.float64)


def _nltk(smoothing: Scalar) -> Callable[[Precisions, Array, int], Array]:
    smooth = SMOOTHINGS[str(smoothing)]

    def formula(counts: Precisions, reference_length: Array, max_order: int) -> Array:
        precisions = smooth(counts)[..., :max_order]
        # Orders without a positive precision are left out of the mean, not out of its divisor.
        logs = np.log(np.where(precisions <= 0, 1.0, precisions))
        means = np.cumsum(logs, axis=-1) / np.arange(1, max_order + 1)
        length = counts.length
        penalty = np.where(
            length > reference_length, 1.0, np.exp(1 - reference_length / np.maximum(length, 1))
        )
        scores = penalty[..., None] * np.exp(means)
        return np.where(counts.matched[..., :1] > 0, scores, 0.0)

    return formula


METRICS = (Bleu,)
