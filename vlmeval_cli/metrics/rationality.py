"""Prediction rationality: is the model right for the right reasons?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, NumberColumn, ValueColumn
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import (
    Metric,
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    Statistics,
    Table,
)
from vlmeval_cli.geometry.heat_maps import normalised, relevant_mass, upsampled
from vlmeval_cli.parsing.rationales import Looked, NoRationale, Rationale, Recorded

_NEEDS = ("item.correct", "prediction.rationale")
_QUADRANTS = (
    ("RR", "right prediction, valid rationale"),
    ("RW", "right prediction, wrong rationale"),
    ("WR", "wrong prediction, valid rationale"),
    ("WW", "wrong prediction, wrong rationale"),
)
_UNKNOWN = {
    "prediction_trustworthiness": "no prediction is right",
    "inference_reliability": "no rationale is valid",
    "relevant_mass": "no item has a relevant mass",
}
_LARGEST = 4096


@dataclass(frozen=True, slots=True)
class Rationality(Metric[None]):
    """Whether predictions rest on the object they name.

    Input: for each item whether the predicted class is right, and the heat map of the explanation
    with the object's mask or boxes (or a recorded relevant mass, or a recorded 0/1).

    Output: ``prediction_trustworthiness`` PT = RR / (RR + RW), how often right predictions have a
    valid rationale; ``inference_reliability`` IR = RR / (RR + WR), how often a valid rationale
    leads to a right prediction; ``rationale_accuracy``, the share of valid rationales;
    ``relevant_mass``, the mean share of the heat that lies on the object (RMA). All are fractions
    from 0 to 1, higher is better. The first letter of a quadrant is the prediction, the second the
    rationale. A rationale is valid if its RMA is at least ``threshold``.

    Edge cases: PT is unknown without right predictions, IR without valid rationales (the official
    script fails there). A heat map that is the same everywhere, or holds NaN or infinity, has no
    RMA: it is not valid, left out of ``relevant_mass``, and counted in a warning (the official
    script takes it for valid).
    Items without a rationale, or without a class to compare, are skipped and counted.

    Options:
        threshold: RMA from which on a rationale is valid.
        size: side in pixels at which heat map and mask meet.
        scale: ``min_max`` brings each map to 0–1 after upsampling; ``none`` takes it as it is, with
            negative values as 0.
        view: masks and boxes are of the ``whole`` image that the heat map covers, or the map covers
            the ``crop`` of ImageNet models: short side to 256, the middle 224 pixels.

    Source: Wang et al. 2025 (AAAI), arithmetic of their code; RMA after Arras et al. 2022.

    Example:
        >>> from vlmeval_cli.core.batch import singles
        >>> columns = {
        ...     "item.correct": NumberColumn(np.array([1.0]), singles(1)),
        ...     "prediction.rationale": ValueColumn([Recorded(0.75)], singles(1)),
        ... }
        >>> metric = Rationality()
        >>> found = metric.measure(Batch(["i1"], ["dog"], [["dog"]], prepared=columns), None)
        >>> found.values.tolist()
        [[1.0, 0.0, 0.0, 0.0, 0.75, 1.0]]
    """

    threshold: float = 0.5
    size: int = 224
    scale: Literal["min_max", "none"] = "min_max"
    view: Literal["whole", "crop"] = "whole"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="rationality",
        revision=1,
        title="whether right predictions rest on the object, and rest on it alone",
        use="before a classifier is trusted: high accuracy with low prediction_trustworthiness "
        "means right for the wrong reasons",
        tasks=("rationality",),
        needs=_NEEDS,
        multi_reference="best",
        source="Wang et al. 2025, AAAI (vlm-pred-rationality)",
    )

    def check(self) -> None:
        """Refuse a threshold that is no share, and a size that is none."""
        if not 0.0 < self.threshold <= 1.0:
            raise UsageError(
                f"option rationality:threshold: got {quoted(self.threshold)}, expected a number "
                "above 0 and up to 1"
            )
        if not 1 <= self.size <= _LARGEST:
            raise UsageError(
                f"option rationality:size: got {quoted(self.size)}, expected 1 to {_LARGEST:,} "
                "pixels"
            )

    def outputs(self) -> tuple[Output, ...]:
        """PT, IR and their parts."""
        return (
            Output(
                "prediction_trustworthiness", kind="ratio", worst=None, has_item_score=False,
                meaning="of the right predictions, the share with a valid rationale",
            ),
            Output(
                "inference_reliability", kind="ratio", worst=None, has_item_score=False,
                meaning="of the valid rationales, the share with a right prediction",
            ),
            Output("rationale_accuracy", kind="binary", meaning="share of valid rationales"),
            Output("relevant_mass", meaning="mean share of the heat that lies on the object (RMA)"),
        )  # fmt: skip

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(RR, RW, WR, WW, relevant mass, 1 where that is known)``."""
        correct = batch.column("item.correct", NumberColumn).numbers
        rationales = batch.column("prediction.rationale", ValueColumn).values
        values = np.zeros((len(batch), len(_QUADRANTS) + 2))
        skips: dict[int, str] = {}
        n_flat = 0
        for i, (is_right, rationale) in enumerate(zip(correct.tolist(), rationales, strict=True)):
            if isinstance(rationale, NoRationale):
                skips[i] = rationale.reason
            elif is_right != is_right:
                skips[i] = "no class to compare with"
            else:
                values[i] = self._row(bool(is_right), rationale)
                n_flat += isinstance(rationale, Looked) and values[i, -1] == 0.0
        return Statistics(values, skips=skips, facts={"flat": n_flat})

    def _row(self, is_right: bool, rationale: Rationale) -> list[float]:
        mass = self._mass(rationale)
        is_valid = mass >= self.threshold  # never of NaN
        if isinstance(rationale, Recorded) and rationale.is_valid is not None:
            is_valid = rationale.is_valid
        row = [0.0] * (len(_QUADRANTS) + 2)
        row[(0 if is_right else 2) + (0 if is_valid else 1)] = 1.0
        if mass == mass:
            row[-2:] = [mass, 1.0]
        return row

    def _mass(self, rationale: Rationale) -> float:
        if isinstance(rationale, Recorded):
            return rationale.mass
        recorded = rationale.heat_map()
        if not np.isfinite(recorded).all():
            return np.nan
        heat = upsampled(recorded, self.size)
        heat = normalised(heat) if self.scale == "min_max" else np.maximum(heat, 0.0)
        return relevant_mass(heat, rationale.region(self.size, is_cropped=self.view == "crop"))

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Ratios of the quadrants; NaN where a denominator is 0."""
        rr, rw, wr, ww, mass, n_mass = np.moveaxis(totals, -1, 0)
        n = rr + rw + wr + ww
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                "prediction_trustworthiness": rr / (rr + rw),
                "inference_reliability": rr / (rr + wr),
                "rationale_accuracy": (rr + wr) / n,
                "relevant_mass": mass / n_mass,
            }

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Which count is 0."""
        return _UNKNOWN.get(output)

    def worst_row(self) -> Array | None:
        """Both wrong, and no heat on the object."""
        return np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0])

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """The four quadrants."""
        counts = found.values[:, :4].sum(axis=0)
        n = max(counts.sum(), 1.0)
        rows = [
            (name, meaning, int(count), float(count / n))
            for (name, meaning), count in zip(_QUADRANTS, counts, strict=True)
        ]
        table = Table("Predictions and their rationales", ("", "meaning", "items", "share"), rows)
        return {"quadrants": table}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Maps without any heat."""
        flat = facts.get("flat", 0)
        if not flat:
            return ()
        return (
            Notice(
                "flat_heat_maps",
                f"{flat:,} of {n:,} heat maps are the same everywhere, or hold values that are no "
                "numbers: they have no relevant mass and count as wrong rationales (the official "
                "script counts them as valid)",
            ),
        )


METRICS = (Rationality,)
