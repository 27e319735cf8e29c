"""Scoring a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from vlmeval_cli.core.config import (
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
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.registry import choose
from vlmeval_cli.runs.answers import batch_of, take_answers
from vlmeval_cli.runs.compat import explained_in, reproduction, told
from vlmeval_cli.runs.gathering import gather
from vlmeval_cli.runs.scoring import score_items
from vlmeval_cli.runs.values import as_values
from vlmeval_cli.tasks import task as task_called
from vlmeval_cli.tasks.compat import refuse_wrong

if TYPE_CHECKING:
    pass


SILENT = NoProgress()
DEFAULTS = RunConfig()


def score(
    predictions: str | Path,
    references: str | Path | None = None,
    *,
    task: str | None = None,
    metrics: str | Sequence[str] = (),
    by: str | Sequence[str] = (),
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
    compat: str | None = None,
    explain_diff: bool = False,
) -> RunResult:
    """Score a file of predictions, as ``vlmeval score`` does with options of the same names.

    Args:
        predictions: file with the predictions, or with predictions and references.
        references: file with the references; None if the first file holds them.
        task: such as "captioning" or "vqa"; None recognises it.
        metrics: such as ``"cider,bleu:variant=nltk"`` or a list; empty takes the task's defaults.
        by: fields that group the scores.
        where: field → value that reference items must have.
        limit: only the first so many reference items.
        id_field: field to join by, instead of the recognised one.
        prediction_field: field that holds the predictions.
        reference_field: field that holds the references; ``"."`` is the whole row less its id.
        missing: "error", or count missing predictions as the "worst", or "skip" them.
        fix_ids: apply the repair of ids that matches more rows.
        on_bad_row: "error", or "skip" malformed rows and count them.
        reasoning: "strip" takes ``<think>`` blocks out of predictions, "keep" scores them, and
            "lmms-eval" does what that tool does. With ``compat`` the tool decides.
        box_format: syntax and coordinate frame of predicted boxes; None recognises them.
        schema: path of the JSON Schema that documents must follow; None infers one.
        run_tests: run the unit tests of predicted code, in a sandbox.
        resamples: bootstrap resamples; 0 turns intervals off.
        confidence: coverage of the intervals.
        seed: of the resampling.
        cluster_by: field resampled together, "auto" or "none".
        reference: also run the original packages, and compare (extra ``reference``).
        compat: tool whose numbers to give, such as "lmms-eval", in place of metrics.
        explain_diff: also say which items and rules part them from our defaults.

    Returns:
        Scores by output name with intervals, counts, signatures and item scores.

    Raises:
        VlmevalError: what the command line would tell; see ``vlmeval_cli.core.errors``.
    """
    config = run_config(
        task=task,
        metrics=metrics,
        by=by,
        where=where,
        limit=limit,
        id_field=id_field,
        prediction_field=prediction_field,
        reference_field=reference_field,
        missing=missing,
        fix_ids=fix_ids,
        on_bad_row=on_bad_row,
        reasoning=reasoning,
        box_format=box_format,
        schema=schema,
        run_tests=run_tests,
        resamples=resamples,
        confidence=confidence,
        seed=seed,
        cluster_by=cluster_by,
    )
    config = replace(
        config, compare_with_reference=reference, compat=compat, explain_diff=explain_diff
    )
    return run_score(predictions, references, config)


class RunKeywords(TypedDict, total=False):
    """The keywords of :func:`score` that say what is scored and how, of every scoring function."""

    task: str | None
    metrics: str | Sequence[str]
    by: str | Sequence[str]
    where: Mapping[str, str] | None
    limit: int | None
    id_field: str | None
    prediction_field: str | None
    reference_field: str | None
    missing: Missing
    fix_ids: bool
    on_bad_row: OnBadRow
    reasoning: Reasoning
    box_format: str | None
    schema: str | None
    run_tests: bool
    resamples: int
    confidence: float
    seed: int
    cluster_by: str


def run_config(**given: Unpack[RunKeywords]) -> RunConfig:
    """The choices of a run from the keywords of :func:`score`."""
    by = given.get("by", ())
    fields = FieldChoice(
        given.get("id_field"), given.get("prediction_field"), given.get("reference_field")
    )
    return RunConfig(
        task=given.get("task"),
        metrics=metric_specs(given.get("metrics", ())),
        fields=fields,
        join=JoinPolicy(**_among(given, "missing", "fix_ids", "on_bad_row")),
        parse=ParsePolicy(**_among(given, "reasoning", "box_format", "schema", "run_tests")),
        statistics=StatisticsPolicy(
            **_among(given, "resamples", "confidence", "seed", "cluster_by")
        ),
        by=(by,) if isinstance(by, str) else tuple(by),
        where=given.get("where") or {},
        limit=given.get("limit"),
    )


def _among(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def run_score(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> RunResult:
    """Score with choices already put together; see :func:`score`."""
    choose(config.metrics)  # a wrong name is told before large files are read
    refuse_wrong(config)
    gathered = gather(str(predictions), path_text(references), config, progress)
    task = task_called(gathered.task)
    layouts = frozenset(side.layout.name for side in (gathered.predictions, gathered.references))
    compat = reproduction(config, task, layouts)
    config = config if compat is None else compat.config
    progress.start("reading answers", None)
    read = as_values(gathered, task, config)
    gathered, answers = take_answers(read, task, config, progress)
    result = score_items(gathered, task, answers, config, progress)
    if compat is None:
        return result
    items = batch_of(gathered.dataset, answers)
    result = told(result, compat, items)
    return explained_in(result, compat, read, items, progress) if config.explain_diff else result


def path_text(path: str | Path | None) -> str | None:
    """A path as text, None as it is."""
    return None if path is None else str(path)


def metric_specs(metrics: str | Sequence[str]) -> tuple[MetricSpec, ...]:
    """The metrics that a caller names, as the command line would."""
    texts = [metrics] if isinstance(metrics, str) else metrics
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise UsageError(
            f"metrics: got {quoted(metrics)}, expected a text or a list of texts",
            hint='Such as "cider,bleu:variant=nltk".',
        )
    return tuple(
        parse_metric_spec(part) for text in texts if text for part in split_metric_list(text)
    )
