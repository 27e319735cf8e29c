"""Comparing runs, and what a data set can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from vlmeval_cli.api.scoring import DEFAULTS, SILENT
from vlmeval_cli.core.config import (
    ComparePolicy,
    PairPolicy,
    RunConfig,
)
from vlmeval_cli.core.keywords import RunKeywords, path_text, run_config
from vlmeval_cli.core.power import PowerPolicy, PowerResult
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.registry import choose
from vlmeval_cli.tasks.compat import refuse_any

if TYPE_CHECKING:
    from vlmeval_cli.comparing.naming import NamedRun
    from vlmeval_cli.comparing.request import Request
    from vlmeval_cli.core.comparison import Comparison

PathOrSeeds = str | Path | Sequence[str | Path]

COMPARED = ComparePolicy()
TESTED = PairPolicy()
SHOWN = PowerPolicy()


def compare(
    runs: Mapping[str, PathOrSeeds] | Sequence[str],
    references: str | Path | None = None,
    *,
    policy: ComparePolicy = COMPARED,
    pairs: PairPolicy = TESTED,
    **options: Unpack[RunKeywords],
) -> Comparison:
    """Compare runs over the same items, as ``vlmeval compare`` does.

    Args:
        runs: name → file of predictions or saved report folder (a list of them: seeds), or what
            the command line takes, ``["base=base.jsonl", "lora=lora.jsonl"]``.
        references: file of the references; None if each run holds them.
        policy: what is compared with what.
        pairs: tests, correction, margin of equivalence.
        options: as of :func:`score`.

    Returns:
        Scores of every run, differences to the baseline with tests and verdicts, and tables.

    Raises:
        VlmevalError: what the command line would tell; runs over other items, with other
            references or other signatures are refused.
    """
    from vlmeval_cli.comparing.naming import named_runs
    from vlmeval_cli.comparing.request import Request

    refs = path_text(references)
    named = named_runs(runs, refs) if not isinstance(runs, Mapping) else _named(runs)
    request = Request(named, refs, run_config(**options), policy, pairs)
    return run_comparison(request)


def _named(runs: Mapping[str, PathOrSeeds]) -> tuple[NamedRun, ...]:
    from vlmeval_cli.comparing.naming import NamedRun

    return tuple(
        NamedRun(name, (str(paths),) if isinstance(paths, str | Path) else tuple(map(str, paths)))
        for name, paths in runs.items()
    )


def run_comparison(request: Request, progress: Progress = SILENT) -> Comparison:
    """Compare with choices already put together; see :func:`compare`."""
    from vlmeval_cli.comparing.compare import compare_runs

    choose(request.config.metrics)  # a wrong name is told before large files are read
    refuse_any(request.config, "compare")
    return compare_runs(request, progress)


def power(
    predictions: str | Path,
    references: str | Path | None = None,
    *,
    against: str | Path | None = None,
    policy: PowerPolicy = SHOWN,
    **options: Unpack[RunKeywords],
) -> PowerResult:
    """What the items of a data set can show, as ``vlmeval power`` does.

    Args:
        predictions: file with the predictions of a run, or a saved report.
        references: file with the references; None if the runs hold them.
        against: another run on the same items; None assumes one.
        policy: power, level, difference to find, assumed correlation.
        options: as of :func:`score`.

    Returns:
        For each output the smallest difference that is shown, and the items needed.

    Raises:
        VlmevalError: what the command line would tell; see ``vlmeval_cli.core.errors``.
    """
    paths = tuple(str(path) for path in (predictions, against) if path is not None)
    return run_power(paths, path_text(references), run_config(**options), policy)


def run_power(
    paths: Sequence[str],
    references: str | None,
    config: RunConfig = DEFAULTS,
    policy: PowerPolicy = SHOWN,
    progress: Progress = SILENT,
) -> PowerResult:
    """The same with choices already put together; see :func:`power`.

    Args:
        paths: the run, and the other one if there is one.
        references: file of the references.
        config: how they are scored.
        policy: what is to be shown.
        progress: told of every phase.
    """
    from vlmeval_cli.comparing.power import power_of

    choose(config.metrics)  # a wrong name is told before large files are read
    refuse_any(config, "power")
    found = power_of(paths, references, config, policy, progress)
    progress.done()
    return found
