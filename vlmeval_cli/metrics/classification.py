"""Precision, recall and F1 of classes, averaged three ways; balanced accuracy, MCC and kappa."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import (
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    PooledMetric,
    Rows,
    Statistics,
    Table,
)
from vlmeval_cli.metrics.classes import (
    NEEDS,
    Classes,
    Flags,
    as_rows,
    class_facts,
    classes_of,
    counts_in,
    divided,
    item_weights,
    pairs_of,
)
from vlmeval_cli.metrics.confusion import class_tables
from vlmeval_cli.stats.pooled import rows_of

_AVERAGES = {
    "macro": "mean over the classes, each counted once",
    "micro": "of all predictions together; equal to accuracy where every answer names a class",
    "weighted": "mean over the classes, each counted as often as references have it",
}
_MANY_CLASSES = 20
_ENOUGH = 100  # items a class
_WORDS = {"precision": "precision", "recall": "recall", "f1": "F1"}


class Counts(NamedTuple):
    """Counts of C classes for B weightings of the items, each of shape (B, C), and totals (B,).

    Attributes:
        right: items of the class that were predicted as it.
        true: items of the class.
        predicted: items predicted as the class.
        unread: items whose prediction names no class, shape (B,).
        n: items, shape (B,).
    """

    right: Array
    true: Array
    predicted: Array
    unread: Array
    n: Array


@dataclass(frozen=True, slots=True)
class Classification(PooledMetric[Classes]):
    """Scores of a confusion matrix.

    Input: the class read from each prediction, and one accepted class an item or several; of
    several the true one is the predicted one if it is among them, else the first.

    Output: ``balanced_accuracy`` (mean recall of the classes of the references); ``precision_``,
    ``recall_`` and ``f1_`` with ``macro``, ``micro`` and ``weighted``; fractions. ``mcc`` (Matthews
    correlation of several classes) and ``cohen_kappa``, from -1 to 1, 0 at chance. Higher is
    better. The tables ``per_class``, ``confusion_matrix`` and ``confusions`` hold the counts behind
    them.

    Edge cases: classes are those of references and predictions together; a ratio without a
    denominator is 0 (``zero_division=0``). A prediction that names no class misses its class, and
    is no class of its own in any average. ``mcc`` is 0 where all predictions, or all references,
    are one class; ``cohen_kappa`` is unknown where both are one and the same.

    Differs from: nothing where every prediction names a class. Unread ones are an extra label for
    scikit-learn's ``matthews_corrcoef``, ``cohen_kappa_score`` and ``balanced_accuracy_score``, and
    are left out of ``labels`` for ``precision_recall_fscore_support``.

    Source: scikit-learn 1.7; Gorodkin 2004 for several classes in MCC; Cohen 1960.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="classification",
        revision=1,
        title="precision, recall and F1 over classes, balanced accuracy, MCC and Cohen's kappa",
        use="classes of any frequency: macro averages and balanced accuracy count each class the "
        "same, MCC and kappa are 0 for guesses",
        tasks=("classification",),
        needs=NEEDS,
        multi_reference="best",
        source="scikit-learn; Gorodkin 2004; Cohen 1960",
    )

    def outputs(self) -> tuple[Output, ...]:
        """Balanced accuracy, nine averages, MCC and kappa."""
        averages = [
            Output(
                f"{kind}_{average}",
                kind="pooled",
                has_item_score=False,
                meaning=f"{words} {of_what}",
            )
            for average, of_what in _AVERAGES.items()
            for kind, words in _WORDS.items()
        ]
        balanced = "mean recall of the classes that references have"
        return (
            Output("balanced_accuracy", kind="pooled", has_item_score=False, meaning=balanced),
            *averages,
            _correlation("mcc", "Matthews correlation of predicted and true class; 0 is chance"),
            _correlation("cohen_kappa", "agreement of predicted and true class beyond chance"),
        )

    def fit(self, batch: Batch) -> Classes:
        """The names of the classes, for the tables."""
        return classes_of(batch)

    def measure(self, batch: Batch, context: Classes | None) -> Statistics:
        """Rows ``(true class, predicted class)``, as codes."""
        pairs = pairs_of(batch)
        rows = as_rows(pairs.true, pairs.predicted)
        return Statistics(rows, skips=pairs.skips, facts=class_facts(batch))

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Classes of so few items that the bootstrap is biased."""
        n_classes = len(counts_in(facts))
        if n_classes <= _MANY_CLASSES or n >= _ENOUGH * n_classes:
            return ()
        return (
            Notice(
                "few_items_per_class",
                f"{n / n_classes:.0f} items a class on average: resampling moves precision and F1 "
                "of small classes, so that the intervals of their macro and weighted means lie "
                "too low or too high, or are left out. Those of accuracy, mcc and cohen_kappa hold",
            ),
        )

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Kappa has no value where chance agrees wholly."""
        is_kappa = output == "cohen_kappa"
        return "predictions and references are all of one class" if is_kappa else None

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Scores of the weighted confusion matrices."""
        counts = _counted(rows, weights)
        precision = divided(counts.right, counts.predicted)
        recall = divided(counts.right, counts.true)
        f1 = divided(2.0 * counts.right, counts.predicted + counts.true)
        is_there = counts.true + counts.predicted > 0.0
        ratios = {"precision": precision, "recall": recall, "f1": f1}
        scores = {"balanced_accuracy": _mean(recall, counts.true > 0.0)}
        scores |= {f"{name}_macro": _mean(values, is_there) for name, values in ratios.items()}
        scores |= _micro(counts)
        scores |= {
            f"{name}_weighted": _mean(values, counts.true) for name, values in ratios.items()
        }
        return scores | _correlations(counts)

    def tables(self, found: MetricStatistics, context: Classes) -> Mapping[str, Table]:
        """Scores of each class, the confusion matrix, and the most frequent confusions."""
        true, predicted = rows_of(found).values.astype(np.int64).T
        return class_tables(true, predicted, context.names)


def _correlation(name: str, meaning: str) -> Output:
    return Output(
        name, range=(-1.0, 1.0), unit="correlation", worst=-1.0, kind="pooled",
        has_item_score=False, meaning=meaning,
    )  # fmt: skip


def _counted(rows: Rows, weights: Array) -> Counts:
    """Counts of the classes under each of the weightings.

    Items with the same pair of classes are added up first, then pairs into classes.
    """
    true, predicted = rows.values.astype(np.int64).T
    size = int(rows.values.max(initial=0.0)) + 1
    cell = true * (size + 1) + predicted + 1
    cells = np.arange(size * (size + 1))
    if len(cells) > len(cell):
        cells, cell = np.unique(cell, return_inverse=True)
    of_true, of_predicted = np.divmod(cells, size + 1)  # predicted 0: not read
    is_right = (of_true == of_predicted - 1).astype(np.float64)
    right, all_true = np.empty((len(weights), size)), np.empty((len(weights), size))
    all_predicted = np.empty((len(weights), size + 1))
    for i, own in enumerate(item_weights(rows, weights)):
        sums = np.bincount(cell, weights=own, minlength=len(cells))
        all_true[i] = np.bincount(of_true, weights=sums, minlength=size)
        right[i] = np.bincount(of_true, weights=sums * is_right, minlength=size)
        all_predicted[i] = np.bincount(of_predicted, weights=sums, minlength=size + 1)
    return Counts(
        right, all_true, all_predicted[:, 1:], all_predicted[:, 0], all_predicted.sum(axis=1)
    )


def _mean(values: Array, weights: Array | Flags) -> Array:
    """Weighted mean over the classes; unknown without a weight."""
    total: Array = np.where(weights.any(axis=1), weights.sum(axis=1), np.nan)
    mean: Array = (values * weights).sum(axis=1) / total
    return mean


def _micro(counts: Counts) -> dict[str, Array]:
    """Ratios of the sums over all classes; unknown without items."""
    right, predicted = counts.right.sum(axis=1), counts.predicted.sum(axis=1)
    some = np.where(counts.n > 0.0, 1.0, np.nan)
    return {
        "precision_micro": divided(right, predicted) * some,
        "recall_micro": divided(right, counts.n) * some,
        "f1_micro": divided(2.0 * right, predicted + counts.n) * some,
    }


def _correlations(counts: Counts) -> dict[str, Array]:
    """MCC and Cohen's kappa; a prediction that was not read is a class that no item has."""
    n, right = counts.n, counts.right.sum(axis=1)
    chance = (counts.true * counts.predicted).sum(axis=1)
    spread_true = n * n - (counts.true**2).sum(axis=1)
    spread_predicted = n * n - (counts.predicted**2).sum(axis=1) - counts.unread**2
    some = np.where(n > 0.0, 1.0, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa = (n * right - chance) / (n * n - chance)
    mcc = divided(n * right - chance, np.sqrt(spread_true * spread_predicted))
    return {"mcc": mcc * some, "cohen_kappa": kappa}


METRICS = (Classification,)
