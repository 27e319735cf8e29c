"""Gaps between groups: how far the best and the worst lie apart, and whether that may be chance.

Groups hold different items, so nothing is paired; all of them are resampled with the same weights,
a cluster of items as one. The best and the worst group are picked after looking, which makes any
gap larger than it is: its interval therefore holds for all pairs of groups at once (the bootstrap
distribution of the largest studentised deviation), and its test asks how often chance parts the
groups as far (:mod:`vlmeval_cli.stats.permutation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.stats.group_draws import (
    Draws,
    Measured,
    Sampling,
    all_draws,
)
from vlmeval_cli.stats.permutation import Extremes, extremes


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its bounds, which are None where they are not known."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class AgainstRest:
    """A group beside all other items.

    Attributes:
        n: items of the group that were scored.
        score: of the group; None where it has none, or too few items to compare.
        rest: score of the items that are not in it.
        difference: score - rest; the interval holds for all groups at once.
        p_value: corrected for the groups of this grouping.
    """

    n: int
    score: float | None
    rest: float | None
    difference: Interval
    p_value: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """How far groups lie apart in one output.

    Attributes:
        groups: each group beside the rest.
        best, worst: which groups, by the direction of the output; None where fewer than two can be
            compared.
        gap: distance of their scores, not negative; the interval holds for all pairs at once.
        ratio: score of the worst group over that of the best; None where a score is not positive.
        p_value: chance that groups lie as far apart if they do not matter.
    """

    groups: Sequence[AgainstRest]
    best: int | None = None
    worst: int | None = None
    gap: Interval = Interval(None)
    ratio: Interval = Interval(None)
    p_value: float | None = None


def gaps(
    measured: Sequence[Measured], groups: Sequence[Ints], sampling: Sampling, least: int
) -> list[dict[str, Gap]]:
    """For each metric, the gap of every output.

    Args:
        measured: metrics with their statistics.
        groups: items of each group, ascending.
        sampling: the items.
        least: groups with fewer scored items are not compared, nor those whose items are of fewer
            clusters than half of that: so few units say nothing about their own spread.
    """
    found: list[dict[str, Gap]] = [{} for _ in measured]
    confidence = sampling.policy.confidence
    for i, draws in all_draws(measured, groups, sampling):
        counts = _counts(measured[i][1], groups, sampling)
        found[i][draws.output.name] = _gap(draws, counts, least, confidence)
    return found


class _Counts(NamedTuple):
    """Scored items of each group, and the units of resampling that they are of; shapes (G,)."""

    items: Ints
    units: Ints


def _counts(statistics: MetricStatistics, groups: Sequence[Ints], sampling: Sampling) -> _Counts:
    is_scored = np.ones(sampling.n, dtype=bool)
    is_scored[[*statistics.skips]] = False
    scored = [items[is_scored[items]] for items in groups]
    sizes = np.array([*map(len, scored)], dtype=np.int64)
    if sampling.clusters is None:
        return _Counts(sizes, sizes)
    units = [len(np.unique(sampling.clusters[items])) for items in scored]
    return _Counts(sizes, np.array(units, dtype=np.int64))


def _gap(draws: Draws, counts: _Counts, least: int, confidence: float) -> Gap:
    is_large = (counts.items >= least) & (counts.units >= least // 2)
    usable = np.flatnonzero(is_large & np.isfinite(draws.score))
    chance = None
    if len(usable) > 1 and len(draws.permuted) > 1:
        chance = extremes(draws.permuted[:, usable], 1.0 - confidence)
    groups = _against_rest(draws, counts.items, usable, chance, confidence)
    if len(usable) < 2:
        return Gap(groups)
    scores, resampled = draws.score[usable], draws.resampled[:, usable]
    sign = 1 if draws.output.higher_is_better else -1
    worst, *_, best = np.argsort(sign * scores, kind="stable").tolist()
    gap = _between(sign * scores, sign * resampled, (best, worst), confidence)
    ratio = Interval(None)
    if (scores > 0.0).all():
        with np.errstate(all="ignore"):
            logs = _between(np.log(scores), np.log(resampled), (worst, best), confidence)
        ratio = Interval(*(None if log is None else float(np.exp(log)) for log in _parts(logs)))
    p_value = None if chance is None else chance.furthest
    return Gap(groups, int(usable[best]), int(usable[worst]), gap, ratio, p_value)


def _parts(found: Interval) -> tuple[float | None, float | None, float | None]:
    return found.value, found.low, found.high


def _against_rest(
    draws: Draws, counts: Ints, usable: Ints, chance: Extremes | None, confidence: float
) -> list[AgainstRest]:
    difference = draws.score - draws.rest
    margins = _margins(
        difference[usable],
        (draws.resampled - draws.resampled_rest)[:, usable],
        confidence,
    )
    found = [
        AgainstRest(count, _known(score), _known(rest), Interval(None), None)
        for count, score, rest in zip(counts.tolist(), draws.score, draws.rest, strict=True)
    ]
    for i, group in enumerate(usable.tolist()):
        if np.isfinite(difference[group]):
            found[group] = replace(
                found[group],
                difference=_interval(float(difference[group]), margins[i]),
                p_value=None if chance is None else float(chance.corrected[i]),
            )
    return found


def _known(score: float) -> float | None:
    return float(score) if np.isfinite(score) else None


def _between(scores: Array, resampled: Array, pair: tuple[int, int], confidence: float) -> Interval:
    """Difference of two of the groups, with an interval that holds for all pairs."""
    first, second = np.triu_indices(len(scores), 1)
    margins = _margins(
        scores[first] - scores[second], resampled[:, first] - resampled[:, second], confidence
    )
    low, high = sorted(pair)
    own = np.flatnonzero((first == low) & (second == high))[0]
    return _interval(float(scores[pair[0]] - scores[pair[1]]), margins[own])


def _interval(value: float, margin: float) -> Interval:
    if not np.isfinite(margin):
        return Interval(value)
    return Interval(value, value - float(margin), value + float(margin))


def _margins(values: Array, resampled: Array, confidence: float) -> Array:
    """Half widths of intervals that hold for all values at once, shape (m,); NaN where unknown.

    Args:
        values: shape (m,).
        resampled: shape (B, m).
        confidence: of all of them together.
    """
    if not len(resampled) or not len(values):
        return np.full(len(values), np.nan)
    is_known = np.isfinite(resampled)
    away = np.where(is_known, resampled, values) - values
    n_known = np.maximum(is_known.sum(axis=0), 1)
    center = away.sum(axis=0) / n_known
    spread = np.sqrt(np.where(is_known, np.square(away - center), 0.0).sum(axis=0) / n_known)
    usable = (spread > 0.0) & (2 * n_known > len(resampled))  # a group that is all right has none
    largest = np.max(np.abs(away[:, usable]) / spread[usable], axis=1, initial=0.0)
    return np.where(usable, spread * np.quantile(largest, confidence), np.nan)
