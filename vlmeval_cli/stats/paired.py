"""Differences of runs on the same items: intervals, tests, effect sizes, wins and losses.

Every difference is over the items that both runs have statistics for. All runs, metrics, pairs and
groups are resampled together, by the weights of the scores' own intervals
(:mod:`vlmeval_cli.stats.bootstrap`), so that a difference is paired, and its interval that of
``score - other`` over the resamples.

The p-value of the bootstrap is two-sided, of resampled differences shifted to a mean of 0:
``(#{|d_b - mean(d)| >= |observed|} + 1) / (B + 1)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.comparison import Difference as Difference
from vlmeval_cli.core.metric import Metric, MetricStatistics, Output
from vlmeval_cli.core.results import NOT_FINITE
from vlmeval_cli.stats.bootstrap import interval
from vlmeval_cli.stats.item_moves import effect
from vlmeval_cli.stats.matching import Matched
from vlmeval_cli.stats.paired_tests import Match, match, tested
from vlmeval_cli.stats.paired_tests import Resampling as Resampling
from vlmeval_cli.stats.rescoring import Measured, Scored, Subset, rescored, together
from vlmeval_cli.stats.summary import holds
from vlmeval_cli.stats.testing import ROUNDING, Tested

_NOT_RIGHT = "the bootstrap is not right for it"
_OFF = "no resamples were asked for"
_ALONE = "there is only one unit to resample"
_EMPTY = "most resamples have no score"
_BESIDE = "resampling moves the difference further than it spreads it"


def differences(
    metrics: Sequence[Metric[Any]],
    runs: Sequence[Sequence[MetricStatistics]],
    pairs: Sequence[tuple[int, int]],
    subsets: Sequence[Subset],
    resampling: Resampling,
) -> list[list[list[dict[str, Difference]]]]:
    """For each subset, pair and metric, the difference of every output.

    Many subsets are compared some at a time, so that memory does not grow with their number.

    Args:
        metrics: the metrics.
        runs: statistics of each run and metric, all over the same items in the same order.
        pairs: (run, against), as numbers of runs.
        subsets: which items are compared together.
        resampling: how.
    """
    matches = [
        match(metric, [own[i] for own in runs], pairs, resampling)
        for i, metric in enumerate(metrics)
    ]
    width = sum(one.contest.width * len(one.contest.sides) for one in matches)
    found = []
    for some in together(subsets, resampling.statistics.resamples, width, resampling.n):
        found += _of_subsets(matches, some, len(pairs), resampling)
    return found


class _Cell(NamedTuple):
    """A metric, two runs and some of the items."""

    match: Match
    pair: Matched
    subset: Subset
    resampling: Resampling


class _Resampled(NamedTuple):
    """What resampling says about a difference.

    Attributes:
        bounds, narrow: its intervals, None where there is none.
        standard_error: standard deviation of the resampled differences.
        p_value: of the bootstrap.
        reason: why there is no interval.
    """

    bounds: tuple[float, float] | None = None
    narrow: tuple[float, float] | None = None
    standard_error: float | None = None
    p_value: float | None = None
    reason: str | None = None


def _of_subsets(
    matches: Sequence[Match], subsets: Sequence[Subset], n_pairs: int, resampling: Resampling
) -> list[list[list[dict[str, Difference]]]]:
    """The differences of subsets that are few enough to be resampled together."""
    measured = [Measured(one.contest.metric, side) for one in matches for side in one.contest.sides]
    scored = rescored(measured, subsets, resampling.clusters, resampling.statistics, resampling.n)
    starts = [*accumulate((len(one.contest.sides) for one in matches), initial=0)]
    tests = tested(matches, subsets, resampling)

    def cell(s: int, p: int, m: int) -> dict[str, Difference]:
        pair = matches[m].contest.pairs[p]
        mine, theirs = (scored[starts[m] + side][s] for side in (pair.side, pair.other))
        place = _Cell(matches[m], pair, subsets[s], resampling)
        found = tests.get((s, m, p), {})
        return {
            output.name: _difference(place, output, mine, theirs, found.get(output.name))
            for output in matches[m].contest.metric.outputs()
        }

    return [
        [[cell(s, p, m) for m in range(len(matches))] for p in range(n_pairs)]
        for s in range(len(subsets))
    ]


def _difference(
    cell: _Cell, output: Output, mine: Scored, theirs: Scored, test: Tested | None
) -> Difference:
    """The difference of one output; without a ``test``, by the bootstrap."""
    one, pair, subset, resampling = cell
    value, against = (_known(float(side.scores[output.name])) for side in (mine, theirs))
    change = None if value is None or against is None else value - against
    drawn = _Resampled() if change is None else _resampled(output, mine, theirs, cell)
    is_bootstrap = one.kinds[output.name][0] == "bootstrap"
    if is_bootstrap or test is None:
        words = f"paired bootstrap, {resampling.statistics.resamples:,} resamples"
        test = Tested(drawn.p_value, words + resampling.trials.units, drawn.reason)
    found = one.moves(pair, output, subset)
    kind = "mean" if output.kind == "binary" and output.name not in one.binary else output.kind
    size, size_name = effect(found, kind)
    n = pair.shared(subset, resampling.n)
    low, high = drawn.bounds or (None, None)
    narrow_low, narrow_high = drawn.narrow or (None, None)
    note = one.kinds[output.name][1]
    reason = test.reason or (None if drawn.reason == _OFF else drawn.reason)
    if change is None:
        reason = _why_unknown(mine, theirs, output, n)
    return Difference(
        value=value,
        against=against,
        difference=change,
        low=low,
        high=high,
        narrow_low=narrow_low,
        narrow_high=narrow_high,
        standard_error=drawn.standard_error,
        p_value=None if change is None else test.p_value,
        test=f"{test.test} ({note})" if note else test.test,
        effect=size,
        effect_name=size_name,
        n=n,
        dropped=pair.lost(subset),
        wins=found.wins if found else None,
        losses=found.losses if found else None,
        ties=found.ties if found else None,
        reason=reason,
        details=test.details,
    )


def _resampled(output: Output, mine: Scored, theirs: Scored, cell: _Cell) -> _Resampled:
    """Intervals of a difference that is known."""
    policy = cell.resampling.statistics
    reason = _why_no_interval(output, mine, cell)
    if reason:
        return _Resampled(reason=reason)
    name = output.name
    change = float(mine.scores[name]) - float(theirs.scores[name])
    draws = mine.resampled[name] - theirs.resampled[name]
    bounds = interval(draws, policy.confidence)
    if bounds is None:
        return _Resampled(reason=_EMPTY)
    if not holds(bounds, change):
        return _Resampled(reason=_BESIDE)
    narrow = interval(draws, 2.0 * policy.confidence - 1.0) if policy.confidence > 0.5 else None
    known = draws[~np.isnan(draws)]
    return _Resampled(
        bounds,
        narrow if narrow and holds(narrow, change) else None,
        float(known.std(ddof=1)) if len(known) > 1 else None,
        _p_value(known, change, abs(float(mine.scores[name]))),
    )


def _p_value(draws: Array, change: float, scale: float) -> float:
    """Two-sided: how often a difference, shifted to a mean of 0, is as far from it."""
    least = abs(change) - ROUNDING * max(scale, abs(change))
    return float(((np.abs(draws - draws.mean()) >= least).sum() + 1) / (len(draws) + 1))


def _why_no_interval(output: Output, scored: Scored, cell: _Cell) -> str | None:
    if not output.has_interval:
        return _NOT_RIGHT
    if not cell.resampling.statistics.resamples:
        return _OFF
    return None if output.name in scored.resampled else _ALONE


def _why_unknown(mine: Scored, theirs: Scored, output: Output, n: int) -> str:
    if not n:
        return "no item has a score in both runs"
    scores = [float(side.scores[output.name]) for side in (mine, theirs)]
    return "undefined for these items" if np.isnan(scores).any() else NOT_FINITE


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
