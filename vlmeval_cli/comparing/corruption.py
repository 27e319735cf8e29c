"""Corruption errors in the way of Hendrycks and Dietterich (2019), for noise of any kind.

The error of a kind of noise is the mean over its severities. Relative to a baseline model it is
``CE = Σ E / Σ E of the baseline`` over the same severities, and the mean over the kinds is mCE; the
relative one subtracts the clean error from each. Where no other model is there and the noise is
that of ImageNet-C, errors of accuracy are compared with AlexNet's, which the paper gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vlmeval_cli.comparing.conditions import Condition
from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.metric import Output, Table
from vlmeval_cli.metrics.corruption_error import ALEXNET, ALEXNET_CLEAN, normal_name
from vlmeval_cli.stats.retention import (
    UNKNOWN,
    Bounded,
    Sides,
    bounded,
    errors,
    mean,
    ratio,
)

_MEAN = "mean over noise"
_COLUMNS: tuple[str, ...] = (
    "model", "noise", "severities", "error", "low", "high", "added error", "added low",
    "added high", "CE", "CE low", "CE high", "relative CE", "relative CE low", "relative CE high",
)  # fmt: skip
_CE = _COLUMNS.index("CE")
_ACCURACIES = frozenset({"accuracy", "prediction_accuracy"})

Cell = str | float | int | None
Runs = Sequence[tuple[Condition, Sides]]


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of one model under one kind of noise.

    Attributes:
        noisy: severity (0 where runs have none) → error, with its resamples.
        clean: severity → error of the clean run on the same items.
    """

    noisy: Mapping[int, Array]
    clean: Mapping[int, Array]

    @property
    def levels(self) -> list[int]:
        """The severities."""
        return sorted(self.noisy)

    @property
    def has_levels(self) -> bool:
        """Whether its runs have severities."""
        return any(self.noisy)

    def over(self, levels: Sequence[int]) -> Array:
        """Mean error over severities."""
        return mean([self.noisy[level] for level in levels])

    def added(self, levels: Sequence[int]) -> Array:
        """Mean of what noise adds to the clean error."""
        return mean([self.noisy[level] - self.clean[level] for level in levels])


def corruption_table(
    runs: Runs, output: Output, base_model: str, confidence: float
) -> dict[str, Table]:
    """Errors by kind of noise, relative to the baseline model; nothing of unbounded outputs.

    Args:
        runs: noise and scores of every run under noise.
        output: an output between 0 and 1.
        base_model: the model that others are divided by.
        confidence: of the intervals.
    """
    found = _errors(runs, output)
    if not any(own.has_levels for kinds in found.values() for own in kinds.values()):
        return {}
    others = [model for model in found if model != base_model]
    base = found.get(base_model, {}) if others else {}
    is_imagenet = not base and output.name in _ACCURACIES
    rows = [
        row
        for model, kinds in found.items()
        for row in _rows(model, kinds, base, is_imagenet, confidence)
    ]
    shown = slice(0 if others else 1, None if any(row[_CE] is not None for row in rows) else _CE)
    return {
        "corruption_errors": Table(
            _title(output, base_model if base else "AlexNet", has_ratio=shown.stop is None),
            _COLUMNS[shown],
            [row[shown] for row in rows],
        )
    }


def _title(output: Output, against: str, *, has_ratio: bool) -> str:
    error = f"1 - {output.name}" if output.higher_is_better else output.name
    named = against or "the model of the baseline"
    note = f"; CE: relative to {named}, its mean is mCE" if has_ratio else ""
    return f"Corruption errors: {error}, on average over severities{note}"


def _errors(runs: Runs, output: Output) -> dict[str, dict[str, Errors]]:
    """Model → kind of noise → errors; empty for an output that has none."""
    found: dict[str, dict[str, tuple[dict[int, Array], dict[int, Array]]]] = {}
    for condition, own in runs:
        noisy, clean = errors(own.noisy, output), errors(own.clean, output)
        if noisy is None or clean is None:
            return {}
        kinds = found.setdefault(condition.model, {})
        pair = kinds.setdefault(condition.corruption, ({}, {}))
        pair[0][condition.severity or 0] = noisy
        pair[1][condition.severity or 0] = clean
    return {
        model: {kind: Errors(*pair) for kind, pair in kinds.items()}
        for model, kinds in found.items()
    }


def _rows(
    model: str,
    kinds: Mapping[str, Errors],
    base: Mapping[str, Errors],
    is_imagenet: bool,
    confidence: float,
) -> Iterator[list[Cell]]:
    """A row for each kind of noise, and one for their mean."""
    ratios: list[tuple[Array, Array] | None] = []
    for kind, own in kinds.items():
        levels = own.levels
        found = _alexnet(kind, own) if is_imagenet else _ratios(own, base.get(kind))
        ratios.append(found)
        shown = ", ".join(str(level) for level in levels if level) or None
        mine = (own.over(levels), own.added(levels))
        yield [model or None, kind, shown, *_cells((*mine, *(found or ())), confidence)]
    if len(kinds) > 1:
        known = [one for one in ratios if one is not None]
        columns = [
            mean([own.over(own.levels) for own in kinds.values()]),
            mean([own.added(own.levels) for own in kinds.values()]),
        ]
        if len(known) == (len(ALEXNET) if is_imagenet else len(kinds)):
            columns += [mean([one[i] for one in known]) for i in (0, 1)]
        yield [model or None, _MEAN, None, *_cells(columns, confidence)]


def _ratios(own: Errors, base: Errors | None) -> tuple[Array, Array] | None:
    """CE and relative CE over the severities of both; None where the baseline lacks some."""
    levels = own.levels
    if base is None or not set(levels) <= base.noisy.keys():
        return None
    size = min(len(own.over(levels)), len(base.over(levels)))
    return (
        ratio(own.over(levels)[:size], base.over(levels)[:size]),
        ratio(own.added(levels)[:size], base.added(levels)[:size]),
    )


def _alexnet(kind: str, own: Errors) -> tuple[Array, Array] | None:
    """The same against AlexNet, whose errors are means over all five severities."""
    error, levels = ALEXNET.get(normal_name(kind)), own.levels
    if error is None or levels != [1, 2, 3, 4, 5]:
        return None
    return own.over(levels) / error, own.added(levels) / (error - ALEXNET_CLEAN)


def _cells(columns: Sequence[Array], confidence: float) -> Iterator[Cell]:
    """Value and interval of the errors, the added errors, CE and relative CE."""
    found: list[Bounded] = [bounded(np.asarray(column), confidence) for column in columns]
    for one in (*found, *[UNKNOWN] * (4 - len(found))):
        yield from one
