"""The outcome ladder of several runs: how often answers failed, and what that cost.

"The LoRA is worse" often is "the LoRA is cut off on 12 % of the items". Every failing rung is
tested against the baseline item by item, so that what is told is no chance, and the change of the
primary score is split into what comes from items that failed in one run and not in the other, and
the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from vlmeval_cli.comparing.attribution import Attribution, Flags, Shared
from vlmeval_cli.core.metric import Output, Table
from vlmeval_cli.core.results import OUTCOMES, RunResult
from vlmeval_cli.runs.format_cost import FORM_FAILURES
from vlmeval_cli.stats.correction import Correction, adjusted
from vlmeval_cli.stats.mcnemar import exact_mcnemar

FAILURES: Final = ("missing", *FORM_FAILURES)
ANY_FAILURE: Final = "any of these"


@dataclass(frozen=True, slots=True)
class RungChange:
    """How often an outcome stands in a run and in the baseline, over the same items.

    Attributes:
        run, against: names of the runs.
        outcome: a failing rung, or :data:`ANY_FAILURE`.
        n: items in both.
        count, against_count: items on the rung.
        gained, lost: items on the rung in the run alone, and in the baseline alone.
        p_value: exact McNemar, two-sided; None for all failures together, which are no test of
            their own.
        explained: what items that failed so in one run, and did not fail in the other, add to the
            change of the primary score; None where that is unknown.
        p_adjusted: corrected for all rungs and pairs.
    """

    run: str
    against: str
    outcome: str
    n: int
    count: int
    against_count: int
    gained: int
    lost: int
    p_value: float | None
    explained: float | None
    p_adjusted: float | None = None

    @property
    def share(self) -> float:
        """Share of the items on the rung in the run."""
        return self.count / self.n

    @property
    def against_share(self) -> float:
        """The same in the baseline."""
        return self.against_count / self.n


@dataclass(frozen=True, slots=True)
class Change:
    """The change of the primary score of a run against the baseline, over the items of both."""

    output: Output | None
    value: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """The failing rungs of all runs against the first.

    Attributes:
        rungs: of every run those that it or the baseline has; then all, if they are several.
        totals: run → change of its primary score.
        n_tests: tests that the correction counts.
        correction: by its name.
    """

    rungs: Sequence[RungChange]
    totals: Mapping[str, Change]
    n_tests: int
    correction: Correction


def ladder(results: Mapping[str, RunResult], correction: Correction = "holm") -> Ladder:
    """The failing rungs of ``results`` against the first of them."""
    (against, base), *others = results.items()
    rungs: list[RungChange] = []
    totals: dict[str, Change] = {}
    for name, result in others:
        shared = Shared.of(base, result)
        parts = Attribution.of(base, result, shared)
        whole = parts.part(np.ones(len(shared.own), dtype=np.bool_))
        totals[name] = Change(parts.output, whole, parts.reason)
        sides = _outcomes(result, shared.own), _outcomes(base, shared.base)
        rungs += _rungs(sides, parts, name, against)
    tested = [one.p_value for one in rungs]
    corrected = zip(rungs, adjusted(tested, correction), strict=True)
    return Ladder(
        rungs=[replace(one, p_adjusted=p) for one, p in corrected],
        totals=totals,
        n_tests=sum(p is not None for p in tested),
        correction=correction,
    )


Outcomes = npt.NDArray[np.object_]


def _outcomes(result: RunResult, places: npt.NDArray[np.int64]) -> Outcomes:
    return np.array(result.items.outcomes, dtype=object)[places]


def _rungs(
    sides: tuple[Outcomes, Outcomes], parts: Attribution, name: str, against: str
) -> list[RungChange]:
    present = {*sides[0], *sides[1]}
    names: list[tuple[str, ...]] = [(one,) for one in FAILURES if one in present]
    if len(names) > 1:
        names.append(FAILURES)
    failed, had_failed = (_stand_on(FAILURES, side) for side in sides)
    found = []
    for rung in names:
        mine, theirs = (_stand_on(rung, side) for side in sides)
        gained, lost = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
        alone = (mine & ~had_failed) | (theirs & ~failed)
        is_one = len(rung) == 1
        found.append(
            RungChange(
                run=name,
                against=against,
                outcome=rung[0] if is_one else ANY_FAILURE,
                n=len(mine),
                count=int(mine.sum()),
                against_count=int(theirs.sum()),
                gained=gained,
                lost=lost,
                p_value=exact_mcnemar(gained, lost) if is_one else None,
                explained=parts.part(alone),
            )
        )
    return found


def _stand_on(rung: Sequence[str], outcomes: Outcomes) -> Flags:
    return np.array([one in rung for one in outcomes], dtype=np.bool_)


def ladder_tables(results: Mapping[str, RunResult], found: Ladder) -> dict[str, Table]:
    """``outcomes``: items on each rung; ``failures``: what differs from the baseline, tested."""
    tables = {"outcomes": outcome_table(results)}
    if found.rungs:
        tables["failures"] = _failure_table(found)
    return tables


def outcome_table(results: Mapping[str, RunResult]) -> Table:
    """Outcomes × runs, as numbers of items and as shares."""
    counts = [result.outcomes for result in results.values()]
    rows = [
        [outcome, *chain.from_iterable(_counted(own, outcome) for own in counts)]
        for outcome in OUTCOMES
        if any(outcome in own for own in counts)
    ]
    columns = ("outcome", *chain.from_iterable((name, f"{name} (share)") for name in results))
    return Table("Outcomes of the runs", columns, rows)


def _counted(outcomes: Mapping[str, int], outcome: str) -> tuple[int, float | None]:
    n, total = outcomes.get(outcome, 0), sum(outcomes.values())
    return n, n / total if total else None


def _failure_table(found: Ladder) -> Table:
    rows = [
        (
            one.run, one.outcome, one.share, one.against_share, one.share - one.against_share,
            one.gained, one.lost, one.p_value, one.p_adjusted, found.totals[one.run].value,
            one.explained,
        )
        for one in found.rungs
    ]  # fmt: skip
    (against,) = {one.against for one in found.rungs}
    columns = (
        "run", "outcome", "share", f"share in {against}", "difference", "in the run alone",
        f"in {against} alone", "p", f"p ({found.correction})", "change of the score",
        "of that explained",
    )  # fmt: skip
    scores = {one.output.name for one in found.totals.values() if one.output is not None}
    of = f", and their part in {', '.join(sorted(scores))}" if scores else ""
    return Table(f"Failures against {against}{of} (exact McNemar)", columns, rows)
