"""Missing predictions that count as the worst there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import Chosen, MetricStatistics


def refuse_without_worst(chosen: Sequence[Chosen]) -> None:
    """Say which metric has no worst value.

    Raises:
        UsageError: there is one.
    """
    for one in chosen:
        for name, output in one.outputs():
            if output.worst is None:
                raise UsageError(
                    f'missing "worst": {name} has no worst value',
                    hint="Pass --missing skip, or leave that metric out.",
                )


def with_worst_rows(
    chosen: Chosen, statistics: MetricStatistics, missing: Sequence[int]
) -> MetricStatistics:
    """Statistics in which missing predictions are as bad as can be."""
    row = chosen.metric.worst_row()
    if row is None or not missing or statistics.item is not None:
        return statistics
    values = statistics.values.copy()
    values[list(missing)] = row
    gone = set(missing)
    skips = {item: why for item, why in statistics.skips.items() if item not in gone}
    return replace(statistics, values=values, skips=skips)
