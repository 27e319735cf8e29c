"""Runs metrics over the items of a run in this process, batch by batch.

Metrics that learn from the references first see every batch (``fit``), then measure every batch.
Statistics are put together in item order, so that no score depends on how batches were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import chain
from operator import or_
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Batch, Ints
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, Statistics
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import Signature
from vlmeval_cli.engine.prepare import Preparer, Workshop
from vlmeval_cli.engine.scenes import is_of_scenes

if TYPE_CHECKING:
    from vlmeval_cli.scenes.tuples import SceneColumn

BATCH_SIZE = 25_000
_NO_CHOICE = ModelPolicy()


class Measured(NamedTuple):
    """What one metric found.

    Attributes:
        statistics: of all items.
        context: what it learned from the references, None if nothing.
        seconds: how long it took, with the columns it needs.
        provenance: the networks behind the vectors it read, for its signature.
        unreadable: which images of its items cannot be read, and why.
        scenes: the compared scenes that it read, None if it reads none.
    """

    statistics: MetricStatistics
    context: Any
    seconds: float
    provenance: Signature = Signature({})
    unreadable: tuple[str, ...] = ()
    scenes: SceneColumn | None = None


def measure(
    metrics: Sequence[Metric[Any]],
    items: Batch,
    progress: Progress,
    *,
    batch_size: int = BATCH_SIZE,
    workshop: Workshop | None = None,
    policy: ModelPolicy = _NO_CHOICE,
) -> list[Measured]:
    """Statistics of each metric over all items; a metric that is named twice is measured once.

    Args:
        metrics: what to measure.
        items: all items of the run, nothing prepared.
        progress: told of every batch and metric.
        batch_size: items that a metric is given at a time; it bounds what it computes with, while
            the prepared columns of all items are kept until the last metric has read them.
        workshop: what this run shares with others over the same references.
        policy: how networks run.
    """
    different = dict.fromkeys(metrics)
    needs = {need: metric.info.name for metric in different for need in metric.needs()}
    preparer = Preparer(needs, workshop, policy, progress)
    progress.start("encoding", None)
    items = preparer.encode(items)
    starts = range(0, max(len(items), 1), batch_size)
    progress.start("preparing texts", len(items))
    batches = []
    for start in starts:
        batches.append(preparer.prepare(items.part(start, start + batch_size)))
        progress.advance(len(batches[-1]))
    progress.start("measuring", len(items) * len(different))
    measured = {}
    for metric in different:
        started = perf_counter()
        context = _fit(metric, batches)
        statistics = _measure(metric, batches, context, progress.advance)
        own = sum(map(preparer.seconds, metric.needs()))
        seconds = perf_counter() - started + own
        networks, unreadable = _provenance(metric, items), _unreadable(metric, items)
        measured[metric] = Measured(
            statistics, context, seconds, networks, unreadable, _scenes(metric, items)
        )
    return [measured[metric] for metric in metrics]


def _provenance(metric: Metric[Any], items: Batch) -> Signature:
    """The networks behind the columns of vectors that ``metric`` reads."""
    comparable: dict[str, Any] = {}
    recorded: dict[str, Any] = {}
    for need in metric.needs():
        provenance = getattr(items.columns.get(need), "provenance", None)
        if provenance is not None:
            comparable |= provenance.comparable
            recorded |= provenance.recorded
    return Signature(comparable, recorded)


def _unreadable(metric: Metric[Any], items: Batch) -> tuple[str, ...]:
    """Why values behind the columns of vectors that ``metric`` reads have none, each once."""
    columns = (items.columns.get(need) for need in metric.needs())
    reasons = (getattr(column, "reasons", {}).values() for column in columns)
    return tuple(dict.fromkeys(chain.from_iterable(reasons)))


def _scenes(metric: Metric[Any], items: Batch) -> SceneColumn | None:
    """The compared scenes that ``metric`` reads."""
    names = filter(is_of_scenes, metric.needs())
    return next((items.columns[name] for name in names), None)  # type: ignore[return-value]  # scenes


def _measure(
    metric: Metric[Any],
    batches: Sequence[Batch],
    context: Any,  # noqa: ANN401  (any context)
    advance: Callable[[int], None],
) -> MetricStatistics:
    parts = []
    for batch in batches:
        parts.append(metric.measure(batch, context))
        advance(len(batch))
    digest = None if context is None else str(context.digest())
    return merge(parts, [len(batch) for batch in batches], digest)


def _fit(metric: Metric[Any], batches: Sequence[Batch]) -> Any:  # noqa: ANN401  (any context)
    first = metric.fit(batches[0])
    if first is None:
        return None
    return reduce(or_, (metric.fit(batch) for batch in batches[1:]), first)


def merge(
    parts: Sequence[Statistics], sizes: Sequence[int], digest: str | None
) -> MetricStatistics:
    """One table from the statistics of consecutive batches of ``sizes`` items."""
    starts = [0, *np.cumsum(sizes)[:-1].tolist()]
    skips: dict[int, str] = {}
    facts: dict[str, int] = {}
    for part, start in zip(parts, starts, strict=True):
        skips.update({start + item: reason for item, reason in part.skips.items()})
        for fact, count in part.facts.items():
            facts[fact] = facts.get(fact, 0) + count
    values = np.concatenate([part.values for part in parts])
    return MetricStatistics(values, _items(parts, starts), skips, facts, digest)


def _items(parts: Sequence[Statistics], starts: Sequence[int]) -> Ints | None:
    owners = [
        part.item + start
        for part, start in zip(parts, starts, strict=True)
        if part.item is not None
    ]
    return np.concatenate(owners) if owners else None
