"""Scoring a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vlmeval_cli.core.config import (
    By,
    DeviceName,
    Dtype,
    Missing,
    OnBadRow,
    Reasoning,
    RunConfig,
)
from vlmeval_cli.core.keywords import run_config
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.runs.running import run_score as run_score

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
    model: str | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 12345,
    cluster_by: str = "auto",
    device: DeviceName = "auto",
    dtype: Dtype = "float32",
    batch_size: int | None = None,
    cache: bool = True,
    offline: bool = False,
    images: str | None = None,
    fetch_images: bool = False,
    workers: int | None = None,
    spice_json: str | None = None,
    explain: Sequence[str] = (),
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
        reasoning: "strip" takes ``<think>`` blocks out of predictions, "keep" scores them, and
            "lmms-eval" does what that tool does. With ``compat`` the tool decides.
        box_format: syntax and coordinate frame of predicted boxes; None recognises them.
        schema: path of the JSON Schema that documents must follow; None infers one.
        run_tests: run the unit tests of predicted code, in a sandbox.
        model: the model whose win rate is asked for, where judges compared several; None takes the
            one that the file puts forward.
        resamples: bootstrap resamples; 0 turns intervals off.
        confidence: coverage of the intervals.
        seed: of the resampling.
        cluster_by: field resampled together, "auto" or "none".
        device: where networks run: "auto", "cpu", "cuda" or "mps".
        dtype: numbers they compute with: "float32", "bf16" or "fp16".
        batch_size: texts or images at a time; None fills batches to a number of tokens.
        cache: keep what networks computed for the next run.
        offline: fetch nothing.
        images: folder of the images, by id; None reads paths from the files.
        fetch_images: also fetch images that are recorded as addresses.
        workers: threads of the program behind ``spice``; None takes every processor.
        spice_json: output of the SPICE program, joined by id, in place of running it.
        explain: ids of items whose tuples ``spice`` shows in the tables.
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
        slices=slices,
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
        model=model,
        resamples=resamples,
        confidence=confidence,
        seed=seed,
        cluster_by=cluster_by,
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        cache=cache,
        offline=offline,
        images=images,
        fetch_images=fetch_images,
        workers=workers,
    )
    config = replace(
        config,
        compare_with_reference=reference,
        compat=compat,
        explain_diff=explain_diff,
        models=replace(config.models, spice_json=spice_json),
        explain=tuple(explain),
    )
    return run_score(predictions, references, config)
