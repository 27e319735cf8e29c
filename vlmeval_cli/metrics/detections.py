"""Detections matched to true boxes as COCO does: greedily, by confidence, within image and class.

The matching of ``COCOeval`` (cocodataset/cocoapi; metric-spec 12.1) at ten thresholds and in four
ranges of area, for all images at once: every class of an image is a group, and the detections of
the same rank in their groups are matched together, since none of them competes with another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple, Self

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import Statistics
from vlmeval_cli.geometry.boxes import iou, share_inside
from vlmeval_cli.geometry.columns import BoxColumn
from vlmeval_cli.geometry.labels import codes, plain
from vlmeval_cli.geometry.matching import Flags, Pairs, pairs_within

THRESHOLDS: Final = np.linspace(0.5, 0.95, 10)
AREAS: Final = np.array([[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]])
CLASS, RANK, SCORE, PLACE = range(4)  # columns of the statistics; RANK is TRUE_BOXES for counts
HITS, IGNORED = slice(4, 8), slice(8, 12)  # a set of thresholds, in bits, for each range of area
TRUE_BOXES = -1
UNSCORED, TIED, UNKNOWN, BOXES = "unscored", "tied", "unknown_classes", "boxes"
MERGED = "boxes_of_merged_classes"

_LEAST = np.minimum(THRESHOLDS, 1 - 1e-10)
# torchmetrics makes its thresholds in single precision, so that 0.6 is a little more there.
_LEAST_SINGLE = np.linspace(0.5, 0.95, 10, dtype=np.float32).astype(np.float64)
_BITS = 1 << np.arange(len(THRESHOLDS))


@dataclass(frozen=True, slots=True)
class Classes:
    """What matching must know of the whole file.

    Attributes:
        names: classes of the true boxes, as they are compared.
        is_labelled: whether any predicted box names a class; if none does, classes do not count.
        scores: the different confidences, of which two are kept at most.
    """

    names: frozenset[str]
    is_labelled: bool
    scores: frozenset[float]

    def __or__(self, other: Self) -> Classes:
        return Classes(
            self.names | other.names,
            self.is_labelled or other.is_labelled,
            frozenset(sorted(self.scores | other.scores)[:2]),
        )

    def digest(self) -> str:
        """A hash of the classes that are told apart."""
        names = sorted(self.names) if self.is_labelled else []
        return blake2b("\n".join(names).encode(), digest_size=8).hexdigest()

    @property
    def are_merged(self) -> bool:
        """Whether one side names classes and the other does not, so that they do not count."""
        return self.is_labelled != bool(self.names)

    @property
    def numbers(self) -> dict[str, int]:
        """Class → its number, in the order of names; empty where classes do not count."""
        if not self.is_labelled:
            return {}
        return {name: number for number, name in enumerate(sorted(self.names))}


def classes_of(batch: Batch) -> Classes:
    """What one batch knows of its file."""
    mine = batch.column("prediction.boxes", BoxColumn)
    theirs = batch.column("references.boxes", BoxColumn)
    known = np.unique(mine.scores[~np.isnan(mine.scores)])[:2]
    return Classes(
        names=frozenset(plain(label) for label in theirs.labels if label is not None),
        is_labelled=any(label is not None for label in mine.labels),
        scores=frozenset(known.tolist()),
    )


class _Boxes(NamedTuple):
    """Boxes of one side that are matched, those of a group (class of an image) in a row."""

    boxes: Array
    areas: Array
    is_crowd: Flags
    scores: Array
    item: Ints
    label: Ints
    group: Ints

    def at(self, order: Ints) -> _Boxes:
        return _Boxes(
            boxes=self.boxes[order],
            areas=self.areas[order],
            is_crowd=self.is_crowd[order],
            scores=self.scores[order],
            item=self.item[order],
            label=self.label[order],
            group=self.group[order],
        )

    def taken(self, how: Reading) -> _Boxes:
        """The boxes as ``how`` says; torchmetrics hands on corner, width and height."""
        boxes, areas, scores = self.boxes, self.areas, self.scores
        if how.is_single:
            corners = boxes.astype(np.float32)
            sizes = (corners[:, 2:] - corners[:, :2]).astype(np.float64)
            first = corners[:, :2].astype(np.float64)
            boxes = np.column_stack([first, first + sizes])
            scores = scores.astype(np.float32).astype(np.float64)
        if how.own_areas:
            width, height = (boxes[:, 2:] - boxes[:, :2]).T
            areas = width * height
        return self._replace(boxes=boxes, areas=areas, scores=scores)


class _Found(NamedTuple):
    """For each detection, range of area and threshold, shape (d, 4, 10): hit, or not counted."""

    is_hit: Flags
    is_ignored: Flags


class Reading(NamedTuple):
    """How boxes are taken.

    Attributes:
        is_single: boxes, confidences and thresholds in single precision, as in torchmetrics.
        own_areas: areas are those of the boxes, whatever the references say.
    """

    is_single: bool = False
    own_areas: bool = False


AS_COCO: Final = Reading()


def statistics(batch: Batch, classes: Classes, cap: int, how: Reading = AS_COCO) -> Statistics:
    """A row per detection and one per class of an image that has true boxes.

    Args:
        batch: with both columns of boxes.
        classes: of the whole file.
        cap: detections of a class and image that count at most, those of most confidence.
        how: how boxes are taken.
    """
    mine, facts = _side(batch.column("prediction.boxes", BoxColumn), classes)
    theirs, _ = _side(batch.column("references.boxes", BoxColumn), classes)
    mine, theirs = mine.taken(how), theirs.taken(how)
    mine = mine.at(np.lexsort((-mine.scores, mine.group)))
    theirs = theirs.at(np.argsort(theirs.group, kind="stable"))
    rank = _ranks(mine.group)
    mine, rank = mine.at(np.flatnonzero(rank < cap)), rank[rank < cap]
    found = _match(mine, theirs, rank, _LEAST_SINGLE if how.is_single else _LEAST)
    place = _places(batch.ids)
    is_ranked = bool(classes.scores) or not len(mine.boxes)
    scores = mine.scores if is_ranked else np.full(len(mine.scores), np.nan)
    detections = np.column_stack(
        [mine.label, rank, scores, place[mine.item], found.is_hit @ _BITS, found.is_ignored @ _BITS]
    )
    counts, true_item = _true_boxes(theirs)
    if classes.are_merged:
        facts[MERGED] = facts[BOXES]
    if len(classes.scores) == 1:
        facts[TIED] = facts[BOXES] - facts[UNSCORED]
    item = np.concatenate([mine.item, true_item])
    order = np.argsort(item, kind="stable")  # so that rows do not depend on how batches were cut
    return Statistics(np.concatenate([detections, counts])[order], item[order], facts=facts)


def _side(column: BoxColumn, classes: Classes) -> tuple[_Boxes, dict[str, int]]:
    """The boxes of classes that are matched, and what was counted of the others."""
    numbers, n = classes.numbers, len(column.boxes)
    item = np.repeat(np.arange(len(column.item_offsets) - 1), np.diff(column.item_offsets))
    label = np.zeros(n, dtype=np.int64)
    if numbers:
        label = codes(column.labels, numbers, -1)
    no_score = np.isnan(column.scores)
    scores = np.where(no_score, -np.inf, column.scores) if classes.scores else np.zeros(n)
    group = item * max(len(numbers), 1) + label
    boxes = _Boxes(column.boxes, column.areas, column.is_crowd, scores, item, label, group)
    kept = np.flatnonzero(label >= 0)
    facts = {BOXES: n, UNKNOWN: n - len(kept), UNSCORED: int(np.count_nonzero(no_score))}
    return boxes.at(kept), facts


def _ranks(group: Ints) -> Ints:
    """Place of each value within its group, from 0; groups stand in a row."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    lengths = np.diff(np.append(starts, len(group)))
    ranks: Ints = np.arange(len(group)) - np.repeat(starts, lengths)
    return ranks


