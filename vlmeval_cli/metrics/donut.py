"""Donut's two scores of a document: F1 over key-value pairs, and tree edit accuracy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import Metric, MetricInfo, Notice, Output, Statistics
from vlmeval_cli.metrics.documents import NEEDS, beside_references, without_references
from vlmeval_cli.text.donut_trees import Nodes, nodes_of, normalized, pairs, tree_accuracy

_EMPTY = "empty_references"


@dataclass(frozen=True, slots=True)
class Donut(Metric[None]):
    """F1 over key-value pairs and tree edit accuracy, as Donut and CORD report them.

    Input: the predicted document and any number of accepted ones, as JSON values. Both are
    normalised first: null, 0, false and whatever is empty vanish, all values become stripped texts.

    Output: fractions from 0 to 1, higher is better. ``donut_f1`` is right pairs / (right pairs +
    half the others) over the whole corpus, where pairs are keys joined by dots and texts: order,
    and which entry of a list a pair belongs to, mean nothing. ``donut_ted_accuracy`` is
    1 - d(predicted, reference) / d(nothing, reference) with the tree edit distance of Zhang and
    Shasha, at least 0, as a mean over the items; here the order of lists counts. Of several
    references each score takes its best. Items without a reference are skipped.

    Edge cases: a prediction that is missing or could not be read is an empty document. An empty
    reference gives an accuracy of 0, whatever is predicted, as in Donut; it is counted and told.
    Where all documents are empty the F1 is unknown (Donut divides by zero).

    Differs from: Donut's code marks leaves in their text, so that "<leaf>" inside a value vanishes;
    here it is a text like others.

    Source: Kim et al. 2022, section 3.3, and the evaluation code of clovaai/donut.

    Example:
        >>> from vlmeval_cli.core.batch import Batch, ValueColumn
        >>> one = np.array([0, 1])
        >>> prediction = ValueColumn([{"menu": [{"name": "cakes", "count": "2"}]}], one)
        >>> reference = ValueColumn([{"menu": [{"name": "cake", "count": "2"}]}], one)
        >>> columns = {"prediction.documents": prediction, "references.documents": reference}
        >>> batch = Batch(["a"], prediction.values, [reference.values], prepared=columns)
        >>> Donut().measure(batch, None).values.round(4).tolist()
        [[1.0, 2.0, 2.0, 0.8889, 1.0]]
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="donut",
        revision=1,
        title="F1 over key-value pairs and tree edit accuracy, as reported for Donut and CORD",
        use="numbers to set beside published ones for CORD and the like; field_f1 keeps entries "
        "of lists apart and does not drop 0 and false",
        tasks=("freeform",),
        needs=NEEDS,
        multi_reference="best",
        source="Kim et al. 2022 (arXiv:2111.15664); clovaai/donut",
    )

    def outputs(self) -> tuple[Output, ...]:
        """F1 over all pairs, and mean tree edit accuracy."""
        return (
            Output("donut_f1", kind="ratio", meaning="F1 over all key-value pairs of the corpus"),
            Output(
                "donut_ted_accuracy",
                meaning="1 - tree edit distance, relative to that of an empty prediction",
            ),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(right pairs, predicted pairs, expected pairs, accuracy, 1)``."""
        values = np.zeros((len(batch), 5))
        skips = without_references(batch)
        empty = 0
        for item, (prediction, references) in enumerate(beside_references(batch)):
            if item not in skips:
                ours, theirs = _Side.of(prediction), [*map(_Side.of, references)]
                values[item] = (*_best_pairs(ours, theirs), _best_accuracy(ours, theirs), 1.0)
                empty += not any(side.pairs for side in theirs)
        return Statistics(values, skips=skips, facts={_EMPTY: empty} if empty else {})

    def finalize(self, totals: Array) -> dict[str, Array]:
        """A ratio of sums, and a mean."""
        right, predicted, expected, accuracy, n = np.moveaxis(totals, -1, 0)
        with np.errstate(invalid="ignore"):
            return {
                "donut_f1": 2 * right / (predicted + expected),
                "donut_ted_accuracy": accuracy / n,
            }

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """References that are empty once normalised."""
        empty = facts.get(_EMPTY, 0)
        if not empty:
            return ()
        return (
            Notice(
                "donut_empty_references",
                f"{empty:,} of {n:,} references hold nothing but null, 0, false or empty values; "
                "donut_ted_accuracy is 0 for them whatever is predicted, as in Donut",
            ),
        )


class _Side(NamedTuple):
    """A document in the two forms that are compared."""

    pairs: Counter[tuple[str, str]]
    nodes: Nodes

    @classmethod
    def of(cls, document: Any) -> _Side:  # noqa: ANN401  (any JSON value)
        clean = normalized(document)
        return cls(Counter(pairs(clean)), nodes_of(clean))


class _Pairs(NamedTuple):
    right: int
    predicted: int
    expected: int


def _best_pairs(ours: _Side, references: Sequence[_Side]) -> _Pairs:
    """Counts beside the reference of highest F1, of several the one with fewest errors."""
    predicted = ours.pairs.total()
    found = [
        _Pairs((ours.pairs & side.pairs).total(), predicted, side.pairs.total())
        for side in references
    ]
    return max(found, key=_quality)


def _quality(found: _Pairs) -> tuple[float, int]:
    total = found.predicted + found.expected
    return (2 * found.right / total if total else 1.0), 2 * found.right - total


def _best_accuracy(ours: _Side, references: Sequence[_Side]) -> float:
    return max(tree_accuracy(ours.nodes, side.nodes) for side in references)


METRICS = (Donut,)
