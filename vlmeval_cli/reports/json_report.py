"""``report.json``, schema version 1. Its field names are a promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import NOT_FINITE, JoinReport, RunResult, Score, Signature
from vlmeval_cli.reports.json_bytes import json_bytes, known

SCHEMA_VERSION = 1
KINDS = ("score", "compare", "gate")
TOOL = "vlmeval"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a report comes from.

    Attributes:
        version: of this tool.
        created: when, with a time zone.
        command: the command line, as a shell would take it.
        files: the other files of the report folder, name → ``{"path", "sha256"}``.
    """

    version: str
    created: datetime
    command: str
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def json_report(result: RunResult, provenance: Provenance) -> bytes:
    """The whole report, scores in the metrics' own scale and full precision."""
    return json_bytes(report_value(result, provenance), indent=True) + b"\n"


def report_value(result: RunResult, provenance: Provenance) -> dict[str, Any]:
    """The report as plain values, in the order of the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "score",
        "tool": {"name": TOOL, "version": provenance.version},
        "created": provenance.created.isoformat(timespec="seconds"),
        "seed": result.statistics_options.get("seed"),
        "command": provenance.command,
        "task": result.task,
        "task_reason": result.task_reason,
        "inputs": [
            {"role": file.role, "path": file.path, "sha256": file.sha256, "rows": file.rows}
            for file in result.inputs
        ],
        "files": provenance.files,
        "fields": result.fields,
        "join": _join(result.join),
        "outcomes": result.outcomes,
        "metrics": {name: _score(name, score, result) for name, score in result.scores.items()},
        "primary": result.primary,
        "groups": [
            {
                "by": group.by,
                "n": group.n,
                "metrics": {name: _numbers(score) for name, score in group.scores.items()},
            }
            for group in result.groups
        ],
        "tables": tables_value(result.tables),
        "statistics": result.statistics_options,
        "diagnosis": [
            {"pattern": found.pattern, "meaning": found.meaning, "advice": found.advice}
            for found in result.diagnosis
        ],
        "warnings": [{"code": w.code, "message": w.message} for w in result.warnings],
        "notes": result.notes,
        "signature": _signature(result.signature),
    }


def tables_value(tables: Mapping[str, Table]) -> dict[str, Any]:
    """Tables as plain values, all their rows."""
    return {
        name: {"title": table.title, "columns": table.columns, "rows": _rows(table.rows)}
        for name, table in tables.items()
    }


def _join(join: JoinReport) -> dict[str, Any]:
    repair = join.repair
    return {
        "matched": join.matched,
        "missing": join.missing,
        "extra": join.extra,
        "duplicate": join.duplicate,
        "empty": join.empty,
        "no_reference": join.no_reference,
        "bad_rows": join.bad_rows,
        "examples": join.examples,
        "repair": None
        if repair is None
        else {
            "description": repair.description,
            "matched_more": repair.matched_more,
            "examples": repair.examples,
            "applied": repair.applied,
        },
        "policy": join.policy,
    }


def _score(name: str, score: Score, result: RunResult) -> dict[str, Any]:
    return {
        **_numbers(score),
        "higher_is_better": score.output.higher_is_better,
        "range": score.output.range,
        "unit": score.output.unit,
        "signature": _signature(score.signature),
        "item_scores": name in result.items.scores,
    }


def _numbers(score: Score) -> dict[str, Any]:
    """What differs between a score of all items and the same score of a group."""
    value = known(score.value)
    unknown = "unknown" if score.value is None else NOT_FINITE
    return {
        "value": value,
        "ci_low": known(score.ci_low),
        "ci_high": known(score.ci_high),
        "n": score.n,
        "skipped": score.skipped,
        "reason": (score.reason or unknown) if value is None else score.reason,
    }


def _signature(signature: Signature) -> dict[str, Any]:
    return {"comparable": signature.comparable, "recorded": signature.recorded}


def _rows(rows: Sequence[Sequence[str | float | int | None]]) -> list[list[Any]]:
    return [[known(cell) if isinstance(cell, float) else cell for cell in row] for row in rows]
