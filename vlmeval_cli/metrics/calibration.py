"""Calibration: whether predictions made with 80 % confidence are right in 80 % of the cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, NumberColumn
from vlmeval_cli.core.errors import UsageError
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
from vlmeval_cli.metrics.classes import NEEDS, as_rows, item_weights, pairs_of
from vlmeval_cli.stats.pooled import rows_of

NO_CONFIDENCE = "no_confidence"
_CONFIDENCE = "prediction.confidence"
_SURE = 0.9
_TOO_OFTEN = 0.2  # share of sure predictions that are wrong
_FEW = 20  # sure predictions of which no warning is given
_MOST_BINS = 1_000


@dataclass(frozen=True, slots=True)
class Calibration(PooledMetric[None]):
    """Expected calibration error and Brier score of the confidence in the predicted class.

    Input: the class read from each prediction, the recorded confidence in it (0 to 1), and the
    accepted classes.

    Output: ``ece``, the mean distance between confidence and accuracy in bins of equal width,
    weighted by their items; ``brier``, the mean squared distance between the confidence and 1 for
    a right, 0 for a wrong prediction. Both from 0 to 1, lower is better. The table ``reliability``
    has the bins.

    Edge cases: bins hold their upper edge, the first one 0 too; empty bins do not count. A
    prediction that names no class is wrong. Items without a confidence are skipped. ``ece`` has no
    interval: chance differences within bins add up in it, so that the bootstrap lies above the
    estimate (Kumar et al. 2019 measure this bias). No debiased value stands beside it: theirs is of
    the squared error and that of Roelofs et al. 2022 has bins of its own, so that neither compares
    with a published ECE; ``brier`` needs no bins and has no such bias.

    Differs from: the multi-class Brier score, which needs the probabilities of all classes.

    Options:
        bins: number of bins; 15 is usual.

    Source: Naeini et al. 2015; Guo et al. 2017, section 2; Brier 1950.
    """

    bins: int = 15

    info: ClassVar[MetricInfo] = MetricInfo(
        name="calibration",
        revision=1,
        title="whether confidences are as high as the share of right predictions",
        use="before a confidence decides what is shown or checked by hand; needs the probability "
        "of the predicted class",
        tasks=("classification",),
        needs=(*NEEDS, _CONFIDENCE),
        multi_reference="best",
        source="Guo et al. 2017 (arXiv:1706.04599); Brier 1950",
    )

    def check(self) -> None:
        """Bins are from 1 to 1,000."""
        if not 1 <= self.bins <= _MOST_BINS:
            raise UsageError(
                f"option calibration:bins: got {self.bins}, expected from 1 to {_MOST_BINS:,}"
            )

    def outputs(self) -> tuple[Output, ...]:
        """Expected calibration error and Brier score."""
        return (
            Output(
                "ece",
                higher_is_better=False,
                worst=1.0,
                kind="pooled",
                has_item_score=False,
                has_interval=False,
                meaning="mean distance between confidence and accuracy, over bins of confidence",
            ),
            Output(
                "brier",
                higher_is_better=False,
                worst=1.0,
                kind="mean",
                meaning="mean squared distance between confidence and 1 (right) or 0 (wrong)",
            ),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(confidence, right)``."""
        pairs = pairs_of(batch)
        confidence = batch.column(_CONFIDENCE, NumberColumn).numbers
        is_unknown = np.isnan(confidence)
        unknown = dict.fromkeys(np.flatnonzero(is_unknown).tolist(), NO_CONFIDENCE)
        sure = confidence >= _SURE
        facts = {"sure": int(sure.sum()), "sure_and_wrong": int((sure & ~pairs.right).sum())}
        rows = as_rows(np.where(is_unknown, 0.0, confidence), pairs.right)
        return Statistics(rows, skips={**unknown, **pairs.skips}, facts=facts)

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Errors of the weighted items."""
        confidence, right = rows.values.T
        place = self._places(confidence)
        own = item_weights(rows, weights)
        n = own.sum(axis=1)
        gap = confidence - right
        in_bins = [np.bincount(place, weights=gap * one, minlength=self.bins) for one in own]
        with np.errstate(invalid="ignore"):
            return {"ece": np.abs(in_bins).sum(axis=1) / n, "brier": own @ gap**2 / n}

    def item_scores(self, rows: Rows, n: int) -> dict[str, Array]:
        """The squared distance of each item."""
        found = np.full(n, np.nan)
        found[rows.item] = (rows.values[:, 0] - rows.values[:, 1]) ** 2
        return {"brier": found}

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """Items, confidence and accuracy of each bin that has items."""
        confidence, right = rows_of(found).values.T
        place = self._places(confidence)
        counts = np.bincount(place, minlength=self.bins)
        sums = (np.bincount(place, weights=one, minlength=self.bins) for one in (confidence, right))
        rows = [
            (
                f"{i / self.bins:.3f} to {(i + 1) / self.bins:.3f}",
                n,
                said / n,
                was / n,
                (said - was) / n,
            )
            for i, (n, said, was) in enumerate(
                zip(counts.tolist(), *(one.tolist() for one in sums), strict=True)
            )
            if n
        ]
        title = "Reliability (confidence above accuracy: overconfident)"
        columns = ("confidence", "items", "mean confidence", "accuracy", "difference")
        return {"reliability": Table(title, columns, rows)} if rows else {}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Predictions that are sure and wrong."""
        sure, wrong = facts.get("sure", 0), facts.get("sure_and_wrong", 0)
        if sure < _FEW or wrong < _TOO_OFTEN * sure:
            return ()
        return (
            Notice(
                "confident_and_wrong",
                f"of {sure:,} predictions with a confidence of at least {_SURE}, "
                f"{wrong / sure:.0%} are wrong: such a confidence must not decide anything. "
                "Temperature scaling on held-out items mends it without changing a prediction",
            ),
        )

    def _places(self, confidence: Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The bin of each confidence."""
        edges = np.linspace(0.0, 1.0, self.bins + 1)
        return np.searchsorted(edges[1:-1], confidence, side="left")


METRICS = (Calibration,)
