"""Circular accuracy: a question counts only if it is right in every order of its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn, ValueColumn
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.metrics.choice import NO_OPTION, OPEN

ROTATION = "a rotation of another item, scored with it"


@dataclass(frozen=True, slots=True)
class CircularAccuracy(MeanMetric[None]):
    """1 if the answers to all rotations of a question are right, else 0.

    Input: letters chosen and letters right in all recorded rotations, held by the first item of
    each question. Which items are rotations of one question must be recorded: ``g_index``, or
    VLMEvalKit's ``index`` that counts rotations in millions, or an id that repeats in one file with
    the same options in another order.

    Output: per question 0 or 1; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. ``n`` is the number of questions, and intervals resample questions.

    Edge cases: a missing or unreadable answer to one rotation makes the question wrong. A question
    is skipped where the recorded answer to one rotation is none of its options. One that was asked
    once counts as it is. Fewer rotations are easier: a file that was cut off scores
    too high.

    Differs from: VLMEvalKit also stops at the first wrong rotation, which gives the same number.

    Source: Liu et al. 2024 (MMBench), section 4.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="circular_accuracy",
        revision=1,
        title="share of questions that are right in every recorded order of their options",
        use="MMBench and every set that was asked with rotated options; guessing gains nothing",
        tasks=("choice",),
        needs=("prediction.choice", "choice.open", "circular.choice", "circular.right"),
        multi_reference="best",
        source="Liu et al. 2024 (MMBench)",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of questions."""
        return (Output("circular_accuracy", worst=0.0, kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(right in all rotations, 1)`` of the first items of the questions."""
        chosen = batch.column("circular.choice", ValueColumn)
        right = batch.column("circular.right", ValueColumn)
        is_open = batch.column("choice.open", NumberColumn).numbers
        starts = chosen.item_offsets[:-1].tolist()
        stops = chosen.item_offsets[1:].tolist()
        hits = [
            letter is not None and letter in golds
            for letter, golds in zip(chosen.values, right.values, strict=True)
        ]
        skips: dict[int, str] = {}
        scores = np.zeros(len(batch))
        for item, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            if start == stop:
                skips[item] = ROTATION
            elif not all(right.values[start:stop]):
                skips[item] = OPEN if is_open[item] else NO_OPTION
            else:
                scores[item] = all(hits[start:stop])
        return mean_statistics(scores, skips=skips)


METRICS = (CircularAccuracy,)
