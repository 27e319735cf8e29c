"""What a user should know about the scores of a run, from what its metrics noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.metric import MetricStatistics, Notice
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.runs.planning import Plan
from vlmeval_cli.stats.summary import Estimate


def warnings_of(
    planned: Plan,
    statistics: Sequence[MetricStatistics],
    found: Sequence[Mapping[str, Estimate]],
    config: RunConfig,
) -> list[Notice]:
    """What metrics advise, and scores that nothing is behind."""
    told: list[Notice] = []
    for chosen, own, estimate in zip(planned.chosen, statistics, found, strict=True):
        n = max(one.n for one in estimate.values())
        if not n and own.skips:
            told.append(_nothing_scored(chosen.outputs()[0][0], own))
        told.extend(chosen.metric.advise(own.facts, n))
    if len(config.metrics) == 1 and len(planned.chosen) == 1:
        told.append(
            Notice("one_metric", "only one metric was asked for; a second one shows what it misses")
        )
    return list(dict.fromkeys(told))  # two metrics may find the same thing


def _nothing_scored(name: str, own: MetricStatistics) -> Notice:
    why = "; ".join(dict.fromkeys(own.skips.values()))
    items = number_of(len(own.skips), "item was", "items were")
    return Notice("nothing_scored", f"{name} has no score: {items} skipped, all there are ({why})")


def lost_intervals(
    planned: Plan, found: Sequence[Sequence[Mapping[str, Estimate]]]
) -> tuple[Notice, ...]:
    """Scores, of all items or of a group, whose interval would not hold them."""
    lost = dict.fromkeys(
        name
        for subset in found
        for chosen, own in zip(planned.chosen, subset, strict=True)
        for name, output in chosen.outputs()
        if own[output.name].has_lost_interval
    )
    if not lost:
        return ()
    message = (
        f"no interval where it would lie beside its score: {', '.join(lost)}. Resampling moves "
        "such a score more than it spreads it; with more items, above all of the rare kinds, it "
        "has one"
    )
    return (Notice("interval_left_out", message),)
