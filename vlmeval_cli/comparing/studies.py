"""What is told beside the differences: seeds, gains and losses of tuning, floors and ceilings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vlmeval_cli.comparing.findings import findings
from vlmeval_cli.comparing.floors import floors_table
from vlmeval_cli.comparing.robustness import brittle_notice, robustness_tables
from vlmeval_cli.comparing.slices import with_slices
from vlmeval_cli.comparing.tuning import tuning_tables
from vlmeval_cli.core.comparison import FIRST_SEED, Comparison
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.progress import Progress

_OF_ITEMS = frozenset(
    {"outcomes", "failures", "format_cost", "lengths", "forgetting", "only", "moves"}
)

if TYPE_CHECKING:
    from vlmeval_cli.comparing.loading import LoadedRuns
    from vlmeval_cli.comparing.request import Request


def studied(
    comparison: Comparison, request: Request, loaded: LoadedRuns, progress: Progress
) -> Comparison:
    """The comparison with the tables that its study has.

    Args:
        comparison: with its pairs.
        request: what was asked for.
        loaded: the runs, with the items of one that was scored here.
        progress: told of every phase.
    """
    policy = request.policy
    found = findings(
        {run.name: run.result for run in comparison.runs}, comparison.family.correction
    )
    comparison = replace(comparison, diagnosis=[*comparison.diagnosis, *found.diagnosis])
    if request.config.slices:
        progress.start("looking for slices", None)
        comparison = with_slices(comparison, request.config.statistics)
    tables = {**found.tables, **comparison.tables, **seeds_table(comparison)}
    if policy.study == "robustness":
        statistics = request.config.statistics
        tables |= robustness_tables(comparison, statistics, policy.brittle_below)
        notice = brittle_notice(tables, policy.brittle_below)
        warnings = [*comparison.warnings, *([notice] if notice else [])]
        tables = _told_of_first_seeds(comparison, tables)
        return replace(comparison, tables=tables, warnings=warnings)
    if policy.floors and loaded.items is not None:
        progress.start("scoring people and chance", None)
        outputs = [*comparison.runs[0].scores]
        tables |= floors_table(loaded.items, outputs, request.config, loaded.workshop)
    tables |= tuning_tables(comparison, policy.moves)
    return replace(comparison, tables=_told_of_first_seeds(comparison, tables))


def _told_of_first_seeds(comparison: Comparison, tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables; those of single items say that they are of the first seed where several are."""
    if all(run.seeds is None for run in comparison.runs):
        return dict(tables)
    return {
        name: replace(table, title=f"{table.title}; {FIRST_SEED}") if name in _OF_ITEMS else table
        for name, table in tables.items()
    }


def seeds_table(comparison: Comparison) -> dict[str, Table]:
    """Mean and standard deviation over seeds of the runs that have several."""
    rows = [
        [run.name, name, len(run.trained), *run.seeds.means[name], *run.seeds.points[name]]
        for run in comparison.runs
        if run.seeds is not None
        for name in run.scores
    ]
    most = max((len(run.trained) for run in comparison.runs), default=1)
    padded = [[*row, *[None] * (5 + most - len(row))] for row in rows]
    columns = ("run", "output", "seeds", "mean", "std", *(f"seed {i + 1}" for i in range(most)))
    title = "Scores over seeds (std: sample standard deviation, noise of training)"
    return {"seeds": Table(title, columns, padded)} if rows else {}
