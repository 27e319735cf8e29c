"""``vlmeval download``: the weights of a model, before a run needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from vlmeval_cli.cli.console import say, write_result


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """Fetch a model from the Hugging Face hub, so that runs need no network.

    Only the files that are needed are fetched; one line says how large they are beforehand. The
    folder of the model is printed.

    Exit codes: 0 done, 4 it cannot be had.
    """

    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Name on the hub, such as roberta-large.")
    ]
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing: say whether it is on disk.")
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


def download(options: DownloadOptions) -> None:
    """Fetch the model unless it is on disk, and print its folder."""
    from vlmeval_cli.models.loading import DOWNLOAD, find

    def tell(line: str) -> None:
        if not options.quiet:
            say(line)

    path, source, is_fresh = find(
        options.model, DOWNLOAD, offline=options.offline, tell=tell, with_bars=not options.quiet
    )
    if not is_fresh:
        tell(f"{options.model} is on disk already ({source})")
    write_result(f"{path}\n")
