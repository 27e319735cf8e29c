"""Default metrics that need a network: scored where it is on disk, otherwise left out with a hint.

Nothing is fetched for a metric that nobody asked for, and no library of networks is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric_spec import parse_metric_spec
from vlmeval_cli.core.optional import has_extra, install_line
from vlmeval_cli.models.loading import is_on_disk
from vlmeval_cli.registry import build

EXTRA = "neural"


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
            model = str(build(parse_metric_spec(name)).options().get("model"))
        except UsageError:  # a build without this metric
            continue
        hint = _hint(name, model)
        if hint is None:
            metrics.append(name)
        else:
            notes.append(hint)
    return Offered(tuple(metrics), tuple(notes))


def _hint(name: str, model: str) -> str | None:
    """What to do to have the metric scored; None where it can be."""
    if not has_extra(EXTRA):
        return f"{name} is left out: it needs {install_line(EXTRA)}"
    if not is_on_disk(model):
        return (
            f"{name} is left out: its model {model} is not on disk; to have it scored: vlmeval "
            f"download {model}"
        )
    return None
