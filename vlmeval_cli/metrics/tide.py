"""What is wrong with detections: missed, double, loose, of the wrong class, or of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import (
    MetricInfo,
    MetricStatistics,
    Output,
    PooledMetric,
    Rows,
    Statistics,
    Table,
)
from vlmeval_cli.geometry.boxes import iou, share_inside
from vlmeval_cli.geometry.columns import BoxColumn
from vlmeval_cli.geometry.labels import UNLABELLED, codes, numbered
from vlmeval_cli.geometry.matching import Flags, Pairs, pairs_within

_MEANINGS = {
    "localization": "predicted boxes of the right class that overlap an object too little",
    "class": "predicted boxes that fit an object of another class",
    "duplicate": "predicted boxes that fit an object which another box has already hit",
    "background": "predicted boxes that overlap no object",
    "both": "predicted boxes of the wrong class that overlap an object too little",
    "missed": "objects that no predicted box hits, and none would if its place or class were right",
}
_PREDICTED = tuple(_MEANINGS)[:-1]


@dataclass(frozen=True, slots=True)
class Tide(PooledMetric[None]):
    """Errors of detections by kind, after TIDE.

    Input: predicted boxes and true boxes of each image, in one frame, with classes where known; a
    box without a class fits any. Detections are matched as in COCO at ``foreground``: by falling
    confidence (of equals, or without confidences, in the order of the answer), each with the free
    true box of its class that it overlaps most. A predicted box that matches nothing is one of,
    and the first that holds counts:

    - localization: IoU with a true box of its class from ``background`` up to ``foreground``, and
      with none of its class more than that;
    - class: IoU of ``foreground`` or more with a true box of another class;
    - duplicate: the same with a true box of its class, which another box has matched;
    - background: IoU of at most ``background`` with every true box;
    - both: what is left, a wrong class and too little overlap.

    A true box without a match is missed unless a localization or class error is about it.

    Output: ``tide_localization``, ``tide_class``, ``tide_duplicate``, ``tide_background`` and
    ``tide_both`` are shares of the predicted boxes, ``tide_missed`` is a share of the true boxes;
    from 0 to 1, lower is better. The table ``tide`` has the counts.

    Edge cases: shares of no boxes are 0. Predicted boxes in crowd regions, and crowd regions, count
    nowhere.

    Options:
        foreground: IoU from which a box is a hit.
        background: IoU up to which a box has nothing to do with an object.

    Differs from: tidecv, which weighs each kind by the average precision its repair would give
    back and so needs confidences; the kinds are its own, in its order.

    Source: Bolya et al. 2020, "TIDE: A General Toolbox for Identifying Object Detection Errors",
    section 2.2.

    Example:
        >>> from vlmeval_cli.geometry.columns import column_of
        >>> mine = column_of([[[0, 0, 9, 9], [0, 0, 9, 9], [50, 50, 59, 59]]])
        >>> columns = {"prediction.boxes": mine, "references.boxes": column_of([[[0, 0, 9, 9]]])}
        >>> found = Tide().measure(Batch(["1"], [None], [[]], prepared=columns), None)
        >>> scores = Tide().combine(Rows(found.values, np.array([0])), np.ones((1, 1)))
        >>> {name: round(float(score[0]), 2) for name, score in scores.items() if score[0]}
        {'tide_duplicate': 0.33, 'tide_background': 0.33}
    """

    foreground: float = 0.5
    background: float = 0.1

    info: ClassVar[MetricInfo] = MetricInfo(
        name="tide",
        revision=1,
        title="errors of detections by kind: loose, wrong class, double, background, missed",
        use="after box_f1 or mean_ap, to see what to work on; it compares no models by itself",
        tasks=("grounding",),
        needs=("prediction.boxes", "references.boxes"),
        multi_reference="all",
        source="Bolya et al. 2020 (arXiv:2008.08115)",
    )

    def check(self) -> None:
        """Refuse thresholds out of order."""
        if not 0.0 < self.background < self.foreground <= 1.0:
            raise UsageError(
                f"option tide: got background {self.background} and foreground {self.foreground}, "
                "expected 0 < background < foreground <= 1",
                hint="The usual ones are 0.1 and 0.5.",
            )

    def outputs(self) -> tuple[Output, ...]:
        """A share for each kind of error."""
        return tuple(
            Output(
                f"tide_{kind}",
                higher_is_better=False,
                worst=1.0,
                kind="pooled",
                has_item_score=False,
                meaning=f"share of {'true' if kind == 'missed' else 'predicted'} boxes: {meaning}",
            )
            for kind, meaning in _MEANINGS.items()
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """A row per image: errors of each kind, predicted boxes, true boxes."""
        mine = batch.column("prediction.boxes", BoxColumn)
        theirs = batch.column("references.boxes", BoxColumn)
        boxes = _Boxes.of(mine, theirs)
        partner = _matched(boxes, self.foreground)
        kind, missed, is_counted = self._errors(boxes, partner)
        n = len(batch)
        counts = [_count(boxes.item, kind == k, n) for k in range(len(_PREDICTED))]
        counts += [
            _count(boxes.true_item, missed, n),
            _count(boxes.item, is_counted, n),
            _count(boxes.true_item, ~boxes.is_crowd, n),
        ]
        return Statistics(np.column_stack(counts))

    def _errors(self, boxes: _Boxes, partner: Ints) -> tuple[Ints, Flags, Flags]:
        """Kind of each prediction's error (-1: none), objects missed, predictions that count."""
        pairs, overlap = boxes.pairs, boxes.overlap
        same, crowd = boxes.is_same, boxes.is_crowd[pairs.right]
        n = len(partner)
        own, own_at = _most(pairs, np.where(same & ~crowd, overlap, 0.0), n)
        other, other_at = _most(pairs, np.where(same | crowd, 0.0, overlap), n)
        inside = _most(pairs, np.where(same & crowd, boxes.inside, 0.0), n)[0]
        is_hit = partner >= 0
        is_counted = is_hit | (inside < self.foreground)
        kinds = [
            (own >= self.background) & (own < self.foreground),
            other >= self.foreground,
            own >= self.foreground,
            np.maximum(own, other) <= self.background,
        ]
        kind = np.select(kinds, range(len(kinds)), default=len(kinds))
        kind[is_hit | ~is_counted] = -1
        missed = ~boxes.is_crowd
        missed[partner[is_hit]] = False
        missed[own_at[kind == 0]] = False
        missed[other_at[kind == 1]] = False
        return kind, missed, is_counted

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Shares of the summed counts."""
        totals = weights[:, rows.item] @ rows.values
        names = [output.name for output in self.outputs()]
        below = [-2] * len(_PREDICTED) + [-1]
        return {
            name: np.divide(
                totals[:, i],
                totals[:, column],
                out=np.zeros(len(weights)),
                where=totals[:, column] > 0,
            )
            for i, (name, column) in enumerate(zip(names, below, strict=True))
        }

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """Counts of each kind."""
        totals = found.values.sum(axis=0).tolist()
        rows = [
            (kind, int(totals[i]), meaning) for i, (kind, meaning) in enumerate(_MEANINGS.items())
        ]
        title = f"Errors among {totals[-2]:,.0f} predicted and {totals[-1]:,.0f} true boxes"
        return {"tide": Table(title, ("error", "count", "what it is"), rows)}


@dataclass(frozen=True, slots=True)
class _Boxes:
    """Predicted boxes beside the true boxes of their images.

    Attributes:
        item, true_item: image of each predicted and of each true box.
        is_crowd: of the true boxes.
        scores: of the predicted boxes; 0 where there is none.
        pairs: predicted and true boxes of the same image that overlap.
        overlap: IoU of the pairs.
        inside: share of the predicted box that lies in the true one.
        is_same: whether they may be of the same class.
    """

    item: Ints
    true_item: Ints
    is_crowd: Flags
    scores: Array
    pairs: Pairs
    overlap: Array
    inside: Array
    is_same: Flags

    @classmethod
    def of(cls, mine: BoxColumn, theirs: BoxColumn) -> _Boxes:
        """Those of two columns."""
        item, true_item = (
            np.repeat(np.arange(len(side.item_offsets) - 1), np.diff(side.item_offsets))
            for side in (mine, theirs)
        )
        pairs = pairs_within(item, theirs.item_offsets[:-1], theirs.item_offsets[1:])
        overlap = iou(mine.boxes[pairs.left], theirs.boxes[pairs.right])
        pairs = Pairs(pairs.left[overlap > 0], pairs.right[overlap > 0])
        known = numbered(mine.labels, theirs.labels)
        own = codes(mine.labels, known, UNLABELLED)[pairs.left]
        gold = codes(theirs.labels, known, UNLABELLED)[pairs.right]
        return cls(
            item=item,
            true_item=true_item,
            is_crowd=theirs.is_crowd,
            scores=np.where(np.isnan(mine.scores), 0.0, mine.scores),
            pairs=pairs,
            overlap=overlap[overlap > 0],
            inside=share_inside(mine.boxes[pairs.left], theirs.boxes[pairs.right]),
            is_same=(own == gold) | (own == UNLABELLED) | (gold == UNLABELLED),
        )


def _matched(boxes: _Boxes, threshold: float) -> Ints:
    """The true box that each predicted box takes, -1 where it takes none."""
    partner = np.full(len(boxes.item), -1)
    fits = boxes.is_same & ~boxes.is_crowd[boxes.pairs.right] & (boxes.overlap >= threshold)
    left, right, overlap = boxes.pairs.left[fits], boxes.pairs.right[fits], boxes.overlap[fits]
    # Of the pairs that are left, the first of each image (by confidence, then by overlap) is taken.
    order = np.lexsort((-overlap, left, -boxes.scores[left], boxes.item[left]))
    left, right = left[order], right[order]
    is_taken = np.zeros(len(boxes.is_crowd), dtype=np.bool_)
    while len(left):
        first = np.flatnonzero(np.diff(boxes.item[left], prepend=-1))
        partner[left[first]] = right[first]
        is_taken[right[first]] = True
        is_open = (partner[left] < 0) & ~is_taken[right]
        left, right = left[is_open], right[is_open]
    return partner


def _most(pairs: Pairs, values: Array, n: int) -> tuple[Array, Ints]:
    """The highest value of each predicted box, 0 if it has no pair, and the true box it is of."""
    most, at = np.zeros(n), np.zeros(n, dtype=np.int64)
    order = np.argsort(values, kind="stable")
    most[pairs.left[order]] = values[order]
    at[pairs.left[order]] = pairs.right[order]
    return most, at


def _count(item: Ints, is_counted: Flags, n: int) -> Array:
    counts: Array = np.bincount(item[is_counted], minlength=n).astype(np.float64)
    return counts


METRICS = (Tide,)
