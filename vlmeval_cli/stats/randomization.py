"""Approximate randomisation: what would be if it were chance which run gave which answer.

Each unit's statistics (those of an item, or the sums of a cluster) are swapped between the two runs
with probability 1/2, and both scores are computed again from the swapped totals, so that the test
is right for ratios and BLEU; for means it is the sign-flip permutation test. The p-value is
two-sided, and a trial that ties with the observed difference counts against it, rounding errors of
a relative 1e-10 included, which is the conservative choice: ``(count + 1) / (trials + 1)``. Where
at most :data:`MOST_ENUMERATED` units differ between the runs, every assignment is tried instead,
and the p-value is exact: ``count / 2**units``.

Noreen 1989, *Computer-Intensive Methods for Testing Hypotheses*; Riezler and Maxwell 2005.

The swaps are random bits with a seed per block of trials and chunk of units, so that neither the
number of metrics, runs and groups nor that of trials changes them, and memory grows with neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.metric import Metric
from vlmeval_cli.stats.bootstrap import weighted_sums
from vlmeval_cli.stats.matching import Contest, Matched
from vlmeval_cli.stats.rescoring import Subset, count_units, scope_of
from vlmeval_cli.stats.testing import ROUNDING, Tested

MOST_ENUMERATED = 12
BLOCK = 256  # trials whose swaps are made together
_CHUNK = 4096  # units whose swaps are made together
_STREAM = 0x73776170  # keeps the seeds apart from those of the bootstrap
_TRIALS_OFF = "no randomisation trials were asked for"

Bits = npt.NDArray[np.uint8]


class Trials(NamedTuple):
    """How randomisation is done.

    Attributes:
        n: number of trials.
        seed: of the swaps.
        units: what is swapped, for the report: "" for items, ", by image" for clusters.
    """

    n: int
    seed: int
    units: str = ""


class Tally:
    """Counts the assignments whose difference is at least as large as the observed one."""

    def __init__(self, scores: dict[str, Any], others: dict[str, Any]) -> None:
        self._least = {name: _least(float(scores[name]), float(others[name])) for name in scores}
        self._counts = dict.fromkeys(self._least, 0)
        self._tried = 0

    def add(self, scores: dict[str, Array], others: dict[str, Array]) -> None:
        """Scores of swapped runs; an undefined difference counts as a large one."""
        for name, least in self._least.items():
            near = np.abs(scores[name] - others[name]) < least
            self._counts[name] += int((~near).sum())
        self._tried += len(near)

    def tests(self, trials: Trials, *, is_exact: bool) -> dict[str, Tested]:
        """P-value of each output; undefined differences have none."""
        if is_exact:
            words = f"exact randomisation, {self._tried:,} assignments{trials.units}"
            p_values = {name: count / self._tried for name, count in self._counts.items()}
        else:
            words = f"approximate randomisation, {trials.n:,} trials{trials.units}"
            p_values = {name: (count + 1) / (trials.n + 1) for name, count in self._counts.items()}
        if not is_exact and not trials.n:
            return dict.fromkeys(self._counts, Tested(None, words, _TRIALS_OFF))
        return {name: Tested(p, words) for name, p in p_values.items()}


def _least(score: float, other: float) -> float:
    """The smallest difference that counts as large as the observed one."""
    return abs(score - other) - ROUNDING * max(abs(score), abs(other))


class _Moved(NamedTuple):
    """Where the columns of a run stand that differ from those of the first run.

    Attributes:
        own: columns of the metric's statistics.
        table: the same columns in the table of all.
    """

    own: Ints
    table: Ints


class _Swap(NamedTuple):
    """A pair of runs, a metric and a subset: what its swapped totals are made from.

    Attributes:
        metric: finalizes.
        side, other: where the two runs stand in the table.
        totals, others: their summed statistics, not swapped.
        tally: of the differences.
        is_exact: every assignment has been tried.
    """

    metric: Metric[Any]
    side: _Moved
    other: _Moved
    totals: Array
    others: Array
    tally: Tally
    is_exact: bool

    def add(self, sums: Array) -> None:
        """Count assignments: ``sums`` are the table's sums over swapped units, (trials, columns).

        The table holds differences from the first run, which fall out of the difference of two.
        """
        moved = np.zeros((len(sums), len(self.totals)))
        moved[:, self.side.own] += sums[:, self.side.table]
        moved[:, self.other.own] -= sums[:, self.other.table]
        with np.errstate(all="ignore"):
            self.tally.add(
                self.metric.finalize(self.others + moved),
                self.metric.finalize(self.totals - moved),
            )


class _Scope(NamedTuple):
    """Units of a subset that differ between runs, and the pairs that are tested by them.

    Attributes:
        units: which units, ascending.
        statistics: theirs, all columns.
        swaps: contest → pair.
    """

    units: Ints
    statistics: Array
    swaps: Sequence[Sequence[_Swap]]


def randomized(
    contests: Sequence[Contest],
    subsets: Sequence[Subset],
    clusters: Ints | None,
    n: int,
    trials: Trials,
) -> list[list[list[dict[str, Tested]]]]:
    """For each subset, additive metric and pair, the test of every output.

    Args:
        contests: the metrics with the statistics of their runs.
        subsets: items that are tested together.
        clusters: cluster number of every item; None swaps items.
        n: number of items.
        trials: how many, and their seed.
    """
    table, places = _differences(contests, n)
    scopes = [_scope(contests, table, places, subset, clusters) for subset in subsets]
    _draw(scopes, count_units(n, clusters), trials)
    return [
        [[swap.tally.tests(trials, is_exact=swap.is_exact) for swap in own] for own in scope.swaps]
        for scope in scopes
    ]


def swapped_bits(n_units: int, seed: tuple[int, int]) -> Iterator[tuple[int, Bits]]:
    """Which units are swapped in a block of trials: first unit, and bits of it and those after.

    The bits of a unit are packed, shape (units of this chunk, BLOCK / 8); :func:`unpacked` makes
    weights of them.

    Args:
        n_units: number of units.
        seed: seed of all trials, and number of the block.
    """
    for chunk, start in enumerate(range(0, n_units, _CHUNK)):
        rng = np.random.default_rng((seed[0], _STREAM, seed[1], chunk))
        n_bytes = BLOCK // 8
        drawn = rng.bytes(min(_CHUNK, n_units - start) * n_bytes)
        yield start, np.frombuffer(drawn, dtype=np.uint8).reshape(-1, n_bytes)


def unpacked(bits: Bits, size: int) -> Array:
    """Weights 0 and 1 of units, shape (units, size)."""
    return np.unpackbits(bits, axis=1, count=size).astype(np.float64)


def assignments(n_units: int) -> Array:
    """Every way to swap some of the units, shape (2**n_units, n_units)."""
    numbers = np.arange(1 << n_units)[:, None]
    return (numbers >> np.arange(n_units) & 1).astype(np.float64)


def _differences(contests: Sequence[Contest], n: int) -> tuple[Array, list[list[_Moved]]]:
    """Statistics of all runs less those of the first, and where those of each side stand.

    Columns that are the same in both, such as the count of items, are left out.
    """
    columns: list[Array] = [np.zeros((n, 0))]
    places: list[list[_Moved]] = []
    width = 0
    for one in contests:
        own = []
        for side in one.sides:
            with np.errstate(invalid="ignore"):  # infinite statistics have no finite difference
                change = side.values - one.sides[0].values
            moving = np.flatnonzero(change.any(axis=0))
            columns.append(change[:, moving])
            own.append(_Moved(moving, width + np.arange(len(moving))))
            width += len(moving)
        places.append(own)
    return np.hstack(columns), places


def _scope(
    contests: Sequence[Contest],
    table: Array,
    places: Sequence[Sequence[_Moved]],
    subset: Subset,
    clusters: Ints | None,
) -> _Scope:
    """The swaps of a subset; those of few units are counted at once."""
    scope = scope_of(table, subset, clusters)
    is_drawn = np.zeros(len(scope.statistics), dtype=bool)
    swaps = []
    for one, own in zip(contests, places, strict=True):
        totals = [subset.rows(side.values).sum(axis=0) for side in one.sides]
        swaps.append([_swap(one, pair, own, totals, scope.statistics) for pair in one.pairs])
        for swap in swaps[-1]:
            if not swap.is_exact:
                is_drawn |= _differs(swap, scope.statistics)
    numbers = np.arange(len(is_drawn)) if scope.units is None else scope.units
    return _Scope(numbers[is_drawn], scope.statistics[is_drawn], swaps)


def _swap(
    one: Contest, pair: Matched, places: Sequence[_Moved], totals: Sequence[Array], units: Array
) -> _Swap:
    """The swap of a pair; of few units, every assignment is tried."""
    mine, theirs = totals[pair.side], totals[pair.other]
    with np.errstate(all="ignore"):
        tally = Tally(one.metric.finalize(mine), one.metric.finalize(theirs))
    found = _Swap(
        one.metric, places[pair.side], places[pair.other], mine, theirs, tally, is_exact=False
    )
    differs = _differs(found, units)
    n_units = int(differs.sum())
    if n_units > MOST_ENUMERATED:
        return found
    with np.errstate(invalid="ignore"):
        found.add(assignments(n_units) @ units[differs])
    return found._replace(is_exact=True)


def _differs(swap: _Swap, units: Array) -> npt.NDArray[np.bool_]:
    """The units whose statistics differ between the two runs."""
    sides = []
    for place in (swap.side, swap.other):
        sides.append(np.zeros((len(units), len(swap.totals))))
        sides[-1][:, place.own] = units[:, place.table]
    differs: npt.NDArray[np.bool_] = (sides[0] != sides[1]).any(axis=1)
    return differs


def _draw(scopes: Sequence[_Scope], n_units: int, trials: Trials) -> None:
    """Count the trials of all swaps that could not be enumerated."""
    waiting = [scope for scope in scopes if len(scope.units)]
    if not waiting:
        return
    for block, first in enumerate(range(0, trials.n, BLOCK)):
        size = min(BLOCK, trials.n - first)
        sums = [np.zeros((size, scope.statistics.shape[1])) for scope in waiting]
        for start, bits in swapped_bits(n_units, (trials.seed, block)):
            for scope, total in zip(waiting, sums, strict=True):
                low, high = np.searchsorted(scope.units, [start, start + len(bits)])
                weights = unpacked(bits[scope.units[low:high] - start], size)
                with np.errstate(invalid="ignore"):
                    total += weighted_sums(weights, scope.statistics[low:high])
        for scope, total in zip(waiting, sums, strict=True):
            for swap in (swap for own in scope.swaps for swap in own if not swap.is_exact):
                swap.add(total)