def _outside(areas: Array) -> Flags:
    """Whether each area lies outside each range, shape (m, 4); the bounds are inside."""
    outside: Flags = (areas[:, None] < AREAS[:, 0]) | (areas[:, None] > AREAS[:, 1])
    return outside


def _match(mine: _Boxes, theirs: _Boxes, rank: Ints, least: Array) -> _Found:
    shape = (len(mine.boxes), len(AREAS), len(THRESHOLDS))
    found = _Found(np.zeros(shape, np.bool_), np.zeros(shape, np.bool_))
    is_taken = np.zeros((len(theirs.boxes), *shape[1:]), np.bool_)
    is_ignored = theirs.is_crowd[:, None] | _outside(theirs.areas)
    pairs, overlap = _candidates(mine, theirs)
    order = np.argsort(rank[pairs.left], kind="stable")
    bounds = np.flatnonzero(np.diff(rank[pairs.left[order]], prepend=-1, append=-1))
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        own = order[start:stop]
        left, right = pairs.left[own], pairs.right[own]
        is_free = ~is_taken[right] | theirs.is_crowd[right, None, None]
        fits = is_free & (overlap[own, None, None] >= least)
        heads, best = _best(left, overlap[own], fits, is_ignored[right])
        detection, area, threshold = np.nonzero(best >= 0)
        partner = right[best[detection, area, threshold]]
        place = left[heads[detection]]
        found.is_hit[place, area, threshold] = True
        found.is_ignored[place, area, threshold] = is_ignored[partner, area]
        is_taken[partner, area, threshold] = True
    found.is_ignored[...] |= ~found.is_hit & _outside(mine.areas)[:, :, None]
    return _Found(found.is_hit & ~found.is_ignored, found.is_ignored)


