"""What is known of another evaluator: the numbers it prints, and how they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vlmeval_cli.core.config import MetricSpec, Reasoning
from vlmeval_cli.core.metric_spec import parse_metric_spec


class Number(NamedTuple):
    """A number that a tool prints, and the metric that gives it.

    Attributes:
        metric: as ``--metrics`` takes it.
        called: what the tool calls it.
        rule: how it is made, where that is not our default, in a sentence.
        benchmarks: data sets on which the tool prints it; none: on all.
        times: what our score is multiplied by to be the tool's.
        outputs: those of the metric that the tool prints; none: all.
        is_default: whether it is among what is scored where no data set is named or known.
    """

    metric: str
    called: str
    rule: str
    benchmarks: tuple[str, ...] = ()
    times: int = 1
    outputs: tuple[str, ...] = ()
    is_default: bool = True

    @property
    def spec(self) -> MetricSpec:
        """The metric with its options."""
        return parse_metric_spec(self.metric)


class Missing(NamedTuple):
    """A number that the tool prints and that is not to be had here, and why."""

    called: str
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a tool is reproduced for a task.

    Attributes:
        numbers: those that are; the first is primary.
        missing: those that are not.
        differs: where the tool's number may still be another one.
    """

    numbers: tuple[Number, ...]
    missing: tuple[Missing, ...] = ()
    differs: tuple[str, ...] = ()

    def benchmarks(self) -> list[str]:
        """Names of the data sets that tell its numbers apart."""
        return [*dict.fromkeys(name for number in self.numbers for name in number.benchmarks)]

    def of(self, benchmark: str) -> tuple[Number, ...]:
        """The numbers that the tool prints on a data set."""
        return tuple(one for one in self.numbers if benchmark in one.benchmarks)


@dataclass(frozen=True, slots=True)
class Tool:
    """An evaluator.

    Attributes:
        name: as ``--compat`` takes it.
        version: what was reproduced: version or commit.
        tasks: task → what is reproduced.
        reasoning: what it does with ``<think>`` blocks.
        checked: how the numbers were checked against it.
    """

    name: str
    version: str
    tasks: Mapping[str, Coverage]
    reasoning: Reasoning
    checked: str
