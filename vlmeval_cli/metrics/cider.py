"""CIDEr-D, the CIDEr of the COCO caption evaluation, and plain CIDEr."""

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
from vlmeval_cli.resources.document_frequencies import (
    MAX_ORDER,
    DocumentFrequencies,
    SavedFrequencies,
)
from vlmeval_cli.text.ngrams import (
    NgramCounts,
    Texts,
    counted,
    gram_keys,
    predictions_with_references,
)

_SIGMA = 6.0
_SCALE = 10.0
_FEW_IMAGES = 100


@dataclass(frozen=True, slots=True)
class Cider(MeanMetric[DocumentFrequencies | SavedFrequencies]):
    """Cosine of TF-IDF n-gram vectors of the prediction and each reference, averaged.

    Input:
        Tokens of ``tokenizer``; at least one reference per item. The weight of an n-gram is its
        count times ln(N / df): N images in the run, df of them with the n-gram in a reference.

    Output:
        ``cider``, 0 to 10, higher is better; published tables print it times 100. The corpus score
        is the mean over items. It depends on all references of the run, so a score of a subset is
        not comparable with one of the whole. Groups and intervals keep the document frequencies of
        the run.

    Edge cases:
        With one image every weight is ln 1 = 0, and so is the score. Texts shorter than four words
        cannot reach 10: a perfect word gets 2.5, two words 5, three 7.5. An empty prediction
        gets 0.

    Differs from:
        pycocoevalcap 1.2 ``Cider`` (which is CIDEr-D: counts clipped to the reference's, a Gaussian
        on the difference in length, sigma 6): not at all. ``variant=plain`` has neither clipping
        nor Gaussian, as vrama91/cider; the paper's stemming is in neither code.

    Source:
        Vedantam, Zitnick and Parikh 2015, arXiv:1411.5726; coco-caption.

    Attributes:
        variant: ``d`` CIDEr-D, ``plain`` CIDEr.
        df: where document frequencies come from: the ``references`` of the run, or the path of a
            file made by ``save_document_frequencies``.
        tokenizer: which tokens are compared.

    Example:
        >>> totals = np.array([12.5, 10.0])  # sum of item scores, items
        >>> float(Cider().finalize(totals)["cider"])
        1.25
    """

    variant: Literal["d", "plain"] = "d"
    df: str = "references"
    tokenizer: str = "ptb"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="cider",
        revision=1,
        title="agreement with the references on the n-grams that tell images apart (CIDEr-D)",
        use="Captions of at least a hundred images with several references each; the primary "
        "caption metric. Not for single images or subsets.",
        tasks=("captioning",),
        needs=("prediction.tokens:ptb", "references.tokens:ptb"),
        multi_reference="mean",
        source="arXiv:1411.5726; pycocoevalcap Cider",
        sees=frozenset({"partial", "order", "rarity"}),
        texts_per_second=100_000,
    )

    def check(self) -> None:
        """Check the options.

        Raises:
            UsageError: no place for document frequencies.
        """
        if not self.df:
            raise UsageError('cider: df is empty, expected "references" or the path of a file')

    def needs(self) -> tuple[str, ...]:
        """Token columns of the chosen tokeniser."""
        return (f"prediction.tokens:{self.tokenizer}", f"references.tokens:{self.tokenizer}")

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        meaning = "mean cosine of n-gram vectors weighted by rarity, times 10"
        return (Output("cider", range=(0.0, 10.0), unit="CIDEr (0-10)", meaning=meaning),)

    def fit(self, batch: Batch) -> DocumentFrequencies | SavedFrequencies:
        """Document frequencies of the batch's references, or the file that has them."""
        if self.df != "references":
            return SavedFrequencies(self.df, self.tokenizer)
        return DocumentFrequencies.of_references(batch.tokens(self.needs()[1]))

    def measure(self, batch: Batch, context: DocumentFrequencies | SavedFrequencies) -> Statistics:
        """Score of each item, and 1."""
        collection = context.loaded if isinstance(context, SavedFrequencies) else context
        prediction, references = (batch.tokens(name) for name in self.needs())
        texts = predictions_with_references(prediction, references)
        is_whole = collection.is_of(references)
        similarity = np.zeros(len(texts.item))
        # An n-gram that occurs once in a whole collection has at most one document.
        for counts in counted(texts, MAX_ORDER, lone_apart=is_whole):
            if is_whole:
                documents = counts.items_with_reference()
            else:
                documents = collection.counts_of(gram_keys(texts, counts, prediction.vocabulary))
            rarest = np.log(collection.n_documents)
            weights = rarest - np.log(np.maximum(documents, 1))
            similarity += self._cosines(texts, counts, weights, rarest)
        if self.variant == "d":
            similarity *= _length_agreement(texts)
        scores = _means_over_references(texts, similarity, len(batch)) / MAX_ORDER * _SCALE
        own = {"images": len(batch)} if self.df == "references" else {}
        return mean_statistics(scores, facts=own)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Too few images for document frequencies that mean something."""
        images = facts.get("images", _FEW_IMAGES)
        if images == 1:
            message = (
                "CIDEr of one image is exactly 0: n-grams are weighted by ln(images / images that "
                "have them), and ln(1 / 1) = 0. It says nothing about the prediction."
            )
            return (Notice("cider_one_image", message),)
        if 1 < images < _FEW_IMAGES:
            message = (
                f"CIDEr of {images} images rests on few document frequencies: n-grams are weighted "
                f"by their rarity among the images of the run. Use it from {_FEW_IMAGES} images "
                "on, or give frequencies of a larger set with cider:df=FILE."
            )
            return (Notice("cider_few_images", message),)
        return ()

    def _cosines(self, texts: Texts, counts: NgramCounts, weights: Array, rarest: float) -> Array:
        """Similarity of each reference to its item's prediction on n-grams of one order.

        Args:
            texts: predictions with their references.
            counts: n-grams of the order.
            weights: of each n-gram, shape (n_grams,).
            rarest: weight of an n-gram of one document.

        Returns:
            Shape (n_texts,); meaningless for predictions.
        """
        vector = counts.count * weights[counts.gram]
        matches = counts.matches()
        predicted, accepted = vector[matches.prediction], vector[matches.reference]
        if self.variant == "d":
            predicted = np.minimum(predicted, accepted)
        place = counts.position[matches.reference]
        products = texts.sums_by_text(place, predicted * accepted)
        squares = texts.sums_by_text(counts.position, vector**2, at=counts.is_lone, value=rarest**2)
        norms = np.sqrt(squares)
        scale = norms * norms[_prediction_of(texts)]
        return products / np.where(scale > 0, scale, 1.0)


def _prediction_of(texts: Texts) -> Ints:
    """Text that is the prediction of each text's item, shape (n_texts,)."""
    return np.flatnonzero(texts.is_prediction)[texts.item]


def _length_agreement(texts: Texts) -> Array:
    """Gaussian of the difference in bigrams between each text and its item's prediction."""
    bigrams = np.maximum(texts.lengths - 1, 0)
    difference = bigrams[_prediction_of(texts)] - bigrams
    return np.asarray(np.exp(-(difference**2) / (2 * _SIGMA**2)), dtype=np.float64)


def _means_over_references(texts: Texts, similarity: Array, n_items: int) -> Array:
    # bincount adds in the order of the references, so that an item's sum has always the same bits.
    references = ~texts.is_prediction
    item = texts.item[references]
    sums = np.bincount(item, weights=similarity[references], minlength=n_items)
    return np.asarray(sums / np.maximum(np.bincount(item, minlength=n_items), 1), dtype=np.float64)


METRICS = (Cider,)
