"""What the metrics of documents share: their columns, and each prediction beside its references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vlmeval_cli.core.batch import Batch, ValueColumn

NEEDS = ("prediction.documents", "references.documents")
NO_REFERENCE = "no_reference"


def beside_references(batch: Batch) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Each item's document, None where none could be read, and its accepted documents."""
    predictions = batch.column(NEEDS[0], ValueColumn)
    references = batch.column(NEEDS[1], ValueColumn)
    starts = references.item_offsets.tolist()
    for item, prediction in enumerate(predictions.values):
        yield prediction, references.values[starts[item] : starts[item + 1]]


def without_references(batch: Batch) -> dict[int, str]:
    """Items that have no accepted document, and so no score."""
    starts = batch.column(NEEDS[1], ValueColumn).item_offsets.tolist()
    return {item: NO_REFERENCE for item in range(len(batch)) if starts[item] == starts[item + 1]}
