"""ANLS*: how alike documents are, with partial credit for texts that differ a little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.metrics.documents import NEEDS, beside_references, without_references
from vlmeval_cli.text.document_similarity import Matcher


@dataclass(frozen=True, slots=True)
class AnlsStar(MeanMetric[None]):
    """Similarity of documents: each text by its edits, lists by best pairing, objects by key.

    Input: the predicted document and any number of accepted ones (JSON values). Texts, numbers and
    booleans are compared as they are written, without regard to case and white space, and earn
    1 - edits / length of the longer one, or nothing below the threshold. The score is what was
    earned, divided by the number of values of both documents, where values that met count once.
    Entries of lists are paired so that the sum of their mean scores is largest. Among several
    references the best counts.

    Output: per item a fraction from 0 to 1, higher is better; the corpus score is their mean. Items
    without a reference are skipped.

    Edge cases: a prediction that is missing or could not be read scores 0. A null is met by null,
    by a missing key, and by an empty text, object or list; an added key that holds nothing earns
    nothing but is counted, so that it costs. An empty text in the reference is not met by null. A
    number is compared as text: 1.0 and 1 earn nothing. Two empty documents score 1. One reference
    that is a list of texts, beside a predicted text, is a list of accepted answers. An empty list
    of them scores 0.

    Options:
        threshold: similarities of texts below it count as 0.

    Differs from: nothing in anls_star 1.0.1, except where several pairings of list entries are
    equally good on average but join entries of different size: its choice, and with it its score,
    depends on the version of the package munkres (1.1.4 and 3.0.0 differ); here SciPy chooses.

    Source: Peer et al. 2024, "ANLS* -- A Universal Document Processing Metric for Generative Large
    Language Models".

    Example:
        >>> from vlmeval_cli.core.batch import Batch, ValueColumn
        >>> one = np.array([0, 1])
        >>> prediction = ValueColumn([{"a": "hello!", "b": ["a", "test", "this", "be"]}], one)
        >>> reference = ValueColumn([{"a": "hello", "b": ["this", "is", "a", "test"]}], one)
        >>> columns = {"prediction.documents": prediction, "references.documents": reference}
        >>> batch = Batch(["a"], prediction.values, [reference.values], prepared=columns)
        >>> AnlsStar().measure(batch, None).values.round(7).tolist()
        [[0.7666667, 1.0]]
    """

    threshold: float = 0.5

    info: ClassVar[MetricInfo] = MetricInfo(
        name="anls_star",
        revision=1,
        title="similarity of documents, with partial credit for texts that differ a little",
        use="documents read from images, where a misread character should not cost a whole field; "
        "field_f1 says which fields fail",
        tasks=("freeform", "docqa"),
        needs=NEEDS,
        multi_reference="best",
        source="Peer et al. 2024 (arXiv:2402.03848); anls_star 1.0.1",
    )

    def check(self) -> None:
        """Refuse a threshold outside 0 to 1."""
        if not 0.0 <= self.threshold <= 1.0:
            raise UsageError(
                f"option anls_star:threshold: got {quoted(self.threshold)}, expected 0 to 1",
                hint="The usual threshold is 0.5.",
            )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the mean similarity."""
        return (Output("anls_star", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(similarity with the best reference, 1)``."""
        matcher = Matcher(self.threshold)
        scores = np.zeros(len(batch))
        for item, (prediction, references) in enumerate(beside_references(batch)):
            if prediction is not None and len(references):
                scores[item] = matcher.best(prediction, references).mean
        return mean_statistics(scores, skips=without_references(batch))


METRICS = (AnlsStar,)
