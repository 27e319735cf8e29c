"""Saved runs: a report folder, or a report alone, as the result it was written from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from vlmeval_cli.core.config import MetricSpec
from vlmeval_cli.core.errors import DataError, UsageError, VlmevalError, quoted
from vlmeval_cli.core.metric import Chosen, Metric, MetricStatistics, Notice, Output, Table
from vlmeval_cli.core.results import (
    Diagnosis,
    Group,
    InputFile,
    ItemScores,
    JoinReport,
    Repair,
    RunResult,
    Score,
    Signature,
)
from vlmeval_cli.registry import build
from vlmeval_cli.reports.json_report import SCHEMA_VERSION, TOOL
from vlmeval_cli.reports.statistics_file import StoredStatistics, read_statistics

REPORT = "report.json"
_HASHED = "hash:"  # an option that is too long for a signature


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A run that was saved.

    Attributes:
        path: of the report.
        result: as it was; without items and statistics where they are not there.
        bare: why only scores are known, such as "report.json stands alone"; None where items and
            statistics are there, so that the run can be tested and resampled.
        report: the report as it stands in the file.
    """

    path: str
    result: RunResult
    bare: str | None
    report: Mapping[str, Any]


def is_saved(path: str | Path) -> bool:
    """Whether ``path`` is a report folder, or a report of ours."""
    place = Path(path)
    report = place / REPORT if place.is_dir() else place
    if report.suffix != ".json" or not report.is_file():
        return False
    with report.open("rb") as file:
        start = file.read(200)
    return b'"schema_version"' in start and b'"kind"' in start


def load_saved(path: str | Path) -> SavedRun:
    """The run that was saved at ``path``.

    Args:
        path: a folder that ``--output`` wrote, or a ``report.json``.

    Raises:
        UsageError: there is no report.
        DataError: it is no report of a run, or is damaged.
    """
    place = Path(path)
    file = place / REPORT if place.is_dir() else place
    report = _read(file)
    try:
        scores, items = _scores(report), _no_items()
        chosen: tuple[Chosen, ...] = ()
        bare, stored = _statistics(file.parent, report)
        if stored is not None:
            chosen = tuple(_chosen(report["metrics"], name) for name in stored.metrics)
            items = _items(file.parent / report["files"]["samples"]["path"], stored.ids)
        return SavedRun(str(path), _result(report, scores, chosen, items, stored), bare, report)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{file}: the report is damaged ({type(error).__name__}: {error})",
            hint="Score the run again with --output.",
        ) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        report = orjson.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(
            f"{quoted(str(file))} is not there",
            hint="Name a folder written by vlmeval score --output, or its report.json.",
        ) from error
    except ValueError as error:
        raise DataError(f"{file}: is no JSON ({error})", hint="Name a report.json.") from error
    is_ours = isinstance(report, dict) and (report.get("tool") or {}).get("name") == TOOL
    if not is_ours or report.get("kind") not in ("score", "gate"):
        raise DataError(
            f"{file}: is no report of a scored run",
            hint="Such a report is written by vlmeval score --output or --json.",
        )
    if report["kind"] == "gate":
        report = report["report"]
    if report.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"{file}: schema_version is {quoted(report.get('schema_version'))}, "
            f"expected {SCHEMA_VERSION}",
            hint="Score the run again with this version of vlmeval.",
        )
    return dict(report)


def _statistics(
    folder: Path, report: Mapping[str, Any]
) -> tuple[str | None, StoredStatistics | None]:
    """The statistics, or why there are none that can be trusted."""
    files = report["files"]
    for kind in ("statistics", "samples"):
        if kind not in files:
            return "the report stands alone, without its statistics", None
        file = folder / files[kind]["path"]
        if not file.is_file():
            return f"{file.name} is not beside the report", None
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != files[kind]["sha256"]:
                return f"{file.name} was altered after the report was written", None
    with (folder / files["statistics"]["path"]).open("rb") as file_:
        return None, read_statistics(file_)


def _chosen(metrics: Mapping[str, Any], first: str) -> Chosen:
    """The metric whose first output in the run is ``first``, and all its outputs there."""
    signature = metrics[first]["signature"]["comparable"]
    metric = _metric(signature)
    names = {
        name.partition("[")[0]: name
        for name, one in metrics.items()
        if one["signature"]["comparable"] == signature
        and name.partition("[")[2] == first.partition("[")[2]
    }
    return Chosen(metric, names)


def _metric(signature: Mapping[str, Any]) -> Metric[Any]:
    """The metric of a signature. Options too long for it matter only where texts are measured."""
    family = str(signature["name"])
    known = {one.name for one in fields(build(MetricSpec(family)))}  # type: ignore[arg-type]  # metrics are dataclasses
    options = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in signature.items()
        if name in known and value is not None and not str(value).startswith(_HASHED)
    }
    options.pop("name", None)
    return build(MetricSpec(family, options))


