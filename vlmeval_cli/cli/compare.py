"""``vlmeval compare``: which of several runs is better, and is that certain?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vlmeval_cli.cli.compare_options import CompareOptions


def compare(options: CompareOptions) -> None:
    """Compare, write what was asked for, and print the tables."""
    from vlmeval_cli import api
    from vlmeval_cli.cli.choices import compare_choices
    from vlmeval_cli.cli.outputs import Outputs
    from vlmeval_cli.cli.progress import progress_bar
    from vlmeval_cli.cli.provenance import provenance
    from vlmeval_cli.cli.score import print_bundle, tell_advice, write_or_show
    from vlmeval_cli.comparing.naming import named_runs
    from vlmeval_cli.comparing.request import Request
    from vlmeval_cli.reports.bundle import ComparisonBundle

    wanted = compare_choices(options)
    runs = named_runs(options.runs, options.refs)
    outputs = Outputs.of(options, wanted.output)
    paths = [path for run in runs for path in run.paths]
    outputs.check(inputs=(*paths, options.refs, options.config))
    origin = provenance()
    request = Request(runs, options.refs, wanted.config, wanted.policy, wanted.pairs)
    with progress_bar(quiet=options.quiet) as progress:
        comparison = api.run_comparison(request, progress)
        bundle = ComparisonBundle(comparison, origin)
        write_or_show(bundle, outputs, options, progress)
    print_bundle(bundle, outputs, options)
    if not options.quiet:
        tell_advice(comparison.warnings, comparison.notes)
