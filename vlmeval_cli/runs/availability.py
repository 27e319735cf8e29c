"""Whether a metric can be scored on this machine, and what to do where it cannot.

Nothing is fetched for a metric that nobody asked for, and no library of networks is imported here.
"""

from __future__ import annotations

from typing import Any

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.metric import Metric
from vlmeval_cli.core.optional import has_extra, install_line
from vlmeval_cli.models.loading import is_on_disk

NETWORKS = "neural"


def lacking(metric: Metric[Any]) -> str | None:
    """What is missing here, and the command that brings it; None where nothing is.

    The sentence goes on after a name and a colon.
    """
    extra = metric.info.extra
    if metric.info.name in ready():  # then its tables need nothing any more
        return None
    if extra is not None and not has_extra(extra):
        return f"it needs {install_line(extra)}"
    if metric.info.name == "spice":
        return _lacking_for_spice()
    model = metric.options().get("model")
    if extra == NETWORKS and not is_on_disk(str(model)):
        return f"its model {model} is not on disk; to have it scored: vlmeval download {model}"
    return None


def is_recorded(name: str, models: ModelPolicy) -> bool:
    """Whether the results of the metric called ``name`` are given, so that it needs nothing."""
    return name == "spice" and models.spice_json is not None


def _lacking_for_spice() -> str | None:
    """Whether SPICE's program, its parts and a Java are here; the Java is not started."""
    from vlmeval_cli.scenes.official.java_home import java_path
    from vlmeval_cli.scenes.official.program import find_program

    try:
        find_program()
        java_path()
    except VlmevalError as error:
        return f"{error.message}. {error.hint}"
    return None


def ready() -> frozenset[str]:
    """Metrics whose tables are compiled on this machine."""
    from vlmeval_cli.resources.meteor_index import is_built

    return frozenset({"meteor_1_5"}) if is_built() else frozenset()
