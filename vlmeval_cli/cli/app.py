"""The commands and their help. Their work is imported when it is asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from vlmeval_cli import __version__
from vlmeval_cli.cli.compare import compare
from vlmeval_cli.cli.compare_options import CompareOptions
from vlmeval_cli.cli.console import write_result
from vlmeval_cli.cli.convert import ConvertOptions, convert
from vlmeval_cli.cli.doctor import DoctorOptions, doctor
from vlmeval_cli.cli.download import DownloadOptions, download
from vlmeval_cli.cli.gate import GateOptions, gate
from vlmeval_cli.cli.inspect import InspectOptions, inspect
from vlmeval_cli.cli.metrics import MetricsOptions, metrics
from vlmeval_cli.cli.options import taking
from vlmeval_cli.cli.perturb import PerturbOptions, perturb
from vlmeval_cli.cli.power import PowerOptions, power
from vlmeval_cli.cli.score import score
from vlmeval_cli.cli.score_options import ScoreOptions
from vlmeval_cli.cli.verify import DiffOptions, VerifyOptions, diff, verify


def make_app() -> typer.Typer:
    """All commands.

    Help is plain text: Rich panels would take longer than everything else that a short command
    does, and bring escape sequences to pipes under GITHUB_ACTIONS.
    """
    app = typer.Typer(
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["--help", "-h"]},
        no_args_is_help=True,
    )
    app.callback()(_program)
    app.command("score")(taking(ScoreOptions, score))
    app.command("compare")(taking(CompareOptions, compare))
    app.command("power")(taking(PowerOptions, power))
    app.command("gate")(taking(GateOptions, gate))
    app.command("verify")(taking(VerifyOptions, verify))
    app.command("diff")(taking(DiffOptions, diff))
    app.command("metrics")(taking(MetricsOptions, metrics))
    app.command("inspect")(taking(InspectOptions, inspect))
    app.command("convert")(taking(ConvertOptions, convert))
    app.command("perturb")(taking(PerturbOptions, perturb))
    app.command("download")(taking(DownloadOptions, download))
    app.command("doctor")(taking(DoctorOptions, doctor))
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        write_result(f"vlmeval {__version__}\n")
        raise typer.Exit


def _program(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version)
    ] = False,
) -> None:
    """Score the recorded outputs of vision-language models, from two files.

    vlmeval score preds.jsonl refs.jsonl
    vlmeval compare base=base.jsonl lora=lora.jsonl --refs refs.jsonl
    """
