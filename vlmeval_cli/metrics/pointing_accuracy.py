"""Whether the predicted point lies in the accepted box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.geometry.boxes import contains
from vlmeval_cli.metrics.first_box import NEEDS, FirstBoxes, several_boxes

_BOXES = "boxes_for_points"


@dataclass(frozen=True, slots=True)
class PointingAccuracy(MeanMetric[None]):
    """Share of items where the predicted point lies in an accepted box.

    Input: predicted points (boxes of no size), of which the first counts, and accepted boxes, any
    of which may be hit; both in one frame.

    Output: per item 0 or 1; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. Items without an accepted box are skipped.

    Edge cases: borders are inside, and a point outside the image is a miss. An answer that is a box
    with a size is no point and a miss, counted and told: ``center_accuracy`` takes its centre.

    Source: Deitke et al. 2024 (Molmo), pointing; Zhang et al. 2016, "pointing game"; metric-spec
    12.1.

    Example:
        >>> from vlmeval_cli.core.batch import Batch
        >>> from vlmeval_cli.geometry.columns import column_of
        >>> mine, gold = column_of([[[2, 1, 2, 1]]]), column_of([[[1, 0, 3, 2]]])
        >>> columns = {"prediction.boxes": mine, "references.boxes": gold}
        >>> batch = Batch(["q1"], [None], [[]], prepared=columns)
        >>> PointingAccuracy().measure(batch, None).values.tolist()
        [[1.0, 1.0]]
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="pointing_accuracy",
        revision=1,
        title="share of items where the first predicted point lies in the accepted box",
        use="models that answer with points, such as Molmo; for boxes see center_accuracy",
        tasks=("grounding",),
        needs=NEEDS,
        multi_reference="best",
        source="Deitke et al. 2024 (arXiv:2409.17146)",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of hits."""
        return (Output("pointing_accuracy", kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(1 if hit else 0, 1)``."""
        found = FirstBoxes.of(batch)
        points = found.boxes[:, :2]
        is_point = np.all(points == found.boxes[:, 2:], axis=1)
        hits = (contains(found.accepted, points) & is_point).astype(np.float64)
        boxes = int(np.count_nonzero(found.best((~is_point).astype(np.float64))))
        facts = {**found.facts, _BOXES: boxes}
        return mean_statistics(found.best(hits), skips=found.skips, facts=facts)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Answers with several points, or with boxes."""
        boxes = facts.get(_BOXES, 0)
        if not boxes:
            return several_boxes(facts, n)
        told = Notice(
            "boxes_for_points",
            f"{boxes:,} of {n:,} predictions are boxes, not points, and count as misses of "
            "pointing_accuracy; center_accuracy takes the centre of a box",
        )
        return (told, *several_boxes(facts, n))


METRICS = (PointingAccuracy,)
