"""A result in the order in which it is read: what was scored, the scores, what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import Group, JoinReport, RunResult, Score
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.reports.blocks import Block, Facts, Grid, Heading, Paragraph
from vlmeval_cli.reports.figures import View, cell, figure, in_points, interval
from vlmeval_cli.reports.group_grid import group_grid
from vlmeval_cli.reports.worst import cut, worst_items

_JOIN_KINDS = (
    ("missing", "missing"),
    ("extra", "extra"),
    ("duplicate", "duplicate"),
    ("empty", "empty"),
    ("no_reference", "without a reference"),
    ("bad_rows", "left out as malformed"),
)
_EXAMPLES = 3


def summarise(result: RunResult, view: View) -> list[Block]:
    """The blocks of a report on ``result``, without its warnings and notes."""
    blocks: list[Block] = [facts(result), scores_grid(result, view)]
    blocks.extend(_groups(result, view))
    blocks.extend(side_table(table, view) for table in result.tables.values())
    if result.diagnosis:
        blocks.append(_diagnosis(result))
    if view.worst:
        blocks.append(worst_items(result, view))
    return blocks


def advice(result: RunResult) -> list[Block]:
    """Warnings and notes as blocks, for reports that hold both on one page."""
    blocks: list[Block] = []
    if result.warnings:
        lines = tuple(f"{warning.message} ({warning.code})" for warning in result.warnings)
        blocks.append(Paragraph("Warnings", lines))
    if result.notes:
        blocks.append(Paragraph("Notes", tuple(result.notes)))
    return blocks


def signatures(result: RunResult) -> Block:
    """What must be equal for another run's numbers to be comparable with these."""
    lines = (f"{name}: {score.signature.short()}" for name, score in result.scores.items())
    return Paragraph("Signatures", tuple(lines))


def facts(result: RunResult) -> Facts:
    """What was scored, how it met, and how it ended, as labelled lines."""
    pairs = [("task", ": ".join(filter(None, (result.task, result.task_reason))))]
    pairs += [(file.role, f"{file.path} ({number_of(file.rows, 'row')})") for file in result.inputs]
    if result.fields:
        pairs.append(("fields", _listed(result.fields)))
    pairs += join_pairs(result.join)
    pairs.append(("outcomes", _outcomes(result.outcomes)))
    return Facts(tuple(pairs))


def join_pairs(join: JoinReport) -> list[tuple[str, str]]:
    """How predictions and references met, as labelled lines."""
    pairs = [("joined", _joined(join))]
    if join.repair is not None:
        repair = join.repair
        verb = "applied" if repair.applied else "would match more (--fix-ids)"
        pairs.append(("ids", f"{repair.description}: {repair.matched_more:,} more, {verb}"))
    return pairs


def _listed(fields: Mapping[str, str]) -> str:
    return "; ".join(f"{role}: {name}" for role, name in fields.items())


def _joined(join: JoinReport) -> str:
    parts = [f"{join.matched:,} matched"]
    for key, words in _JOIN_KINDS:
        number = getattr(join, key)
        always = key in ("missing", "extra")
        if number or always:
            parts.append(f"{number:,} {words}{_examples(join.examples.get(key, ()))}")
    return ", ".join(parts)


def _examples(names: Sequence[str]) -> str:
    if not names:
        return ""
    return " (" + ", ".join(f'"{name}"' for name in names[:_EXAMPLES]) + ")"


def _outcomes(outcomes: Mapping[str, int]) -> str:
    total = sum(outcomes.values())
    return ", ".join(
        f"{number:,} {name} ({number / total:.1%})" for name, number in outcomes.items() if number
    )


def scores_grid(result: RunResult, view: View) -> Grid:
    """Every score with its interval."""
    names = list(result.scores)
    confidence = result.statistics_options.get("confidence", 0.95)
    columns = (
        Heading("metric"),
        Heading(_scale(result, view), is_number=True),
        Heading(f"{100 * confidence:g}% interval", is_number=True),
        Heading("scored", is_number=True),
        Heading("skipped"),
        Heading("better"),
    )
    rows = tuple(_score_row(name, result, view) for name in names)
    marked = names.index(result.primary) if result.primary in names else None
    return Grid(f"Scores{_how(result.statistics_options)}", columns, rows, marked)


def _scale(result: RunResult, view: View) -> str:
    if not view.percent:
        return "score"
    all_points = all(in_points(score.output) for score in result.scores.values())
    return "points" if all_points else "points (fractions × 100)"


def _score_row(name: str, result: RunResult, view: View) -> tuple[str, ...]:
    score = result.scores[name]
    return (
        f"{name} (primary)" if name == result.primary else name,
        figure(score.value, score.output, view),
        interval(score, view),
        f"{score.n:,}",
        _skipped(score),
        "higher" if score.output.higher_is_better else "lower",
    )


def _skipped(score: Score) -> str:
    parts = [f"{number:,} {reason}" for reason, number in score.skipped.items() if number]
    if score.value is None and score.reason:
        parts.append(f"unknown: {score.reason}")
    return ", ".join(parts) or "0"


def _how(options: Mapping[str, Any]) -> str:
    """How the intervals were made, for the title."""
    resamples = options.get("resamples", 0)
    if not resamples:
        return ""
    words = [number_of(resamples, "resample")]
    if options.get("method"):
        words.append(str(options["method"]))
    words.append(f"seed {options.get('seed')}")
    cluster = options.get("cluster_by")
    if cluster and cluster not in ("none", "auto"):
        words.append(f"clustered by {cluster}")
    return f" (intervals: {', '.join(words)})"


def _groups(result: RunResult, view: View) -> Iterator[Grid]:
    """One grid for each set of fields that groups share."""
    families: dict[tuple[str, ...], list[Group]] = {}
    for group in result.groups:
        families.setdefault(tuple(group.by), []).append(group)
    return (group_grid(fields, groups, result, view) for fields, groups in families.items())


def side_table(table: Table, view: View) -> Grid:
    """A table beside the scores; long texts in it are cut where the view says so."""
    names = table.columns if table.shown_columns is None else table.shown_columns
    places = [table.columns.index(name) for name in names]
    columns = tuple(
        Heading(name, all(not isinstance(row[i], str) for row in table.rows))
        for name, i in zip(names, places, strict=True)
    )
    rows = table.rows if table.shown is None else table.rows[: table.shown]
    hidden = len(table.rows) - len(rows)
    more = f" (and {number_of(hidden, 'more row')}, in the JSON report)" if hidden else ""
    cells = tuple(tuple(cut(cell(row[i]), view) for i in places) for row in rows)
    return Grid(f"{table.title}{more}", columns, cells)


def _diagnosis(result: RunResult) -> Paragraph:
    lines = tuple(f"{d.pattern}: {d.meaning}; {d.advice}" for d in result.diagnosis)
    return Paragraph("What the scores say together", lines)
