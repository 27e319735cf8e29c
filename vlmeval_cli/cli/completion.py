"""Names that the shell completes."""

from __future__ import annotations


def metric_names(incomplete: str) -> list[str]:
    """Metrics, completing the last of a comma-separated list."""
    from vlmeval_cli.registry import metrics

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in metrics() if name.startswith(last)]


def task_names(incomplete: str) -> list[str]:
    """Tasks that can be scored."""
    from vlmeval_cli.tasks import NAMES

    return [name for name in NAMES if name.startswith(incomplete)]


def compat_names(incomplete: str) -> list[str]:
    """Tools whose numbers can be given, and the data sets they are told apart by."""
    from vlmeval_cli.tasks.compat import names

    return [name for name in names() if name.startswith(incomplete)]


def noise_names(incomplete: str) -> list[str]:
    """Kinds of noise, completing the last of a comma-separated list."""
    from vlmeval_cli.text.perturbations import KINDS

    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in KINDS if name.startswith(last)]
