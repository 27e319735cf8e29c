"""Prediction accuracy: the share of right classes, whether or not a rationale is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn
from vlmeval_cli.core.metric import MeanMetric, MetricInfo, Output, Statistics, mean_statistics

_CORRECT = "item.correct"


@dataclass(frozen=True, slots=True)
class PredictionAccuracy(MeanMetric[None]):
    """Share of items whose predicted class is right.

    Input: for each item whether the predicted class is right, compared or recorded.

    Output: 0 or 1 per item; the score is their mean, a fraction from 0 to 1, higher is better.

    Edge cases: an item without a rationale counts as any other, so that this may be of more items
    than the scores of ``rationality``. A missing prediction, and one that names no class or
    several, is wrong. Items without a class to compare with are skipped and counted.

    Source: Wang et al. 2025 (AAAI), where it stands beside trustworthiness and reliability.

    Example:
        >>> from vlmeval_cli.core.batch import singles
        >>> column = NumberColumn(np.array([1.0, 0.0, np.nan]), singles(3))
        >>> batch = Batch(["a", "b", "c"], [], [], prepared={"item.correct": column})
        >>> found = PredictionAccuracy().measure(batch, None)
        >>> found.values.tolist(), dict(found.skips)
        ([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]], {2: 'no class to compare with'})
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="prediction_accuracy",
        revision=1,
        title="share of right predictions",
        use="beside prediction_trustworthiness: high accuracy with low trustworthiness means right "
        "for the wrong reasons",
        tasks=("rationality",),
        needs=(_CORRECT,),
        multi_reference="best",
        source="Wang et al. 2025, AAAI (vlm-pred-rationality)",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of right predictions."""
        return (Output(self.info.name, kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(right, 1)``."""
        correct = batch.column(_CORRECT, NumberColumn).numbers
        unknown = np.flatnonzero(np.isnan(correct)).tolist()
        return mean_statistics(correct, skips=dict.fromkeys(unknown, "no class to compare with"))


METRICS = (PredictionAccuracy,)
