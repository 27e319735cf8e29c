"""``vlmeval score``: the options, and the road from them to the reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vlmeval_cli.cli.console import say, show, write_result
from vlmeval_cli.core.errors import OutputError

if TYPE_CHECKING:
    from vlmeval_cli.cli.outputs import Outputs
    from vlmeval_cli.core.results import RunResult
    from vlmeval_cli.reports.json_report import Provenance


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """Score predictions against references.

    Layout, fields and task are recognised and told; the options decide where they are not.
    One file that holds both sides is enough.

    Exit codes: 0 done, 2 wrong usage, 3 bad input data, 4 something is not installed,
    74 a report cannot be written.
    """

    predictions: Annotated[
        str, typer.Argument(metavar="PREDS", help="File with predictions; - reads stdin.")
    ]
    references: Annotated[
        str | None,
        typer.Argument(metavar="REFS", help="File with references, unless PREDS holds both."),
    ] = None
    task: Annotated[
        str | None,
        typer.Option(help="Task.", show_default="recognised"),
    ] = None
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metrics",
            "-m",
            metavar="NAME[:OPTION=VALUE]…",
            help="Metrics, comma-separated or repeated: bleu:variant=nltk,cider.",
            show_default="those of the task",
        ),
    ] = None
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="YAML file of choices."),
    ] = None
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Also score groups."),
    ] = None
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Only items with this value."),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Only the first so many items."),
    ] = None
    reference: Annotated[
        bool,
        typer.Option("--reference", help="Also run the original packages, and compare."),
    ] = False
    id_field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Id.", show_default="recognised"),
    ] = None
    prediction_field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Prediction.", show_default="recognised"),
    ] = None
    reference_field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="References.", show_default="recognised"),
    ] = None
    missing: Annotated[
        Literal["error", "worst", "skip"] | None,
        typer.Option(help="Items without a prediction.", show_default="error"),
    ] = None
    fix_ids: Annotated[
        bool | None,
        typer.Option(
            "--fix-ids/--no-fix-ids",
            help="Apply the repair of ids that matches more rows.",
            show_default="no-fix-ids",
        ),
    ] = None
    on_bad_row: Annotated[
        Literal["error", "skip"] | None,
        typer.Option(help="Malformed rows.", show_default="error"),
    ] = None
    cluster_by: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD|none",
            help="Field whose values are resampled together.",
            show_default="an image field that repeats",
        ),
    ] = None
    resamples: Annotated[
        int | None,
        typer.Option(
            min=0, help="Bootstrap resamples; 0 turns intervals off.", show_default="1000"
        ),
    ] = None
    confidence: Annotated[
        float | None,
        typer.Option(help="Coverage of the intervals.", show_default="0.95"),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Of the resampling.", show_default="12345"),
    ] = None
    output: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder for all reports at once."),
    ] = None
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="JSON report; - prints it alone."),
    ] = None
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Scores as CSV.")] = None
    samples: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Every item as JSONL."),
    ] = None
    markdown: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Report as Markdown."),
    ] = None
    percent: Annotated[
        bool | None,
        typer.Option(
            "--percent/--no-percent",
            help="Show fractions and CIDEr × 100; files keep their scale.",
            show_default="no-percent",
        ),
    ] = None
    worst: Annotated[
        int | None,
        typer.Option(min=1, help="List the so many lowest items."),
    ] = None
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="No progress, warnings or notes on stderr; reports keep them."
        ),
    ] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


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
    try:
        outputs.write_files(result, origin)
    except OutputError:  # an hour of scoring is not lost because a disk is full
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
