"""``report.json`` of a comparison, schema version 1. Its field names are a promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vlmeval_cli.core.comparison import ComparedRun, Comparison, Pair
from vlmeval_cli.reports.json_bytes import json_bytes, known
from vlmeval_cli.reports.json_report import (
    SCHEMA_VERSION,
    TOOL,
    Provenance,
    report_value,
    tables_value,
)


def comparison_json(comparison: Comparison, provenance: Provenance) -> bytes:
    """The whole report, in the metrics' own scale and full precision."""
    return json_bytes(comparison_value(comparison, provenance), indent=True) + b"\n"


def comparison_value(comparison: Comparison, provenance: Provenance) -> dict[str, Any]:
    """The report as plain values, in the order of the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "compare",
        "tool": {"name": TOOL, "version": provenance.version},
        "created": provenance.created.isoformat(timespec="seconds"),
        "seed": comparison.options.get("seed"),
        "command": provenance.command,
        "task": comparison.task,
        "files": provenance.files,
        "baseline": comparison.baseline,
        "full": comparison.full,
        "primary": comparison.primary,
        "policy": comparison.policy,
        "pairs": [pair_value(pair) for pair in comparison.pairs],
        "families": {
            "correction": comparison.family.correction,
            "n_tests": comparison.family.n_tests,
        },
        "letters": comparison.letters,
        "statistics": comparison.options,
        "tables": tables_value(comparison.tables),
        "diagnosis": [
            {"pattern": found.pattern, "meaning": found.meaning, "advice": found.advice}
            for found in comparison.diagnosis
        ],
        "warnings": [{"code": w.code, "message": w.message} for w in comparison.warnings],
        "notes": comparison.notes,
        "runs": {run.name: _run(run, provenance) for run in comparison.runs},
    }


def pair_value(pair: Pair) -> dict[str, Any]:
    """One difference as plain values."""
    found = pair.found
    return {
        "run": pair.run,
        "against": pair.against,
        "metric": pair.output.name,
        "value": known(found.value),
        "against_value": known(found.against),
        "difference": known(found.difference),
        "ci_low": known(found.low),
        "ci_high": known(found.high),
        "relative": known(pair.relative),
        "standard_error": known(found.standard_error),
        "p_value": known(found.p_value),
        "p_adjusted": known(pair.p_adjusted),
        "test": found.test,
        "effect": known(found.effect),
        "effect_name": found.effect_name,
        "n": found.n,
        "dropped": found.dropped,
        "wins": found.wins,
        "losses": found.losses,
        "ties": found.ties,
        "verdict": pair.verdict,
        "smallest_difference": known(pair.smallest),
        "items_needed": pair.items_needed,
        "reason": found.reason,
        "details": found.details,
    }


def _run(run: ComparedRun, provenance: Provenance) -> Mapping[str, Any]:
    own = replace(provenance, files={})
    report = report_value(replace(run.result, scores=run.scores), own)
    if run.seeds is None:
        return report
    return report | {
        "seeds": {
            "inputs": [
                [{"role": one.role, "path": one.path, "sha256": one.sha256} for one in own.inputs]
                for own in run.trained
            ],
            "scores": run.seeds.points,
            "mean_std": run.seeds.means,
        }
    }
