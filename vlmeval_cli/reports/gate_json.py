"""The JSON report of a gate: its rules, and the report of the run inside."""

from __future__ import annotations

from typing import Any

from vlmeval_cli.core.gate import GateBaseline, GateResult, RuleResult
from vlmeval_cli.reports.json_bytes import json_bytes, known
from vlmeval_cli.reports.json_report import SCHEMA_VERSION, TOOL, Provenance, report_value


def gate_json(result: GateResult, provenance: Provenance) -> bytes:
    """The whole gate, numbers in their own scale and full precision."""
    return json_bytes(gate_value(result, provenance), indent=True) + b"\n"


def gate_value(result: GateResult, provenance: Provenance) -> dict[str, Any]:
    """The gate as plain values, in the order of the schema."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "gate",
        "tool": {"name": TOOL, "version": provenance.version},
        "created": provenance.created.isoformat(timespec="seconds"),
        "command": provenance.command,
        "verdict": result.verdict,
        "fail_on": result.fail_on,
        "rules": [_rule(one) for one in result.rules],
        "baseline": None if result.baseline is None else _baseline(result.baseline),
        "family": {
            "correction": result.family.correction,
            "n_tests": result.family.n_tests,
            "alpha": result.alpha,
        },
        "newly_wrong": [
            {
                "id": one.id,
                "outcome": one.outcome,
                "prediction": one.prediction,
                "before": one.before,
            }
            for one in result.newly_wrong
        ],
        "warnings": [{"code": one.code, "message": one.message} for one in result.warnings],
        "notes": result.notes,
        "report": report_value(result.run, provenance),
    }


def _rule(one: RuleResult) -> dict[str, Any]:
    return {
        "rule": one.words,
        "place": one.rule.place,
        "metric": one.rule.metric,
        "check": one.rule.check,
        "by": one.by,
        "verdict": one.verdict,
        "value": known(one.value),
        "bound": known(one.bound),
        "baseline": known(one.baseline),
        "change": known(one.change),
        "ci_low": known(one.change_low),
        "ci_high": known(one.change_high),
        "p_value": known(one.p_value),
        "p_adjusted": known(one.p_adjusted),
        "test": one.test or None,
        "n": one.n,
        "n_needed": one.n_needed,
        "reason": one.reason or None,
        "ids": one.ids,
        "fails_build": one.fails_build,
    }


def _baseline(baseline: GateBaseline) -> dict[str, Any]:
    return {
        "path": baseline.path,
        "created": baseline.created,
        "version": baseline.version,
        "bare": baseline.bare,
        "unequal": baseline.unequal,
    }
