"""``vlmeval power``: what a data set can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vlmeval_cli.cli.console import say, show, write_result
from vlmeval_cli.cli.score_options import RunOptions, ShowOptions
from vlmeval_cli.core.errors import UsageError, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from vlmeval_cli.core.power import PowerResult

_STDOUT = "-"


@dataclass(frozen=True, kw_only=True)
class PowerOptions(ShowOptions, RunOptions):
    """Tell the smallest difference that these items can show, and how many items it would take.

    Of two runs (--against) the spread of their difference is measured. Of one run it is expected,
    with an assumption on how the other run will correlate with it.

    Exit codes: 0 done, 2 wrong usage, 3 bad input data, 4 something is not installed.
    """

    predictions: Annotated[
        str, typer.Argument(metavar="PREDS", help="File with predictions, or a saved report.")
    ]
    references: Annotated[
        str | None,
        typer.Argument(metavar="REFS", help="File with references, unless PREDS holds both."),
    ] = None
    against: Annotated[
        str | None,
        typer.Option(metavar="PREDS", help="Another run on the same items."),
    ] = None
    power: Annotated[
        float, typer.Option(help="Probability of finding a difference that is there.")
    ] = 0.8
    alpha: Annotated[
        float | None,
        typer.Option(help="Level of the two-sided test.", show_default="1 - confidence"),
    ] = None
    difference: Annotated[
        float | None,
        typer.Option(
            help="Difference to find, in the metric's own scale: 0.01 is a point of a fraction.",
            show_default="that of the two runs",
        ),
    ] = None
    correlation: Annotated[
        float | None,
        typer.Option(
            help="Of the scores of this run and one that is not there yet.", show_default="0.5"
        ),
    ] = None
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="JSON report; - prints it alone."),
    ] = None


def power(options: PowerOptions) -> None:
    """Score, compute and print."""
    from vlmeval_cli import api
    from vlmeval_cli.cli.choices import choices
    from vlmeval_cli.cli.progress import progress_bar
    from vlmeval_cli.core.power import PowerPolicy

    target = _target(options)
    config, _ = choices(options)
    policy = PowerPolicy(options.power, options.alpha, options.difference, options.correlation)
    with progress_bar(quiet=options.quiet) as progress:
        paths = [options.predictions, *([options.against] if options.against else [])]
        result = api.run_power(paths, options.references, config, policy, progress)
    _print(result, target, options)


def _target(options: PowerOptions) -> Path | None:
    """The file to write, if it may be written."""
    from pathlib import Path

    from vlmeval_cli.reports.atomic import check_writable

    if options.json is None or options.json == _STDOUT:
        return None
    target = Path(options.json)
    inputs = (options.predictions, options.references, options.against)
    if any(path is not None and Path(path).resolve() == target.resolve() for path in inputs):
        raise UsageError(
            f"json {quoted(options.json)} would overwrite an input", hint="Name another file."
        )
    check_writable(target)
    return target


def _print(result: PowerResult, target: Path | None, options: PowerOptions) -> None:
    from vlmeval_cli.cli.provenance import provenance
    from vlmeval_cli.reports.atomic import from_chunks, write_file
    from vlmeval_cli.reports.figures import View
    from vlmeval_cli.reports.power_report import power_blocks, power_json

    if options.json == _STDOUT:
        write_result(power_json(result, provenance()).decode("utf-8"))
    else:
        if target is not None:
            write_file(target, from_chunks([power_json(result, provenance())]))
        show(power_blocks(result, View(bool(options.percent))), no_color=options.no_color)
    if not options.quiet:
        for warning in result.warnings:
            say(f"warning: {warning.message}")
