"""Whether a build may ship, whether a report holds, and how two differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vlmeval_cli.api.scoring import SILENT
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.gate import GateConfig, GateResult
from vlmeval_cli.core.keywords import path_text
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.runs.running import run_score

if TYPE_CHECKING:
    from vlmeval_cli.core.report_parts import ReportDiff


def gate(
    predictions: str | Path,
    references: str | Path | None = None,
    *,
    config: str | Path,
    baseline: str | Path | None = None,
    force: bool = False,
) -> GateResult:
    """Score a run and judge it by rules, as ``vlmeval gate`` does.

    Args:
        predictions: file with the predictions, or with predictions and references.
        references: file with the references; None if the first file holds them.
        config: YAML file with ``rules``, beside the choices of the run.
        baseline: report folder or report to hold the run against, instead of the file's.
        force: hold it against a baseline that is not comparable.

    Returns:
        A verdict on every rule and on the whole, with the scored run.

    Raises:
        VlmevalError: nothing can be said; never a verdict.
    """
    from vlmeval_cli.readers.config import load_config

    loaded = load_config(str(config))
    own = loaded.gate if baseline is None else replace(loaded.gate, baseline=str(baseline))
    return run_gate(predictions, references, loaded.run, own, force=force)


def run_gate(
    predictions: str | Path,
    references: str | Path | None,
    config: RunConfig,
    gate: GateConfig,
    progress: Progress = SILENT,
    *,
    force: bool = False,
    is_first: bool = False,
) -> GateResult:
    """Judge with choices already put together; see :func:`gate`.

    ``is_first``: there is no baseline yet, and rules that need one stay undecided.
    """
    from vlmeval_cli.gating.gate import run_gate as judge  # scoring alone needs none of it

    def scored(chosen: RunConfig) -> RunResult:
        return run_score(predictions, references, chosen, progress)

    return judge(scored, config, gate, force=force, is_first=is_first)


def verify(
    report: str | Path,
    *,
    inputs: str | Path | None = None,
    images: str | Path | None = None,
    cache: bool | None = None,
    offline: bool | None = None,
    progress: Progress = SILENT,
) -> ReportDiff:
    """Score a saved run again from what its report records, as ``vlmeval verify`` does.

    Args:
        report: a report.json, or the folder that holds it.
        inputs: folder of the input files and of the folder of images; None: where the report says.
        images: folder of the images; None: as recorded.
        cache: read what networks computed before, and keep what they compute; None: as recorded.
        offline: fetch nothing; None: as recorded.
        progress: told of every phase.

    Returns:
        The recorded run beside the one scored now, part by part.

    Raises:
        VlmevalError: what the command line would tell.
    """
    from vlmeval_cli.core.report_parts import ReportDiff
    from vlmeval_cli.runs.report_diff import notes_on, parts_of
    from vlmeval_cli.runs.saved import load_saved
    from vlmeval_cli.runs.verifying import (
        check_models,
        recorded_choices,
        recorded_inputs,
        with_models,
    )

    saved = load_saved(report)
    folder = path_text(inputs)
    choices = recorded_choices(saved)
    paths = recorded_inputs(saved, folder)
    models = with_models(
        choices, saved, folder, images=path_text(images), cache=cache, offline=offline
    )
    check_models(saved)
    fresh = run_score(*paths, models, progress)
    parts = parts_of(saved.result, fresh)
    return ReportDiff(saved.path, "scored now", parts, notes_on(saved.result, fresh))


def diff(first: str | Path, second: str | Path) -> ReportDiff:
    """Two saved reports part by part, as ``vlmeval diff`` shows them."""
    from vlmeval_cli.core.report_parts import ReportDiff
    from vlmeval_cli.runs.report_diff import notes_on, parts_of
    from vlmeval_cli.runs.saved import load_saved

    mine, theirs = load_saved(first), load_saved(second)
    results = mine.result, theirs.result
    return ReportDiff(mine.path, theirs.path, parts_of(*results), notes_on(*results))
