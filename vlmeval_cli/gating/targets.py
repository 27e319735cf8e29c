"""What the rules of a gate are about in this run: outputs by name, groups with their items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.config import RunConfig, StatisticsPolicy
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.core.gate import GateConfig, GateRule
from vlmeval_cli.core.metric import Chosen, MetricStatistics, Output
from vlmeval_cli.core.results import RunResult, Score
from vlmeval_cli.registry import choose
from vlmeval_cli.stats.groups import members
from vlmeval_cli.stats.summary import Estimate, Subset, estimates

_POINTS = StatisticsPolicy(resamples=0)
_BETWEEN = "\0"  # values of crossed fields in one label


@dataclass(frozen=True, slots=True)
class Target:
    """A rule in one group.

    Attributes:
        rule: with the name that its metric has in this run.
        by: the group; empty for all items.
        items: the items of the group, ascending; None for all.
    """

    rule: GateRule
    by: Mapping[str, str]
    items: Ints | None = None


class Point(NamedTuple):
    """A score of some items, without its interval."""

    output: Output
    value: float | None
    n: int
    reason: str


class Measured(NamedTuple):
    """The metric behind an output of a run."""

    chosen: Chosen
    statistics: MetricStatistics
    output: Output


def check_names(config: RunConfig, rules: Sequence[GateRule]) -> None:
    """Refuse rules on metrics that will not be scored, where the configuration says which will.

    Raises:
        UsageError: with place of the rule and the names there are.
    """
    if not config.metrics:
        return
    names = [name for chosen in choose(config.metrics) for name, _ in chosen.outputs()]
    for rule in rules:
        if rule.metric is not None:
            _named(rule, names)


def with_groups(config: RunConfig, gate: GateConfig) -> RunConfig:
    """The configuration with the fields that rules group by."""
    fields = (name for rule in gate.rules for name in rule.by)
    return replace(config, by=tuple(dict.fromkeys((*config.by, *fields))))


def targets(rules: Sequence[GateRule], run: RunResult) -> list[Target]:
    """Every rule in every group that it is about.

    Raises:
        UsageError: a metric that was not scored, a bound outside its range, or a group that no item
            is in.
    """
    found = []
    for rule in rules:
        if rule.metric is None:
            named = rule
        else:
            named = replace(rule, metric=_named(rule, [*run.scores]))
            _check_scale(named, run.scores[named.subject].output)
        found += [Target(named, by, items) for by, items in _groups(named, run)]
    return found


def point(run: RunResult, name: str, items: Ints | None) -> Point:
    """The score ``name`` of all items of ``run``, or of some."""
    score = run.scores[name]
    if items is None:
        return Point(score.output, score.value, score.n, score.reason or "")
    return _of_group(run, score, items)


def measured(run: RunResult, name: str) -> Measured:
    """The metric that gives the output ``name``."""
    for one in run.measured:
        for own, output in one.chosen.outputs():
            if own == name:
                return Measured(one.chosen, one.statistics, output)
    raise KeyError(name)


def items_in(run: RunResult, by: Mapping[str, str]) -> Ints | None:
    """The items of a group, ascending; None for all."""
    if not by:
        return None
    columns = [np.array(run.items.groups[name], dtype=object) == by[name] for name in by]
    return np.flatnonzero(np.logical_and.reduce(columns))


def labels_of(run: RunResult, fields: Sequence[str]) -> list[str]:
    """The group of every item, values of several fields joined."""
    columns = [run.items.groups[name] for name in fields]
    return [_BETWEEN.join(values) for values in zip(*columns, strict=True)]


def _of_group(run: RunResult, score: Score, items: Ints) -> Point:
    found = measured(run, score.output.name)
    metric = found.chosen.metric
    (of_subset,) = estimates(
        [metric], [found.statistics], [Subset(items)], None, _POINTS, len(run.items)
    )
    estimate = of_subset[0][found.output.name]
    return Point(score.output, estimate.value, estimate.n, _why_unknown(estimate))


def _why_unknown(estimate: Estimate) -> str:
    if estimate.value is not None:
        return ""
    if estimate.n == 0 and estimate.skipped:
        return "every item was skipped: " + "; ".join(estimate.skipped)
    return "undefined for these items" if estimate.n else "no items"


def _named(rule: GateRule, names: Sequence[str]) -> str:
    """The name of the rule's metric in the run; the plain name finds its only variant."""
    wanted = rule.subject
    if wanted in names:
        return wanted
    variants = [name for name in names if name.partition("[")[0] == wanted]
    if len(variants) == 1:
        return variants[0]
    if variants:
        what = f"{quoted(wanted)} is scored in several variants"
        hint = f"Name one of them: {', '.join(variants)}."
    else:
        what = f"the run has no score {quoted(wanted)}"
        hint = f"{did_you_mean(wanted, [*names])} Others are scored where metrics: names them."
    raise UsageError(f"{rule.place}: {what}", hint=hint)


def _check_scale(rule: GateRule, output: Output) -> None:
    """A bound that no score can reach is a mistake of the scale."""
    low, high = output.range
    for name, bound in (("min", rule.least), ("max", rule.most)):
        below = bound is not None and low is not None and bound < low
        above = bound is not None and high is not None and bound > high
        if below or above:
            raise _out_of_scale(rule, f"{name} {bound:g}", output)
    drop = rule.max_drop
    if drop is not None and low is not None and high is not None and drop > high - low:
        raise _out_of_scale(rule, f"max_drop {drop:g}", output)


def _out_of_scale(rule: GateRule, what: str, output: Output) -> UsageError:
    low, high = ("…" if end is None else f"{end:g}" for end in output.range)
    return UsageError(
        f"{rule.place}: {what} lies outside the scale of {rule.subject}, {low} to {high}",
        hint="Bounds are in the metric's own scale: 80 points of a fraction are 0.8.",
    )


def _groups(rule: GateRule, run: RunResult) -> Iterator[tuple[Mapping[str, str], Ints | None]]:
    """The groups that ``rule`` is about, with their items."""
    if not rule.by:
        yield {}, None
        return
    fields = [*rule.by]
    matching = 0
    for label, items in members(labels_of(run, fields)).items():
        by = dict(zip(fields, label.split(_BETWEEN), strict=True))
        if all(wanted in (None, by[name]) for name, wanted in rule.by.items()):
            matching += 1
            yield by, items
    if not matching:
        known = {name: sorted(set(run.items.groups[name])) for name in fields}
        raise UsageError(
            f"{rule.place}: no item is in the group "
            + ", ".join(f"{name}={value}" for name, value in rule.by.items() if value is not None),
            hint="; ".join(f"{name} is one of: {_listed(names)}" for name, names in known.items()),
        )


def _listed(names: Sequence[str], most: int = 20) -> str:
    more = f", … ({len(names):,} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more
