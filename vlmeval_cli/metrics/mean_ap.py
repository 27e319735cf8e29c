"""Mean average precision of detections, as COCO defines it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import (
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    PooledMetric,
    Rows,
    Statistics,
    Table,
)
from vlmeval_cli.geometry.matching import Flags
from vlmeval_cli.metrics import detections
from vlmeval_cli.metrics.detections import (
    AREAS,
    HITS,
    IGNORED,
    THRESHOLDS,
    TRUE_BOXES,
    Classes,
    Reading,
)

_RECALLS = np.linspace(0.0, 1.0, 101)
# The same in single precision, as torchmetrics makes them: from the nearer end.
_STEPS = np.arange(101) * float(np.float32(0.01))
_RECALLS_SINGLE = np.where(np.arange(101) < 50, _STEPS, 1 - _STEPS[::-1])
_RECALLS_SINGLE = _RECALLS_SINGLE.astype(np.float32).astype(np.float64)
_EPSILON = np.spacing(1)  # as COCOeval divides
_SIZES = ("small", "medium", "large")
_SHOWN = 10
_AT_50, _AT_75 = 0, 5  # places in THRESHOLDS


class OfClass(NamedTuple):
    """Detections of one class, most confident first, and its true boxes.

    Attributes:
        label: number of the class.
        item: whose each detection is, shape (d,).
        rank: its place in its image, shape (d,).
        score: its confidence, shape (d,).
        is_hit, is_ignored: by range of area and threshold, shape (d, 4, 10).
        true_item: whose each count of true boxes is, shape (m,).
        true: true boxes in each range of area, shape (m, 4).
    """

    label: int
    item: Ints
    rank: Ints
    score: Array
    is_hit: Flags
    is_ignored: Flags
    true_item: Ints
    true: Array


class _Scored(NamedTuple):
    """Scores of one class for ``B`` weightings, NaN where it has no true box.

    Attributes:
        precision: average precision by range of area and threshold, shape (4, 10, B).
        recall: by number of detections and threshold, shape (k, 10, B).
        size_recall: at the most detections, by range of area and threshold, shape (4, 10, B).
    """

    precision: Array
    recall: Array
    size_recall: Array


@dataclass(frozen=True, slots=True)
class MeanAp(PooledMetric[Classes]):
    """COCO's twelve numbers: average precision and average recall of detections.

    Input: predicted boxes with classes and confidences, true boxes with classes, in one frame of
    pixels; crowd regions, and areas of segments where the references have them. An item is an
    image. If no predicted box names a class, all boxes are of one class.

    Detections of an image and class are matched by falling confidence, each with the free true
    box of most IoU if that reaches the threshold. Precision is made monotone from the right, read
    at 101 levels of recall and averaged; then averaged over thresholds and classes.

    Output: ``map`` over IoU .50 to .95, ``map_50`` and ``map_75`` at one threshold, ``map_small``,
    ``map_medium`` and ``map_large`` by area (below 32², to 96², above); ``mar_1``, ``mar_10`` and
    ``mar_100``, the recall with so many detections of a class in an image, and that by area.
    Fractions from 0 to 1, higher is better. None where no class has true boxes of that size (-1 in
    pycocotools), and where the file has no confidences: see ``expected_ap``.

    Edge cases: detections of classes that no reference has do not count, as in COCO, and are told.
    Equal confidences are ordered by image number, as in COCO; boxes without a confidence among
    others that have one come last. Annotation ids play no part, so that an id 0 does no harm.

    Options:
        max_detections: the numbers of detections that ``mar_N`` allows; the largest also cuts the
            list for all other numbers.

        precision: ``double``, or ``single`` for boxes, confidences, thresholds of IoU and levels of
            recall, as torchmetrics hands them to pycocotools: an IoU of exactly 0.6 falls short of
            its 0.6.
        areas: which decide about small, medium and large: those ``given`` in the references (of
            segments) or, as torchmetrics knows no others, those of ``boxes``.

    Differs from: torchmetrics, which gives -1 when the largest number is not 100.

    Source: Lin et al. 2014 (COCO), COCOeval of pycocotools 2.0; equal to 1e-10.

    Example:
        >>> from vlmeval_cli.geometry.columns import column_of
        >>> mine = column_of([[[0, 0, 9, 9]], [[0, 0, 9, 9]]], scores=[0.9, 0.8])
        >>> gold = column_of([[[50, 50, 60, 60]], [[0, 0, 9, 9]]])
        >>> columns = {"prediction.boxes": mine, "references.boxes": gold}
        >>> batch = Batch(["1", "2"], [None] * 2, [[]] * 2, prepared=columns)
        >>> metric = MeanAp()
        >>> found = metric.measure(batch, metric.fit(batch))
        >>> scores = metric.combine(Rows(found.values, found.item), np.ones((1, 2)))
        >>> scores["map"].round(4).tolist()  # precision 1/2 at 51 of 101 levels of recall
        [0.2525]
    """

    max_detections: tuple[int, ...] = (1, 10, 100)
    precision: Literal["double", "single"] = "double"
    areas: Literal["given", "boxes"] = "given"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="mean_ap",
        revision=1,
        title="COCO's average precision and average recall of detections with confidences",
        use="object detectors and models that give confidences; without confidences use box_f1 "
        "and expected_ap",
        tasks=("grounding",),
        needs=("prediction.boxes", "references.boxes"),
        multi_reference="all",
        source="Lin et al. 2014 (arXiv:1405.0312); pycocotools COCOeval",
    )

    def check(self) -> None:
        """Refuse numbers of detections that do not rise from 1."""
        given = self.max_detections
        if not given or given[0] < 1 or any(np.diff(given) <= 0):
            raise UsageError(
                f"option mean_ap:max_detections: got {quoted('+'.join(map(str, given)))}, "
                "expected rising numbers from 1",
                hint="COCO's own are 1+10+100.",
            )

    def outputs(self) -> tuple[Output, ...]:
        """COCO's numbers."""
        meanings = {
            "map": "mean average precision over IoU .50 to .95",
            "map_50": "mean average precision at IoU .50",
            "map_75": "mean average precision at IoU .75",
            **{f"map_{size}": f"mean average precision of {size} objects" for size in _SIZES},
            **{
                f"mar_{n}": f"mean recall with at most {n} boxes of a class in an image"
                for n in self.max_detections
            },
            **{f"mar_{size}": f"mean recall of {size} objects" for size in _SIZES},
        }
        return tuple(
            Output(name, kind="pooled", has_item_score=False, meaning=meaning)
            for name, meaning in meanings.items()
        )

    def fit(self, batch: Batch) -> Classes:
        """The classes of the references, and whether there are confidences."""
        return detections.classes_of(batch)

    def measure(self, batch: Batch, context: Classes) -> Statistics:
        """Rows of :mod:`vlmeval_cli.metrics.detections`."""
        how = Reading(is_single=self.precision == "single", own_areas=self.areas == "boxes")
        return detections.statistics(batch, context, self.max_detections[-1], how)

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """COCO's accumulation, each detection and true box counted as often as its image."""
        names = [output.name for output in self.outputs()]
        found = [self._of_class(own, weights) for own in by_class(rows)]
        if not found or np.isnan(rows.values[:, detections.SCORE]).any():
            return {name: np.full(len(weights), np.nan) for name in names}
        precision, recall, size_recall = map(np.stack, zip(*found, strict=True))
        columns = [
            precision[:, 0],
            precision[:, 0, _AT_50 : _AT_50 + 1],
            precision[:, 0, _AT_75 : _AT_75 + 1],
            *(precision[:, area] for area in range(1, len(AREAS))),
            *(recall[:, k] for k in range(len(self.max_detections))),
            *(size_recall[:, area] for area in range(1, len(AREAS))),
        ]
        return {name: _mean(column) for name, column in zip(names, columns, strict=True)}

    @property
    def _recalls(self) -> Array:
        return _RECALLS if self.precision == "double" else _RECALLS_SINGLE

    def _of_class(self, own: OfClass, weights: Array) -> _Scored:
        true = np.ascontiguousarray((weights[:, own.true_item] @ own.true).T)  # (4, B)
        each = np.ascontiguousarray(weights.T[own.item])
        with np.errstate(all="ignore"):
            precision = np.stack(
                [
                    _average_precisions(
                        own.is_hit[:, area], own.is_ignored[:, area], each, count, self._recalls
                    )
                    for area, count in enumerate(true)
                ]
            )
            hits = own.is_hit.astype(np.float64)
            within = np.array([own.rank < n for n in self.max_detections], dtype=np.float64)
            recall = np.einsum("kd,dt,db->ktb", within, hits[:, 0], each, optimize=True) / true[0]
            size_recall = np.einsum("dat,db->atb", hits, each, optimize=True) / true[:, None]
        precision[np.broadcast_to((true == 0)[:, None], precision.shape)] = np.nan
        return _Scored(precision, recall, size_recall)

    def tables(self, found: MetricStatistics, context: Classes) -> Mapping[str, Table]:
        """Average precision of each class, the lowest first."""
        rows = Rows(found.values, found.item if found.item is not None else np.zeros(0, np.int64))
        names = list(context.numbers)
        if len(names) < 2 or np.isnan(rows.values[:, detections.SCORE]).any():
            return {}
        n = int(rows.item.max(initial=-1)) + 1
        cells: list[tuple[str, int, int, float, float]] = []
        for own in by_class(rows):
            scored = self._of_class(own, np.ones((1, n)))
            if own.true[:, 0].sum():
                ap = scored.precision[0, :, 0]
                count = int(own.true[:, 0].sum())
                row = names[own.label], count, len(own.item), float(ap.mean()), float(ap[_AT_50])
                cells.append(row)
        cells.sort(key=lambda row: row[3])
        columns = ("class", "true boxes", "predicted", "AP", "AP at IoU .50")
        return {"ap_by_class": Table("Average precision by class", columns, cells, shown=_SHOWN)}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Confidences that rank nothing, and classes that are not there."""
        return (*_about_scores(facts), *about_classes(facts))


def by_class(rows: Rows) -> Iterator[OfClass]:
    """Detections of each class that has true boxes, sorted as COCO does."""
    values, item = rows
    label, rank = values[:, detections.CLASS], values[:, detections.RANK]
    is_true = rank == TRUE_BOXES
    own = np.flatnonzero(~is_true)
    keys = (rank, item, values[:, detections.PLACE], -values[:, detections.SCORE], label)
    own = own[np.lexsort(tuple(key[own] for key in keys))]
    thresholds = np.arange(len(THRESHOLDS))
    for number in np.unique(label[is_true]).tolist():
        start, stop = np.searchsorted(label[own], [number, number + 1])
        mine, theirs = own[start:stop], np.flatnonzero(is_true & (label == number))
        hits, ignored = (
            (values[mine, part].astype(np.int64)[:, :, None] >> thresholds & 1).astype(np.bool_)
            for part in (HITS, IGNORED)
        )
        yield OfClass(
            label=int(number),
            item=item[mine],
            rank=rank[mine].astype(np.int64),
            score=values[mine, detections.SCORE],
            is_hit=hits,
            is_ignored=ignored,
            true_item=item[theirs],
            true=values[theirs, HITS],
        )


def _average_precisions(
    is_hit: Flags, is_ignored: Flags, each: Array, true: Array, recalls: Array
) -> Array:
    """Average precision at each threshold, shape (10, B).

    Args:
        is_hit: at each threshold, shape (d, 10), most confident first.
        is_ignored: detections that do not count, likewise.
        each: how often each detection counts, shape (d, B).
        true: true boxes, shape (B,).
        recalls: levels at which precision is read.
    """
    found = np.zeros((is_hit.shape[1], each.shape[1]))
    before, seen = None, each
    for threshold, (hits, ignored) in enumerate(zip(is_hit.T, is_ignored.T, strict=True)):
        if not hits.any():
            continue
        if before is None or (before != ignored).any():
            before, seen = ignored, np.cumsum(np.where(ignored[:, None], 0.0, each), axis=0)
        found[threshold] = interpolated(np.cumsum(each[hits], axis=0), seen[hits], true, recalls)
    return found


def interpolated(hits: Array, seen: Array, true: Array, recalls: Array = _RECALLS) -> Array:
    """Mean of the monotone precision at levels of recall, shape (B,).

    Only places with a hit matter: elsewhere recall does not grow and precision falls. A level of
    recall is read at the first place that reaches it.

    Args:
        hits: hits so far at each hit, shape (h, B).
        seen: detections so far, likewise.
        true: true boxes, shape (B,).
        recalls: the levels, from 0 to 1.
    """
    precision = hits / (seen + _EPSILON)
    best = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    levels = np.searchsorted(recalls, (hits / true).ravel(), "right").reshape(hits.shape)
    read = np.diff(levels, axis=0, prepend=0)
    mean: Array = (best * read).sum(axis=0) / len(recalls)
    return mean


def _mean(scores: Array) -> Array:
    """Mean over classes and thresholds, (c, t, B) → (B,), of the classes that have a score."""
    known = ~np.isnan(scores[:, 0])
    total = np.where(known[:, None], scores, 0.0).sum(axis=(0, 1))
    with np.errstate(invalid="ignore"):
        mean: Array = total / (known.sum(axis=0) * scores.shape[1])
    return mean


def _about_scores(facts: Mapping[str, int]) -> tuple[Notice, ...]:
    boxes, unscored = facts.get(detections.BOXES, 0), facts.get(detections.UNSCORED, 0)
    if boxes and unscored == boxes:
        return (
            Notice(
                "no_scores",
                "no scores in file: average precision ranks boxes by confidence, so mean_ap is "
                "unknown; box_f1 needs none, and expected_ap gives the mean and the range over all "
                "orders",
            ),
        )
    if facts.get(detections.TIED, 0) == boxes > 1:
        return (
            Notice(
                "equal_scores",
                f"all {boxes:,} scores are equal, so mean_ap depends on the order "
                "of the images and means little; box_f1 needs no order, and expected_ap gives the "
                "mean and the range over all orders",
            ),
        )
    if unscored:
        return (
            Notice(
                "some_scores_missing",
                f"{unscored:,} of {boxes:,} boxes have no score and are ranked last by mean_ap",
            ),
        )
    return ()


def about_classes(facts: Mapping[str, int]) -> tuple[Notice, ...]:
    """Classes that do not count, and predicted boxes of classes that no reference has."""
    if facts.get(detections.MERGED):
        return (
            Notice(
                "merged_classes",
                "only one side names the classes of its boxes, so average precision takes all "
                "boxes as of one class; COCO's own number is a mean over classes",
            ),
        )
    unknown, boxes = facts.get(detections.UNKNOWN, 0), facts.get(detections.BOXES, 0)
    if not unknown:
        return ()
    return (
        Notice(
            "unknown_classes",
            f"{unknown:,} of {boxes:,} predicted boxes are of no class that the references have; "
            "COCO's average precision leaves them out, box_f1 counts them as wrong",
        ),
    )


METRICS = (MeanAp,)
