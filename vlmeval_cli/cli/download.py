"""``vlmeval download``: what a run needs beside vlmeval, before the run needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vlmeval_cli.cli.console import say, write_result
from vlmeval_cli.core.errors import ModelError, UsageError

_USER = "vlmeval download"


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """Fetch what a metric runs with, so that runs need no network.

    NAME is "spice", for the parts of Stanford CoreNLP that SPICE runs with; "meteor", for the
    tables of METEOR 1.5, compiled from the installed pycocoevalcap; or a model on the Hugging Face
    hub. Only what is needed is fetched; one line says how large it is beforehand. Its place on disk
    is printed.

    Exit codes: 0 done, 4 it cannot be had, 74 it cannot be written.
    """

    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="spice, meteor, or a name on the hub like roberta-large."
        ),
    ]
    origin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="URL|DIR",
            help="Of spice: a folder with its two jars, or a repository in Maven layout.",
        ),
    ] = None
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing: say whether it is on disk.")
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


def download(options: DownloadOptions) -> None:
    """Fetch what is named unless it is on disk, and print its folder."""
    action = _ACTIONS.get(options.name, _model)
    write_result(f"{action(options)}\n")


def _model(options: DownloadOptions) -> Path:
    """A model of the hub."""
    from vlmeval_cli.models.loading import find

    _refuse_origin(options, "models come from the hub")
    path, source, is_fresh = find(
        options.name,
        _USER,
        offline=options.offline,
        tell=lambda line: _tell(options, line),
        with_bars=not options.quiet,
    )
    if not is_fresh:
        _tell(options, f"{options.name} is on disk already ({source})")
    return path


def _spice(options: DownloadOptions) -> Path:
    """The parts of Stanford CoreNLP that SPICE runs with."""
    from vlmeval_cli.cli.progress import progress_bar
    from vlmeval_cli.scenes.official.install import obtain

    with progress_bar(quiet=options.quiet) as progress:
        return obtain(options.origin, progress, offline=options.offline)


def _meteor(options: DownloadOptions) -> Path:
    """The tables of METEOR 1.5, compiled; they come with pycocoevalcap."""
    from vlmeval_cli.cli.progress import progress_bar
    from vlmeval_cli.resources.meteor_index import ensure_index, index_path, why_not_built

    _refuse_origin(options, "METEOR's tables come with pycocoevalcap")
    reason = why_not_built()
    if reason is None:
        _tell(options, "METEOR's tables are compiled already")
    elif options.offline:
        raise ModelError(
            f"{index_path()}: no index of meteor_1_5: {reason}",
            hint="Run: vlmeval download meteor (it needs pycocoevalcap, and no network)",
        )
    with progress_bar(quiet=options.quiet) as progress:
        ensure_index(progress)
    return index_path()


def _refuse_origin(options: DownloadOptions, reason: str) -> None:
    if options.origin is not None:
        raise UsageError(f"--from is for spice; {reason}")


def _tell(options: DownloadOptions, line: str) -> None:
    if not options.quiet:
        say(line)


# What has a name of its own; every other name is a model's.
_ACTIONS: dict[str, Callable[[DownloadOptions], Path]] = {
    "spice": _spice,
    "meteor": _meteor,
}
