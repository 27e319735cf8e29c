"""Scores against the baseline: their paired differences, and the verdicts that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist

from vlmeval_cli.comparing.alignment import named_clusters
from vlmeval_cli.core.comparison import Difference
from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.gate import GateCorrection, GateRule
from vlmeval_cli.core.metric import Output
from vlmeval_cli.gating.baseline import Baseline
from vlmeval_cli.gating.targets import Measured, Target, items_in, measured
from vlmeval_cli.stats.correction import adjusted
from vlmeval_cli.stats.equivalence import Allowance, Change, Decision, gate_verdict
from vlmeval_cli.stats.paired import Resampling, differences
from vlmeval_cli.stats.summary import Subset

_FEW = 50  # items, below which bounds from resampling are too narrow by themselves
Group = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A change with the decision on it.

    Attributes:
        decision: the verdict with the worsening.
        found: the paired difference, of a tested rule.
        p_worse: one-sided, of a worsening that is no more than allowed.
        p_adjusted: the same after a correction.
    """

    decision: Decision
    found: Difference | None = None
    p_worse: float | None = None
    p_adjusted: float | None = None


def paired_differences(
    targets: Sequence[Target], baseline: Baseline, statistics: StatisticsPolicy
) -> Mapping[tuple[str, Group], Difference]:
    """(output, group) → the paired difference, of the rules that are tested."""
    tested = [one for one in targets if _can_be_tested(one, baseline)]
    mine, theirs = baseline.run, baseline.result
    if not tested or mine is None or theirs is None:
        return {}
    names = [*dict.fromkeys(one.rule.subject for one in tested)]
    groups = [*dict.fromkeys(group_of(one) for one in tested)]
    own = _by_metric([measured(mine, name) for name in names])
    named = named_clusters(statistics, mine)
    resampling = Resampling(mine.clusters, named, PairPolicy(), len(mine.items))
    found = differences(
        [one.chosen.metric for one in own],
        [
            [one.statistics for one in own],
            [measured(theirs, one.chosen.outputs()[0][0]).statistics for one in own],
        ],
        [(0, 1)],
        [Subset(items_in(mine, dict(group))) for group in groups],
        resampling,
    )
    return {
        (name, group): by_output[output.name]
        for group, (by_metric,) in zip(groups, found, strict=True)
        for one, by_output in zip(own, by_metric, strict=True)
        for name, output in one.chosen.outputs()
    }


def group_of(target: Target) -> Group:
    """The group as a key."""
    return tuple(target.by.items())


def judged_untested(
    rule: GateRule, output: Output, value: float | None, baseline: float | None
) -> Judged:
    """The verdict on two scores."""
    return Judged(gate_verdict(Change(value, baseline), _allowance(rule, output, alpha=0.05)))


def judged_tested(rule: GateRule, output: Output, found: Difference, alpha: float) -> Judged:
    """The verdict on a paired difference.

    With few items, or few that differ, bounds from resampling call a change too often. So with
    fewer than 50 items a p-value has to agree, and where nothing may get worse the exact test of no
    change.
    """
    change = Change(
        value=found.value,
        baseline=found.against,
        low=found.low,
        high=found.high,
        narrow_low=found.narrow_low,
        narrow_high=found.narrow_high,
        standard_error=found.standard_error,
        n=found.n,
    )
    allowance = _allowance(rule, output, alpha=alpha)
    decision = gate_verdict(change, allowance)
    if decision.verdict == "improved" and not _is_confirmed(found, alpha):
        decision = gate_verdict(replace(change, low=None, high=None), allowance)
    p_worse = _p_worse(decision, found)
    is_checked = found.n < _FEW or not decision.allowed
    if is_checked and decision.verdict == "regressed" and (p_worse is None or p_worse > alpha):
        decision = replace(decision, verdict="undecided", reason="too few items differ to be sure")
    return Judged(decision, found, p_worse)


def _is_confirmed(found: Difference, alpha: float) -> bool:
    return found.p_value is None or found.p_value <= alpha


def corrected(
    judged: Sequence[Judged | None], correction: GateCorrection, alpha: float
) -> list[Judged | None]:
    """Verdicts after a correction for the number of tested rules.

    A rule is then regressed only if its one-sided p-value holds after the correction, too.
    """
    if correction == "none":
        return list(judged)
    p = adjusted([None if one is None else one.p_worse for one in judged], correction)
    return [
        None if one is None else _after(one, value, alpha)
        for one, value in zip(judged, p, strict=True)
    ]


def _after(one: Judged, p_adjusted: float | None, alpha: float) -> Judged:
    is_lost = one.decision.verdict == "regressed" and (p_adjusted is None or p_adjusted > alpha)
    decision = one.decision
    if one.found is not None and is_lost:
        decision = replace(
            decision, verdict="undecided", reason="worse, but not after the correction"
        )
    return replace(one, decision=decision, p_adjusted=p_adjusted)


def _p_worse(decision: Decision, found: Difference) -> float | None:
    """One-sided p-value of a worsening that is no more than allowed.

    It takes resampled differences as normal, with the spread of the items (divided by n - 1), of
    which resampling shows that of a sample. Where nothing may get worse, it is no smaller than that
    of the test of no change, which is exact.
    """
    if decision.worsening is None or decision.allowed is None or found.standard_error is None:
        return None
    excess = decision.worsening - decision.allowed
    spread = found.standard_error * sqrt(found.n / max(1, found.n - 1))
    p = 1.0 - NormalDist().cdf(excess / spread) if spread else float(excess <= 0)
    if decision.allowed or found.p_value is None or excess <= 0:
        return p
    return max(p, found.p_value / 2)


def _can_be_tested(target: Target, baseline: Baseline) -> bool:
    return target.rule.is_tested and baseline.is_same_metric(target.rule.subject)


def _by_metric(found: Sequence[Measured]) -> list[Measured]:
    """One entry of each metric, whatever number of its outputs is tested."""
    by_name = {one.chosen.outputs()[0][0]: one for one in found}
    return [*by_name.values()]


def _allowance(rule: GateRule, output: Output, *, alpha: float) -> Allowance:
    return Allowance(
        max_drop=rule.max_drop,
        max_drop_relative=rule.max_drop_relative,
        is_tested=rule.is_tested,
        margin=rule.margin,
        higher_is_better=output.higher_is_better,
        alpha=alpha,
    )
