"""What a comparison of runs found: plain values that reports print and Python users read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from vlmeval_cli.core.config import Correction
from vlmeval_cli.core.metric import Notice, Output, Table
from vlmeval_cli.core.results import Diagnosis, RunResult, Score

Verdict = Literal["improved", "regressed", "equivalent", "undecided"]
FIRST_SEED = "of several seeds the first"


@dataclass(frozen=True, slots=True)
class Difference:
    """One output of two runs, over the items that have statistics in both.

    Attributes:
        value: the run's score on these items.
        against: the other run's.
        difference: ``value - against``, never flipped.
        low, high: paired interval of the difference at the confidence of the run.
        narrow_low, narrow_high: the same at 1 − 2 (1 − confidence), 90 % for 95 %: its ends are
            one-sided bounds, and two one-sided tests of equivalence read it.
        standard_error: bootstrap standard deviation of the difference.
        p_value: two-sided, of no difference.
        test: how it was tested, in words.
        effect: standardised size of the difference, None where there is none.
        effect_name: what ``effect`` is.
        n: items in both.
        dropped: items that only one of the two scored.
        wins, losses, ties: items on which the run is better, worse, equal; None where items have
            no scores of their own.
        reason: why something is unknown.
        details: further numbers of the procedure, by name: sacrebleu's mean and half width of the
            resamples in its points, COMET's shares of wins.
    """

    value: float | None
    against: float | None
    difference: float | None
    low: float | None
    high: float | None
    narrow_low: float | None
    narrow_high: float | None
    standard_error: float | None
    p_value: float | None
    test: str
    effect: float | None
    effect_name: str
    n: int
    dropped: int
    wins: int | None
    losses: int | None
    ties: int | None
    reason: str | None = None
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """One output of a run against another run, and what follows.

    Attributes:
        run, against: names of the runs.
        output: what is compared; its name is that in the runs.
        found: the difference with its interval and test.
        p_adjusted: corrected for all comparisons shown.
        verdict: what may be said.
        smallest: the smallest difference that these items can show at 80 % power.
        items_needed: items for the observed difference to be shown at 80 % power, None where it is
            shown already or cannot be said.
    """

    run: str
    against: str
    output: Output
    found: Difference
    p_adjusted: float | None
    verdict: Verdict
    smallest: float | None = None
    items_needed: int | None = None

    @property
    def relative(self) -> float | None:
        """The difference as a share of the other run's score."""
        change, base = self.found.difference, self.found.against
        return None if change is None or not base else change / abs(base)


@dataclass(frozen=True, slots=True)
class Seeds:
    """A run that was trained several times.

    Attributes:
        points: output → score of each training run, in order.
        means: output → (mean, sample standard deviation over the training runs).
    """

    points: Mapping[str, Sequence[float | None]]
    means: Mapping[str, tuple[float | None, float | None]]


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run under its name.

    Attributes:
        name: given on the command line, or made from the file's.
        result: scored over the items that all runs share; of several seeds the first.
        scores: output → score; of several seeds their mean.
        seeds: the single training runs, None where there is one.
        trained: results of all seeds, ``(result,)`` where there is one.
    """

    name: str
    result: RunResult
    scores: Mapping[str, Score]
    trained: Sequence[RunResult]
    seeds: Seeds | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """How many tests were made, and how they were corrected."""

    correction: Correction
    n_tests: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that ``vlmeval compare`` found.

    Attributes:
        runs: in the order they were given, the baseline first.
        baseline: name of the run that the others are compared with.
        full: name of the full fine-tuning, to which others are also compared; None without one.
        pairs: every run against the baseline, then against ``full``, by output.
        letters: output → letter groups of the runs, in their order: runs that share a letter are
            not shown to differ.
        family: the correction.
        primary: the primary output.
        policy: how ids were matched: ``{"intersect": "12 items left out", …}``; shown.
        options: of the statistics.
        tables: studies beside the pairs.
    """

    task: str
    runs: Sequence[ComparedRun]
    baseline: str
    full: str | None
    pairs: Sequence[Pair]
    letters: Mapping[str, Sequence[str]]
    family: Family
    primary: str | None
    policy: Mapping[str, str]
    options: Mapping[str, Any]
    tables: Mapping[str, Table] = field(default_factory=dict)
    diagnosis: Sequence[Diagnosis] = ()
    warnings: Sequence[Notice] = ()
    notes: Sequence[str] = ()

    def run(self, name: str) -> ComparedRun:
        """The run called ``name``."""
        return next(one for one in self.runs if one.name == name)

    def pair(self, run: str, against: str, output: str) -> Pair | None:
        """The comparison of two runs by one output, if it was made."""
        found = (
            one
            for one in self.pairs
            if (one.run, one.against, one.output.name) == (run, against, output)
        )
        return next(found, None)
