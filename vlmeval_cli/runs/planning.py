"""What a run measures: the metrics asked for, or the task's defaults for its items."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import Chosen, Output
from vlmeval_cli.core.metric_spec import parse_metric_spec
from vlmeval_cli.engine.pairs import SOURCES, is_of_pairs
from vlmeval_cli.engine.scenes import is_of_scenes
from vlmeval_cli.registry import SETS, choose, families
from vlmeval_cli.runs.availability import is_recorded, lacking, ready
from vlmeval_cli.runs.default_networks import scorable
from vlmeval_cli.tasks.base import Facts, Task

_FROM_TEXTS = re.compile(r"\.(tokens|token_vectors|sentence_vectors|clip_vectors):.*")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is scored: the metrics, the primary output, and why they were chosen."""

    chosen: tuple[Chosen, ...]
    primary: tuple[str, Output]
    notes: tuple[str, ...]


def plan(task: Task, items: Batch, layouts: frozenset[str], config: RunConfig) -> Plan:
    """The metrics asked for, or the task's defaults for these items.

    Args:
        task: what is scored.
        items: predictions and references.
        layouts: names of the layouts of the files.
        config: the choices of the user.

    Raises:
        UsageError: an unknown metric or option, or a metric that reads what the items have not.
    """
    settings = {} if task.settings is None else task.settings(config)
    if config.metrics:
        return _asked_for(choose(config.metrics, settings), task, items, config)
    defaults = task.defaults(_facts(items, layouts))
    more = scorable(defaults.networks)
    wanted = (*defaults.metrics, *more.metrics)
    chosen = choose((parse_metric_spec(text) for text in wanted), settings)
    named = {name: output for one in chosen for name, output in one.outputs()}
    notes = (*filter(None, [defaults.note]), *more.notes)
    return Plan(chosen, (defaults.primary, named[defaults.primary]), notes)


def _asked_for(chosen: Sequence[Chosen], task: Task, items: Batch, config: RunConfig) -> Plan:
    """The metrics that were asked for; those of a named set as far as this machine has them."""
    _refuse_unfit(chosen, task, items)
    by_name = {spec.name for spec in config.metrics}
    sets = [name for name in SETS if name in by_name]
    reasons = {}
    for name in dict.fromkeys(chain.from_iterable(map(families, sets))):
        metric = next(one.metric for one in chosen if one.metric.info.name == name)
        is_there = name in by_name or is_recorded(name, config.models)
        reason = None if is_there else lacking(metric)
        if reason is not None:
            reasons[name] = reason
    left = tuple(one for one in chosen if one.metric.info.name not in reasons)
    notes = tuple(f"{', '.join(sets)}: without {name}: {reasons[name]}" for name in reasons)
    first = config.metrics[0].name
    named = {name: output for one in left for name, output in one.outputs()}
    if first not in SETS:
        return Plan(left, left[0].outputs()[0], notes)
    return Plan(left, (SETS[first].primary, named[SETS[first].primary]), notes)


def _refuse_unfit(chosen: Sequence[Chosen], task: Task, items: Batch) -> None:
    """Say which metric reads columns that the items of this task have not."""
    for one in chosen:
        for column in chain.from_iterable(map(_made_from, one.metric.needs())):
            if column not in items.columns:
                has = ", ".join(sorted(items.columns))
                raise UsageError(
                    f"{one.metric.info.name} reads {column}, and items of the task {task.name} "
                    f"have {has}",
                    hint=f"See which metrics fit: vlmeval metrics --task {task.name}",
                )


def _made_from(need: str) -> tuple[str, ...]:
    """The columns of the items that a prepared column is made from."""
    if is_of_pairs(need) or is_of_scenes(need):
        return SOURCES
    return (_FROM_TEXTS.sub(".path" if need.startswith("image.") else ".text", need),)


def _facts(items: Batch, layouts: frozenset[str]) -> Facts:
    counts = [*map(len, items.references)]
    texts = [*chain.from_iterable(items.references)]
    if set(map(type, texts)) != {str}:
        texts = [one for one in texts if isinstance(one, str)]
    words = np.fromiter(map(str.count, texts, repeat(" ")), np.int64, len(texts)) + 1
    return Facts(
        typical_references=float(np.median(counts)),
        median_words=float(np.median(words)) if texts else 0.0,
        columns=frozenset(items.columns),
        fields=frozenset(items.fields),
        least_predictions=_least(items.predictions),
        have_lines=2 * sum(["\n" in text for text in texts]) > len(texts),
        layouts=layouts,
        ready=ready(),
    )


def _least(predictions: Sequence[Any]) -> int:
    """The smallest number of predictions of an item that has a list of them."""
    if list not in set(map(type, predictions)):
        return 1
    return min(len(found) for found in predictions if isinstance(found, list))
