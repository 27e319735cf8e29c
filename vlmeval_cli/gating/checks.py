"""Checks that count items: what was readable, missing, cut off, enough, or newly wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.gate import UNREADABLE, GateConfig, GateRule, NewlyWrong
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.gating.baseline import knows_right
from vlmeval_cli.gating.targets import Target, point
from vlmeval_cli.tasks import NAMES
from vlmeval_cli.tasks import task as task_called


class Count(NamedTuple):
    """Items of a kind among all that a check looks at."""

    found: int
    among: int
    ids: Sequence[str] = ()


def check_rules(config: RunConfig, gate: GateConfig, *, has_baseline: bool) -> None:
    """Refuse, before anything is read, rules that can say nothing in this configuration.

    Raises:
        UsageError: with the place of the rule and what it needs.
    """
    if not gate.rules:
        raise UsageError(
            "a gate needs rules, and the configuration has none",
            hint='Such as "rules: [{metric: anls, min: 0.8}]" in the file of --config; '
            "see docs/gate.md.",
        )
    for rule in gate.rules:
        if rule.needs_baseline and not has_baseline:
            raise _needs(rule, "a baseline", "Name it with --baseline, or baseline: in the file.")
        if rule.is_tested and config.statistics.resamples == 0:
            raise _needs(rule, "resamples, and there are 0", "Set statistics.resamples to 1000.")
        if rule.check == "missing":
            _check_missing(rule, config)
        if rule.check == "newly_wrong" and config.task in NAMES:
            _refuse_without_right(rule, config.task)


def refuse_unjudged(rules: Sequence[GateRule], run: RunResult) -> None:
    """Refuse ``newly_wrong`` where items are never right or wrong.

    Raises:
        UsageError: with the place of the rule.
    """
    for rule in rules:
        if rule.check == "newly_wrong" and not knows_right(run):
            _refuse_without_right(rule, run.task)
            raise _needs(
                rule,
                f"item scores of the primary metric, and {run.primary} has none",
                "Name another metric first.",
            )


def counted(target: Target, run: RunResult) -> Count:
    """What a check that needs no baseline counts."""
    check = target.rule.check
    outcomes = run.items.outcomes
    if target.items is not None:
        outcomes = [outcomes[i] for i in target.items.tolist()]
    if check == "n":
        scored = len(outcomes)
        if run.primary is not None:
            scored = point(run, run.primary, target.items).n
        return Count(scored, scored)
    # Items that were left out for want of a prediction are still items that were asked for.
    is_left_out = run.join.policy.get("missing") == "skip" and target.items is None
    left_out = run.join.missing if is_left_out else 0
    among = len(outcomes) + left_out
    if check == "format_valid":
        return Count(sum(one not in UNREADABLE for one in outcomes), among)
    found = sum(one == check for one in outcomes)
    return Count(found + (left_out if check == "missing" else 0), among)


def counted_newly_wrong(target: Target, found: Sequence[NewlyWrong], run: RunResult) -> Count:
    """Items of the target that were right in the baseline and are not now."""
    if target.items is None:
        return Count(len(found), len(run.items), [one.id for one in found])
    own = {run.items.ids[i] for i in target.items.tolist()}
    ids = [one.id for one in found if one.id in own]
    return Count(len(ids), len(own), ids)


def _check_missing(rule: GateRule, config: RunConfig) -> None:
    if config.join.missing == "error":
        raise _needs(
            rule,
            "join.missing: worst or skip",
            "With error, a missing prediction ends the run before any rule is looked at.",
        )
    if rule.by and config.join.missing == "skip":
        raise _needs(rule, "join.missing: worst", "Items that are left out are in no group.")


def _refuse_without_right(rule: GateRule, task: str) -> None:
    if not task_called(task).has_right_answers:
        raise _needs(
            rule,
            f"a task with right and wrong answers, and {task} has none",
            "Hold a metric against the baseline instead: max_drop.",
        )


def _needs(rule: GateRule, what: str, hint: str) -> UsageError:
    return UsageError(f'{rule.place}: the rule "{rule.words()}" needs {what}', hint=hint)
