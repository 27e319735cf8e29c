"""Default metrics that need a network: scored where it is on disk, else left out with a hint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric_spec import parse_metric_spec
from vlmeval_cli.registry import build
from vlmeval_cli.runs.availability import lacking


class Offered(NamedTuple):
    """Which of the metrics can be scored here, and what to do about the others."""

    metrics: tuple[str, ...]
    notes: tuple[str, ...]


def scorable(names: Sequence[str]) -> Offered:
    """The metrics whose libraries are installed and whose weights are on disk."""
    metrics: list[str] = []
    notes: list[str] = []
    for name in names:
        try:
            reason = lacking(build(parse_metric_spec(name)))
        except UsageError:  # a build without this metric
            continue
        if reason is None:
            metrics.append(name)
        else:
            notes.append(f"{name} is left out: {reason}")
    return Offered(tuple(metrics), tuple(notes))
