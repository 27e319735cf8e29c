"""Why a verdict was given, in words."""

from __future__ import annotations

from vlmeval_cli.core.comparison import Difference
from vlmeval_cli.core.gate import GateRule
from vlmeval_cli.stats.equivalence import Decision

_ROUNDING = 1e-12  # a mean that is 0.8 on paper may be a hair below it


def violated(rule: GateRule, value: float | None) -> float | None:
    """The absolute bound that ``value`` breaks, None if it keeps them."""
    if value is None:
        return None
    slack = _ROUNDING * max(1.0, abs(value))
    if rule.least is not None and value < rule.least - slack:
        return rule.least
    if rule.most is not None and value > rule.most + slack:
        return rule.most
    return None


def reason_of(decision: Decision, found: Difference | None, rule: GateRule) -> str:
    """How the score moved against the baseline, what is allowed, and what would decide."""
    if decision.worsening is None or decision.allowed is None:
        return decision.reason or ""
    parts = [_moved(decision, found)]
    if decision.verdict in ("regressed", "undecided"):
        parts.append(
            f"{decision.allowed:.4g} is allowed" if decision.allowed else "none is allowed"
        )
    if decision.verdict == "equivalent":
        parts.append(f"within ± {rule.margin:g}")
    if decision.reason:
        parts.append(decision.reason)
    if decision.n_needed is not None:
        parts.append(f"about {decision.n_needed:,} items would decide it")
    return "; ".join(parts)


def _moved(decision: Decision, found: Difference | None) -> str:
    """``worse by 0.012 (-0.004 to 0.028)``; the bounds are the one-sided ones."""
    worsening = decision.worsening or 0.0
    words = f"{'worse' if worsening > 0 else 'better'} by {abs(worsening):.4g}"
    if worsening == 0.0:
        words = "no change"
    low, high = decision.worsening_low, decision.worsening_high
    if found is None or low is None or high is None:
        return words
    first, last = (low, high) if worsening > 0 else (-high, -low)
    return f"{words} ({first + 0.0:.4g} to {last + 0.0:.4g})"  # adding 0 turns -0 into 0
