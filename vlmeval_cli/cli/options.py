"""Options of a command as one value: a frozen dataclass whose fields Typer reads.

A field is declared as Typer wants a parameter, ``Annotated[type, typer.Option(...)] = default``.
The command itself takes the dataclass, not thirty parameters.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

OptionsT = TypeVar("OptionsT")


def taking(options: type[OptionsT], command: Callable[[OptionsT], None]) -> Callable[..., None]:
    """``command`` as a function of the fields of ``options``, for Typer.

    The help text is the docstring of ``options``.
    """

    def call(**values: Any) -> None:  # noqa: ANN401  (Typer checked them)
        command(options(**values))

    hints = get_type_hints(options, include_extras=True)
    parameters = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(options).parameters.items()
    ]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions have it
    call.__annotations__ = hints
    call.__doc__ = options.__doc__
    return call
