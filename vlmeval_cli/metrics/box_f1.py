"""Precision, recall and F1 of boxes, matched one to one by the Hungarian method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import Metric, MetricInfo, Notice, Output, Statistics
from vlmeval_cli.geometry.boxes import iou, share_inside
from vlmeval_cli.geometry.columns import BoxColumn
from vlmeval_cli.geometry.labels import UNLABELLED, codes, numbered
from vlmeval_cli.geometry.matching import Flags, assign, pairs_within, stacks

_LABELLED, _UNLABELLED, _CROWD = "labelled", "unlabelled", "in_crowds"


class _Sides(NamedTuple):
    """Boxes of both sides, crowds among the references set apart.

    Attributes:
        boxes, offsets, labels: of predictions and references; labels are integers.
        crowds, crowd_offsets, crowd_labels: of the crowd regions.
    """

    boxes: tuple[Array, Array]
    offsets: tuple[Ints, Ints]
    labels: tuple[Ints, Ints]
    crowds: Array
    crowd_offsets: Ints
    crowd_labels: Ints


class _Matched(NamedTuple):
    """IoU of each predicted box with its partner; 0 where it has none. Shape (m,)."""

    overlap: Array

    @property
    def is_hit(self) -> Flags:
        found: Flags = self.overlap > 0
        return found


@dataclass(frozen=True, slots=True)
class BoxF1(Metric[None]):
    """Precision, recall and F1 of predicted boxes.

    Input: predicted boxes and true boxes of each image, both in one frame; their classes, where
    both of a pair have one, must be equal (case does not count). Crowd regions of COCO are no
    boxes to be found; a predicted box that matches nothing and lies in one counts nowhere.

    Boxes are matched one to one so that the sum of their IoU is largest, and pairs with an IoU of
    at least ``threshold`` are hits. Precision is hits / predicted boxes, recall is hits / true
    boxes, F1 is 2 hits / (predicted + true boxes).

    Output: ``box_precision``, ``box_recall`` and ``box_f1`` from the counts of all images together;
    ``box_f1_macro``, the mean of the F1 of each image; ``matched_iou``, the mean IoU of the hits.
    Fractions from 0 to 1, higher is better.

    Edge cases: an image without true boxes scores 1 if none is predicted, and 0 otherwise (or if
    its prediction could not be read). Where nothing is predicted at all, precision is 0. Where
    nothing is hit, ``matched_iou`` is 0.

    Options:
        threshold: IoU from which a pair is a hit.
        assignment: ``iou`` maximises the sum of IoU, which can miss the assignment with most hits;
            ``count`` maximises the number of hits, and their IoU after that.
        labels: ``match`` compares classes, ``ignore`` does not.

    Differs from: greedy matching by confidence (COCO), which needs confidences.

    Source: metric-spec 12.1; Kuhn 1955 for the assignment.

    Example:
        >>> from vlmeval_cli.geometry.columns import column_of
        >>> mine = column_of([[[0, 0, 2, 2], [5, 5, 6, 6]]])
        >>> gold = column_of([[[0, 0, 2, 1]]])
        >>> columns = {"prediction.boxes": mine, "references.boxes": gold}
        >>> found = BoxF1().measure(Batch(["a"], [None], [[]], prepared=columns), None)
        >>> scores = BoxF1().finalize(found.values[0])
        >>> [float(scores[name].round(3)) for name in ("box_precision", "box_recall", "box_f1")]
        [0.5, 1.0, 0.667]
    """

    threshold: float = 0.5
    assignment: Literal["iou", "count"] = "iou"
    labels: Literal["match", "ignore"] = "match"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="box_f1",
        revision=1,
        title="precision, recall and F1 of boxes matched one to one at an IoU threshold",
        use="images with several objects; it needs no confidences, which most language models do "
        "not give",
        tasks=("grounding",),
        needs=("prediction.boxes", "references.boxes"),
        multi_reference="all",
        source="Kuhn 1955 (assignment); Everingham et al. 2010 (PASCAL VOC) for the threshold",
    )

    def check(self) -> None:
        """Refuse a threshold that is no IoU above 0."""
        if not 0.0 < self.threshold <= 1.0:
            raise UsageError(
                f"option box_f1:threshold: got {quoted(self.threshold)}, expected an IoU above 0 "
                "and up to 1",
                hint="The usual threshold is 0.5.",
            )

    def outputs(self) -> tuple[Output, ...]:
        """Micro precision, recall and F1, macro F1, and the IoU of hits."""
        at = f"at IoU {self.threshold:g}"
        return (
            Output(
                "box_precision", kind="ratio", meaning=f"share of predicted boxes that hit, {at}"
            ),
            Output("box_recall", kind="ratio", meaning=f"share of true boxes that are hit, {at}"),
            Output(
                "box_f1",
                kind="ratio",
                meaning=f"harmonic mean of precision and recall over all boxes, {at}",
            ),
            Output("box_f1_macro", meaning=f"mean of the F1 of each image, {at}"),
            Output(
                "matched_iou",
                kind="ratio",
                has_item_score=False,
                meaning="mean intersection over union of the hits: how tight they are",
            ),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows (hits, predicted, true, both empty, IoU of hits, F1 of the image, 1)."""
        mine = batch.column("prediction.boxes", BoxColumn)
        theirs = batch.column("references.boxes", BoxColumn)
        sides = _sides(mine, theirs, is_labelled=self.labels == "match")
        matched = self._matched(sides)
        in_crowd = _in_crowds(sides, matched, self.threshold)
        hits = _per_item(matched.is_hit, sides.offsets[0])
        predicted = _per_item(~in_crowd, sides.offsets[0])
        true = np.diff(sides.offsets[1]).astype(np.float64)
        empty = ((predicted + true == 0) & mine.is_readable).astype(np.float64)
        overlap = _per_item(matched.overlap, sides.offsets[0])
        image = np.divide(2 * hits, predicted + true, out=empty.copy(), where=predicted + true > 0)
        values = np.column_stack([hits, predicted, true, empty, overlap, image, np.ones(len(true))])
        return Statistics(values, facts=_facts(sides, in_crowd))

    def _matched(self, sides: _Sides) -> _Matched:
        overlap = np.zeros(len(sides.boxes[0]))
        for stack in stacks(*sides.offsets):
            mine, theirs = sides.boxes[0][stack.rows], sides.boxes[1][stack.columns]
            found = iou(mine[:, None], theirs)
            own, gold = sides.labels[0][stack.rows], sides.labels[1][stack.columns]
            found *= _may_match(own[:, None], gold)
            weights = found if self.assignment == "iou" else self._hits_first(found)
            kept = np.where(assign(weights) & (found >= self.threshold), found, 0.0)
            overlap[stack.rows] = kept.max(axis=1)
        return _Matched(overlap)

    def _hits_first(self, found: Array) -> Array:
        """Weights by which one more hit is worth more than any sum of IoU."""
        return np.where(found >= self.threshold, found + min(found.shape[:2]) + 1, 0.0)

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Ratios of the sums; what has no boxes on either side scores its share of right images."""
        hits, predicted, true, empty, overlap, images, n = np.moveaxis(totals, -1, 0)
        nothing = predicted + true == 0
        with np.errstate(all="ignore"):
            scores = [
                np.where(nothing, empty / n, np.where(below == 0, 0.0, above / below))
                for above, below in ((hits, predicted), (hits, true), (2 * hits, predicted + true))
            ]
            scores.append(images / n)
            scores.append(np.where(nothing, np.nan, np.where(hits == 0, 0.0, overlap / hits)))
        return {output.name: score for output, score in zip(self.outputs(), scores, strict=True)}

    def supposed(self, values: Array, *, right: bool) -> Array:
        """All true boxes exactly, or none and nothing readable."""
        true, n = values[:, 2], values[:, 6]
        if right:
            return np.column_stack([true, true, true, n * (true == 0), true, n, n])
        nothing = np.zeros(len(values))
        return np.column_stack([nothing, nothing, true, nothing, nothing, nothing, n])

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Classes that were not compared, and boxes in crowds."""
        found = []
        if facts.get(_LABELLED) and facts.get(_UNLABELLED):
            found.append(
                Notice(
                    "boxes_without_class",
                    f"{facts[_UNLABELLED]:,} predicted boxes name no class and may match any",
                )
            )
        if facts.get(_CROWD):
            found.append(
                Notice(
                    "boxes_in_crowds",
                    f"{facts[_CROWD]:,} predicted boxes lie in crowd regions and count nowhere",
                )
            )
        return tuple(found)


