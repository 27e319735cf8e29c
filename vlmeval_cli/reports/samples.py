"""``samples.jsonl``: every item as it was scored, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.results import ItemScores
from vlmeval_cli.reports.json_bytes import json_bytes

_LINES_AT_ONCE = 4096


def sample_lines(items: ItemScores) -> Iterator[bytes]:
    """Blocks of whole lines, in the order of the items; memory stays that of one block.

    A line holds ``id, prediction, references, outcome, reason, scores, score_reasons, groups``,
    ``raw`` where the text before parsing differs, ``helped`` (what it took to read the prediction,
    or ``null``) where that is known, and ``detail`` where the task has one. A score
    that is unknown is ``null`` and has its reason in ``score_reasons``.
    """
    names, fields = tuple(items.scores), tuple(items.groups)
    for start in range(0, len(items), _LINES_AT_ONCE):
        block = slice(start, start + _LINES_AT_ONCE)
        columns = [_numbers(items.scores[name][block]) for name in names]
        scores = zip(*columns, strict=True) if columns else _nothing(items.ids[block])
        labels = [items.groups[field][block] for field in fields]
        groups = zip(*labels, strict=True) if labels else _nothing(items.ids[block])
        lines = [
            json_bytes(_line(items, i, names, row, dict(zip(fields, group, strict=True))))
            for i, (row, group) in enumerate(zip(scores, groups, strict=True), start)
        ]
        yield b"\n".join(lines) + b"\n"


def _line(
    items: ItemScores,
    i: int,
    names: Sequence[str],
    scores: Sequence[float | None],
    groups: dict[str, str],
) -> dict[str, Any]:
    line: dict[str, Any] = {
        "id": items.ids[i],
        "prediction": items.predictions[i],
        "references": items.references[i],
        "outcome": items.outcomes[i],
        "reason": items.reasons.get(i),
        "scores": dict(zip(names, scores, strict=True)),
        "score_reasons": {},
        "groups": groups,
    }
    if None in scores:
        line["score_reasons"] = {
            name: items.why_unknown(name, i)
            for name, score in line["scores"].items()
            if score is None
        }
    if items.slices:
        line["slices"] = {name: column[i] for name, column in items.slices.items()}
    if items.raw[i] is not None:
        line["raw"] = items.raw[i]
    if items.helped is not None:
        line["helped"] = items.helped.get(i)
    if items.detail is not None:
        line["detail"] = items.detail(i)
    return line


def _numbers(column: Array) -> list[float | None]:
    """Numbers of a column, None where it has none."""
    finite = np.isfinite(column)
    if finite.all():
        return list(column.tolist())
    return [value if ok else None for value, ok in zip(column.tolist(), finite, strict=True)]


def _nothing(items: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """An empty row for each item, for runs without item scores or groups."""
    return (() for _ in items)
