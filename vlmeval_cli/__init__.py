"""Score, compare and gate the recorded outputs of vision-language models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vlmeval_cli.api import compare, gate, perturb, power, score
    from vlmeval_cli.core.comparison import Comparison
    from vlmeval_cli.core.config import ComparePolicy, PairPolicy
    from vlmeval_cli.core.errors import VlmevalError
    from vlmeval_cli.core.gate import GateResult
    from vlmeval_cli.core.power import PowerPolicy, PowerResult
    from vlmeval_cli.core.results import RunResult

__version__ = "0.1.0"
__all__ = [
    "ComparePolicy",
    "Comparison",
    "GateResult",
    "PairPolicy",
    "PowerPolicy",
    "PowerResult",
    "RunResult",
    "VlmevalError",
    "__version__",
    "compare",
    "gate",
    "perturb",
    "power",
    "score",
]

_HOMES = {
    "compare": "vlmeval_cli.api",
    "gate": "vlmeval_cli.api",
    "perturb": "vlmeval_cli.api",
    "power": "vlmeval_cli.api",
    "score": "vlmeval_cli.api",
    "Comparison": "vlmeval_cli.core.comparison",
    "ComparePolicy": "vlmeval_cli.core.config",
    "GateResult": "vlmeval_cli.core.gate",
    "PairPolicy": "vlmeval_cli.core.config",
    "PowerPolicy": "vlmeval_cli.core.power",
    "PowerResult": "vlmeval_cli.core.power",
    "RunResult": "vlmeval_cli.core.results",
    "VlmevalError": "vlmeval_cli.core.errors",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  (a module attribute can be anything)
    """Load the public names when they are first used, so that ``--help`` needs no numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
