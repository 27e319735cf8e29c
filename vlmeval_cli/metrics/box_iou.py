"""Mean intersection over union of the predicted and the accepted box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.geometry.boxes import iou
from vlmeval_cli.metrics.first_box import NEEDS, FirstBoxes, several_boxes


@dataclass(frozen=True, slots=True)
class BoxIou(MeanMetric[None]):
    """Intersection over union of the predicted box with the accepted one.

    Input: predicted boxes, of which the first counts, and accepted boxes, of which the best
    counts; both in one frame, corners continuous (no pixel is added).

    Output: ``mean_iou``, a fraction from 0 to 1, higher is better. Items without an accepted box
    are skipped.

    Edge cases: no predicted box is 0, also where the prediction could not be read. Where the union
    is empty (two points) it is 0.

    Differs from: Qwen-VL's script and lmms-eval, which divide by zero where the union is empty.

    Source: Kazemzadeh et al. 2014, "ReferItGame"; metric-spec 12.1.

    Example:
        >>> from vlmeval_cli.core.batch import Batch, singles
        >>> from vlmeval_cli.geometry.columns import column_of
        >>> mine, gold = column_of([[[0, 0, 2, 2]]]), column_of([[[1, 0, 3, 2]]])
        >>> columns = {"prediction.boxes": mine, "references.boxes": gold}
        >>> batch = Batch(["q1"], [None], [[]], prepared=columns)
        >>> BoxIou().measure(batch, None).values.round(4).tolist()
        [[0.3333, 1.0]]
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="box_iou",
        revision=1,
        title="mean intersection over union of the first predicted box with the accepted box",
        use="how tight the boxes are; it also moves where accuracy at a threshold does not",
        tasks=("grounding",),
        needs=NEEDS,
        multi_reference="best",
        source="Kazemzadeh et al. 2014 (ReferItGame, EMNLP)",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the mean."""
        return (Output("mean_iou", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(IoU with the best accepted box, 1)``."""
        found = FirstBoxes.of(batch)
        scores = found.best(iou(found.boxes, found.accepted))
        return mean_statistics(scores, skips=found.skips, facts=found.facts)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Answers with several boxes."""
        return several_boxes(facts, n)


METRICS = (BoxIou,)
