"""``vlmeval score``: the road from the options to the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmeval_cli.cli.console import say, show, write_result
from vlmeval_cli.core.errors import OutputError

if TYPE_CHECKING:
    from vlmeval_cli.cli.outputs import Outputs
    from vlmeval_cli.cli.score_options import ScoreOptions
    from vlmeval_cli.core.results import RunResult
    from vlmeval_cli.reports.json_report import Provenance


def score(options: ScoreOptions) -> None:
    """Score, write what was asked for, and print the table."""
    from vlmeval_cli import api
    from vlmeval_cli.cli.choices import choices
    from vlmeval_cli.cli.outputs import Outputs
    from vlmeval_cli.cli.progress import progress_bar
    from vlmeval_cli.cli.provenance import provenance

    config, wanted = choices(options)
    outputs = Outputs.of(options, wanted)
    outputs.check(inputs=(options.predictions, options.references, options.config))
    origin = provenance()
    with progress_bar(quiet=options.quiet) as progress:
        result = api.run_score(options.predictions, options.references, config, progress)
        progress.start("writing", None)
        try:
            outputs.write_files(result, origin)
        except OutputError:  # an hour of scoring is not lost because a disk is full
            progress.done()
            if not outputs.json_on_stdout:
                show(outputs.table(result), no_color=options.no_color)
            raise
    _print(result, outputs, origin, options)


def _print(result: RunResult, outputs: Outputs, origin: Provenance, options: ScoreOptions) -> None:
    if outputs.json_on_stdout:
        from vlmeval_cli.reports.json_report import json_report

        write_result(json_report(result, origin).decode("utf-8"))
    else:
        show(outputs.table(result), no_color=options.no_color)
    if not options.quiet:
        _tell_advice(result)


def _tell_advice(result: RunResult) -> None:
    for warning in result.warnings:
        say(f"warning: {warning.message}")
    for note in result.notes:
        say(f"note: {note}")
