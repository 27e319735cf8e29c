"""A gate as a comment on a pull request: the verdict, the rules, and the rest folded away."""

from __future__ import annotations

from vlmeval_cli.core.gate import GateResult, RuleResult
from vlmeval_cli.reports.blocks import Block, Grid, Heading, Paragraph
from vlmeval_cli.reports.figures import View
from vlmeval_cli.reports.gate_summary import (
    baseline_words,
    headline,
    newly_wrong_grid,
    rule_figures,
    why,
)
from vlmeval_cli.reports.markdown import escaped, render_markdown
from vlmeval_cli.reports.summary import facts, scores_grid

_GOOD, _BAD, _DOUBTFUL = "✅", "❌", "⚠️"


def gate_markdown(result: GateResult, view: View) -> bytes:
    """GitHub-flavoured Markdown, UTF-8, every text of the user escaped."""
    sign = _BAD if result.verdict == "failed" else _GOOD
    lines = [
        f"### {sign} vlmeval {escaped(headline(result))}",
        "",
        *_rows(_rules(result, view)),
        "",
        f"Baseline: {escaped(baseline_words(result))}.",
    ]
    lines += [f"**Warning**: {escaped(one.message)}." for one in result.warnings]
    if result.newly_wrong:
        grid = newly_wrong_grid(result.newly_wrong)
        lines += ["", *_folded(grid.title, "\n".join([*_rows(grid), ""]))]
    details: list[Block] = [facts(result.run), scores_grid(result.run, view)]
    if result.notes:
        details.append(Paragraph("Notes", tuple(result.notes)))
    lines += ["", *_folded("Scores of the run", render_markdown(details))]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _rules(result: GateResult, view: View) -> Grid:
    names = ("", "rule", "verdict", "value", "bound", "baseline", "why")
    numbers = ("value", "bound", "baseline")
    rows = tuple(
        (_sign(one), one.words, one.verdict, *rule_figures(one, view), why(one))
        for one in sorted(result.rules, key=lambda one: not one.fails_build)
    )
    return Grid("", tuple(Heading(name, name in numbers) for name in names), rows)


def _sign(one: RuleResult) -> str:
    if one.fails_build:
        return _BAD
    return _DOUBTFUL if one.verdict in ("failed", "regressed", "undecided") else _GOOD


def _rows(grid: Grid) -> list[str]:
    """The table alone, without the title's line."""
    return render_markdown([grid]).splitlines()[2:]


def _folded(title: str, content: str) -> list[str]:
    return [f"<details><summary>{escaped(title)}</summary>", "", content, "</details>"]
