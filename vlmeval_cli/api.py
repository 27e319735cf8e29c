"""The one door to scoring, for Python users and for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vlmeval_cli.core.config import (
    By,
    FieldChoice,
    JoinPolicy,
    MetricSpec,
    Missing,
    OnBadRow,
    ParsePolicy,
    Reasoning,
    RunConfig,
    StatisticsPolicy,
)
from vlmeval_cli.core.errors import UsageError, VlmevalError, quoted
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.registry import choose
from vlmeval_cli.runs.answers import take_answers
from vlmeval_cli.runs.converting import Converted
from vlmeval_cli.runs.converting import convert as convert_files
from vlmeval_cli.runs.gathering import Gathered, gather
from vlmeval_cli.runs.scoring import score_items
from vlmeval_cli.runs.values import as_values
from vlmeval_cli.tasks import NAMES
from vlmeval_cli.tasks import task as task_called

SILENT = NoProgress()
DEFAULTS = RunConfig()


def score(
    predictions: str | Path,
    references: str | Path | None = None,
    *,
    task: str | None = None,
    metrics: str | Sequence[str] = (),
    by: str | Sequence[By] = (),
    slices: bool = False,
    where: Mapping[str, str] | None = None,
    limit: int | None = None,
    id_field: str | None = None,
    prediction_field: str | None = None,
    reference_field: str | None = None,
    missing: Missing = "error",
    fix_ids: bool = False,
    on_bad_row: OnBadRow = "error",
    reasoning: Reasoning = "strip",
    box_format: str | None = None,
    schema: str | None = None,
    run_tests: bool = False,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 12345,
    cluster_by: str = "auto",
    reference: bool = False,
) -> RunResult:
    """Score a file of predictions, as ``vlmeval score`` does with options of the same names.

    Args:
        predictions: file with the predictions, or with predictions and references.
        references: file with the references; None if the first file holds them.
        task: such as "captioning" or "vqa"; None recognises it.
        metrics: such as ``"cider,bleu:variant=nltk"`` or a list; empty takes the task's defaults.
        by: fields that group the scores; ``"gender,age"`` or a tuple of fields crosses them.
        slices: find slices of the items that score lower or higher than the rest.
        where: field → value that reference items must have.
        limit: only the first so many reference items.
        id_field: field to join by, instead of the recognised one.
        prediction_field: field that holds the predictions.
        reference_field: field that holds the references; ``"."`` is the whole row less its id.
        missing: "error", or count missing predictions as the "worst", or "skip" them.
        fix_ids: apply the repair of ids that matches more rows.
        on_bad_row: "error", or "skip" malformed rows and count them.
        reasoning: "strip" takes ``<think>`` blocks out of predictions, "keep" scores them.
        box_format: syntax and coordinate frame of predicted boxes; None recognises them.
        schema: path of the JSON Schema that documents must follow; None infers one.
        run_tests: run the unit tests of predicted code, in a sandbox.
        resamples: bootstrap resamples; 0 turns intervals off.
        confidence: coverage of the intervals.
        seed: of the resampling.
        cluster_by: field resampled together, "auto" or "none".
        reference: also run the original packages, and compare (extra ``reference``).

    Returns:
        Scores by output name with intervals, counts, signatures and item scores.

    Raises:
        VlmevalError: what the command line would tell; see ``vlmeval_cli.core.errors``.
    """
    config = RunConfig(
        task=task,
        metrics=_specs(metrics),
        fields=FieldChoice(id_field, prediction_field, reference_field),
        join=JoinPolicy(missing, fix_ids, on_bad_row),
        parse=ParsePolicy(reasoning, box_format=box_format, schema=schema, run_tests=run_tests),
        statistics=StatisticsPolicy(resamples, confidence, seed, cluster_by),
        by=(by,) if isinstance(by, str) else tuple(by),
        slices=slices,
        where=where or {},
        limit=limit,
        compare_with_reference=reference,
    )
    return run_score(predictions, references, config)


def run_score(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> RunResult:
    """Score with choices already put together; see :func:`score`."""
    choose(config.metrics)  # a wrong name is told before large files are read
    gathered = gather(str(predictions), _path(references), config, progress)
    task = task_called(gathered.task)
    progress.start("reading answers", None)
    gathered, answers = take_answers(as_values(gathered, task, config), task, config, progress)
    return score_items(gathered, task, answers, config, progress)


def inspect(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> Gathered:
    """What the files hold and how they join, without scoring; missing predictions are counted."""
    config = replace(config, join=replace(config.join, missing="skip"))
    return gather(str(predictions), _path(references), config, progress, must_be_scorable=False)


def convert(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> Converted:
    """Files of any layout as rows of one form: id, prediction, references, question, options, …."""
    return convert_files(str(predictions), _path(references), config, progress)


def how_read(found: Gathered, config: RunConfig = DEFAULTS) -> tuple[str, ...]:
    """How the task reads the predictions that were found, such as the format of boxes, in words.

    Of a task that cannot be scored yet nothing is told.
    """
    if found.task not in NAMES:
        return ()
    task = task_called(found.task)
    config = replace(config, join=replace(config.join, missing="skip", on_bad_row="skip"))
    try:
        _, answers = take_answers(as_values(found, task, config), task, config, SILENT)
    except VlmevalError as error:
        return (f"the predictions cannot be read as they are: {error.message}. {error.hint}",)
    return (*answers.notes, *(warning.message for warning in answers.parsed.warnings))


def _path(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


def _specs(metrics: str | Sequence[str]) -> tuple[MetricSpec, ...]:
    texts = [metrics] if isinstance(metrics, str) else metrics
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise UsageError(
            f"metrics: got {quoted(metrics)}, expected a text or a list of texts",
            hint='Such as "cider,bleu:variant=nltk".',
        )
    return tuple(
        parse_metric_spec(part) for text in texts if text for part in split_metric_list(text)
    )
