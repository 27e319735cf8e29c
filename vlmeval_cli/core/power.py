"""What a data set can show: what was asked, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import Notice, Output

CORRELATION = 0.5  # of a run and a fine-tuned version of it, where only one of them is there


@dataclass(frozen=True, slots=True)
class PowerPolicy:
    """What is to be shown, and how surely.

    Attributes:
        power: probability of finding a difference that is there.
        alpha: level of the two-sided test; None: 1 - the confidence of the intervals.
        difference: that is to be found, in the metric's own scale; None: that of the two runs.
        correlation: of the scores of two runs under resampling, where only one is given; None:
            :data:`CORRELATION`.
    """

    power: float = 0.8
    alpha: float | None = None
    difference: float | None = None
    correlation: float | None = None

    def __post_init__(self) -> None:
        _check("power", self.power, 0.0 < self.power < 1.0, "a probability between 0 and 1")
        if self.alpha is not None:
            _check("alpha", self.alpha, 0.0 < self.alpha < 1.0, "a level between 0 and 1")
        if self.difference is not None:
            is_some = isfinite(self.difference) and self.difference > 0.0
            _check("difference", self.difference, is_some, "a number above 0")
        if self.correlation is not None:
            is_possible = -1.0 <= self.correlation < 1.0
            _check("correlation", self.correlation, is_possible, "a number from -1 to below 1")


@dataclass(frozen=True, slots=True)
class OutputPower:
    """What the items can show by one output.

    Attributes:
        output: the output, under the name it has in the runs.
        value: score of the run.
        against: score of the other run, on the items that both have; None without one.
        standard_error: of the difference; of one run, the one that is expected.
        correlation: of the scores of the two runs under resampling; the assumed one of one run.
        n: items.
        smallest: the smallest difference that these items show.
        items_needed: for the difference that was asked for, or else for the observed one.
        reason: why something is unknown.
    """

    output: Output
    value: float | None
    against: float | None
    standard_error: float | None
    correlation: float | None
    n: int
    smallest: float | None = None
    items_needed: int | None = None
    reason: str | None = None

    @property
    def difference(self) -> float | None:
        """``value - against``, never flipped."""
        if self.value is None or self.against is None:
            return None
        return self.value - self.against


@dataclass(frozen=True, slots=True)
class PowerResult:
    """Everything that ``vlmeval power`` found.

    Attributes:
        task: the task of the run.
        run: path of the run.
        against: path of the other one, None without.
        policy: what was asked, with its alpha.
        outputs: what each can show.
        options: of the statistics.
    """

    task: str
    run: str
    against: str | None
    policy: PowerPolicy
    outputs: Sequence[OutputPower]
    options: Mapping[str, Any]
    warnings: Sequence[Notice] = ()


def _check(name: str, value: object, is_right: bool, expected: str) -> None:
    if not is_right:
        raise UsageError(f"{name}: got {quoted(value)}, expected {expected}")
