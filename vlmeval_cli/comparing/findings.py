"""What is told of several runs before anyone has to look for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from vlmeval_cli.comparing.changes import change_findings
from vlmeval_cli.comparing.ladder import ladder, ladder_tables
from vlmeval_cli.comparing.ladder_words import ladder_findings
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import Diagnosis, RunResult
from vlmeval_cli.reports.json_bytes import json_bytes
from vlmeval_cli.runs.format_cost import format_costs
from vlmeval_cli.runs.lengths import length_table
from vlmeval_cli.stats.correction import Correction
from vlmeval_cli.tasks import task

_FEW: Final = 20  # items; on fewer, two models may well agree


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
    told = (
        *same_answers(results),
        *ladder_findings(steps),
        *change_findings(task(first.task), results),
    )
    return Findings(tables, told)


def same_answers(results: Mapping[str, RunResult]) -> Iterator[Diagnosis]:
    """Runs whose answers are those of another run, word by word: seldom what was meant."""
    seen: dict[bytes, str] = {}
    for name, result in results.items():
        if len(result.items) < _FEW:
            continue
        said = [
            given if raw is None else raw
            for given, raw in zip(result.items.predictions, result.items.raw, strict=True)
        ]
        other = seen.setdefault(json_bytes([result.items.ids, said]), name)
        if other != name:
            yield Diagnosis(
                f"{name} gives the same answers as {other} on all {len(said):,} items",
                "no score can tell them apart",
                "see whether the right file was named, and whether the adapter was loaded (or the "
                "noise applied) when the answers were made",
            )
