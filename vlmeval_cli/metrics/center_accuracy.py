"""Whether the centre of the predicted box lies in the accepted one."""

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
from vlmeval_cli.geometry.boxes import center, contains
from vlmeval_cli.metrics.first_box import NEEDS, FirstBoxes, several_boxes


@dataclass(frozen=True, slots=True)
class CenterAccuracy(MeanMetric[None]):
    """Share of items where the centre of the predicted box lies in an accepted box.

    Input: predicted boxes, of which the first counts, and accepted boxes, any of which may be hit;
    both in one frame. A point is its own centre.

    Output: per item 0 or 1; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. Items without an accepted box are skipped.

    Edge cases: borders are inside. No predicted box is a miss. A box as large as the image hits
    whatever is in its middle: read it beside ``mean_iou``.

    Source: lmms-eval, RefCOCO "center accuracy"; metric-spec 12.1.

    Example:
        >>> from vlmeval_cli.core.batch import Batch
        >>> from vlmeval_cli.geometry.columns import column_of
        >>> mine, gold = column_of([[[0, 0, 2, 2]]]), column_of([[[1, 0, 3, 2]]])
        >>> columns = {"prediction.boxes": mine, "references.boxes": gold}
        >>> batch = Batch(["q1"], [None], [[]], prepared=columns)
        >>> CenterAccuracy().measure(batch, None).values.tolist()
        [[1.0, 1.0]]
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="center_accuracy",
        revision=1,
        title="share of items where the centre of the first predicted box lies in the accepted box",
        use="whether the right thing is found at all, however loose the box; for clicks and "
        "pointing at parts of a screen",
        tasks=("grounding",),
        needs=NEEDS,
        multi_reference="best",
        source="lmms-eval RefCOCO (arXiv:2407.12772)",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of hits."""
        return (Output("center_accuracy", kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(1 if hit else 0, 1)``."""
        found = FirstBoxes.of(batch)
        hits = contains(found.accepted, center(found.boxes)).astype(np.float64)
        return mean_statistics(found.best(hits), skips=found.skips, facts=found.facts)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Answers with several boxes."""
        return several_boxes(facts, n)


METRICS = (CenterAccuracy,)