def _candidates(mine: _Boxes, theirs: _Boxes) -> tuple[Pairs, Array]:
    """Pairs of a group that overlap enough for the lowest threshold, and by how much."""
    starts = np.searchsorted(theirs.group, mine.group, "left")
    stops = np.searchsorted(theirs.group, mine.group, "right")
    pairs = pairs_within(np.arange(len(mine.group)), starts, stops)
    one, other = mine.boxes[pairs.left], theirs.boxes[pairs.right]
    crowd = theirs.is_crowd[pairs.right]
    overlap = iou(one, other)
    overlap[crowd] = share_inside(one[crowd], other[crowd])
    kept = overlap >= _LEAST[0]
    return Pairs(pairs.left[kept], pairs.right[kept]), overlap[kept]


def _best(left: Ints, overlap: Array, fits: Flags, is_ignored: Flags) -> tuple[Ints, Ints]:
    """The pair that each detection takes: the most overlap, of equals the last.

    True boxes that do not count are taken only where no other one fits.

    Returns:
        The first pair of each of ``d`` detections; and pair by detection, range of area and
        threshold, shape (d, 4, 10), -1 where none fits.
    """
    heads = np.flatnonzero(np.diff(left, prepend=-1))
    own = np.repeat(np.arange(len(heads)), np.diff(np.append(heads, len(left))))
    counted = np.where(fits & ~is_ignored[:, :, None], overlap[:, None, None], -1.0)
    others = np.where(fits & is_ignored[:, :, None], overlap[:, None, None], -1.0)
    best, best_other = (np.maximum.reduceat(values, heads, axis=0) for values in (counted, others))
    use_other = (best < 0)[own]
    values = np.where(use_other, others, counted)
    is_best = (values >= 0) & (values == np.where(best < 0, best_other, best)[own])
    number = np.where(is_best, np.arange(len(left))[:, None, None], -1)
    return heads, np.maximum.reduceat(number, heads, axis=0)


def _true_boxes(theirs: _Boxes) -> tuple[Array, Ints]:
    """Rows that count the true boxes of each group in each range of area, and their items."""
    heads = np.flatnonzero(np.diff(theirs.group, prepend=-1))
    counted = (~(theirs.is_crowd[:, None] | _outside(theirs.areas))).astype(np.float64)
    rows = np.zeros((len(heads), IGNORED.stop))
    rows[:, CLASS], rows[:, RANK] = theirs.label[heads], TRUE_BOXES
    if len(heads):
        rows[:, HITS] = np.add.reduceat(counted, heads, axis=0)
    return rows, theirs.item[heads]


def _places(ids: Sequence[str]) -> Array:
    """A number by which images are sorted where confidences are equal, whatever their order.

    COCO sorts by the image's number; other ids have no order, and are sorted by a hash.
    """
    return np.fromiter(map(_place, ids), dtype=np.float64, count=len(ids))


def _place(text: str) -> float:
    if text.isdecimal() and len(text) <= 15:
        return float(text)
    return float(int.from_bytes(blake2b(text.encode(), digest_size=6).digest()))
