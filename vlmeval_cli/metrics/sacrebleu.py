"""BLEU as sacrebleu computes it, the BLEU of machine-translation tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Floats
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import Metric, MetricInfo, Notice, Output, Statistics
from vlmeval_cli.metrics.bleu import closest_lengths, first_closest_lengths, possible_ngrams
from vlmeval_cli.text.ngrams import clipped_matches, predictions_with_references

_MAX_ORDER = 9
_LOG_OF_ZERO = -9999999999.0  # as sacrebleu has it


@dataclass(frozen=True, slots=True)
class SacreBleu(Metric[None]):
    """BLEU with sacrebleu's tokeniser, smoothing and effective order, divided by 100.

    Input:
        Tokens of ``tokenizer`` (13a: the WMT standard; case is kept); any number of references per
        item, at least one. The reference length is that of the closest, the shorter on ties.

    Output:
        ``sacrebleu``, a fraction, 0 to 1 (sacrebleu prints 0 to 100), higher is better, from counts
        summed over items.

    Edge cases:
        Without any match, or with an empty prediction, 0. With ``effective_order=False`` an order
        of which no n-gram exists (every text shorter than it) makes the score 0.

    Differs from:
        sacrebleu 2.6 ``BLEU``: divided by 100; nothing else. torchmetrics 1.9 is reproduced by
        options: ``SacreBLEUScore`` with ``smoothing=none:reference_length=first``, ``BLEUScore``
        with ``tokenizer=whitespace`` as well; it computes in single precision. sacrebleu's
        ``sentence_score`` advises ``effective_order=True`` for single items, which makes the item
        scores here equal to it.

    Signature:
        With default options a score is sacrebleu's with the signature
        ``case:mixed|eff:no|tok:13a|smooth:exp``.

    Source:
        Post 2018, "A Call for Clarity in Reporting BLEU Scores"; sacrebleu.

    Attributes:
        smoothing: what stands for no match at an order: ``exp`` 1/2, 1/4 … matches, ``floor`` a
            constant number of matches, ``add-k`` adds to every order above the first, ``none``.
        floor: matches that ``floor`` puts in place of none.
        k: matches and n-grams that ``add-k`` adds.
        effective_order: stop at the longest n-grams that the predictions have; for single items.
        tokenizer: which tokens are compared; ``13a-lower`` is sacrebleu's ``lowercase`` (case:lc).
        max_order: longest n-grams.
        reference_length: of references equally close in length, the ``shorter`` one counts, or, as
            in torchmetrics, the ``first``.

    Example:
        >>> matched, possible, lengths, items = [2, 1], [2, 1], [2, 2], [1]
        >>> totals = np.array(matched + possible + lengths + items)
        >>> float(SacreBleu(max_order=2).finalize(totals)["sacrebleu"])
        1.0
    """

    smoothing: Literal["exp", "floor", "add-k", "none"] = "exp"
    floor: float = 0.1
    k: float = 1.0
    effective_order: bool = False
    tokenizer: str = "13a"
    max_order: int = 4
    reference_length: Literal["shorter", "first"] = "shorter"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="sacrebleu",
        revision=1,
        title="BLEU-4 with sacrebleu's 13a tokens and smoothing, as in translation tables",
        use="Free text and translations, to compare with numbers of sacrebleu; captions are "
        "published with COCO's bleu.",
        tasks=("text", "captioning", "vqa"),
        needs=("prediction.tokens:13a", "references.tokens:13a"),
        multi_reference="pooled",
        source="Post 2018; sacrebleu BLEU",
        sees=frozenset({"partial", "order"}),
        texts_per_second=10_000,
    )

    def check(self) -> None:
        """Check the options.

        Raises:
            UsageError: a number out of its range.
        """
        if not 1 <= self.max_order <= _MAX_ORDER:
            raise UsageError(
                f"sacrebleu: max_order is {self.max_order}, expected a number from 1 to "
                f"{_MAX_ORDER}"
            )
        for name in ("floor", "k"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise UsageError(f"sacrebleu: {name} is {value}, expected a number from 0 up")

    def needs(self) -> tuple[str, ...]:
        """Token columns of the chosen tokeniser."""
        return (f"prediction.tokens:{self.tokenizer}", f"references.tokens:{self.tokenizer}")

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        meaning = f"precision of n-grams up to length {self.max_order}, less a penalty for brevity"
        return (Output("sacrebleu", kind="ratio", meaning=meaning),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Matched and existing n-grams per order, lengths, and 1 per item."""
        prediction, references = (batch.tokens(name) for name in self.needs())
        texts = predictions_with_references(prediction, references)
        counts = clipped_matches(texts, self.max_order)
        lengths = texts.lengths[texts.is_prediction]
        unmatched = int(np.count_nonzero(counts[-1] == 0))
        counts += possible_ngrams(lengths, self.max_order)
        closest = closest_lengths if self.reference_length == "shorter" else first_closest_lengths
        counts += [lengths, closest(texts, len(batch)), np.ones_like(lengths)]
        return Statistics(
            np.column_stack(counts).astype(np.float64), facts={"without_longest_match": unmatched}
        )

    def finalize(self, totals: Array) -> dict[str, Array]:
        """BLEU of summed counts."""
        totals = np.asarray(totals, dtype=np.float64)
        n = self.max_order
        matched, possible = totals[..., :n], totals[..., n : 2 * n]
        length, closest, items = (totals[..., i] for i in (-3, -2, -1))
        any_match = matched.sum(axis=-1) > 0
        if self.smoothing == "add-k":
            added = np.where(np.arange(n) > 0, self.k, 0.0)
            matched, possible = matched + added, possible + added
        # Orders from the first without n-grams on are not scored at all.
        exists = np.logical_and.accumulate(possible > 0, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            precisions = np.where(exists, self._smoothed(matched) / possible, 0.0)
            orders = exists.sum(axis=-1) if self.effective_order else n
            used = exists if self.effective_order else True
            logs = np.log(precisions).sum(axis=-1, where=used)
            penalty = np.where(length < closest, np.exp(1 - closest / length), 1.0)
            scores = np.where(any_match, penalty * np.exp(logs / orders), 0.0)
        return {"sacrebleu": np.where(items > 0, scores, np.nan)}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """A zero that the reader could take for a judgement of the model."""
        if n == 0 or self.smoothing != "none" or facts.get("without_longest_match", 0) < n:
            return ()
        message = (
            f"no {self.max_order}-gram of any prediction occurs in its references, so sacrebleu "
            "without smoothing is 0. The default, smoothing=exp, tells such outputs apart."
        )
        return (Notice("bleu_unsmoothed_zero", message),)

    def points(self, totals: Floats) -> Floats:
        """The score from 0 to 100 to the last bit of sacrebleu, in the precision of ``totals``."""
        n = self.max_order
        matched, possible = totals[..., :n], totals[..., n : 2 * n]
        if self.smoothing == "add-k":
            added = np.where(np.arange(n) > 0, self.k, 0.0).astype(totals.dtype)
            matched, possible = matched + added, possible + added
        exists = np.logical_and.accumulate(possible > 0, axis=-1)
        orders = exists.sum(axis=-1) if self.effective_order else np.full(exists.shape[:-1], n)
        with np.errstate(divide="ignore", invalid="ignore"):
            percents = np.where(exists, self._percents(matched, possible), 0)
            lengths, closest = totals[..., -3].astype(float), totals[..., -2].astype(float)
            brevity = np.minimum(1 - closest / lengths, 0.0)
        # math.log and math.exp round as sacrebleu's do; numpy's may not on every processor.
        logs = [log(one) if one else _LOG_OF_ZERO for one in percents.ravel().tolist()]
        rows = zip(*[iter(logs)] * n, strict=True)
        used = orders.ravel().tolist()
        means = [sum(row[:k]) / k if k else 0.0 for row, k in zip(rows, used, strict=True)]
        scores = [exp(a) * exp(b) for a, b in zip(brevity.ravel().tolist(), means, strict=True)]
        any_match = (totals[..., :n] > 0).any(axis=-1)
        return np.where(any_match, np.reshape(scores, any_match.shape), 0.0)

    def _percents(self, matched: Floats, possible: Floats) -> Floats:
        """Precisions in percent, in the order of sacrebleu's operations."""
        none = matched == 0
        if self.smoothing == "exp":
            halvings = 2.0 ** np.cumsum(none, axis=-1)
            smoothed: Floats = 100 / (halvings.astype(matched.dtype) * possible)
        else:
            smoothed = (100.0 * self.floor if self.smoothing == "floor" else 0) / possible
        percents: Floats = np.where(none, smoothed, 100 * matched / possible)
        return percents

    def _smoothed(self, matched: Array) -> Array:
        none = matched == 0
        if self.smoothing == "exp":
            return np.where(none, 0.5 ** np.cumsum(none, axis=-1), matched)
        return np.where(none, self.floor, matched) if self.smoothing == "floor" else matched


METRICS = (SacreBleu,)
