"""The outcome ladder: one exclusive outcome per item, from parse status and primary score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import OUTCOMES


def outcomes(
    statuses: Sequence[str | None],
    scores: Array | None,
    output: Output | None,
    skipped: Container[int] = (),
) -> list[str]:
    """Outcome of every item.

    Args:
        statuses: what parsing found wrong (``missing``, ``empty``, …), None where nothing. An
            empty answer that is the right one is right.
        scores: item scores of the primary metric, shape (n,), where the task knows right and wrong.
        output: the primary output; None, with ``scores``, where every usable answer is ``scored``.
        skipped: items that no metric scored.
    """
    if scores is None or output is None:
        return [
            status or ("skipped" if i in skipped else "scored") for i, status in enumerate(statuses)
        ]
    worst, best = _ends(output)
    marks = np.full(len(scores), "partial", dtype=object)
    marks[np.isnan(scores)] = "skipped"  # what cannot be read has a status already
    marks[scores == worst] = "wrong"
    marks[scores == best] = "right"
    if not any(statuses):
        return marks.tolist()
    return [
        mark if status is None or (status == "empty" and mark == "right") else status
        for status, mark in zip(statuses, marks, strict=True)
    ]


def counted(found: Sequence[str]) -> dict[str, int]:
    """Outcome → number of items, in the order of the ladder, without the empty rungs."""
    counts = Counter(found)
    return {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]}


def _ends(output: Output) -> tuple[float | None, float | None]:
    low, high = output.range
    return output.worst, high if output.higher_is_better else low
