"""Prediction rationality: right for the right reasons? And under which corruptions?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Column, NumberColumn, ValueColumn, singles
from vlmeval_cli.core.config import OnBadRow, RunConfig
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.metrics.corruption_error import NO_SEVERITY, normal_name
from vlmeval_cli.parsing.classes.reading import read_classes
from vlmeval_cli.parsing.items import Items, Parsed, Place, Values
from vlmeval_cli.parsing.rationales import FIELDS, Evidence, NoRationale, Rationale
from vlmeval_cli.parsing.texts import prediction_texts
from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.rationality import PATTERNS

CORRECT = ("correct", "is_correct")
METHODS = ("method", "model")


def _defaults(facts: Facts) -> Defaults:
    metrics = ["rationality", "prediction_accuracy"]
    if "item.corruption" in facts.columns:
        metrics.append("corruption_error")
    return Defaults(tuple(metrics), primary="prediction_trustworthiness")


def _labels(
    values: Sequence[Any], field: str, place: Place, on_bad_row: OnBadRow = "error", /
) -> Values:
    """Predicted classes as texts; what was recorded in their place stays as it is."""
    if field in CORRECT:
        return Values([None if np.isnan(mark) else bool(mark) for mark in map(_mark, values)], {})
    if all(isinstance(value, bool | list | None) for value in values):
        return Values(list(values), {})
    return prediction_texts(values, field, place, on_bad_row)


def _parse(items: Items, config: RunConfig) -> Parsed:
    names = [name for name in FIELDS if name in items.fields]
    columns = [items.fields[name] for name in names]
    folders = [Path(folder) for folder in items.folders]
    found = []
    for i, row in enumerate(zip(*columns, strict=True) if columns else [()] * len(items)):
        own = {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
        found.append(Evidence(own, folders, items.place(i)).rationale())
    made: dict[str, Column] = {"prediction.rationale": ValueColumn(found, singles(len(items)))}
    corruptions = items.fields.get("corruption")
    if corruptions is not None:
        made["item.corruption"] = _conditions(corruptions, items.fields.get("severity"))
    notes = _without_rationale(found, items)
    if _recorded(items) is not None or not any(isinstance(one, str) for one in items.predictions):
        return Parsed(items.predictions, columns=made, notes=notes)
    classes = read_classes(items)
    return Parsed(classes.values, unparsed=classes.unread, columns=made, notes=notes)


def _without_rationale(found: Sequence[Rationale | NoRationale], items: Items) -> tuple[str, ...]:
    """How many items have no rationale for which reason, in full for the first of them."""
    none = [(i, one) for i, one in enumerate(found) if isinstance(one, NoRationale)]
    counts = Counter(one.reason for _, one in none)
    told = {one.reason: f"{one.told} ({items.place(i)})" for i, one in reversed(none)}
    return tuple(
        f"{number_of(n, 'item', 'items')} without a rationale: {told[why]}"
        for why, n in counts.most_common()
    )


def _conditions(corruptions: Sequence[object], severities: Sequence[object] | None) -> ValueColumn:
    """(corruption, severity) of every item; no severity where it is no whole number."""
    levels = [*map(_whole, severities or [None] * len(corruptions))]
    names = map(normal_name, corruptions)
    return ValueColumn([*zip(names, levels, strict=True)], singles(len(corruptions)))


def _whole(severity: object) -> int:
    try:
        level = float(str(severity))
    except ValueError:
        return NO_SEVERITY
    return int(level) if level.is_integer() else NO_SEVERITY


def _correctness(
    references: Sequence[Sequence[Any]], items: Items, parsed: Parsed, config: RunConfig
) -> Parsed:
    """1 where the predicted class is right, 0 where not, NaN where there is nothing to compare."""
    recorded = _recorded(items)
    if recorded is not None:
        marks = [_mark(mark) for mark in recorded]
    else:
        marks = [
            np.nan if not accepted or isinstance(given, list) else float(given in accepted)
            for given, accepted in zip(parsed.values, references, strict=True)
        ]
    column = NumberColumn(np.array(marks, dtype=np.float64), singles(len(items)))
    return replace(parsed, columns={**parsed.columns, "item.correct": column})


def _recorded(items: Items) -> Sequence[Any] | None:
    """Whether each prediction is right, where that is what was recorded."""
    recorded = items.field(*CORRECT)
    if recorded is None and all(isinstance(given, bool | None) for given in items.predictions):
        return items.predictions
    return recorded


def _mark(recorded: object) -> float:
    is_mark = isinstance(recorded, bool | int | float) and recorded in (0, 1)
    return float(recorded) if is_mark else np.nan  # type: ignore[arg-type]  # a number


TASK = Task(
    name="rationality",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=METHODS,
    diagnose=PATTERNS,
    fields=(*FIELDS, *CORRECT, "corruption", "severity"),
    needs_references=False,
    read_predictions=_labels,
    parse=_parse,
    with_references=_correctness,
)
