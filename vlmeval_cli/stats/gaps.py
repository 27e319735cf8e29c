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
    Sampling,
    all_draws,
    whole_clusters,
)
from vlmeval_cli.stats.permutation import Extremes, extremes, share_as_far
from vlmeval_cli.stats.rescoring import Measured


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
        p_value: for this group alone.
        p_corrected: for all groups of all groupings in all outputs.
    """

    n: int
    score: float | None
    rest: float | None
    difference: Interval
    p_value: float | None = None
    p_corrected: float | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """How far groups lie apart in one output.

    Attributes:
        groups: each group beside the rest.
        best, worst: which groups, by the direction of the output; None where fewer than two can be
            compared, or all score the same.
        gap: distance of their scores, not negative; the interval holds for all pairs at once.
        ratio: score of the worst group over that of the best; None where a score is not positive.
        p_value: chance that groups lie as far apart if they do not matter.
        p_corrected: chance that those of any grouping do in any output.
    """

    groups: Sequence[AgainstRest]
    best: int | None = None
    worst: int | None = None
    gap: Interval = Interval(None)
    ratio: Interval = Interval(None)
    p_value: float | None = None
    p_corrected: float | None = None


class _Compared(NamedTuple):
    """A gap, which of its groups could be compared, and how far out they are by chance."""

    gap: Gap
    usable: Ints
    chance: Extremes | None


def gaps(
    measured: Sequence[Measured],
    groupings: Sequence[Sequence[Ints]],
    sampling: Sampling,
    least: int,
) -> list[list[dict[str, Gap]]]:
    """For each grouping and metric, the gap of every output.

    The p-values of all of them are corrected together: every permutation of the items gives one
    furthest group of all groupings and outputs, so that outputs that say the same cost nothing.

    Args:
        measured: metrics with their statistics.
        groupings: items of each group, ascending.
        sampling: the items.
        least: groups with fewer scored items are not compared, nor those whose items are of fewer
            clusters than half of that: so few units say nothing about their own spread.
    """
    found: list[list[dict[str, _Compared]]] = [[{} for _ in measured] for _ in groupings]
    for places in _alike(groupings, sampling.clusters):
        groups = [items for place in places for items in groupings[place]]
        stops = np.cumsum([len(groupings[place]) for place in places]).tolist()
        for i, draws in all_draws(measured, groups, sampling):
            counts = _counts(measured[i][1], groups, sampling)
            for place, start, stop in zip(places, [0, *stops], stops, strict=False):
                own = _Counts(*(column[start:stop] for column in counts))
                some = draws.part(start, stop)
                found[place][i][draws.output.name] = _compared(some, own, least, sampling)
    every = [one for by_metric in found for own in by_metric for one in own.values()]
    tops = [one.chance.furthest for one in every if one.chance is not None]
    furthest = np.max(tops, axis=0) if tops else np.zeros(1)
    return [
        [{name: _corrected(one, furthest) for name, one in own.items()} for own in by_metric]
        for by_metric in found
    ]


def _alike(groupings: Sequence[Sequence[Ints]], clusters: Ints | None) -> list[list[int]]:
    """Groupings whose items change places in the same way, so that one pass serves all.

    Groups of whole clusters change places cluster by cluster.
    """
    whole = [
        clusters is None or whole_clusters(groups, clusters) is not None for groups in groupings
    ]
    kinds = ([i for i, own in enumerate(whole) if own is kind] for kind in (True, False))
    return [places for places in kinds if places]


def _corrected(one: _Compared, furthest: Array) -> Gap:
    """The gap with p-values for everything that was compared.

    Args:
        one: what was found.
        furthest: distance of the furthest group of all in every permutation, (1 + count,).
    """
    if one.chance is None:
        return one.gap
    groups = [*one.gap.groups]
    shares = share_as_far(furthest, one.chance.distance).tolist()
    for group, share in zip(one.usable.tolist(), shares, strict=True):
        groups[group] = replace(groups[group], p_corrected=share)
    return replace(one.gap, groups=groups, p_corrected=min(shares))


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


def _compared(draws: Draws, counts: _Counts, least: int, sampling: Sampling) -> _Compared:
    confidence = sampling.policy.confidence
    is_large = (counts.items >= least) & (counts.units >= least // 2)
    usable = np.flatnonzero(is_large & np.isfinite(draws.score))
    chance = None
    if len(usable) > 1 and len(draws.permuted) > 1:
        chance = extremes(draws.permuted[:, usable], 1.0 - confidence)
    groups = _against_rest(draws, counts.items, usable, chance, confidence)
    gap = Gap(groups) if len(usable) < 2 else _gap(draws, usable, groups, confidence)
    if chance is not None:
        gap = replace(gap, p_value=float(share_as_far(chance.furthest, chance.furthest[:1])[0]))
    return _Compared(gap, usable, chance)


def _gap(draws: Draws, usable: Ints, groups: Sequence[AgainstRest], confidence: float) -> Gap:
    scores = draws.score[usable]
    resampled = draws.resampled[:, usable]
    sign = 1 if draws.output.higher_is_better else -1
    worst, *_, best = np.argsort(sign * scores, kind="stable").tolist()
    if scores[best] == scores[worst]:
        return Gap(groups, gap=Interval(0.0))
    gap = _between(sign * scores, sign * resampled, (best, worst), confidence)
    ratio = Interval(None)
    if (scores > 0.0).all():
        with np.errstate(all="ignore"):
            logs = _between(np.log(scores), np.log(resampled), (worst, best), confidence)
        ratio = Interval(*(None if log is None else float(np.exp(log)) for log in _parts(logs)))
    return Gap(groups, int(usable[best]), int(usable[worst]), gap, ratio)


def _parts(found: Interval) -> tuple[float | None, float | None, float | None]:
    return found.value, found.low, found.high


def _against_rest(
    draws: Draws, counts: Ints, usable: Ints, chance: Extremes | None, confidence: float
) -> list[AgainstRest]:
    difference = draws.score - draws.rest
    margins = np.full(len(usable), np.nan)
    if len(draws.resampled_rest):
        drawn = (draws.resampled - draws.resampled_rest)[:, usable]
        margins = _margins(difference[usable], drawn, confidence)
    found = [
        AgainstRest(count, _known(score), _known(rest), Interval(None))
        for count, score, rest in zip(counts.tolist(), draws.score, draws.rest, strict=True)
    ]
    for i, group in enumerate(usable.tolist()):
        if np.isfinite(difference[group]):
            found[group] = replace(
                found[group],
                difference=_interval(float(difference[group]), margins[i]),
                p_value=None if chance is None else float(chance.p_values[i]),
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
