"""Corruption error: accuracy on ImageNet-C's corruptions, relative to AlexNet's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, NumberColumn, ValueColumn
from vlmeval_cli.core.errors import quoted
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

# Mean top-1 error of AlexNet over the five severities (Hendrycks and Dietterich 2019).
ALEXNET = {
    "gaussian_noise": 0.886428, "shot_noise": 0.894468, "impulse_noise": 0.922640,
    "defocus_blur": 0.819880, "glass_blur": 0.826268, "motion_blur": 0.785948,
    "zoom_blur": 0.798360, "snow": 0.866816, "frost": 0.826572, "fog": 0.819324,
    "brightness": 0.564592, "contrast": 0.853204, "elastic_transform": 0.646056,
    "pixelate": 0.717840, "jpeg_compression": 0.606500,
}  # fmt: skip
ALEXNET_CLEAN = 0.43478  # top-1 error of torchvision's AlexNet on clean images
NAMES = tuple(ALEXNET)
EXTRA = ("speckle_noise", "gaussian_blur", "spatter", "saturate")  # no part of the mean
SEVERITIES = 5
NO_SEVERITY = -1
_IN_MEAN = len(NAMES) * SEVERITIES  # cells of corruption and severity, those of the mean first
_CLEAN = _IN_MEAN + len(EXTRA) * SEVERITIES
_OTHER = _CLEAN + 1
_NEEDS = ("item.correct", "item.corruption")
_BASE = np.array([*ALEXNET.values()])
_FIRST_CELL = {name: i * SEVERITIES for i, name in enumerate((*NAMES, *EXTRA))}
_SHOWN = 5
_OTHER_FACT, _CELL_FACT = "other: ", "cell: "  # facts: items of no cell, and items of a cell


@dataclass(frozen=True, slots=True)
class CorruptionError(PooledMetric[None]):
    """Mean corruption error (mCE) over the 15 corruptions and five severities of ImageNet-C.

    Input: for each item whether the predicted class is right, and (corruption, severity), or clean.

    Output: ``mce``: for each corruption the mean error over the severities, divided by AlexNet's;
    their mean. ``relative_mce``: the same of what the corruption adds to the clean error. 1 is as
    bad as AlexNet; lower is better. Papers print both times 100.

    Edge cases: unknown unless all 15 corruptions have all five severities, for the relative one
    also clean items; the table shows what is there. The extra corruptions (speckle_noise,
    gaussian_blur, spatter, saturate) are in the table and not in the mean, as in the official code.
    Items of any other corruption, or of none of the five severities, are told in a warning.

    Source: Hendrycks and Dietterich 2019; AlexNet's errors from their code.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="corruption_error",
        revision=1,
        title="error under ImageNet-C's corruptions, relative to AlexNet's",
        use="robustness of a classifier to noise, blur, weather and compression",
        tasks=("rationality",),
        needs=_NEEDS,
        multi_reference="best",
        source="Hendrycks and Dietterich 2019 (ImageNet-C)",
    )

    def outputs(self) -> tuple[Output, ...]:
        """MCE and relative mCE."""
        return (
            Output(
                "mce", False, (0.0, None), "of AlexNet's error", None, "pooled", False,
                meaning="mean error under 15 corruptions, relative to AlexNet's",
            ),
            Output(
                "relative_mce", False, (None, None), "of AlexNet's error", None, "pooled", False,
                meaning="what corruptions add to the clean error, relative to AlexNet's",
            ),
        )  # fmt: skip

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(cell of corruption and severity, 1 if wrong else 0)``."""
        correct = batch.column("item.correct", NumberColumn).numbers
        conditions = batch.column("item.corruption", ValueColumn).values
        cells = np.array([_cell(*condition) for condition in conditions], dtype=np.float64)
        skips = dict.fromkeys(
            np.flatnonzero(np.isnan(correct)).tolist(), "no class to compare with"
        )
        wrong = 1.0 - np.nan_to_num(correct, nan=1.0)
        known = np.where(np.isnan(correct), _OTHER, cells).astype(np.int64)
        counts = np.bincount(known, minlength=_OTHER)[:_OTHER].tolist()
        facts = Counter({f"{_CELL_FACT}{cell}": n for cell, n in enumerate(counts) if n})
        facts.update(
            f"{_OTHER_FACT}{corruption} {severity}"
            for (corruption, severity), cell in zip(conditions, cells.tolist(), strict=True)
            if cell == _OTHER
        )
        return Statistics(np.column_stack([cells, wrong]), skips=skips, facts=facts)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Items that are in no cell of the table."""
        facts = _facts(facts, _OTHER_FACT)
        if not facts:
            return ()
        most = sorted(facts, key=lambda name: (-facts[name], name))[:_SHOWN]
        shown = ", ".join(quoted(name.removesuffix(f" {NO_SEVERITY}")) for name in most)
        return (
            Notice(
                "other_corruptions",
                f"left out of mce and of its table: {sum(facts.values()):,} of {n:,} items, which "
                f"are of none of ImageNet-C's corruptions at severity 1 to {SEVERITIES}: {shown}"
                f"{', …' if len(facts) > _SHOWN else ''}",
            ),
        )

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Which corruptions, severities or clean items are missing."""
        seen = {int(cell) for cell in _facts(facts, _CELL_FACT)}
        gaps = [gap for name in NAMES if (gap := _gap(name, seen))]
        if gaps:
            more = f" and {len(gaps) - _SHOWN} more" if len(gaps) > _SHOWN else ""
            return f"missing: {', '.join(gaps[:_SHOWN])}{more}"
        return "missing: clean items" if _CLEAN not in seen else None

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Weighted error of every cell, then the ratios to AlexNet's."""
        errors = _errors(rows, weights)
        mean = errors[:, :_IN_MEAN].reshape(-1, len(NAMES), SEVERITIES).mean(axis=2)
        added = mean - errors[:, _CLEAN, None]
        return {
            "mce": (mean / _BASE).mean(axis=1),
            "relative_mce": (added / (_BASE - ALEXNET_CLEAN)).mean(axis=1),
        }

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """Error of each corruption at each severity."""
        kept = np.ones(len(found.values), dtype=bool)
        kept[list(found.skips)] = False
        values = found.values[kept]
        rows = Rows(values, np.arange(len(values)))
        errors = _errors(rows, np.ones((1, len(values))))[0]
        grid = errors[:_CLEAN].reshape(-1, SEVERITIES)
        cells = [
            (name, *map(_known, row), _known(row.mean() / ALEXNET.get(name, np.nan)))
            for name, row in zip((*NAMES, *EXTRA), grid, strict=True)
            if not np.isnan(row).all()
        ]
        cells.append(("clean", *[None] * SEVERITIES, _known(errors[_CLEAN])))
        columns = ("corruption", *(f"severity {s + 1}" for s in range(SEVERITIES)), "CE")
        return {"corruptions": Table("Error by corruption and severity", columns, cells)}


