"""What a gate found, in the order in which it is read: the run, its rules, what went wrong."""

from __future__ import annotations

from collections.abc import Sequence

from vlmeval_cli.core.gate import GateResult, NewlyWrong, RuleResult
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.reports.blocks import Block, Facts, Grid, Heading, Paragraph
from vlmeval_cli.reports.figures import UNKNOWN, View, figure
from vlmeval_cli.reports.summary import facts

MOST_LISTED = 20  # newly wrong items in a report that people read; JSON has all


def gate_blocks(result: GateResult, view: View) -> list[Block]:
    """The blocks of a report on a gate; the verdict is the last line."""
    blocks: list[Block] = [_facts(result), rules_grid(result, view)]
    if result.newly_wrong:
        blocks.append(newly_wrong_grid(result.newly_wrong))
    blocks.append(Paragraph("", (headline(result),)))
    return blocks


def headline(result: GateResult) -> str:
    """The verdict in one line.

    It says nothing but what the exit code says.
    """
    n = len(result.rules)
    if result.verdict == "failed":
        return f"gate failed: {len(result.failing):,} of {number_of(n, 'rule')}"
    undecided = sum(one.verdict == "undecided" for one in result.rules)
    more = f", {undecided:,} undecided" if undecided else ""
    return f"gate passed: {number_of(n, 'rule')}{more}"


def rules_grid(result: GateResult, view: View) -> Grid:
    """Every rule with its verdict."""
    columns = (
        Heading("rule"),
        Heading("verdict", is_name=True),
        Heading("build", is_name=True),
        Heading("value", is_number=True),
        Heading("bound", is_number=True),
        Heading("baseline", is_number=True),
        Heading("why"),
    )
    rows = tuple(
        (
            one.words,
            one.verdict,
            "fails" if one.fails_build else "passes",
            *rule_figures(one, view),
            why(one),
        )
        for one in result.rules
    )
    return Grid(f"Rules (fails the build: {', '.join(result.fail_on) or 'nothing'})", columns, rows)


def rule_figures(one: RuleResult, view: View) -> tuple[str, str, str]:
    """Value, bound and baseline, as people read them."""
    value, bound, baseline = (
        rule_figure(one, number, view) for number in (one.value, one.bound, one.baseline)
    )
    return value, bound, baseline


def rule_figure(one: RuleResult, value: float | None, view: View) -> str:
    """A number of a rule: a score, a share or a count."""
    if value is None:
        return UNKNOWN
    if one.output is not None:
        return figure(value, one.output, view)
    return f"{100 * value:.4g} %" if one.rule.is_share else f"{value:,.0f}"


def why(one: RuleResult) -> str:
    """The reason of a verdict, with its test."""
    parts = [one.reason] if one.reason else []
    if one.p_value is not None:
        parts.append(f"p {one.p_value:.4f} of no change, {one.test}, {number_of(one.n, 'item')}")
    if one.p_adjusted is not None:
        parts.append(f"p {one.p_adjusted:.4f} of no more than allowed, corrected")
    return "; ".join(parts)


def newly_wrong_grid(found: Sequence[NewlyWrong]) -> Grid:
    """The first items that were right in the baseline and are not now."""
    hidden = len(found) - MOST_LISTED
    more = f", the first {MOST_LISTED}; all in the JSON report" if hidden > 0 else ""
    return Grid(
        f"Right in the baseline, and wrong now: {number_of(len(found), 'item')}{more}",
        (Heading("id", is_name=True), Heading("now"), Heading("answer"), Heading("before")),
        tuple((one.id, one.outcome, one.prediction, one.before) for one in found[:MOST_LISTED]),
    )


def changed_scores(result: GateResult) -> str:
    """How the scores of the run differ from the baseline's, of those that do."""
    before = {} if result.baseline is None else result.baseline.scores
    parts = [
        f"{name} {figure(before.get(name), one.output, View())} → "
        f"{figure(one.value, one.output, View())}"
        for name, one in result.run.scores.items()
        if before.get(name) != one.value
    ]
    return ", ".join(parts) or "no score changed"


def baseline_words(result: GateResult) -> str:
    """What the run was held against, in a line."""
    baseline = result.baseline
    if baseline is None:
        return "none"
    bare = f", bare: {baseline.bare}" if baseline.bare else ""
    forced = ", compared by force" if baseline.unequal else ""
    return f"{baseline.path} (vlmeval {baseline.version}, {baseline.created}{bare}{forced})"


def _facts(result: GateResult) -> Facts:
    return Facts((*facts(result.run).pairs, ("baseline", baseline_words(result))))
