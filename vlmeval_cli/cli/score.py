"""``vlmeval score``: the road from the options to the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmeval_cli.cli.console import say, show, write_result
from vlmeval_cli.core.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vlmeval_cli.cli.outputs import Outputs
    from vlmeval_cli.cli.score_options import ScoreOptions, ShowOptions
    from vlmeval_cli.core.metric import Notice
    from vlmeval_cli.core.progress import Progress
    from vlmeval_cli.reports.bundle import Bundle


def score(options: ScoreOptions) -> None:
    """Score, write what was asked for, and print the table."""
    from vlmeval_cli import api
    from vlmeval_cli.cli.choices import choices
    from vlmeval_cli.cli.outputs import Outputs
    from vlmeval_cli.cli.progress import progress_bar
    from vlmeval_cli.cli.provenance import provenance
    from vlmeval_cli.reports.bundle import RunBundle
    from vlmeval_cli.reports.figures import View

    config, wanted = choices(options)
    outputs = Outputs.of(options, wanted)
    outputs.check(inputs=(options.predictions, options.references, options.config))
    origin = provenance()
    with progress_bar(quiet=options.quiet) as progress:
        result = api.run_score(options.predictions, options.references, config, progress)
        bundle = RunBundle(result, origin, View(worst=outputs.worst))
        write_or_show(bundle, outputs, options, progress)
    print_bundle(bundle, outputs, options)
    if not options.quiet:
        tell_advice(result.warnings, result.notes)


def write_or_show(
    bundle: Bundle, outputs: Outputs, options: ShowOptions, progress: Progress
) -> None:
    """Write the files; an hour of scoring is not lost because a disk is full."""
    progress.start("writing", None)
    try:
        outputs.write_files(bundle)
    except OutputError:
        progress.done()
        if not outputs.json_on_stdout:
            show(bundle.blocks(outputs.view), no_color=options.no_color)
        raise


def print_bundle(bundle: Bundle, outputs: Outputs, options: ShowOptions) -> None:
    """Write the result to stdout: the one JSON document, or tables."""
    if outputs.json_on_stdout:
        write_result(b"".join(bundle.content("json")).decode("utf-8"))
    else:
        show(bundle.blocks(outputs.view), no_color=options.no_color)


def tell_advice(warnings: Sequence[Notice], notes: Sequence[str]) -> None:
    """Say what the user should know on stderr."""
    for warning in warnings:
        say(f"warning: {warning.message}")
    for note in notes:
        say(f"note: {note}")
