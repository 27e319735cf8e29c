"""Scores that have no interval because resampling moves them too far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vlmeval_cli.core.metric import Notice
from vlmeval_cli.runs.planning import Plan
from vlmeval_cli.stats.summary import Estimate


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
