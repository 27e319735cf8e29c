"""Runs with several seeds: their mean and spread, and a test that respects seeds and items.

A run that was trained or sampled again with another seed scores differently on the same items; the
same run on other items scores differently too. A difference between two models must stand against
both. With the scores ``y`` of seeds ``s`` and items ``i`` of run ``r``

    y = mean of the run + item + run × item + seed + seed × item,

the difference of the seed means has the variance

    V(items) + V(seeds of one) / k + V(seeds of the other) / k'.

The first term is the bootstrap variance, over items, of the difference of the seed means; the
others are the sample variances of the seeds' scores. Both see the part seed × item, the noise of
one seed on one item: it makes the seed means of each item vary, and the scores of seeds. Their sum
counts it twice, which makes the test careful (the standard error is too large by a factor of up to
1.41, where seeds differ in nothing but such noise). :func:`counted_twice` measures that part from
item scores, and :func:`seeds_difference` takes it off; without it the test keeps to the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import NormalDist, fmean, variance

import numpy as np

from vlmeval_cli.core.batch import Array


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """The score of a run over its seeds.

    Attributes:
        mean: of the seeds' scores.
        std: their sample standard deviation (n - 1); None for one seed. It measures the noise of
            training and sampling, not that of the choice of items.
        n: number of seeds.
    """

    mean: float
    std: float | None
    n: int


@dataclass(frozen=True, slots=True)
class SeedsDifference:
    """The difference between two runs over their seeds.

    Attributes:
        difference: mean of the run's seeds - mean of the other's.
        standard_error: from items and seeds.
        df: degrees of freedom of the t distribution; None: the normal distribution.
        low, high: two-sided interval.
        narrow_low, narrow_high: at 1 - 2 × (1 - confidence).
        p_value: two-sided.
        text: how it was tested, in words.
    """

    difference: float
    standard_error: float
    df: float | None
    low: float
    high: float
    narrow_low: float
    narrow_high: float
    p_value: float
    text: str


def over_seeds(points: Sequence[float]) -> OverSeeds:
    """Mean and sample standard deviation of the scores of one run's seeds."""
    std = sqrt(variance(points)) if len(points) > 1 else None
    return OverSeeds(fmean(points), std, len(points))


def seeds_difference(
    run_points: Sequence[float],
    against_points: Sequence[float],
    items_se: float,
    confidence: float,
    shared: float = 0.0,
) -> SeedsDifference:
    """Test of the difference between two runs, each of one or more seeds.

    Args:
        run_points: the score of each seed of the run, over all items.
        against_points: those of the other run.
        items_se: bootstrap standard error, over items, of the difference of the seed means.
        confidence: of the interval.
        shared: variance that items and seeds both hold, from :func:`counted_twice`.

    Returns:
        A t test; its degrees of freedom are Welch and Satterthwaite's. A run of one seed has the
        spread of the other's seeds, which the text says; with one seed each, only items count.
    """
    difference = fmean(run_points) - fmean(against_points)
    parts, told = _seed_parts(run_points, against_points)
    items = items_se**2
    total = items + max(0.0, sum(part.variance for part in parts) - shared)
    uncertain = sum(part.variance**2 / part.df for part in parts)
    fewest = min((part.df for part in parts), default=0)  # what is taken off must not go below it
    df = max(total**2 / uncertain, fewest) if uncertain > 0.0 else inf
    standard_error = sqrt(total)
    t = _Student(df)
    wide = t.quantile((1.0 + confidence) / 2.0) * standard_error
    narrow = t.quantile(confidence) * standard_error
    return SeedsDifference(
        difference=difference,
        standard_error=standard_error,
        df=None if df == inf else df,
        low=difference - wide,
        high=difference + wide,
        narrow_low=difference - narrow,
        narrow_high=difference + narrow,
        p_value=t.p_value(difference, standard_error),
        text=told,
    )


def counted_twice(runs: Sequence[Array]) -> float:
    """The part of the variance that items and seeds both hold: seed × item.

    Args:
        runs: item scores of each run, shape (seeds, items); items without a score left out.

    Returns:
        Sum over the runs of the residual mean square of seeds × items, divided by seeds × items;
        a run of one seed, whose noise of this kind cannot be seen, has that of the others.
    """
    seen = [_residual(scores) for scores in runs if len(scores) > 1 and scores.shape[1] > 1]
    if not seen:
        return 0.0
    typical = fmean(seen)
    found = 0.0
    for scores in runs:
        own = _residual(scores) if len(scores) > 1 and scores.shape[1] > 1 else typical
        found += own / scores.size if scores.size else 0.0
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """A variance and the degrees of freedom it was estimated with."""

    variance: float
    df: int


def _seed_parts(run: Sequence[float], against: Sequence[float]) -> tuple[list[_Part], str]:
    """The variances that seeds add to the difference, and how they were found."""
    several = [points for points in (run, against) if len(points) > 1]
    if not several:
        return [], "items only: one seed each, the spread of seeds is not known"
    if len(several) == 1:
        (known,) = several
        spread = variance(known) * (1.0 / len(run) + 1.0 / len(against))
        return [_Part(spread, len(known) - 1)], (
            f"t test over seeds and items, {len(run)} and {len(against)} seeds; the run of one "
            "seed is taken to vary like the other"
        )
    parts = [_Part(variance(points) / len(points), len(points) - 1) for points in several]
    return parts, f"t test over seeds and items, {len(run)} and {len(against)} seeds"


def _residual(scores: Array) -> float:
    """Mean square of what is left of seeds × items without the effects of either."""
    seeds, items = scores.shape
    left = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
    return float(np.square(left).sum() / ((seeds - 1) * (items - 1)))


@dataclass(frozen=True, slots=True)
class _Student:
    """Student's t; normal with endless degrees of freedom."""

    df: float

    def quantile(self, probability: float) -> float:
        if self.df == inf:
            return NormalDist().inv_cdf(probability)
        from scipy.special import stdtrit  # late: commands start without it

        return float(stdtrit(self.df, probability))

    def p_value(self, difference: float, standard_error: float) -> float:
        """Two-sided."""
        if standard_error == 0.0:
            return 0.0 if difference else 1.0
        t = abs(difference) / standard_error
        if self.df == inf:
            return 2.0 * NormalDist().cdf(-t)
        from scipy.special import stdtr

        return float(2.0 * stdtr(self.df, -t))
