"""Consistency of structure: how many answers have the same keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints, ValueColumn
from vlmeval_cli.core.metric import MetricInfo, Output, PooledMetric, Rows, Statistics
from vlmeval_cli.metrics.document_structure import code, structure

_NO_STRUCTURE = -1.0


@dataclass(frozen=True, slots=True)
class Consistency(PooledMetric[None]):
    """Share of answers that have the most common key structure.

    Input: one document per item. Its structure is its keys in any order and how they nest; values,
    their types and the lengths of lists do not count.

    Output: a fraction from 0 to 1, higher is better: answers with the most common structure among
    all answers. By group (``--by``), the most common structure is the group's own. An item's score
    is 1 if it has the most common structure of all items.

    Edge cases: an answer that cannot be read, or is missing, has no structure and counts against
    the share. If none can be read the share is 0. Where two structures are as common, items of the
    one with the lower code score 1. There is no interval: the most common structure of a resample
    is at least as common as the resampled one, so that resampling only raises the share.

    Source: design of this tool; the measure of mode agreement is that of self-consistency
    (arXiv:2203.11171), taken over keys.

    Example:
        >>> documents = ValueColumn([{"a": 1}, {"a": 2}, {"b": 3}, None], np.arange(5))
        >>> batch = Batch("1234", [], [], prepared={"prediction.documents": documents})
        >>> found = Consistency().measure(batch, None)
        >>> Consistency().combine(Rows(found.values, np.arange(4)), np.ones((1, 4)))
        {'consistency': array([0.5])}
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="consistency",
        revision=1,
        title="share of answers with the most common key structure",
        use="answers should all have the same keys (forms, invoices); with --by it is told per "
        "kind of document. It says nothing of the values",
        tasks=("freeform",),
        needs=("prediction.documents",),
        multi_reference="all",
        source="mode agreement (arXiv:2203.11171) over key structures",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of the mode."""
        meaning = self.info.title
        return (Output("consistency", kind="pooled", has_interval=False, meaning=meaning),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(code of the structure,)``, -1 where there is no document."""
        documents = batch.column("prediction.documents", ValueColumn).values
        codes = [_NO_STRUCTURE if doc is None else code(structure(doc)) for doc in documents]
        return Statistics(np.array(codes, dtype=np.float64).reshape(-1, 1))

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """The weight of the heaviest structure, as a share of all weight."""
        return {"consistency": _clusters(rows).weights(weights).max(axis=1) / weights.sum(axis=1)}

    def item_scores(self, rows: Rows, n: int) -> dict[str, Array]:
        """1 for items of the most common structure."""
        scores = np.full(n, np.nan)
        scores[rows.item] = 0.0
        clusters = _clusters(rows)
        if len(clusters.items):
            start = clusters.starts[int(clusters.weights(np.ones((1, n)))[0].argmax())]
            scores[clusters.items[clusters.codes == clusters.codes[start]]] = 1.0
        return {"consistency": scores}


class _Clusters(NamedTuple):
    """Items that have a structure, structure after structure.

    Attributes:
        items: shape (m,).
        codes: of each of them, ascending.
        starts: place of the first item of each structure.
    """

    items: Ints
    codes: Array
    starts: Ints

    def weights(self, weights: Array) -> Array:
        """Total weight of each structure, shape (B, structures); zeros where there is none."""
        if not len(self.items):
            return np.zeros((len(weights), 1))
        totals: Array = np.add.reduceat(weights[:, self.items], self.starts, axis=1)
        return totals


def _clusters(rows: Rows) -> _Clusters:
    has_structure = rows.values[:, 0] != _NO_STRUCTURE
    codes, items = rows.values[has_structure, 0], rows.item[has_structure]
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=_NO_STRUCTURE))
    return _Clusters(items[order], codes[order], starts)


METRICS = (Consistency,)
