"""What is looked at beside the scores of a run, where the user asks for it: gaps and slices."""

from __future__ import annotations

from dataclasses import replace

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import Findings, RunResult
from vlmeval_cli.runs.fairness import fairness
from vlmeval_cli.runs.grouping import Grouping
from vlmeval_cli.runs.slicing import slices_of_run


def with_studies(
    result: RunResult, groups: Grouping, config: RunConfig, progress: Progress
) -> RunResult:
    """The result with the gaps between its groups, and with its slices where they are wanted."""
    if config.by:
        progress.start("comparing groups", None)
    gaps = fairness(result, groups.families, config.statistics)
    result = _adding(result, gaps)
    if not config.slices:
        return result
    progress.start("looking for slices", None)
    return _adding(result, slices_of_run(result, config.statistics))


def _adding(result: RunResult, study: Findings) -> RunResult:
    return replace(
        result,
        tables={**result.tables, **study.tables},
        notes=(*result.notes, *study.notes),
    )