def _scores(report: Mapping[str, Any]) -> dict[str, Score]:
    found = {}
    for name, one in report["metrics"].items():
        family = one["signature"]["comparable"]["name"]
        low, high = one["range"]
        output = _declared(one, name) or Output(
            name, higher_is_better=one["higher_is_better"], range=(low, high), unit=one["unit"]
        )
        found[name] = _score(one, output, family, _signature(one["signature"]))
    return found


def _declared(one: Mapping[str, Any], name: str) -> Output | None:
    """The output as its metric declares it; None where that metric is not installed here."""
    try:
        metric = _metric(one["signature"]["comparable"])
    except VlmevalError:
        return None
    plain = name.partition("[")[0]
    found = next((output for output in metric.outputs() if output.name == plain), None)
    return None if found is None else replace(found, name=name)


def _score(one: Mapping[str, Any], output: Output, family: str, signature: Signature) -> Score:
    return Score(
        output=output,
        metric=family,
        value=one["value"],
        n=one["n"],
        signature=signature,
        ci_low=one["ci_low"],
        ci_high=one["ci_high"],
        skipped=one["skipped"],
        reason=one["reason"],
    )


def _items(samples: Path, ids: Sequence[str]) -> ItemScores:
    rows = [orjson.loads(line) for line in samples.read_bytes().splitlines() if line]
    if [row["id"] for row in rows] != [*ids]:
        raise ValueError("samples and statistics are of different items")
    names = [*rows[0]["scores"]] if rows else []
    groups = [*rows[0]["groups"]] if rows else []
    slices = [*rows[0].get("slices", ())] if rows else []
    return ItemScores(
        ids=[*ids],
        predictions=[row["prediction"] for row in rows],
        raw=[row.get("raw") for row in rows],
        references=[row["references"] for row in rows],
        outcomes=[row["outcome"] for row in rows],
        reasons={i: row["reason"] for i, row in enumerate(rows) if row["reason"] is not None},
        scores={
            name: np.array(
                [np.nan if row["scores"][name] is None else row["scores"][name] for row in rows],
                dtype=np.float64,
            )
            for name in names
        },
        skips={
            name: {
                i: row["score_reasons"][name]
                for i, row in enumerate(rows)
                if name in row["score_reasons"]
            }
            for name in names
        },
        groups={field: [row["groups"][field] for row in rows] for field in groups},
        slices={column: [row["slices"][column] for row in rows] for column in slices},
        helped=_helped(rows),
    )


def _helped(rows: Sequence[Mapping[str, Any]]) -> dict[int, str] | None:
    """What it took to read each prediction; None where the samples do not tell."""
    if not all("helped" in row for row in rows):
        return None
    return {i: row["helped"] for i, row in enumerate(rows) if row["helped"] is not None}


def _no_items() -> ItemScores:
    return ItemScores(ids=[], predictions=[], raw=[], references=[], outcomes=[], scores={})


def _result(
    report: Mapping[str, Any],
    scores: Mapping[str, Score],
    chosen: Sequence[Chosen],
    items: ItemScores,
    stored: StoredStatistics | None,
) -> RunResult:
    statistics: Mapping[str, MetricStatistics] = {} if stored is None else stored.metrics
    return RunResult(
        task=report["task"],
        task_reason=report["task_reason"],
        inputs=[InputFile(**one) for one in report["inputs"]],
        fields=report["fields"],
        join=_join(report["join"]),
        outcomes=report["outcomes"],
        scores=scores,
        primary=report["primary"],
        items=items,
        signature=_signature(report["signature"]),
        statistics=statistics,
        statistics_options=report["statistics"],
        chosen=chosen,
        clusters=None if stored is None else stored.clusters,
        groups=[_group(one, scores) for one in report["groups"]],
        tables={
            name: Table(one["title"], one["columns"], one["rows"])
            for name, one in report["tables"].items()
        },
        diagnosis=[Diagnosis(**one) for one in report["diagnosis"]],
        warnings=[Notice(**one) for one in report["warnings"]],
        notes=report["notes"],
    )


def _group(one: Mapping[str, Any], scores: Mapping[str, Score]) -> Group:
    return Group(
        by=one["by"],
        n=one["n"],
        scores={
            name: _score(own, scores[name].output, scores[name].metric, scores[name].signature)
            for name, own in one["metrics"].items()
        },
    )


def _join(join: Mapping[str, Any]) -> JoinReport:
    repair = join["repair"]
    return JoinReport(**{**join, "repair": None if repair is None else Repair(**repair)})


def _signature(found: Mapping[str, Any]) -> Signature:
    return Signature(found["comparable"], found["recorded"])
