"""The significance tests of sacrebleu and of COMET, number for number.

They are there for comparison with published results. Both resample single items, whatever cluster
they belong to, and sacrebleu's count a tie as evidence: two runs that are the same have the
smallest p-value there is.

sacrebleu's ``paired-bs`` resamples items by one matrix of indices for all runs, centres the
absolute differences on their mean, and counts those greater than the observed one; its sums are
single precision. ``paired-ar`` swaps items with probability 1/2 and counts the absolute differences
greater than the observed one. Both give ``(count + 1) / (draws + 1)``. Indices and bits come from
``numpy.random.default_rng(seed)``, whose seed is 12345 there as here.

``comet-compare`` takes 300 splits of 40 % of the items with replacement, calls a split won from a
difference of .001 on and tied below, and decides by a paired t-test of the item scores at .05.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from vlmeval_cli.core.batch import Array, Floats, Ints
from vlmeval_cli.core.metric import Metric
from vlmeval_cli.stats.bootstrap import BLOCK, counts, few_at_a_time, weighted_sums
from vlmeval_cli.stats.testing import Tested

_SWAPS_AT_ONCE = 8_000_000
_BITS = 32  # random bits come in words of as many, so that this many trials end with a word
_EXACT_SINGLE = 1 << 24  # whole numbers up to it are exact in single precision
_SPLITS = 300
_SPLIT_SHARE = 0.4
_SPLIT_TIE = 0.001
_SPLIT_ITEMS_AT_ONCE = 1000


@runtime_checkable
class ScoredInPoints(Protocol):
    """A metric that sacrebleu has too, and that can repeat its arithmetic to the last bit."""

    def points(self, totals: Floats) -> Floats:
        """Scores from 0 to 100 of summed statistics, in the precision of ``totals``."""
        ...


class Duel(NamedTuple):
    """A metric with the statistics of several runs on the same items.

    Attributes:
        metric: the metric.
        runs: statistics of each run, shape (n, k), no row that is skipped.
        pairs: (run, against).
    """

    metric: Metric[Any]
    runs: Sequence[Array]
    pairs: Sequence[tuple[int, int]]


Drawn = Mapping[str, Floats]
Tests = list[list[dict[str, Tested]]]


def sacrebleu_bootstrap(duels: Sequence[Duel], n_resamples: int, seed: int) -> Tests:
    """For each metric and pair, the p-values of sacrebleu's ``paired-bs``, by output.

    ``details`` hold its mean and half width of the resampled scores of both runs, in sacrebleu's
    points where it has the metric.

    Args:
        duels: all on the same items.
        n_resamples: number of resamples.
        seed: of the indices.
    """
    words = f"sacrebleu's paired bootstrap, {n_resamples:,} resamples"
    runs = [own for duel in duels for own in duel.runs]
    totals = iter(_resampled(runs, n_resamples, seed))
    found: Tests = []
    for duel in duels:
        observed = [_scores(duel.metric, own.sum(axis=0)) for own in duel.runs]
        drawn = [_scores(duel.metric, next(totals)) for _ in duel.runs]
        found.append(
            [
                {
                    name: _of_resamples(
                        drawn[a][name], drawn[b][name], _gap(observed, a, b, name), words
                    )
                    for name in drawn[a]
                }
                for a, b in duel.pairs
            ]
        )
    return found


def sacrebleu_randomization(duels: Sequence[Duel], n_trials: int, seed: int) -> Tests:
    """For each metric and pair, the p-values of sacrebleu's ``paired-ar``, by output.

    Args:
        duels: all on the same items.
        n_trials: number of trials.
        seed: of the swaps.
    """
    words = f"sacrebleu's approximate randomisation, {n_trials:,} trials"
    counts: dict[tuple[int, int, str], int] = {}
    for sums in _swapped([own for duel in duels for own in duel.runs], n_trials, seed):
        parts = iter(sums)
        for d, duel in enumerate(duels):
            moved = [next(parts) for _ in duel.runs]
            totals = [own.sum(axis=0) for own in duel.runs]
            observed = [_scores(duel.metric, total) for total in totals]
            for p, (a, b) in enumerate(duel.pairs):
                first = _scores(duel.metric, moved[b] + (totals[a] - moved[a]))
                second = _scores(duel.metric, (totals[b] - moved[b]) + moved[a])
                for name in first:
                    is_far = np.abs(first[name] - second[name]) > _gap(observed, a, b, name)
                    counts[d, p, name] = counts.get((d, p, name), 0) + int(is_far.sum())
    return [
        [
            {
                output.name: Tested((counts[d, p, output.name] + 1) / (n_trials + 1), words)
                for output in duel.metric.outputs()
            }
            for p in range(len(duel.pairs))
        ]
        for d, duel in enumerate(duels)
    ]


def comet_compare(mine: Array, theirs: Array, seed: int) -> Tested:
    """The paired t-test of ``comet-compare``, and as ``details`` its shares of splits.

    ``comet-compare`` draws from NumPy's older generator, after ``--seed_everything``.

    Args:
        mine: item scores of the run, shape (n,), none of them NaN.
        theirs: those of the other run.
        seed: of the splits.
    """
    words = f"paired t-test, {_SPLITS} splits of 40 % (COMET)"
    n = len(mine)
    if n < 2:
        return Tested(None, words, "a t-test needs two items")
    change = mine - theirs
    sums = np.zeros(_SPLITS)
    for drawn in _splits(n, seed):
        sums += change[drawn].sum(axis=0)
    delta = sums / _split_size(n)
    wins, losses = (delta >= _SPLIT_TIE).mean(), (delta <= -_SPLIT_TIE).mean()
    details = {"wins": float(wins), "losses": float(losses), "ties": float(1 - wins - losses)}
    return Tested(_t_test(change), words, None, details)


def _t_test(change: Array) -> float:
    """Two-sided p-value of a paired t-test; 1 for runs that do not differ at all."""
    from scipy.special import stdtr  # loaded by those who test

    error = float(change.std(ddof=1)) / len(change) ** 0.5
    if not error:
        return float(not change.any())
    return 2.0 * float(stdtr(len(change) - 1, -abs(float(change.mean())) / error))


def _split_size(n: int) -> int:
    return max(int(n * _SPLIT_SHARE), 1)


def _splits(n: int, seed: int) -> Iterator[Ints]:
    """Items of the splits, some rows (item by split) of the whole matrix at a time."""
    rng = np.random.RandomState(seed % (1 << 32))
    for start in range(0, _split_size(n), _SPLIT_ITEMS_AT_ONCE):
        size = min(_SPLIT_ITEMS_AT_ONCE, _split_size(n) - start)
        yield rng.choice(n, size=(size, _SPLITS), replace=True)


def _scores(metric: Metric[Any], totals: Floats) -> Drawn:
    """Scores by output name, in sacrebleu's arithmetic where the metric has it."""
    with np.errstate(all="ignore"):
        if isinstance(metric, ScoredInPoints):
            return {metric.outputs()[0].name: metric.points(totals)}
        return metric.finalize(totals.astype(np.float64))


