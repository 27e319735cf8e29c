"""The one door, for Python users and for the command line."""

from __future__ import annotations

from vlmeval_cli.api.comparing import compare, power, run_comparison, run_power
from vlmeval_cli.api.files import convert, how_read, inspect, perturb, perturb_with
from vlmeval_cli.api.judging import diff, gate, run_gate, verify
from vlmeval_cli.api.scoring import DEFAULTS, SILENT, run_score, score
from vlmeval_cli.core.keywords import RunKeywords, run_config

__all__ = [
    "DEFAULTS",
    "SILENT",
    "RunKeywords",
    "compare",
    "convert",
    "diff",
    "gate",
    "how_read",
    "inspect",
    "perturb",
    "perturb_with",
    "power",
    "run_comparison",
    "run_config",
    "run_gate",
    "run_power",
    "run_score",
    "score",
    "verify",
]
