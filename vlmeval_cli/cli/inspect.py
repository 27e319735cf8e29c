"""``vlmeval inspect``: what the tool sees in a file, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """Tell what a file holds, and why; of two files also how they join."""

    file: Annotated[str, typer.Argument(metavar="FILE", help="File to look into; - reads stdin.")]
    other: Annotated[
        str | None, typer.Argument(metavar="FILE", help="The other side of the pair.")
    ] = None
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


def inspect(options: InspectOptions) -> None:
    """Look and print."""
    raise NotImplementedError
