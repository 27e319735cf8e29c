"""A gate from its configuration to its verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from vlmeval_cli.core.comparison import Difference, Family
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.gate import GateConfig, GateResult, GateRule, NewlyWrong, RuleResult
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.gating.baseline import (
    Baseline,
    baseline_point,
    beside,
    load_baseline,
    newly_wrong,
    recorded_differences,
)
from vlmeval_cli.gating.changes import (
    Group,
    Judged,
    corrected,
    group_of,
    judged_tested,
    judged_untested,
    paired_differences,
)
from vlmeval_cli.gating.checks import (
    check_rules,
    counted,
    counted_newly_wrong,
    refuse_unjudged,
)
from vlmeval_cli.gating.targets import (
    Point,
    Target,
    check_names,
    point,
    targets,
    with_groups,
)
from vlmeval_cli.gating.wording import reason_of, violated
from vlmeval_cli.stats.equivalence import Decision

NO_BASELINE = "there is no baseline yet"
_MANY_DROPPED = 0.05  # of the items: told as a warning


@dataclass(frozen=True, slots=True)
class _Scene:
    """What verdicts are made from."""

    run: RunResult
    baseline: Baseline | None
    differences: Mapping[tuple[str, Group], Difference]
    newly_wrong: Sequence[NewlyWrong] | None
    alpha: float


def run_gate(
    score: Callable[[RunConfig], RunResult],
    config: RunConfig,
    gate: GateConfig,
    *,
    force: bool = False,
    is_first: bool = False,
) -> GateResult:
    """Score a run and judge it.

    Args:
        score: scores the run; it is called once the rules and the baseline are found sound.
        config: the choices of the run.
        gate: rules and baseline.
        force: hold the run against a baseline that is not comparable.
        is_first: there is no baseline yet: rules that need one stay undecided.

    Raises:
        VlmevalError: nothing can be said; never a verdict.
    """
    check_rules(config, gate, has_baseline=gate.baseline is not None)
    check_names(config, gate.rules)
    saved = None
    if gate.baseline is not None and not is_first:
        saved = load_baseline(gate.baseline, gate.rules)
    run = score(with_groups(config, gate))
    refuse_unjudged(gate.rules, run)
    found = targets(gate.rules, run)
    rules = [one.rule for one in found]
    baseline = None if saved is None else beside(run, saved, rules, force=force)
    if baseline is not None and baseline.unequal and not any(r.needs_baseline for r in rules):
        baseline = None
    return _judged(found, run, baseline, config, gate)


def _judged(
    found: Sequence[Target],
    run: RunResult,
    baseline: Baseline | None,
    config: RunConfig,
    gate: GateConfig,
) -> GateResult:
    alpha = 1.0 - config.statistics.confidence
    scene = _Scene(
        run=run,
        baseline=baseline,
        differences={}
        if baseline is None
        else paired_differences(found, baseline, config.statistics),
        newly_wrong=None if baseline is None else newly_wrong(baseline),
        alpha=alpha,
    )
    points = [_point(one, run) for one in found]
    pairs = [*zip(found, points, strict=True)]
    changes = corrected([_change(one, now, scene) for one, now in pairs], gate.correction, alpha)
    results = [
        _with_end(_result(one, now, change, scene), gate)
        for (one, now), change in zip(pairs, changes, strict=True)
    ]
    n_tests = sum(one.test != "" for one in results)
    return GateResult(
        rules=results,
        run=run,
        baseline=None if baseline is None else baseline.told(),
        fail_on=gate.fail_on,
        family=Family(gate.correction, n_tests),
        alpha=alpha,
        newly_wrong=scene.newly_wrong or (),
        warnings=_warnings(scene),
        notes=_notes(run, baseline, gate, n_tests),
    )


def _with_end(result: RuleResult, gate: GateConfig) -> RuleResult:
    return replace(result, fails_build=result.verdict in gate.fail_on)


def _point(target: Target, run: RunResult) -> Point | None:
    """The score of a rule on a metric."""
    name = target.rule.metric
    return None if name is None else point(run, name, target.items)


def _change(target: Target, now: Point | None, scene: _Scene) -> Judged | None:
    """The decision on a rule that is held against the baseline; None for other rules."""
    rule = target.rule
    if not rule.compares or now is None:
        return None
    if scene.baseline is None:
        return Judged(Decision("undecided", reason=NO_BASELINE))
    if rule.is_tested:
        found = scene.differences.get((rule.subject, group_of(target)))
        if found is None:
            return Judged(Decision("undecided", reason="its formula or its items differ"))
        return judged_tested(rule, now.output, found, scene.alpha)
    before = baseline_point(scene.baseline, target)
    if before is None:
        return Judged(Decision("undecided", reason="the baseline has no such score"))
    return judged_untested(rule, now.output, now.value, before.value)


def _result(target: Target, now: Point | None, change: Judged | None, scene: _Scene) -> RuleResult:
    if now is None:
        return _of_check(target, scene)
    return _of_metric(target, now, change, scene)


def _of_metric(target: Target, now: Point, change: Judged | None, scene: _Scene) -> RuleResult:
    rule = target.rule
    bound = violated(rule, now.value)
    plain = RuleResult(
        rule=rule,
        by=target.by,
        verdict="passed",
        fails_build=False,
        value=now.value,
        bound=bound if bound is not None else rule.least if rule.least is not None else rule.most,
        output=now.output,
        n=now.n,
    )
    if change is not None:
        plain = _with_change(plain, change, _value_before(target, change, scene))
    if now.value is None:  # an unknown score cannot pass
        return replace(plain, verdict="failed", reason=f"no score: {now.reason or 'unknown'}")
    if bound is not None:
        return replace(plain, verdict="failed", bound=bound, reason=_broken(rule, now.value))
    return plain


def _value_before(target: Target, change: Judged, scene: _Scene) -> float | None:
    if change.found is not None:
        return change.found.against
    before = None if scene.baseline is None else baseline_point(scene.baseline, target)
    return None if before is None else before.value


def _with_change(plain: RuleResult, change: Judged, before: float | None) -> RuleResult:
    decision, found = change.decision, change.found
    is_up = plain.output is None or plain.output.higher_is_better
    limit = plain.bound
    if before is not None and decision.allowed is not None:
        limit = before - decision.allowed if is_up else before + decision.allowed
    now = found.value if found is not None else plain.value
    return replace(
        plain,
        verdict=decision.verdict,
        bound=limit,
        baseline=before,
        change=None if now is None or before is None else now - before,
        change_low=None if found is None else found.low,
        change_high=None if found is None else found.high,
        p_value=None if found is None else found.p_value,
        p_adjusted=change.p_adjusted,
        test="" if found is None else found.test,
        n=plain.n if found is None else found.n,
        n_needed=decision.n_needed,
        reason=reason_of(decision, found, plain.rule),
    )


def _of_check(target: Target, scene: _Scene) -> RuleResult:
    rule = target.rule
    bound = rule.least if rule.least is not None else rule.most
    plain = RuleResult(rule, target.by, "passed", False, None, bound)
    if rule.check == "newly_wrong":
        if scene.newly_wrong is None:
            reason = NO_BASELINE if scene.baseline is None else "its items or its primary differ"
            return replace(plain, verdict="undecided", reason=reason)
        count = counted_newly_wrong(target, scene.newly_wrong, scene.run)
    else:
        count = counted(target, scene.run)
    if rule.is_share and not count.among:
        return replace(plain, verdict="failed", reason="no score: no items")
    value = count.found / count.among if rule.is_share else float(count.found)
    plain = replace(plain, value=value, n=count.among, ids=count.ids)
    told = f"{count.found:,} of {count.among:,}" if rule.check != "n" else f"{count.found:,}"
    if violated(rule, value) is None:
        return replace(plain, reason=told)
    return replace(plain, verdict="failed", reason=f"{told}: {_broken(rule, value)}")


def _broken(rule: GateRule, value: float) -> str:
    bound = violated(rule, value)
    if bound is None:
        return ""
    is_below = rule.least is not None and bound == rule.least
    told, limit = rule.amount(value), rule.amount(bound)
    if told == limit:  # a hair beside it
        told, limit = repr(value), repr(bound)
    return f"{told} is {'below' if is_below else 'above'} {limit}"


def _warnings(scene: _Scene) -> list[Notice]:
    found = []
    if scene.baseline is not None and scene.baseline.unequal:
        what = "; ".join(scene.baseline.unequal)
        message = f"compared by force with a baseline that differs in {what}"
        found.append(Notice("forced", message))
    for (name, _), one in scene.differences.items():
        if one.dropped > _MANY_DROPPED * (one.n + one.dropped):
            message = f"{name}: {number_of(one.dropped, 'item')} that only one of the runs scored"
            found.append(Notice("dropped", f"{message} were left out of the test"))
    return [*dict.fromkeys(found)]


def _notes(run: RunResult, baseline: Baseline | None, gate: GateConfig, n_tests: int) -> list[str]:
    notes = []
    if baseline is not None:
        if baseline.saved.bare is not None:
            notes.append(
                f"the baseline is bare ({baseline.saved.bare}): absolute and relative rules only"
            )
        if _predictions_of(run) & _predictions_of(baseline.saved.result):
            notes.append("the predictions are the very file that the baseline was made from")
        notes += recorded_differences(run, baseline.saved.result)
    if n_tests > 1:
        notes.append(_family(n_tests, gate))
    return notes


def _family(n_tests: int, gate: GateConfig) -> str:
    tested = number_of(n_tests, "tested rule")
    if gate.correction == "none":
        return (
            f"{tested}, each at its own level; statistics.correction: holm holds the level for all "
            "of them together"
        )
    return f"{tested}, corrected together by Holm's method"


def _predictions_of(run: RunResult) -> set[str]:
    return {one.sha256 for one in run.inputs if one.role == "predictions"}