def _facts(facts: Mapping[str, int], kind: str) -> dict[str, int]:
    return {name.removeprefix(kind): n for name, n in facts.items() if name.startswith(kind)}


def _gap(name: str, seen: Set[int]) -> str | None:
    """What is missing of a corruption: all of it, or some severities."""
    first = _FIRST_CELL[name]
    levels = [str(s + 1) for s in range(SEVERITIES) if first + s not in seen]
    if not levels:
        return None
    return name if len(levels) == SEVERITIES else f"{name} {'+'.join(levels)}"


def normal_name(corruption: object) -> str:
    """The name of a corruption as ImageNet-C spells it; "clean" for none."""
    text = str(corruption).strip().lower().replace(" ", "_").replace("-", "_")
    if corruption is None or text in ("", "none", "clean", "original"):
        return "clean"
    return next((name for name in NAMES if name == text or name.partition("_")[0] == text), text)


def _cell(corruption: str, severity: int) -> int:
    if corruption == "clean" or severity == 0:
        return _CLEAN
    if corruption not in _FIRST_CELL or not 1 <= severity <= SEVERITIES:
        return _OTHER
    return _FIRST_CELL[corruption] + severity - 1


def _errors(rows: Rows, weights: Array) -> Array:
    """Weighted error of each cell, the last of clean items, shape (B, cells); NaN without items."""
    cells = rows.values[:, 0].astype(np.int64)
    own = weights[:, rows.item]
    wrong = own * rows.values[:, 1]
    n_cells = _OTHER + 1
    sums = np.stack([np.bincount(cells, row, n_cells) for row in wrong])
    counts = np.stack([np.bincount(cells, row, n_cells) for row in own])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / counts)[:, :_OTHER]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


METRICS = (CorruptionError,)
