"""How often a gate calls a run regressed that is no worse than allowed: simulated."""

import numpy as np
import pytest

from vlmeval_cli.core.config import MetricSpec, PairPolicy, StatisticsPolicy
from vlmeval_cli.core.gate import GateRule
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.gating.changes import corrected, judged_tested
from vlmeval_cli.registry import build
from vlmeval_cli.stats.paired import Resampling, differences
from vlmeval_cli.stats.summary import Subset

ALPHA = 0.05
# Of 300 runs, more alarms than this come from a rate of 5 % in 1 of 1,000 simulations:
# 15 + 3.09 × √(300 × 0.05 × 0.95).
MOST = 27 / 300


def statistics(scores):
    return MetricStatistics(np.column_stack([scores, np.ones(len(scores))]), None, {})


def verdict(name, base, new, rule, seed):
    metric = build(MetricSpec(name))
    policy = StatisticsPolicy(resamples=500, seed=seed)
    resampling = Resampling(None, policy, PairPolicy(trials=500), len(base))
    runs = [[statistics(new)], [statistics(base)]]
    (((found,),),) = differences([metric], runs, [(0, 1)], [Subset()], resampling)
    (output,) = metric.outputs()
    return judged_tested(rule, output, found[output.name], ALPHA)


def right_or_wrong(rng, n, lost, won):
    """Answers of two models: shares of items that the new one loses, and wins."""
    u = rng.random(n)
    base = (rng.random(n) < 0.7).astype(float)
    base[u < lost], base[(u >= lost) & (u < lost + won)] = 1.0, 0.0
    new = base.copy()
    new[u < lost], new[(u >= lost) & (u < lost + won)] = 0.0, 1.0
    return base, new


def graded(rng, n, worse):
    quality = rng.beta(2, 1, n)
    return quality + rng.normal(0, 0.1, n), quality + rng.normal(0, 0.1, n) - worse


def alarms(name, draw, rule, seed):
    rng = np.random.default_rng(seed)
    found = [verdict(name, *draw(rng), rule, int(rng.integers(1 << 30))) for _ in range(300)]
    return np.mean([one.decision.verdict == "regressed" for one in found])


@pytest.mark.parametrize(("lost", "won"), [(0.02, 0.02), (0.15, 0.15)])
def test_equally_good_models_are_seldom_regressed(lost, won):
    rule = GateRule(metric="exact_match", is_tested=True)
    assert alarms("exact_match", lambda r: right_or_wrong(r, 150, lost, won), rule, 1) <= MOST


@pytest.mark.parametrize("n", [30, 150])
@pytest.mark.parametrize(("lost", "won"), [(0.05, 0.03), (0.17, 0.15)])
def test_a_worsening_that_is_just_allowed_is_seldom_regressed(n, lost, won):
    rule = GateRule(metric="exact_match", max_drop=0.02, is_tested=True)
    assert alarms("exact_match", lambda r: right_or_wrong(r, n, lost, won), rule, 2) <= MOST


@pytest.mark.parametrize("worse", [0.0, 0.02])
def test_graded_scores_are_seldom_regressed_by_chance(worse):
    rule = GateRule(metric="anls", max_drop=worse, is_tested=True)
    assert alarms("anls", lambda r: graded(r, 60, worse), rule, 3) <= MOST


def test_a_real_regression_is_found():
    rule = GateRule(metric="exact_match", max_drop=0.02, is_tested=True)
    assert alarms("exact_match", lambda r: right_or_wrong(r, 400, 0.15, 0.02), rule, 4) > 0.95


def test_holm_holds_the_rate_of_a_whole_gate():
    rule = GateRule(metric="anls", is_tested=True)
    rng = np.random.default_rng(5)
    plain = together = 0
    for _ in range(60):
        judged = [verdict("anls", *graded(rng, 60, 0.0), rule, i) for i in range(5)]
        plain += any(one.decision.verdict == "regressed" for one in judged)
        kept = corrected(judged, "holm", ALPHA)
        together += any(one.decision.verdict == "regressed" for one in kept)
    assert plain / 60 > 0.1  # five rules at 5 % each: 23 %
    assert together / 60 <= 0.05 + 3.09 * (0.05 * 0.95 / 60) ** 0.5
