"""``vlmeval gate``: may this run ship? The exit code is the printed verdict."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vlmeval_cli.cli.console import say, write_result
from vlmeval_cli.cli.score_options import FileOptions, RunOptions
from vlmeval_cli.core.errors import VlmevalError

if TYPE_CHECKING:
    from vlmeval_cli.core.gate import GateConfig, GateResult
    from vlmeval_cli.reports.gate_bundle import GateBundle

FAILED = 1  # a rule fails the build; no error ends with this code


def _print_schema(wanted: bool) -> None:
    if wanted:
        from vlmeval_cli.resources.config_schema import schema_text

        write_result(schema_text())
        raise typer.Exit


@dataclass(frozen=True, kw_only=True)
class GateOptions(FileOptions, RunOptions):
    """Judge a run by the rules of a configuration file, for CI.

    Exit codes: 0 passed, 1 failed, as printed; and, never a verdict: 2 wrong usage or rules, 3 bad
    input data or a baseline that is not comparable, 4 something is not installed, 74 a report
    cannot be written.
    """

    predictions: Annotated[
        str, typer.Argument(metavar="PREDS", help="File with predictions; - reads stdin.")
    ]
    references: Annotated[
        str | None,
        typer.Argument(metavar="REFS", help="File with references, unless PREDS holds both."),
    ] = None
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|FILE",
            help="Saved report to hold the run against.",
            show_default="that of the configuration",
        ),
    ] = None
    junit: Annotated[str | None, typer.Option(metavar="FILE", help="Verdicts as JUnit XML.")] = None
    update_baseline: Annotated[
        bool,
        typer.Option("--update-baseline", help="Save this run as the baseline, if it passes."),
    ] = False
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Accept a baseline that is not comparable; save a baseline that fails.",
        ),
    ] = False
    config_schema: Annotated[
        bool,
        typer.Option(
            "--config-schema",
            help="Print the JSON Schema of configuration files, for editors.",
            callback=_print_schema,
            is_eager=True,
        ),
    ] = False


def gate(options: GateOptions) -> None:
    """Judge, and end with the verdict; an error is told where GitHub shows it."""
    try:
        result = _judge(options)
    except VlmevalError as error:
        if _on_github():
            from vlmeval_cli.reports.github import error_line

            say(error_line(f"{error.message}. {error.hint}"))
        raise
    if result.verdict == "failed":
        raise typer.Exit(FAILED)


def _judge(options: GateOptions) -> GateResult:
    """Score, judge, write what was asked for, and print the verdicts."""
    from vlmeval_cli import api
    from vlmeval_cli.cli.baseline_file import BaselineFile
    from vlmeval_cli.cli.choices import gate_choices
    from vlmeval_cli.cli.outputs import Outputs
    from vlmeval_cli.cli.progress import progress_bar
    from vlmeval_cli.cli.provenance import provenance
    from vlmeval_cli.cli.score import print_bundle, tell_advice, write_or_show
    from vlmeval_cli.reports.gate_bundle import GateBundle

    config, wanted, rules = gate_choices(options)
    rules = _with_baseline(rules, options)
    outputs = Outputs.of(options, wanted)
    outputs.check((options.predictions, options.references, options.config, rules.baseline))
    kept = BaselineFile.of(rules.baseline, wanted=options.update_baseline)
    origin = provenance()
    with progress_bar(quiet=options.quiet) as progress:
        result = api.run_gate(
            options.predictions, options.references, config, rules, progress,
            force=options.force, is_first=kept is not None and not kept.exists,
        )  # fmt: skip
        bundle = GateBundle(result, origin)
        write_or_show(bundle, outputs, options, progress)
    print_bundle(bundle, outputs, options)
    if not options.quiet:
        run = result.run
        tell_advice((*run.warnings, *result.warnings), (*run.notes, *result.notes))
    _tell_github(bundle)
    if kept is not None:
        say(kept.update(bundle, force=options.force))
    return result


def _with_baseline(rules: GateConfig, options: GateOptions) -> GateConfig:
    from dataclasses import replace

    return rules if options.baseline is None else replace(rules, baseline=options.baseline)


def _tell_github(bundle: GateBundle) -> None:
    """Marks and a summary, where GitHub Actions runs this."""
    if not _on_github():
        return
    from vlmeval_cli.reports.github import annotation_lines, append_summary

    for line in annotation_lines(bundle.result):
        say(line)  # both streams are read; stdout may hold one JSON document
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and not append_summary(summary, b"".join(bundle.content("markdown"))):
        say(f"warning: the step summary cannot be written: {summary}")


def _on_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
