"""What a gate asks for and what it found: plain values that reports print and users read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from vlmeval_cli.core.comparison import Family
from vlmeval_cli.core.metric import Notice, Output
from vlmeval_cli.core.results import RunResult

GateVerdict = Literal["passed", "failed", "regressed", "improved", "equivalent", "undecided"]
Check = Literal[
    "format_valid", "unparsed", "truncated", "missing", "empty", "refused", "loop", "n",
    "newly_wrong",
]  # fmt: skip
GateCorrection = Literal["none", "holm"]

# No answer that can be judged: what is in none of these is readable.
UNREADABLE = ("missing", "empty", "refused", "truncated", "loop", "unparsed")
# Outcomes that may fail a build; what passed never does.
CAN_FAIL: tuple[GateVerdict, ...] = ("failed", "regressed", "undecided", "equivalent", "improved")


@dataclass(frozen=True, slots=True)
class GateRule:
    """One rule of a gate: a metric or a check, and what is asked of it.

    Attributes:
        metric: output name; None for a check.
        check: what is counted; None for a metric.
        by: field → value of the group that is meant, None for every group of the field; several
            fields are crossed. Empty: all items.
        least, most: absolute bounds, in the metric's own scale.
        is_share: a check's bounds are shares of the items, not counts.
        max_drop: worsening against the baseline that is allowed, in the metric's own scale.
        max_drop_relative: the same as a fraction of the baseline's score.
        is_tested: the change is judged by its bounds, not by its point.
        margin: changes up to this are equivalence.
        place: file and line, for messages.
    """

    metric: str | None = None
    check: Check | None = None
    by: Mapping[str, str | None] = field(default_factory=dict)
    least: float | None = None
    most: float | None = None
    is_share: bool = False
    max_drop: float | None = None
    max_drop_relative: float | None = None
    is_tested: bool = False
    margin: float | None = None
    place: str = ""

    @property
    def subject(self) -> str:
        """Name of the metric or check."""
        return self.metric or self.check or ""

    @property
    def compares(self) -> bool:
        """Whether the score is held against the baseline's."""
        drops = (self.max_drop, self.max_drop_relative)
        return self.is_tested or any(drop is not None for drop in drops)

    @property
    def needs_baseline(self) -> bool:
        """Whether it says anything without a baseline."""
        return self.compares or self.check == "newly_wrong"

    @property
    def needs_items(self) -> bool:
        """Whether a baseline without items and statistics is not enough."""
        return self.is_tested or self.check == "newly_wrong"

    def words(self, by: Mapping[str, str | None] | None = None) -> str:
        """The rule as a sentence, of the group ``by``.

        >>> GateRule(metric="anls", by={"kind": "number"}, least=0.8).words()
        'anls (kind=number) at least 0.8'
        >>> GateRule(check="unparsed", most=0.02, is_share=True).words()
        'unparsed at most 2 %'
        """
        fields = self.by if by is None else by
        groups = ", ".join(f"{name}={value or 'each'}" for name, value in fields.items())
        subject = f"{self.subject} ({groups})" if groups else self.subject
        return f"{subject} {', '.join(self._demands())}"

    def _demands(self) -> list[str]:
        demands = []
        if self.least is not None:
            demands.append(f"at least {self.amount(self.least)}")
        if self.most is not None:
            demands.append(f"at most {self.amount(self.most)}")
        if self.compares:
            demands.append(self._drop())
        if self.is_tested:
            demands.append("paired test")
        if self.margin is not None:
            demands.append(f"margin {self.margin:g}")
        return demands

    def _drop(self) -> str:
        parts = [] if self.max_drop is None else [f"{self.max_drop:g}"]
        if self.max_drop_relative is not None:
            parts.append(f"{100 * self.max_drop_relative:g} %")
        return f"worse by at most {' and '.join(parts)}" if parts else "not worse"

    def amount(self, value: float) -> str:
        """A bound or value of this rule, as people write it."""
        return f"{100 * value:g} %" if self.is_share else f"{value:g}"


@dataclass(frozen=True, slots=True)
class GateConfig:
    """A gate.

    Attributes:
        rules: what is asked.
        baseline: folder or report that the run is held against.
        fail_on: verdicts that fail the build.
        correction: "holm" holds the chance that any tested rule is called regressed by chance at
            1 − confidence; "none" holds it for each rule.
    """

    rules: Sequence[GateRule] = ()
    baseline: str | None = None
    fail_on: Sequence[GateVerdict] = ("failed", "regressed")
    correction: GateCorrection = "none"


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The verdict on a rule, or on a rule in one of its groups.

    Attributes:
        rule: as it was asked.
        by: the group, empty for all items.
        verdict: what was found.
        fails_build: whether that fails the build.
        value: score, share or count; None where it is unknown.
        bound: the value at which the verdict changes, in the same scale.
        baseline: the baseline's value, None where the rule asks for none.
        output: what the metric is, None for a check.
        n: items that were looked at.
        change: value − baseline, never flipped.
        change_low, change_high: its paired interval, of a tested rule.
        p_value: two-sided, of no change, of a tested rule.
        p_adjusted: one-sided, of a worsening that is no more than allowed, after the correction;
            None without one.
        test: how it was tested, in words.
        n_needed: of an undecided rule, items that would decide it if the change stays as it is.
        reason: why, in words.
        ids: items that a check is about.
    """

    rule: GateRule
    by: Mapping[str, str]
    verdict: GateVerdict
    fails_build: bool
    value: float | None
    bound: float | None
    baseline: float | None = None
    output: Output | None = None
    n: int = 0
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    test: str = ""
    n_needed: int | None = None
    reason: str = ""
    ids: Sequence[str] = ()

    @property
    def words(self) -> str:
        """The rule as a sentence."""
        return self.rule.words(self.by)


@dataclass(frozen=True, slots=True)
class NewlyWrong:
    """An item that was right in the baseline and is wrong, or has no usable answer, now."""

    id: str
    outcome: str
    prediction: str
    before: str


@dataclass(frozen=True, slots=True)
class GateBaseline:
    """What the run was held against.

    Attributes:
        path: as it was named.
        created: when it was written.
        version: of vlmeval that wrote it.
        bare: why only its scores are known; None where items and statistics are.
        unequal: what keeps the two from being comparable, which ``--force`` passed over.
        scores: output → value there.
    """

    path: str
    created: str
    version: str
    bare: str | None
    unequal: Sequence[str] = ()
    scores: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GateResult:
    """Everything that ``vlmeval gate`` found.

    Attributes:
        rules: verdicts in the order of the file, groups apart.
        run: the scored run.
        baseline: what it was held against, None without one.
        fail_on: verdicts that fail the build.
        family: the tested rules, and how they were corrected.
        alpha: level of the one-sided tests.
        newly_wrong: items, where the baseline has items and the task knows right and wrong.
    """

    rules: Sequence[RuleResult]
    run: RunResult
    baseline: GateBaseline | None
    fail_on: Sequence[GateVerdict]
    family: Family
    alpha: float
    newly_wrong: Sequence[NewlyWrong] = ()
    warnings: Sequence[Notice] = ()
    notes: Sequence[str] = ()

    @property
    def verdict(self) -> Literal["passed", "failed"]:
        """Failed if a rule fails the build; the exit code is made from this."""
        return "failed" if any(one.fails_build for one in self.rules) else "passed"

    @property
    def failing(self) -> list[RuleResult]:
        """Rules that fail the build."""
        return [one for one in self.rules if one.fails_build]
