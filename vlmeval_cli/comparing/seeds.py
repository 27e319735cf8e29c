"""Runs of several seeds: statistics of all of them together, and their spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from vlmeval_cli.core.comparison import Difference, Seeds
from vlmeval_cli.core.metric import MetricStatistics, Output, PooledMetric
from vlmeval_cli.core.results import MeasuredMetric, RunResult, Score
from vlmeval_cli.stats.seeds import counted_twice, over_seeds, seeds_difference


def over_all_seeds(trained: Sequence[MeasuredMetric]) -> MetricStatistics:
    """Statistics of one metric over the seeds of a run, as if they were one run.

    Of an additive metric the mean of each item's rows, so that a mean is the mean over seeds; of a
    pooled one the rows of all seeds together. An item that one seed could not score is skipped.
    """
    first, *others = [one.statistics for one in trained]
    if not others:
        return first
    skips = {item: why for one in (*others, first) for item, why in one.skips.items()}
    every = [first, *others]
    if isinstance(trained[0].chosen.metric, PooledMetric):
        owners = [np.arange(len(one.values)) if one.item is None else one.item for one in every]
        item = np.concatenate(owners)
        order = np.argsort(item, kind="stable")
        values = np.concatenate([one.values for one in every])
        return replace(first, values=values[order], item=item[order], skips=skips)
    values = np.mean([one.values for one in every], axis=0)
    values[list(skips)] = 0.0
    return replace(first, values=values, skips=skips)


def spread(trained: Sequence[RunResult], outputs: Sequence[str]) -> Seeds | None:
    """Scores of the seeds of a run, their mean and standard deviation; None of one seed."""
    if len(trained) == 1:
        return None
    points = {name: [one.scores[name].value for one in trained] for name in outputs}
    return Seeds(points, {name: _mean_and_std(own) for name, own in points.items()})


def mean_scores(
    trained: Sequence[RunResult], seeds: Seeds | None, outputs: Sequence[str]
) -> dict[str, Score]:
    """Scores of a run: its own, or the means over its seeds, which have no interval here."""
    first = {name: trained[0].scores[name] for name in outputs}
    if seeds is None:
        return first
    return {
        name: replace(
            one,
            value=seeds.means[name][0],
            ci_low=None,
            ci_high=None,
            reason=one.reason if seeds.means[name][0] is not None else "a seed has no score",
        )
        for name, one in first.items()
    }


def tested_over_seeds(
    found: Difference,
    output: Output,
    runs: tuple[Sequence[RunResult], Sequence[RunResult]],
    confidence: float,
) -> Difference:
    """The difference of two runs of which one at least has several seeds.

    Its test respects the choice of items and the noise of training; what it says of single items
    is of their means over the seeds.
    """
    mine, theirs = (_points(trained, output.name) for trained in runs)
    if mine is None or theirs is None or found.standard_error is None:
        return replace(found, p_value=None, reason=found.reason or "a seed has no score")
    shared = _counted_twice(output, runs)
    seen = seeds_difference(mine, theirs, found.standard_error, confidence, shared)
    return replace(
        found,
        value=over_seeds(mine).mean,
        against=over_seeds(theirs).mean,
        difference=seen.difference,
        low=seen.low,
        high=seen.high,
        narrow_low=seen.narrow_low,
        narrow_high=seen.narrow_high,
        standard_error=seen.standard_error,
        p_value=seen.p_value,
        test=seen.text,
    )


def _counted_twice(output: Output, runs: tuple[Sequence[RunResult], Sequence[RunResult]]) -> float:
    """What seeds and items both count, of means of item scores; of other scores none is known."""
    if output.kind not in ("mean", "binary"):
        return 0.0
    columns: list[Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]] = [
        one.items.scores for trained in runs for one in trained
    ]
    if not all(output.name in own for own in columns):
        return 0.0
    tables = [np.array([one.items.scores[output.name] for one in trained]) for trained in runs]
    known = ~np.any([np.isnan(table).any(axis=0) for table in tables], axis=0)
    return counted_twice([table[:, known] for table in tables])


def _points(trained: Sequence[RunResult], name: str) -> list[float] | None:
    values = [one.scores[name].value for one in trained]
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None


def _mean_and_std(points: Sequence[float | None]) -> tuple[float | None, float | None]:
    known = [value for value in points if value is not None]
    if len(known) < len(points):
        return None, None
    seen = over_seeds(known)
    return seen.mean, seen.std
