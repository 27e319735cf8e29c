"""``vlmeval verify`` and ``vlmeval diff``: does a report hold, and how do two differ?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vlmeval_cli.cli.console import say, show, write_result

if TYPE_CHECKING:
    from vlmeval_cli.core.report_parts import ReportDiff

DIFFERENT = 1


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """How a command shows two reports."""

    json: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="JSON report; - prints it alone.")
    ] = None
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


@dataclass(frozen=True, kw_only=True)
class VerifyOptions(_Shown):
    """Score a saved run again, and say whether it comes out equal.

    Inputs, choices and scores are those that the report records; what differs is named: an input
    that was changed, a part of the signature, a score. Scores of networks may differ by 1e-6.

    Exit codes: 0 equal, 1 something differs, 2 wrong usage or an input that is gone, 3 bad input
    data, 4 something is not installed.
    """

    report: Annotated[
        str, typer.Argument(metavar="REPORT", help="A report.json, or the folder that holds it.")
    ]
    inputs: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder with the inputs, and the folder of images.",
            show_default="as recorded",
        ),
    ] = None
    images: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of images, by id.", show_default="as recorded"),
    ] = None
    cache: Annotated[
        bool | None,
        typer.Option(
            "--cache/--no-cache",
            help="Read what networks computed for earlier runs.",
            show_default="as recorded",
        ),
    ] = None
    offline: Annotated[
        bool | None,
        typer.Option(
            "--offline/--no-offline",
            help="Fetch nothing: models must be on disk.",
            show_default="as recorded",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class DiffOptions(_Shown):
    """Show how two reports differ: inputs, signatures, scores, outcomes.

    Scores of networks may differ by 1e-6, all others must be equal. To say whether a difference
    means something: vlmeval compare.

    Exit codes: 0 they agree, 1 they differ, 2 wrong usage, 3 no report.
    """

    first: Annotated[str, typer.Argument(metavar="A", help="A report, or its folder.")]
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")]
    changed: Annotated[bool, typer.Option("--changed", help="Leave out scores that are equal.")] = (
        False
    )


def verify(options: VerifyOptions) -> None:
    """Score again, and print what differs."""
    from vlmeval_cli import api
    from vlmeval_cli.cli.progress import progress_bar

    _check_target(options.json)
    with progress_bar(quiet=options.quiet) as progress:
        found = api.verify(
            options.report,
            inputs=options.inputs,
            images=options.images,
            cache=options.cache,
            offline=options.offline,
            progress=progress,
        )
    _tell("verify", found, options, all_scores=True)


def diff(options: DiffOptions) -> None:
    """Print two reports beside each other."""
    from vlmeval_cli import api

    _check_target(options.json)
    found = api.diff(options.first, options.second)
    _tell("diff", found, options, all_scores=not options.changed)


def _check_target(path: str | None) -> None:
    if path not in (None, "-"):
        from pathlib import Path

        from vlmeval_cli.reports.atomic import check_writable

        check_writable(Path(str(path)))


def _tell(kind: str, found: ReportDiff, options: _Shown, *, all_scores: bool) -> None:
    from pathlib import Path

    from vlmeval_cli.cli.provenance import provenance
    from vlmeval_cli.reports.atomic import from_chunks, write_file
    from vlmeval_cli.reports.diff_report import diff_blocks, diff_json

    if options.json is not None:
        content = diff_json(kind, found, provenance())
        if options.json == "-":
            write_result(content.decode("utf-8"))
        else:
            write_file(Path(options.json), from_chunks([content]))
    if options.json != "-":
        show(diff_blocks(found, all_scores=all_scores), no_color=options.no_color)
    if not options.quiet:
        for note in found.notes if options.json == "-" else ():
            say(f"note: {note}")
    if not found.is_equal:
        raise typer.Exit(DIFFERENT)
