"""Scores that the predictions would have had, had they been read another way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vlmeval_cli.core.batch import Batch, Column
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Chosen, Metric, Notice, Output
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.parsing.items import Parsed
from vlmeval_cli.stats.summary import Subset, estimates

QUIET = NoProgress()
NO_INTERVALS = StatisticsPolicy(resamples=0)


def rejected_readings(
    result: RunResult,
    primary: tuple[str, Output],
    chosen: Sequence[Chosen],
    items: Batch,
    parsed: Parsed,
) -> list[Notice]:
    """The primary score under each rejected reading, told beside the score that was given.

    The reading was decided without the references; this only shows what hangs on it.
    """
    name, output = primary
    metric = next(one.metric for one in chosen if name in one.names.values())
    value = result.scores[name].value
    if value is None:
        return []
    others = {
        reading: _score(metric, output.name, items, columns())
        for reading, columns in parsed.alternatives.items()
    }
    told = ", ".join(
        f"{reading} would give {'no score' if score is None else f'{score:.4f}'}"
        for reading, score in others.items()
    )
    return [Notice("rejected_readings", f"{name} is {value:.4f} as read; read otherwise: {told}")]


def _score(
    metric: Metric[Any], output: str, items: Batch, columns: Mapping[str, Column]
) -> float | None:
    other = replace(items, columns={**items.columns, **columns})
    (found,) = measure([metric], other, QUIET)
    ((estimate,),) = estimates(
        [metric], [found.statistics], [Subset()], None, NO_INTERVALS, len(items)
    )
    return estimate[output].value