def _sides(mine: BoxColumn, theirs: BoxColumn, *, is_labelled: bool) -> _Sides:
    known = numbered(mine.labels, theirs.labels)
    own, gold = (
        codes(side.labels, known, UNLABELLED)
        if is_labelled
        else np.full(len(side.boxes), UNLABELLED)
        for side in (mine, theirs)
    )
    crowd = theirs.is_crowd
    before = np.concatenate([[0], np.cumsum(crowd)])[theirs.item_offsets]
    return _Sides(
        boxes=(mine.boxes, theirs.boxes[~crowd]),
        offsets=(mine.item_offsets, theirs.item_offsets - before),
        labels=(own, gold[~crowd]),
        crowds=theirs.boxes[crowd],
        crowd_offsets=before,
        crowd_labels=gold[crowd],
    )


def _may_match(one: Ints, other: Ints) -> Flags:
    same: Flags = (one == other) | (one == UNLABELLED) | (other == UNLABELLED)
    return same


def _in_crowds(sides: _Sides, matched: _Matched, threshold: float) -> Flags:
    """Predicted boxes without a partner that lie in a crowd region."""
    found = np.zeros(len(matched.overlap), dtype=np.bool_)
    if not len(sides.crowds):
        return found
    item = np.repeat(np.arange(len(sides.offsets[0]) - 1), np.diff(sides.offsets[0]))
    pairs = pairs_within(item, sides.crowd_offsets[:-1], sides.crowd_offsets[1:])
    inside = share_inside(sides.boxes[0][pairs.left], sides.crowds[pairs.right]) >= threshold
    inside &= _may_match(sides.labels[0][pairs.left], sides.crowd_labels[pairs.right])
    found[pairs.left[inside]] = True
    return found & ~matched.is_hit


def _per_item(values: Array | Flags, offsets: Ints) -> Array:
    """Sums of the values of each item, shape (n,)."""
    item = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    sums: Array = np.bincount(item, weights=values, minlength=len(offsets) - 1).astype(np.float64)
    return sums


def _facts(sides: _Sides, in_crowd: Flags) -> dict[str, int]:
    return {
        _LABELLED: int(np.count_nonzero(sides.labels[1] != UNLABELLED)),
        _UNLABELLED: int(np.count_nonzero(sides.labels[0] == UNLABELLED)),
        _CROWD: int(np.count_nonzero(in_crowd)),
    }


METRICS = (BoxF1,)
