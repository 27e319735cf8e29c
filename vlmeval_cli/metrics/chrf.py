"""chrF and chrF++ as sacrebleu computes them: F-score of character n-grams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Floats, Ints, TokenColumn
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import Metric, MetricInfo, Output, Statistics
from vlmeval_cli.metrics.bleu import possible_ngrams
from vlmeval_cli.text.ngrams import pair_overlaps, predictions_with_references

_LONGEST = 9
_CHARACTERS = ("prediction.tokens:characters", "references.tokens:characters")
_NO_SPACES = ("prediction.tokens:characters-no-spaces", "references.tokens:characters-no-spaces")
_WORDS = ("prediction.tokens:chrf-words", "references.tokens:chrf-words")


@dataclass(frozen=True, slots=True)
class Chrf(Metric[None]):
    """Character n-gram F-score, recall before precision, divided by 100.

    Precision and recall of character n-grams of every order are averaged over the orders that both
    sides have, and combined to F_beta.

    Input:
        Characters without white space, case kept; with ``word_order`` words too, a punctuation
        mark at their end or start apart. Any number of references per item, at least one: the one
        with the highest score of the item counts, the first on ties.

    Output:
        ``chrf``, a fraction, 0 to 1 (sacrebleu prints 0 to 100), higher is better, from n-gram
        counts summed over items.

    Edge cases:
        An empty prediction scores 0, also against an empty reference. A text shorter than an order
        has no n-grams of it, and that order is left out.

    Differs from:
        sacrebleu 2.6 ``CHRF``: divided by 100; nothing else. NLTK and the original chrF++ script
        smooth orders without n-grams (``eps_smoothing``), which this does not. torchmetrics 1.9
        ``CHRFScore`` is ``word_order=2:variant=torchmetrics``; it computes in single precision.

    Signature:
        With default options a score is sacrebleu's with the signature
        ``case:mixed|eff:yes|nc:6|nw:0|space:no``; with ``word_order=2`` chrF++'s, ``nw:2``.

    Source:
        Popović 2015, "chrF"; Popović 2017, "chrF++"; sacrebleu.

    Attributes:
        char_order: longest character n-grams.
        word_order: longest word n-grams; 0 is chrF, 2 is chrF++.
        beta: how many times more recall weighs than precision.
        variant: ``sacrebleu``, or ``torchmetrics``: the F-scores of all orders are averaged, an
            order that a side has not counting 0; line breaks and tabs inside a text are
            characters; a reference counts only if the item scores above 0 with it.

    Example:
        >>> totals = np.array([4, 4, 2, 1])  # n-grams predicted, accepted, common; items
        >>> float(Chrf(char_order=1).finalize(totals)["chrf"])
        0.5
    """

    char_order: int = 6
    word_order: int = 0
    beta: int = 2
    variant: Literal["sacrebleu", "torchmetrics"] = "sacrebleu"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="chrf",
        revision=1,
        title="common character n-grams with the best reference, recall before precision",
        use="Translations, above all into languages of rich word forms, and scripts without "
        "spaces; chrF++ is chrf:word_order=2.",
        tasks=("text", "captioning"),
        needs=_CHARACTERS,
        multi_reference="best",
        source="Popović 2015; sacrebleu CHRF",
        sees=frozenset({"partial", "spelling", "endings", "order"}),
        texts_per_second=10_000,
    )

    def check(self) -> None:
        """Check the options.

        Raises:
            UsageError: an order or beta out of its range.
        """
        for name, least in (("char_order", 1), ("word_order", 0), ("beta", 1)):
            value = getattr(self, name)
            if not least <= value <= _LONGEST:
                raise UsageError(
                    f"option chrf:{name}: got {quoted(value)}, expected a whole number from "
                    f"{least} to {_LONGEST}",
                    hint="chrF has char_order=6 and word_order=0, chrF++ word_order=2; beta is 2.",
                )

    def needs(self) -> tuple[str, ...]:
        """Columns of characters, and of words where they count."""
        characters = _CHARACTERS if self.variant == "sacrebleu" else _NO_SPACES
        return (*characters, *(_WORDS if self.word_order else ()))

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        words = f" and words up to {self.word_order}-grams" if self.word_order else ""
        meaning = f"F-score of characters up to {self.char_order}-grams{words}, best reference"
        return (Output("chrf", kind="ratio", meaning=meaning),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Predicted, accepted and common n-grams of every order with the best reference, and 1."""
        sides = [batch.tokens(name) for name in self.needs()]
        lenient = self.variant == "sacrebleu"
        counts = _pair_counts(sides[0], sides[1], self.char_order, lenient=lenient)
        if self.word_order:
            counts += _pair_counts(sides[2], sides[3], self.word_order, lenient=lenient)
        rows = np.column_stack([column for order in counts for column in order]).astype(np.float64)
        scores = self._f_score(rows)
        if not lenient:
            rows[scores <= 0, 1::3] = 0.0  # the accepted n-grams of a reference without a score
        best = _first_highest(scores, sides[1].item_offsets)
        return Statistics(np.column_stack([rows[best], np.ones(len(batch))]))

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Score of summed counts."""
        totals = np.asarray(totals, dtype=np.float64)
        return {"chrf": np.where(totals[..., -1] > 0, self._f_score(totals[..., :-1]), np.nan)}

    def points(self, totals: Floats) -> Floats:
        """The score from 0 to 100 to the last bit of sacrebleu, in the precision of ``totals``."""
        scores = 100 * self._f_score(totals[..., :-1])
        # A score of nothing is a Python zero there, and makes the array of scores double.
        return scores if scores.all() else scores.astype(np.float64)

    def _f_score(self, counts: Floats) -> Floats:
        """Scores of counts, shape (..., 3 * orders) → (...), in the precision of the counts."""
        if self.variant == "torchmetrics":
            return self._mean_f_score(counts)
        precision, recall, orders = (np.zeros(counts.shape[:-1], counts.dtype) for _ in range(3))
        for at in range(0, counts.shape[-1], 3):  # summed in sacrebleu's order, to the last bit
            predicted, accepted, common = (counts[..., at + i] for i in range(3))
            exists = (predicted > 0) & (accepted > 0)
            precision += np.where(exists, common / np.maximum(predicted, 1), 0)
            recall += np.where(exists, common / np.maximum(accepted, 1), 0)
            orders += exists
        precision, recall = (total / np.maximum(orders, 1) for total in (precision, recall))
        weighted = self.beta**2 * precision + recall
        return (1 + self.beta**2) * precision * recall / np.where(weighted > 0, weighted, 1)

    def _mean_f_score(self, counts: Floats) -> Floats:
        """The same with the F-score of each order, and their mean."""
        predicted, accepted, common = (counts[..., i::3] for i in range(3))
        precision = np.where(predicted > 0, common / np.maximum(predicted, 1), 0.0)
        recall = np.where(accepted > 0, common / np.maximum(accepted, 1), 0.0)
        weighted = self.beta**2 * precision + recall
        scores = (1 + self.beta**2) * precision * recall / np.where(weighted > 0, weighted, 1.0)
        total: Floats = scores.sum(axis=-1) / (self.char_order + self.word_order)
        return total


class _OrderCounts(NamedTuple):
    """N-grams of one order in each pair of a reference and its item's prediction, (n_pairs,)."""

    predicted: Ints
    accepted: Ints
    common: Ints


