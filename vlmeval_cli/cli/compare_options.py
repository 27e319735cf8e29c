"""The options of ``vlmeval compare``, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from vlmeval_cli.cli.score_options import FileOptions, RunOptions


@dataclass(frozen=True, kw_only=True)
class CompareOptions(FileOptions, RunOptions):
    """Compare runs over the same items: scores, paired tests, verdicts.

    The first run is the baseline unless another is named. A run is a file of predictions, or a
    folder that score --output wrote; NAME=FILE,FILE is one run of several seeds; patterns and
    folders hold a run in each file.

    Exit codes: 0 done, 2 wrong usage, 3 runs that cannot be compared, 4 something is not
    installed, 74 a report cannot be written.
    """

    runs: Annotated[
        list[str],
        typer.Argument(metavar="[NAME=]PREDS…", help="Runs: base=base.jsonl lora=lora.jsonl."),
    ]
    refs: Annotated[
        str | None,
        typer.Option(metavar="REFS", help="File with references, unless each run holds them."),
    ] = None
    baseline: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Run to compare with.", show_default="the first"),
    ] = None
    full: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Full fine-tuning, compared with too.", show_default="full"
        ),
    ] = None
    intersect: Annotated[
        bool | None, typer.Option("--intersect", help="Leave out items that not all runs have.")
    ] = None
    force: Annotated[
        bool | None, typer.Option("--force", help="Compare runs that were not scored alike.")
    ] = None
    test: Annotated[
        Literal[
            "auto", "bootstrap", "randomization", "mcnemar", "sacrebleu_bs", "sacrebleu_ar", "comet"
        ]
        | None,
        typer.Option(help="Paired test.", show_default="auto: by metric"),
    ] = None
    trials: Annotated[
        int | None,
        typer.Option(min=0, help="Trials of randomisation tests.", show_default="10000"),
    ] = None
    correction: Annotated[
        Literal["holm", "bh", "none"] | None,
        typer.Option(help="For the number of tests.", show_default="holm"),
    ] = None
    margin: Annotated[
        float | None,
        typer.Option(
            help="Differences within it count as equivalent; in the metric's scale.",
            show_default="none: nothing is called equivalent",
        ),
    ] = None
    study: Annotated[
        Literal["auto", "tuning", "robustness"] | None,
        typer.Option(help="Tables beside the differences.", show_default="auto: tuning"),
    ] = None
    brittle_below: Annotated[
        float | None,
        typer.Option(help="Share of the clean score a brittle run keeps.", show_default="0.9"),
    ] = None
    moves: Annotated[
        int | None,
        typer.Option(min=0, help="Largest changes of items, each way.", show_default="5"),
    ] = None
    floors: Annotated[
        bool | None,
        typer.Option(
            "--floors/--no-floors",
            help="Also score people, chance and the most frequent answer.",
            show_default="floors",
        ),
    ] = None
