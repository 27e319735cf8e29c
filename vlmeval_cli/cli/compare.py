"""``vlmeval compare``: which of several runs is better, and is that certain?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vlmeval_cli.cli.score_options import FileOptions, RunOptions

if TYPE_CHECKING:
    from vlmeval_cli.core.config import ComparePolicy, PairPolicy


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
        bool, typer.Option("--intersect", help="Leave out items that not all runs have.")
    ] = False
    force: Annotated[
        bool, typer.Option("--force", help="Compare runs that were not scored alike.")
    ] = False
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


def compare(options: CompareOptions) -> None:
    """Compare, write what was asked for, and print the tables."""
    from vlmeval_cli import api
    from vlmeval_cli.cli.choices import choices
    from vlmeval_cli.cli.outputs import Outputs
    from vlmeval_cli.cli.progress import progress_bar
    from vlmeval_cli.cli.provenance import provenance
    from vlmeval_cli.cli.score import print_bundle, tell_advice, write_or_show
    from vlmeval_cli.comparing.compare import Request
    from vlmeval_cli.comparing.naming import named_runs
    from vlmeval_cli.reports.bundle import ComparisonBundle

    config, wanted = choices(options)
    runs = named_runs(options.runs, options.refs)
    outputs = Outputs.of(options, wanted)
    paths = [path for run in runs for path in run.paths]
    outputs.check(inputs=(*paths, options.refs, options.config))
    origin = provenance()
    request = Request(runs, options.refs, config, *_policies(options))
    with progress_bar(quiet=options.quiet) as progress:
        comparison = api.run_comparison(request, progress)
        bundle = ComparisonBundle(comparison, origin)
        write_or_show(bundle, outputs, options, progress)
    print_bundle(bundle, outputs, options)
    if not options.quiet:
        tell_advice(comparison.warnings, comparison.notes)


def _policies(options: CompareOptions) -> tuple[ComparePolicy, PairPolicy]:
    """What the command line says; the defaults for the rest."""
    from dataclasses import fields, replace

    from vlmeval_cli.core.config import ComparePolicy, PairPolicy

    def stated(kind: type[ComparePolicy] | type[PairPolicy]) -> dict[str, object]:
        given = {one.name: getattr(options, one.name, None) for one in fields(kind)}
        return {name: value for name, value in given.items() if value is not None}

    return (
        replace(ComparePolicy(), **stated(ComparePolicy)),  # type: ignore[arg-type]  # Typer checked them
        replace(PairPolicy(), **stated(PairPolicy)),  # type: ignore[arg-type]  # Typer checked them
    )
