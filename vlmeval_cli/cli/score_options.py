"""The options of ``vlmeval score``, and those that other commands share with it, as values.

No slots: classes that have some cannot be put together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from vlmeval_cli.cli.completion import compat_names, metric_names, task_names


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What is scored, and how: of every command that scores."""

    task: Annotated[
        str | None,
        typer.Option(help="Task.", show_default="recognised", autocompletion=task_names),
    ] = None
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metrics",
            "-m",
            metavar="NAME[:OPTION=VALUE]…",
            help="Metrics, comma-separated or repeated: bleu:variant=nltk,cider.",
            show_default="those of the task",
            autocompletion=metric_names,
        ),
    ] = None
    config: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="YAML file of choices."),
    ] = None
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD[,FIELD]…", help="Also score groups, and how far they lie apart."
        ),
    ] = None
    slices: Annotated[
        bool | None,
        typer.Option(
            "--slices/--no-slices",
            help="Find slices that score lower or higher.",
            show_default="no-slices",
        ),
    ] = None
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Only items with this value."),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Only the first so many items."),
    ] = None
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
    box_format: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Syntax and frame of boxes.", show_default="recognised"),
    ] = None
    schema: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="JSON Schema of documents.", show_default="inferred"),
    ] = None
    run_tests: Annotated[
        bool | None,
        typer.Option(
            "--run-tests/--no-run-tests",
            help="Run unit tests on predicted code, in a sandbox.",
            show_default="no-run-tests",
        ),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Model of recorded verdicts.", show_default="the file's first"
        ),
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
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"] | None,
        typer.Option(help="Where networks run.", show_default="auto"),
    ] = None
    dtype: Annotated[
        Literal["float32", "bf16", "fp16"] | None,
        typer.Option(help="What networks compute with.", show_default="float32"),
    ] = None
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1, help="Texts or images at a time.", show_default="as many as their lengths allow"
        ),
    ] = None
    cache: Annotated[
        bool | None,
        typer.Option(
            "--cache/--no-cache",
            help="Keep what networks computed for the next run.",
            show_default="cache",
        ),
    ] = None
    offline: Annotated[
        bool | None,
        typer.Option(
            "--offline/--no-offline",
            help="Fetch nothing: models must be on disk.",
            show_default="no-offline",
        ),
    ] = None
    images: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Folder of images, by id.", show_default="paths in the files"
        ),
    ] = None
    fetch_images: Annotated[
        bool | None,
        typer.Option(
            "--fetch-images/--no-fetch-images",
            help="Fetch images that are recorded as URLs.",
            show_default="no-fetch-images",
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Threads of the program behind spice.", show_default="every processor"
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ShowOptions:
    """How a command shows what it found."""

    percent: Annotated[
        bool | None,
        typer.Option(
            "--percent/--no-percent",
            help="Show fractions and CIDEr × 100; files keep their scale.",
            show_default="no-percent",
        ),
    ] = None
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="No progress, warnings or notes on stderr; reports keep them."
        ),
    ] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


@dataclass(frozen=True, kw_only=True)
class FileOptions(ShowOptions):
    """Which reports a command writes."""

    output: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder for all reports at once."),
    ] = None
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="JSON report; - prints it alone."),
    ] = None
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Scores as CSV.")] = None
    markdown: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Report as Markdown."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(FileOptions, RunOptions):
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
    reference: Annotated[
        bool,
        typer.Option("--reference", help="Also run the original packages, and compare."),
    ] = False
    compat: Annotated[
        str | None,
        typer.Option(
            metavar="TOOL[:DATA]",
            help="Give that tool's numbers: pycocoevalcap, vqa-official, lmms-eval, vlmevalkit, "
            "anls-rrc, torchmetrics, sacrebleu.",
            autocompletion=compat_names,
        ),
    ] = None
    explain_diff: Annotated[
        bool | None,
        typer.Option(
            "--explain-diff/--no-explain-diff",
            help="With --compat: items and rules that part it from our default.",
            show_default="no-explain-diff",
        ),
    ] = None
    spice_json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Output of the SPICE program for spice, joined by id."),
    ] = None
    explain: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Show the tuples of this item that SPICE compared."),
    ] = None
    samples: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Every item as JSONL."),
    ] = None
    worst: Annotated[
        int | None,
        typer.Option(min=1, help="List the so many lowest items."),
    ] = None
