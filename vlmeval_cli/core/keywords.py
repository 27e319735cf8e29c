"""The choices of a run as keywords of Python functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from vlmeval_cli.core.config import (
    By,
    DeviceName,
    Dtype,
    FieldChoice,
    JoinPolicy,
    MetricSpec,
    Missing,
    ModelPolicy,
    OnBadRow,
    ParsePolicy,
    Reasoning,
    RunConfig,
    StatisticsPolicy,
)
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list

_MODELS = (
    "device", "dtype", "batch_size", "cache", "offline", "images", "fetch_images", "workers",
)  # fmt: skip


class RunKeywords(TypedDict, total=False):
    """What is scored and how, of every function that scores: keywords of ``score``."""

    task: str | None
    metrics: str | Sequence[str]
    by: str | Sequence[By]
    slices: bool
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
    model: str | None
    resamples: int
    confidence: float
    seed: int
    cluster_by: str
    device: DeviceName
    dtype: Dtype
    batch_size: int | None
    cache: bool
    offline: bool
    images: str | None
    fetch_images: bool
    workers: int | None


def run_config(**given: Unpack[RunKeywords]) -> RunConfig:
    """The choices of a run from the keywords of :func:`vlmeval_cli.api.score`."""
    by = given.get("by", ())
    fields = FieldChoice(
        given.get("id_field"), given.get("prediction_field"), given.get("reference_field")
    )
    return RunConfig(
        task=given.get("task"),
        metrics=metric_specs(given.get("metrics", ())),
        fields=fields,
        join=JoinPolicy(**_among(given, "missing", "fix_ids", "on_bad_row")),
        parse=ParsePolicy(
            **_among(given, "reasoning", "box_format", "schema", "run_tests", "model")
        ),
        statistics=StatisticsPolicy(
            **_among(given, "resamples", "confidence", "seed", "cluster_by")
        ),
        by=(by,) if isinstance(by, str) else tuple(by),
        slices=given.get("slices", False),
        where=given.get("where") or {},
        limit=given.get("limit"),
        models=ModelPolicy(**_among(given, *_MODELS)),
    )


def _among(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def metric_specs(metrics: str | Sequence[str]) -> tuple[MetricSpec, ...]:
    """Metrics asked for by a text or a list of texts."""
    texts = [metrics] if isinstance(metrics, str) else metrics
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise UsageError(
            f"metrics: got {quoted(metrics)}, expected a text or a list of texts",
            hint='Such as "cider,bleu:variant=nltk".',
        )
    return tuple(
        parse_metric_spec(part) for text in texts if text for part in split_metric_list(text)
    )


def path_text(path: str | Path | None) -> str | None:
    """A path as text, None as it is."""
    return None if path is None else str(path)
