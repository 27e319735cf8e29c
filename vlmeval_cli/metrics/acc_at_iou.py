"""Accuracy of boxes at thresholds of IoU: Precision@1 of referring expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import (
    SELECTS,
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Scalar,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.geometry.boxes import iou
from vlmeval_cli.metrics.first_box import NEEDS, FirstBoxes, several_boxes


@dataclass(frozen=True, slots=True)
class AccAtIou(MeanMetric[None]):
    """Share of items whose predicted box overlaps the accepted one enough.

    Input: predicted boxes, of which the first counts, and accepted boxes, of which the best
    counts; both in one frame, corners continuous (no pixel is added).

    Output: for each threshold ``acc_at_50`` and so on: 0 or 1 per item; the corpus score is their
    mean, a fraction from 0 to 1, higher is better. Items without an accepted box are skipped.

    Edge cases: no predicted box is a miss, also where the prediction could not be read. Boxes
    beyond the first are counted and told: the best of many random boxes is often a hit.

    Options:
        thresholds: percent of IoU, such as 25+50+75.
        boundary: ``ge`` counts an IoU of exactly the threshold, as Qwen-VL, InternVL, lmms-eval and
            VLMEvalKit do; ``gt`` does not, as Shikra does.

    Differs from: lmms-eval's newer RefCOCO task, which takes the best of all predicted boxes.

    Source: Kazemzadeh et al. 2014; Mao et al. 2016 (RefCOCOg), "Precision@1"; metric-spec 12.1.

    Example:
        >>> from vlmeval_cli.core.batch import Batch
        >>> from vlmeval_cli.geometry.columns import column_of
        >>> mine, gold = column_of([[[0, 0, 2, 1]]]), column_of([[[0, 0, 2, 2]]])
        >>> columns = {"prediction.boxes": mine, "references.boxes": gold}
        >>> batch = Batch(["q1"], [None], [[]], prepared=columns)
        >>> AccAtIou(thresholds=(50, 75)).measure(batch, None).values.tolist()
        [[1.0, 0.0, 1.0]]
        >>> AccAtIou(boundary="gt").measure(batch, None).values.tolist()
        [[0.0, 1.0]]
    """

    thresholds: tuple[int, ...] = field(default=(50,), metadata=SELECTS)
    boundary: Literal["ge", "gt"] = "ge"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="acc_at_iou",
        revision=1,
        title="share of items whose first predicted box overlaps the accepted box enough",
        use="referring expressions and phrase grounding (RefCOCO, RefCOCO+, RefCOCOg); at IoU 0.5 "
        "it is the number that papers report",
        tasks=("grounding",),
        needs=NEEDS,
        multi_reference="best",
        source="Mao et al. 2016 (arXiv:1511.02283)",
    )

    def check(self) -> None:
        """Refuse thresholds outside 1 to 100, none, or the same twice."""
        several = self.thresholds
        if (
            not several
            or len(set(several)) < len(several)
            or not set(several) <= set(range(1, 101))
        ):
            raise UsageError(
                f"option acc_at_iou:thresholds: got {quoted('+'.join(map(str, several)))}, "
                "expected different percents of IoU from 1 to 100",
                hint="Several are written 25+50+75.",
            )

    @classmethod
    def options_for(cls, output: str) -> Mapping[str, Scalar] | None:
        """``acc_at_75`` is thresholds=75."""
        percent = output.removeprefix("acc_at_")
        is_one = percent != output and percent.isdecimal() and 0 < int(percent) <= 100
        return {"thresholds": (int(percent),)} if is_one else None

    def outputs(self) -> tuple[Output, ...]:
        """One number for each threshold."""
        return tuple(
            Output(
                f"acc_at_{threshold}",
                kind="binary",
                meaning=f"share of items whose first box has an IoU of {threshold / 100:g} or more"
                if self.boundary == "ge"
                else f"share of items whose first box has an IoU above {threshold / 100:g}",
            )
            for threshold in self.thresholds
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(1 if hit else 0 at each threshold, 1)``."""
        found = FirstBoxes.of(batch)
        best = found.best(iou(found.boxes, found.accepted))
        levels = [threshold / 100 for threshold in self.thresholds]
        hits = [best >= level if self.boundary == "ge" else best > level for level in levels]
        return mean_statistics(
            *(hit.astype(float) for hit in hits), skips=found.skips, facts=found.facts
        )

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Answers with several boxes."""
        return several_boxes(facts, n)


METRICS = (AccAtIou,)
