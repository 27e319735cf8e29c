"""Verdicts on a change: is it better, worse, the same within a margin, or not to be said?

"Not significant" is no proof of "the same". Two one-sided tests at level alpha (Schuirmann 1987,
doi:10.1007/BF01068419) prove it: both are passed exactly if the interval of 1 - 2 × alpha lies
within ± the margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vlmeval_cli.core.comparison import Verdict
from vlmeval_cli.stats.power import items_needed

RuleVerdict = Literal["passed", "regressed", "improved", "equivalent", "undecided"]

_ROUNDING = 1e-12  # 0.8 - 0.7 is a little more than 0.1 in floating point


def verdict(
    difference: float | None,
    narrow_low: float | None,
    narrow_high: float | None,
    p_adjusted: float | None,
    *,
    alpha: float,
    margin: float | None,
    higher_is_better: bool,
) -> Verdict:
    """What a comparison says.

    Args:
        difference: run - against; None if unknown.
        narrow_low: lower end of its interval at 1 - 2 × alpha.
        narrow_high: upper end.
        p_adjusted: two-sided p-value, corrected for the comparisons of the report.
        alpha: level of significance.
        margin: differences up to this are of no interest; None: equivalence is not claimed.
        higher_is_better: direction of the metric.

    Returns:
        improved or regressed if the difference is significant, by its direction; else equivalent
        if the narrow interval lies within ± ``margin``; else undecided.
    """
    if difference and p_adjusted is not None and p_adjusted <= alpha:
        return "improved" if (difference > 0) == higher_is_better else "regressed"
    return "equivalent" if _within(narrow_low, narrow_high, margin) else "undecided"


@dataclass(frozen=True, slots=True)
class Change:
    """A score against its baseline, as it was measured.

    Attributes:
        value: the score; None if unknown.
        baseline: the score of the baseline; None if unknown.
        low, high: two-sided interval of value - baseline at 1 - alpha; None without a test.
        narrow_low, narrow_high: the same at 1 - 2 × alpha: its ends are the one-sided bounds.
        standard_error: of value - baseline.
        n: items that were compared.
    """

    value: float | None
    baseline: float | None
    low: float | None = None
    high: float | None = None
    narrow_low: float | None = None
    narrow_high: float | None = None
    standard_error: float | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a rule allows a score to lose.

    Attributes:
        max_drop: worsening that is still allowed, in the scale of the metric; None: see below.
        max_drop_relative: the same as a fraction of the baseline (0.02 is 2 %). Of both, the
            smaller one counts; with neither, no worsening is allowed.
        is_tested: judge the bounds of the worsening, not its point.
        margin: changes up to this are equivalence; None: equivalence is not claimed.
        higher_is_better: direction of the metric.
        alpha: level of the one-sided tests.
        power: with which the items needed decide.
    """

    max_drop: float | None = None
    max_drop_relative: float | None = None
    is_tested: bool = False
    margin: float | None = None
    higher_is_better: bool = True
    alpha: float = 0.05
    power: float = 0.8

    def allowed(self, baseline: float) -> float:
        """The worsening that is still allowed against ``baseline``, in the metric's scale."""
        absolute = self.max_drop
        relative = self.max_drop_relative
        limits = [] if absolute is None else [absolute]
        limits += [] if relative is None else [relative * abs(baseline)]
        return min(limits, default=0.0)


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict of a rule with what it was made from.

    Attributes:
        verdict: of the rule.
        worsening: by how much the score got worse; below 0 if it got better.
        allowed: the worsening that was allowed.
        worsening_low, worsening_high: one-sided bounds of the worsening, of a tested rule.
        n_needed: of an undecided rule, items that would decide it if the change stays as it is;
            None if no number would.
        reason: why nothing can be said, where the numbers are missing.
    """

    verdict: RuleVerdict
    worsening: float | None = None
    allowed: float | None = None
    worsening_low: float | None = None
    worsening_high: float | None = None
    n_needed: int | None = None
    reason: str | None = None


def gate_verdict(change: Change, allowance: Allowance) -> Decision:
    """The verdict of a rule on a score and its baseline.

    Untested: regressed if the point got worse by more than is allowed, else passed. Tested:
    regressed if the lower bound of the worsening is above what is allowed: a change that is no
    more than allowed is called regressed with a probability of at most ``alpha``. Otherwise
    improved, equivalent or passed if the bounds show it, and else undecided.

    With a relative allowance the baseline's score is taken as exact.
    """
    if change.value is None or change.baseline is None:
        who = "the score" if change.value is None else "the baseline's score"
        return Decision("undecided", reason=f"{who} is unknown")
    sign = 1.0 if allowance.higher_is_better else -1.0
    worsening = sign * (change.baseline - change.value)
    allowed = allowance.allowed(change.baseline)
    if not allowance.is_tested:
        limit = allowed + _ROUNDING * max(1.0, abs(change.baseline))
        return Decision("regressed" if worsening > limit else "passed", worsening, allowed)
    ends = _ends(change, sign)
    if ends is None:
        return Decision(
            "undecided", worsening, allowed, reason="the change has no interval to be tested by"
        )
    found = _tested(change, ends, allowed, allowance)
    needed = _needed(change, allowed - worsening, allowance) if found == "undecided" else None
    return Decision(found, worsening, allowed, *ends, needed)


def _ends(change: Change, sign: float) -> tuple[float, float] | None:
    """One-sided bounds of the worsening, lower and upper."""
    if change.narrow_low is None or change.narrow_high is None:
        return None
    low, high = sorted((-sign * change.narrow_low, -sign * change.narrow_high))
    return low, high


def _tested(
    change: Change, ends: tuple[float, float], allowed: float, allowance: Allowance
) -> RuleVerdict:
    low, high = ends
    rounding = _ROUNDING * max(1.0, abs(change.baseline or 0.0))
    if low > allowed + rounding:
        return "regressed"
    if _is_better(change, allowance.higher_is_better):
        return "improved"
    if _within(low, high, allowance.margin):
        return "equivalent"
    return "passed" if high <= allowed + rounding else "undecided"


def _is_better(change: Change, higher_is_better: bool) -> bool:
    """Whether the two-sided interval of the change lies on the good side of 0."""
    if change.low is None or change.high is None:
        return False
    return change.low > 0.0 if higher_is_better else change.high < 0.0


def _within(low: float | None, high: float | None, margin: float | None) -> bool:
    if low is None or high is None or margin is None:
        return False
    return -margin - _ROUNDING <= low and high <= margin + _ROUNDING


def _needed(change: Change, distance: float, allowance: Allowance) -> int | None:
    """Items that would show on which side of the allowance the worsening lies."""
    if change.standard_error is None or change.n == 0:
        return None
    return items_needed(
        distance, change.standard_error, change.n, allowance.alpha, allowance.power, sides=1
    )
