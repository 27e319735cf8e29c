"""Runs metrics over the items of a run in this process, batch by batch.

Metrics that learn from the references first see every batch (``fit``), then measure every batch.
Statistics are put together in item order, so that no score depends on how batches were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Batch, Ints
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, Statistics
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import Signature
from vlmeval_cli.core.signature import digest
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
        unreadable: item → why its image cannot be read, with the image's name.
        scenes: the compared scenes that it read, None if it reads none.
    """

    statistics: MetricStatistics
    context: Any
    seconds: float
    provenance: Signature = Signature({})
    unreadable: Mapping[int, str] = MappingProxyType({})
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
    """The networks behind the columns of vectors that ``metric`` reads, and the images seen."""
    comparable: dict[str, Any] = {}
    recorded: dict[str, Any] = {}
    for need in metric.needs():
        provenance = getattr(items.columns.get(need), "provenance", None)
        if provenance is not None:
            comparable |= provenance.comparable
            recorded |= provenance.recorded
        column = items.columns.get(need)
        if getattr(column, "contents", ()):
            comparable["images"] = _digest_of_images(items.ids, column)
    return Signature(comparable, recorded)


def _digest_of_images(ids: Sequence[str], images: Any) -> str:  # noqa: ANN401  (a column of vectors, which engines do not import)
    """A hash of which item was held against which image, in any order."""
    pairs = zip(ids, images.which.tolist(), strict=True)
    return digest(sorted(f"{name}\0{images.contents[i]}" for name, i in pairs if i >= 0))


def _unreadable(metric: Metric[Any], items: Batch) -> dict[int, str]:
    """Item → why its image, behind the columns that ``metric`` reads, has no vector."""
    columns = (items.columns.get(need) for need in metric.needs() if need.startswith("image."))
    found: dict[int, str] = {}
    for column in columns:
        found |= getattr(column, "reasons", {})
    return found


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
    context_digest = None if context is None else str(context.digest())
    return merge(parts, [len(batch) for batch in batches], context_digest)


def _fit(metric: Metric[Any], batches: Sequence[Batch]) -> Any:  # noqa: ANN401  (any context)
    first = metric.fit(batches[0])
    if first is None:
        return None
    return reduce(or_, (metric.fit(batch) for batch in batches[1:]), first)


def merge(
    parts: Sequence[Statistics], sizes: Sequence[int], context_digest: str | None
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
    return MetricStatistics(values, _items(parts, starts), skips, facts, context_digest)


def _items(parts: Sequence[Statistics], starts: Sequence[int]) -> Ints | None:
    owners = [
        part.item + start
        for part, start in zip(parts, starts, strict=True)
        if part.item is not None
    ]
    return np.concatenate(owners) if owners else None
