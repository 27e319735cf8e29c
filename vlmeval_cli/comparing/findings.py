"""What is told of several runs before anyone has to look for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vlmeval_cli.comparing.changes import change_findings
from vlmeval_cli.comparing.ladder import ladder, ladder_tables
from vlmeval_cli.comparing.ladder_words import ladder_findings
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import Diagnosis, RunResult
from vlmeval_cli.runs.format_cost import format_costs
from vlmeval_cli.runs.lengths import length_table
from vlmeval_cli.stats.correction import Correction
from vlmeval_cli.tasks import task


class Findings(NamedTuple):
    """Tables of a comparison, and sentences about it, the weightiest first."""

    tables: dict[str, Table]
    diagnosis: tuple[Diagnosis, ...]


def findings(results: Mapping[str, RunResult], correction: Correction = "holm") -> Findings:
    """How often answers failed, what their format costs, how long they are, and what follows.

    Args:
        results: runs over the same items by name, the baseline first.
        correction: of the tests of failing outcomes.
    """
    steps = ladder(results, correction)
    tables = ladder_tables(results, steps)
    costs = format_costs(results)
    if costs is not None:
        tables["format_cost"] = costs
    words = length_table(results)
    if words is not None:
        tables["lengths"] = words
    first = next(iter(results.values()))
    told = (*ladder_findings(steps), *change_findings(task(first.task), results))
    return Findings(tables, told)
