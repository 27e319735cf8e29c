"""A comparison in the order in which it is read: the runs, their scores, who is better."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from vlmeval_cli.core.comparison import FIRST_SEED, ComparedRun, Comparison, Pair
from vlmeval_cli.core.metric import Output, Table
from vlmeval_cli.core.results import Score
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.reports.blocks import Block, Facts, Grid, Heading, Paragraph
from vlmeval_cli.reports.figures import UNKNOWN, View, figure
from vlmeval_cli.reports.group_grid import grid_width
from vlmeval_cli.reports.summary import side_table

_ASSIGNMENTS = re.compile(r"([0-9,]+) assignments")
_SPARED = ("can show", "effect", "change", "better / worse / same")  # first what is missed least
_FEW_RUNS = 4  # as columns; more are rows
_SMALLEST_P = 1e-4


def summarise_comparison(comparison: Comparison, view: View) -> list[Block]:
    """The blocks of a report on ``comparison``, without its warnings and notes."""
    blocks: list[Block] = [_facts(comparison)]
    if comparison.diagnosis:  # why a run is worse comes before how much
        lines = tuple(f"{d.pattern}: {d.meaning}; {d.advice}" for d in comparison.diagnosis)
        several = any(run.seeds is not None for run in comparison.runs)
        seed = f" ({FIRST_SEED})" if several else ""
        blocks.append(Paragraph(f"What stands out{seed}", lines))
    blocks.append(_matrix(comparison, view))
    blocks.extend(_differences(comparison, view))
    for name, table in comparison.tables.items():
        many = name == "outcomes" and len(comparison.runs) > _FEW_RUNS
        blocks.append(side_table(_outcomes_by_run(table) if many else table, view))
    return blocks


def _outcomes_by_run(table: Table) -> Table:
    """The table of outcomes, whose columns are two for each run, as a row for each run."""
    outcomes = [str(row[0]) for row in table.rows]
    columns = ("run", *(column for one in outcomes for column in (one, f"{one} (share)")))
    rows = [
        [name, *(cell for row in table.rows for cell in row[i : i + 2])]
        for i, name in enumerate(table.columns)
        if i % 2 == 1
    ]
    return Table(table.title, columns, rows)


def comparison_advice(comparison: Comparison) -> list[Block]:
    """Warnings and notes as blocks, for reports that hold both on one page."""
    blocks: list[Block] = []
    if comparison.warnings:
        lines = tuple(f"{one.message} ({one.code})" for one in comparison.warnings)
        blocks.append(Paragraph("Warnings", lines))
    if comparison.notes:
        blocks.append(Paragraph("Notes", tuple(comparison.notes)))
    return blocks


def _facts(comparison: Comparison) -> Facts:
    pairs = [("task", comparison.task)]
    for run in comparison.runs:
        paths = ", ".join(one.inputs[0].path for one in run.trained if one.inputs)
        role = _role(run, comparison)
        pairs.append((f"run {run.name}", f"{paths}{role}"))
    n = len(comparison.runs[0].result.items)
    pairs.append(("items", number_of(n, "shared item")))
    pairs += [(f"--{name}", told) for name, told in comparison.policy.items()]
    return Facts(tuple(pairs))


def _role(run: ComparedRun, comparison: Comparison) -> str:
    seeds = f", {len(run.trained)} seeds" if run.seeds is not None else ""
    if run.name == comparison.baseline:
        return f"{seeds} (baseline)"
    return f"{seeds} (full fine-tuning)" if run.name == comparison.full else seeds


def _matrix(comparison: Comparison, view: View) -> Grid:
    """Runs × outputs with intervals: outputs are rows where the runs are few."""
    runs, outputs = comparison.runs, [*comparison.runs[0].scores]
    title = f"Scores{_how(comparison)}"
    marked = outputs.index(comparison.primary) if comparison.primary in outputs else None
    if len(runs) <= _FEW_RUNS:
        columns = (
            Heading("metric", is_name=True),
            *(Heading(run.name, is_number=True) for run in runs),
            Heading("better"),
        )
        rows = tuple(
            (
                f"{name} (primary)" if name == comparison.primary else name,
                *(_cell(comparison, i, name, view, with_interval=True) for i in range(len(runs))),
                "higher" if runs[0].scores[name].output.higher_is_better else "lower",
            )
            for name in outputs
        )
        return Grid(title, columns, rows, marked)
    columns = (
        Heading("run", is_name=True),
        *(Heading(name + _arrow(runs[0].scores[name].output), is_number=True) for name in outputs),
    )
    rows = tuple(
        (
            run.name,
            *(
                _cell(comparison, i, name, view, with_interval=name == comparison.primary)
                for name in outputs
            ),
        )
        for i, run in enumerate(runs)
    )
    return Grid(title, columns, rows)


def _arrow(output: Output) -> str:
    return "" if output.higher_is_better else " (lower is better)"


def _cell(comparison: Comparison, i: int, name: str, view: View, *, with_interval: bool) -> str:
    """A score, its letters, and its interval or its spread over seeds."""
    run = comparison.runs[i]
    score = run.scores[name]
    parts = [figure(score.value, score.output, view)]
    if with_interval:
        parts += _uncertainty(run, score, name, view)
    if name in comparison.letters:
        parts.append(comparison.letters[name][i])
    return " ".join(parts)


def _uncertainty(run: ComparedRun, score: Score, name: str, view: View) -> list[str]:
    if run.seeds is not None:
        std = run.seeds.means[name][1]
        return [f"± {figure(std, score.output, view)}"] if std is not None else []
    if score.ci_low is None or score.ci_high is None:
        return []
    low, high = (figure(end, score.output, view) for end in (score.ci_low, score.ci_high))
    return [f"[{low}, {high}]"]


def _how(comparison: Comparison) -> str:
    options = comparison.options
    parts = []
    if options.get("resamples"):
        parts.append(f"{100 * options['confidence']:g}% intervals")
        if options.get("cluster_by"):
            parts.append(f"clustered by {options['cluster_by']}")
    if any(run.seeds is not None for run in comparison.runs):
        parts.append("± standard deviation over seeds")
    if comparison.letters:
        parts.append("runs that share a letter are not shown to differ")
    return f" ({'; '.join(parts)})" if parts else ""


def _differences(comparison: Comparison, view: View) -> Iterator[Block]:
    """A grid for each run that others are compared with, and how it was tested."""
    columns = (
        Heading("run", is_name=True),
        Heading("metric", is_name=True),
        Heading("points" if view.percent else "difference", is_number=True),
        Heading("interval", is_number=True),
        Heading("change", is_number=True),
        Heading("p", is_number=True),
        Heading("effect", is_number=True),
        Heading("better / worse / same", is_number=True),
        Heading("can show", is_number=True),
        Heading("verdict", is_name=True),
    )
    for against in dict.fromkeys(pair.against for pair in comparison.pairs):
        pairs = [pair for pair in comparison.pairs if pair.against == against]
        title = f"Differences to {against} (p: {_family(comparison)})"
        yield _fitted(Grid(title, columns, tuple(_row(pair, view) for pair in pairs)), view)
    if comparison.pairs:
        yield Paragraph("Tests", tuple(_tests(comparison)))


def _fitted(grid: Grid, view: View) -> Grid:
    """The differences without what a narrow terminal has no room for."""
    left_out = []
    for name in _SPARED:
        if view.width is None or grid_width(grid) <= view.width:
            break
        kept = [i for i, heading in enumerate(grid.columns) if heading.name != name]
        columns = tuple(grid.columns[i] for i in kept)
        rows = tuple(tuple(row[i] for i in kept) for row in grid.rows)
        grid = replace(grid, columns=columns, rows=rows)
        left_out.append(name)
    if not left_out:
        return grid
    return replace(grid, title=f"{grid.title}; {', '.join(left_out)}: in a wider terminal")


def _family(comparison: Comparison) -> str:
    family = comparison.family
    names = {"holm": "Holm", "bh": "Benjamini–Hochberg", "none": "not corrected"}
    return f"{names[family.correction]}, {number_of(family.n_tests, 'test')}"


def _tests(comparison: Comparison) -> Iterator[str]:
    """Each test with the outputs it was made for, and why something is unknown."""
    tests: dict[str, dict[str, None]] = {}
    effects: dict[str, None] = {}
    for pair in comparison.pairs:
        found = pair.found
        told = found.test or "not tested"
        told = told if found.reason is None else f"{told}: {found.reason}"
        tests.setdefault(told, {})[pair.output.name] = None
        if found.effect is not None:
            effects[found.effect_name] = None
    yield from _each_once(tests)
    if effects:
        yield f"effect: {', '.join(f'{_short(name)} {name}' for name in effects)}"
    yield "can show: the smallest difference that these items show with 80 % power in a single test"
    if any(pair.items_needed is not None for pair in comparison.pairs):
        yield "items that would tell: for the difference seen, with 80 % power after the correction"
    if comparison.options.get("margin") is None:
        yield "nothing is called equivalent without a margin (--margin)"


def _each_once(tests: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """A line for each test; exact ones over several numbers of assignments are one."""
    merged: dict[str, tuple[list[int], dict[str, None]]] = {}
    for told, outputs in tests.items():
        number = _ASSIGNMENTS.search(told)
        counts, names = merged.setdefault(_ASSIGNMENTS.sub("{}", told), ([], {}))
        counts += [int(number[1].replace(",", ""))] if number else []
        names |= dict.fromkeys(outputs)
    for told, (counts, names) in merged.items():
        low, high = min(counts, default=0), max(counts, default=0)
        span = "" if low == high else f"{low:,} to "
        shown = told.replace("{}", span + number_of(high, "assignment")) if counts else told
        yield f"{', '.join(names)}: {shown}"


def _short(effect_name: str) -> str:
    return "OR" if "odds" in effect_name else "d"


def _effect(pair: Pair) -> str:
    found = pair.found
    if found.effect is not None:
        return f"{_short(found.effect_name)} {found.effect:.2f}"
    only_wins = found.wins and not found.losses and _short(found.effect_name) == "OR"
    return "OR ∞" if only_wins else UNKNOWN


def _row(pair: Pair, view: View) -> tuple[str, ...]:
    found, output = pair.found, pair.output
    return (
        pair.run,
        output.name,
        signed(found.difference, output, view),
        _ends(pair, view),
        UNKNOWN if pair.relative is None else f"{pair.relative:+.1%}",
        p_text(pair.p_adjusted),
        _effect(pair),
        _counts(found.wins, found.losses, found.ties),
        figure(pair.smallest, output, view),
        pair.verdict + _needed(pair),
    )


def _ends(pair: Pair, view: View) -> str:
    low, high = pair.found.low, pair.found.high
    if low is None or high is None:
        return UNKNOWN
    return " to ".join(signed(end, pair.output, view) for end in (low, high))


def _needed(pair: Pair) -> str:
    return "" if pair.items_needed is None else f" ({pair.items_needed:,} items would tell)"


def _counts(wins: int | None, losses: int | None, ties: int | None) -> str:
    if wins is None or losses is None or ties is None:
        return UNKNOWN
    return f"{wins:,} / {losses:,} / {ties:,}"


def signed(value: float | None, output: Output, view: View) -> str:
    """A difference with its sign.

    >>> signed(0.0123, Output("bleu_4"), View()), signed(-0.0123, Output("bleu_4"), View(True))
    ('+0.0123', '-1.23')
    """
    if value is None:
        return UNKNOWN
    text = figure(value, output, view)
    return text if text.startswith("-") else f"+{text}"


def p_text(p: float | None) -> str:
    """A p-value in four decimals.

    >>> p_text(0.04138), p_text(0.00001), p_text(None)
    ('0.0414', '<0.0001', '-')
    """
    if p is None:
        return UNKNOWN
    return f"<{_SMALLEST_P:.4f}" if p < _SMALLEST_P else f"{p:.4f}"
