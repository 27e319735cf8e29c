"""Slices in which the change against the baseline differs from that of all other items."""

from __future__ import annotations

from dataclasses import replace

from vlmeval_cli.core.comparison import Comparison
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.results import Findings
from vlmeval_cli.runs.slicing import slices_of_change


def slice_findings(comparison: Comparison, policy: StatisticsPolicy) -> Findings:
    """A table of slices for every run but the baseline.

    Args:
        comparison: of runs that were scored with the columns they can be sliced by.
        policy: its confidence and seed are used.
    """
    base, *others = comparison.runs
    tables, notes = {}, []
    for run in others:
        found = slices_of_change(run.result, base.result, (run.name, base.name), policy)
        for name, table in found.tables.items():
            tables[name if len(others) == 1 else f"{name} {run.name}"] = table
        notes += [f"{run.name}: {note}" for note in found.notes]
    return Findings(tables, tuple(notes))


def with_slices(comparison: Comparison, policy: StatisticsPolicy) -> Comparison:
    """The comparison with its slices."""
    found = slice_findings(comparison, policy)
    return replace(
        comparison,
        tables={**comparison.tables, **found.tables},
        notes=[*comparison.notes, *found.notes],
    )
