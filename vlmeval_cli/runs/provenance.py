"""Where a result comes from: the signature of a run."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from typing import Any

from vlmeval_cli import __version__
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.config_record import recorded
from vlmeval_cli.core.results import Signature
from vlmeval_cli.core.signature import of_items
from vlmeval_cli.runs.gathering import Gathered

_NUMBER_CRUNCHERS = ("numpy", "rapidfuzz")


def run_signature(
    comparable: Mapping[str, Any],
    gathered: Gathered,
    config: RunConfig,
    inferred: Mapping[str, Any],
) -> Signature:
    """The comparable part with the references and the join policy; versions as recorded part.

    What was inferred from the predictions is recorded too: a model and its fine-tuned version may
    speak different box formats. So are the choices of the user, by which it can be scored again.
    """
    dataset = gathered.dataset
    return Signature(
        comparable={
            **comparable,
            "references": of_items(dataset.ids, dataset.references),
            "join": dict(gathered.report.policy),
        },
        recorded={
            "vlmeval": __version__,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "fields": dict(gathered.fields),
            "choices": recorded(config),
            **({"inferred": dict(inferred)} if inferred else {}),
            **{
                name: sys.modules[name].__version__
                for name in _NUMBER_CRUNCHERS
                if name in sys.modules
            },
        },
    )