def _gap(observed: Sequence[Drawn], a: int, b: int, name: str) -> float:
    return abs(float(observed[a][name]) - float(observed[b][name]))


def _of_resamples(mine: Floats, theirs: Floats, gap: float, words: str) -> Tested:
    """How many centred differences are greater than the observed one."""
    change = np.abs(mine - theirs)
    if np.isnan(change).any():
        return Tested(None, words, "a resample has no score")
    p_value = (int((change - change.mean() > gap).sum()) + 1) / (len(change) + 1)
    return Tested(p_value, words, None, {**_spread("", mine), **_spread("against_", theirs)})


def _spread(prefix: str, scores: Floats) -> dict[str, float]:
    """Mean, and half the width of what is left without 1/40 of the scores at either end."""
    ordered = np.sort(scores)
    low = len(ordered) // 40
    half = 0.5 * (ordered[len(ordered) - low - 1] - ordered[low])
    return {f"{prefix}mean": float(ordered.mean()), f"{prefix}half_width": float(half)}


def _resampled(runs: Sequence[Array], n_resamples: int, seed: int) -> list[Floats]:
    """Summed statistics of each run's resamples in single precision, (n_resamples, k)."""
    exact = [bool((own == np.rint(own)).all()) for own in runs]
    found = _single_sums(runs, exact, n_resamples, seed)
    small = [np.abs(own).max(initial=0.0) <= _EXACT_SINGLE for own in found]
    if not all(is_small or not is_exact for is_small, is_exact in zip(small, exact, strict=True)):
        exact = [a and b for a, b in zip(exact, small, strict=True)]
        found = _single_sums(runs, exact, n_resamples, seed)
    # NumPy 1 goes on in double precision where a single-precision scalar meets a Python number.
    is_old = np.lib.NumpyVersion(np.__version__) < "2.0.0"
    return [(part.astype(np.float64) if is_old else part) for part in found]


def _single_sums(
    runs: Sequence[Array], exact: Sequence[bool], n_resamples: int, seed: int
) -> list[Floats]:
    """Sums of the resamples; those that are not ``exact`` are rounded item by item."""
    rng = np.random.default_rng(seed)
    n = len(runs[0])
    table, spans = np.hstack(runs), _spans(runs)
    single = [own.astype(np.float32) for own in runs]
    found = np.empty((n_resamples, table.shape[1]), dtype=np.float32)
    for first in range(0, n_resamples, BLOCK):
        size = min(BLOCK, n_resamples - first)
        weights = np.empty((n, size))
        for start, stop in few_at_a_time(n, size):
            drawn = rng.choice(n, size=(stop - start, n), replace=True)
            weights[:, start:stop] = counts(drawn, n).T
            for own, span, is_exact in zip(single, spans, exact, strict=True):
                if not is_exact:
                    found[first + start : first + stop, span] = [
                        own[items].sum(axis=0) for items in drawn
                    ]
        sums = weighted_sums(weights, table)
        for span, is_exact in zip(spans, exact, strict=True):
            if is_exact:
                found[first : first + size, span] = sums[:, span]
    return _cut(found, spans)


def _swapped(runs: Sequence[Array], n_trials: int, seed: int) -> Iterator[list[Array]]:
    """Statistics of each run summed over the swapped items, some trials at a time."""
    rng = np.random.default_rng(seed)
    n = len(runs[0])
    table, spans = np.hstack(runs), _spans(runs)
    step = _BITS * max(1, min(8, _SWAPS_AT_ONCE // (_BITS * n)))
    for first in range(0, n_trials, step):
        size = min(step, n_trials - first)
        is_swapped = rng.integers(2, size=(size, n), dtype=bool)
        yield _cut(weighted_sums(is_swapped.T.astype(np.float64), table), spans)


def _spans(runs: Sequence[Array]) -> list[slice]:
    ends = [*accumulate((own.shape[1] for own in runs), initial=0)]
    return [slice(start, stop) for start, stop in pairwise(ends)]


def _cut(table: Floats, spans: Sequence[slice]) -> list[Any]:
    return [table[:, span] for span in spans]
