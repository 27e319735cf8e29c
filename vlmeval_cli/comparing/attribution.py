"""How much of the change of a score comes from some of the items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import MeasuredMetric, RunResult

Flags = npt.NDArray[np.bool_]
_NO_PRIMARY = "the runs have no primary score in common"
_POOLED = "the score is made of all items together, so that no item has a part of its own"


@dataclass(frozen=True, slots=True)
class Shared:
    """Items that two runs have: where they stand in the run and in the baseline.

    Attributes:
        own: places in the run, shape (n,).
        base: places in the baseline, shape (n,).
    """

    own: Ints
    base: Ints

    @classmethod
    def of(cls, base: RunResult, result: RunResult) -> Shared:
        """Items of the same id, in the order of the run."""
        known = {id_: i for i, id_ in enumerate(base.items.ids)}
        own = [i for i, id_ in enumerate(result.items.ids) if id_ in known]
        places = [known[result.items.ids[i]] for i in own]
        return cls(np.array(own, dtype=np.int64), np.array(places, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Attribution:
    """The change of the primary score between two runs, and the parts of it.

    Attributes:
        output: the primary output; None where the runs share none.
        part: what some of the shared items, shape (n,), add to the change; None where that cannot
            be told.
        reason: why it cannot.
    """

    output: Output | None
    part: Callable[[Flags], float | None]
    reason: str | None = None

    @classmethod
    def of(cls, base: RunResult, result: RunResult, shared: Shared) -> Attribution:
        """The parts of the change from ``base`` to ``result``.

        Of a mean of item scores, each item has its part of the sum. Of a ratio of sums, items have
        the part that is lost if their statistics are as they were in the baseline.
        """
        name = base.primary
        if name is None or name not in base.scores or name not in result.scores:
            return cls(None, _nothing, _NO_PRIMARY)
        output = base.scores[name].output
        columns = [one.items.scores.get(name) for one in (result, base)]
        if output.kind in ("binary", "mean") and columns[0] is not None and columns[1] is not None:
            return cls(output, _of_means(columns[0][shared.own] - columns[1][shared.base]))
        both = [_sums(one, name) for one in (result, base)]
        if output.kind == "ratio" and both[0] is not None and both[1] is not None:
            rows = [
                one.statistics.values[places]
                for one, places in zip((both[0], both[1]), (shared.own, shared.base), strict=True)
            ]
            return cls(output, _of_sums(both[0], name, rows[0], rows[1]))
        return cls(output, _nothing, _POOLED)


def _nothing(_: Flags) -> None:
    return None


def _of_means(change: Array) -> Callable[[Flags], float | None]:
    """Parts of a mean, over the items that both runs have a score for."""
    known = ~np.isnan(change)
    n = int(known.sum())
    return lambda items: float(change[known & items].sum() / n) if n else None


def _of_sums(
    measured: MeasuredMetric, name: str, mine: Array, theirs: Array
) -> Callable[[Flags], float | None]:
    chosen = measured.chosen
    own = next(output for output, called in chosen.names.items() if called == name)

    def score(rows: Array) -> float:
        with np.errstate(all="ignore"):
            return float(chosen.metric.finalize(rows.sum(axis=0))[own])

    def part(items: Flags) -> float | None:
        found = score(mine) - score(np.where(items[:, None], theirs, mine))
        return found if np.isfinite(found) else None

    return part


def _sums(result: RunResult, name: str) -> MeasuredMetric | None:
    """The metric of ``name`` with one row of statistics for each item."""
    found = next((one for one in result.measured if name in one.chosen.names.values()), None)
    return found if found is not None and found.statistics.item is None else None
