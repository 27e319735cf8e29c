"""CLIPScore and RefCLIPScore: does the caption fit the image?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.metrics.clip_vectors import (
    DEFAULT_MODEL,
    WEIGHT,
    best_cosines,
    column,
    cut_facts,
    cut_notice,
    image_cosines,
    vectors,
)

Variant = Literal["hessel", "cosine100", "torchmetrics"]
Clipping = Literal["paper", "code"]
_BEST_WITH_REFERENCES = 2 * WEIGHT / (WEIGHT + 1)  # the harmonic mean of 2.5 and 1


@dataclass(frozen=True, slots=True)
class ClipScore(MeanMetric[None]):
    """How well a caption fits its image, as CLIP sees it; no reference is looked at.

    Input: the predicted text and the item's image. The text stands behind "A photo depicts ". The
    image is resized and cropped as the original does.

    Output: per item 2.5 · max(cosine of text and image, 0); the corpus score is their mean. Higher
    is better. The scale is 0 to 2.5 in theory. With the default model the authors' example has 0.86
    for captions that fit and 0.72 for wrong ones; other models have scales of their own. Items
    whose image is not there, or cannot be read, are skipped.

    Edge cases: an empty caption is scored, as the prompt alone. A longer text than the model takes
    is cut and keeps its end token; a warning counts them.

    Options:
        variant: ``hessel`` is the original. ``cosine100`` is 100 · max(cosine, 0) per item, without
            a prompt, as torchmetrics documents it. ``torchmetrics`` is what that package computes:
            100 · cosine without a prompt, and the *mean* is clipped at 0, not the items; so the
            mean of the item scores can lie above the corpus score.
        model: name on the Hugging Face hub or a folder: CLIP, SigLIP, MetaCLIP and the like.

    Differs from: the original computes in half precision on a GPU (0.8584 for 0.8585) and does not
    turn images as their EXIF orientation says. torchmetrics takes openai/clip-vit-large-patch14
    unless told otherwise, and cuts long texts without an end token.

    Source: Hessel et al. 2021, "CLIPScore: A Reference-free Evaluation Metric for Image
    Captioning"; clipscore.py of its authors.

    Example:
        >>> from vlmeval_cli.models.columns import VectorColumn, whole
        >>> text = VectorColumn(np.arange(1), np.arange(2), whole(np.array([[0.3, 0.954]])))
        >>> image = VectorColumn(np.arange(1), np.arange(2), whole(np.array([[1.0, 0.0]])))
        >>> columns = dict(zip(ClipScore().needs(), (text, image)))
        >>> batch = Batch(["1"], [""], [[]], prepared=columns)
        >>> ClipScore().measure(batch, None).values.round(4).tolist()
        [[0.75, 1.0]]
    """

    variant: Variant = "hessel"
    model: str = DEFAULT_MODEL

    info: ClassVar[MetricInfo] = MetricInfo(
        name="clip_score",
        revision=1,
        title="how well a caption fits its image, as CLIP sees it: 2.5 times the cosine",
        use="captions of images that nobody described, and faults that references do not show. It "
        "hardly sees counts, places and who does what to whom; look at cider beside it",
        tasks=("captioning",),
        needs=(column("prediction", DEFAULT_MODEL), column("image", DEFAULT_MODEL)),
        multi_reference="all",
        source="Hessel et al. 2021 (arXiv:2104.08718); jmhessel/clipscore",
        extra="neural",
    )

    def needs(self) -> tuple[str, ...]:
        """Vectors of the texts and the images."""
        is_plain = self.variant != "hessel"
        return (
            column("prediction", self.model, is_plain=is_plain),
            column("image", self.model),
        )

    def outputs(self) -> tuple[Output, ...]:
        """One number; on the scale of the variant."""
        if self.variant == "hessel":
            return (Output("clip_score", range=(0.0, WEIGHT), meaning=self.info.title),)
        kind: Literal["mean", "ratio"] = "mean" if self.variant == "cosine100" else "ratio"
        meaning = "how well a caption fits its image, as CLIP sees it: 100 times the cosine"
        return (
            Output("clip_score", range=(0.0, 100.0), unit="points", kind=kind, meaning=meaning),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(score, 1)``."""
        texts, images = (vectors(batch, name) for name in self.needs())
        cosine, skips = image_cosines(texts, images)
        if self.variant != "torchmetrics":
            cosine = np.maximum(cosine, 0.0)
        scores = (WEIGHT if self.variant == "hessel" else 100.0) * cosine
        return mean_statistics(scores, skips=skips, facts=cut_facts(texts))

    def finalize(self, totals: Array) -> dict[str, Array]:
        """The mean; that of torchmetrics is clipped at 0 afterwards."""
        found = MeanMetric.finalize(self, totals)
        if self.variant == "torchmetrics":
            return {name: np.maximum(mean, 0.0) for name, mean in found.items()}
        return found

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Captions that the model saw only in part."""
        return cut_notice(facts, self.model)


@dataclass(frozen=True, slots=True)
class RefClipScore(MeanMetric[None]):
    """How well a caption fits its image and the references at once, as CLIP sees it.

    Input: the predicted text, any number of references, and the item's image. All texts stand
    behind "A photo depicts ".

    Output: per item the harmonic mean of CLIPScore (2.5 · max(cosine with the image, 0)) and the
    largest cosine with a reference; the corpus score is the mean of the items. Higher is better.

    Edge cases: items without a reference, or whose image is not there, are skipped. Where either
    part is 0 the harmonic mean is 0.

    Options:
        variant: ``paper`` clips the cosine with the references at 0 too. ``code`` is the authors'
            script, which does not, so that a score can be negative, and where both parts cancel it
            has none (the script prints nan) and the item is skipped. With trained weights no text
            has a negative cosine with another, and both are the same.
        model: name on the Hugging Face hub or a folder.

    Source: Hessel et al. 2021, equation 2; clipscore.py of its authors.

    Example:
        >>> from vlmeval_cli.models.columns import VectorColumn, whole
        >>> one = VectorColumn(np.arange(1), np.arange(2), whole(np.array([[0.6, 0.8]])))
        >>> image = VectorColumn(np.arange(1), np.arange(2), whole(np.array([[0.0, 1.0]])))
        >>> columns = dict(zip(RefClipScore().needs(), (one, one, image)))
        >>> batch = Batch(["1"], [""], [[""]], prepared=columns)
        >>> RefClipScore().measure(batch, None).values.round(4).tolist()
        [[1.3333, 1.0]]
    """

    variant: Clipping = "paper"
    model: str = DEFAULT_MODEL

    info: ClassVar[MetricInfo] = MetricInfo(
        name="ref_clip_score",
        revision=1,
        title="harmonic mean of CLIPScore and the largest CLIP cosine with a reference",
        use="captions that have references: it agrees more with people than clip_score alone; "
        "on new kinds of images look at both apart",
        tasks=("captioning",),
        needs=(
            column("prediction", DEFAULT_MODEL),
            column("references", DEFAULT_MODEL),
            column("image", DEFAULT_MODEL),
        ),
        multi_reference="best",
        source="Hessel et al. 2021 (arXiv:2104.08718); jmhessel/clipscore",
        extra="neural",
    )

    def needs(self) -> tuple[str, ...]:
        """Vectors of the texts, the references and the images."""
        sides = ("prediction", "references", "image")
        return tuple(column(side, self.model) for side in sides)

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        low, worst = (0.0, 0.0) if self.variant == "paper" else (None, None)
        return (
            Output(
                "ref_clip_score",
                range=(low, _BEST_WITH_REFERENCES),
                worst=worst,
                meaning=self.info.title,
            ),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(harmonic mean, 1)``."""
        texts, references, images = (vectors(batch, name) for name in self.needs())
        cosine, skips = image_cosines(texts, images)
        with_image = WEIGHT * np.maximum(cosine, 0.0)
        best = best_cosines(texts, references)
        for i in np.flatnonzero(np.isnan(best)).tolist():
            skips.setdefault(i, "no_reference")
        best = np.nan_to_num(best)
        if self.variant == "paper":
            best = np.maximum(best, 0.0)
        total = with_image + best
        if self.variant == "code":
            for i in np.flatnonzero(total == 0.0).tolist():
                skips.setdefault(i, "both parts cancel")
        scores = np.zeros(len(total))
        np.divide(2 * with_image * best, total, out=scores, where=total != 0.0)
        return mean_statistics(scores, skips=skips, facts=cut_facts(texts, references))

    def worst_row(self) -> Array | None:
        """Nothing fits."""
        return np.array([0.0, 1.0])

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Texts that the model saw only in part."""
        return cut_notice(facts, self.model)


METRICS = (ClipScore, RefClipScore)