def _pair_counts(
    predictions: TokenColumn, references: TokenColumn, longest: int, *, lenient: bool
) -> list[_OrderCounts]:
    """Counts of the orders 1 to ``longest``; leniently, of those that the reference has."""
    texts = predictions_with_references(predictions, references)
    per_item = np.diff(references.item_offsets)
    predicted = possible_ngrams(np.repeat(np.diff(predictions.offsets), per_item), longest)
    accepted = possible_ngrams(np.diff(references.offsets), longest)
    common = [found[~texts.is_prediction] for found in pair_overlaps(texts, longest)]
    return [
        # To sacrebleu an order that the reference has not is no fault of the prediction.
        _OrderCounts(np.where(theirs > 0, mine, 0) if lenient else mine, theirs, both)
        for mine, theirs, both in zip(predicted, accepted, common, strict=True)
    ]


def _first_highest(scores: Floats, item_offsets: Ints) -> Ints:
    """The pair with the highest score of each item, the first on ties, shape (n_items,)."""
    starts, per_item = item_offsets[:-1], np.diff(item_offsets)
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    highest = np.repeat(np.maximum.reduceat(scores, starts), per_item)
    place = np.where(scores == highest, np.arange(len(scores)), len(scores))
    return np.minimum.reduceat(place, starts)


METRICS = (Chrf,)
