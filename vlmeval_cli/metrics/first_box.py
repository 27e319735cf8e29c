"""The first predicted box of each item beside its accepted boxes: one expression, one box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.geometry.columns import BoxColumn

NEEDS = ("prediction.boxes", "references.boxes")
_EXTRAS, _ITEMS, _POINTS = "extra_boxes", "items_with_extra_boxes", "items_with_extra_points"


@dataclass(frozen=True, slots=True)
class FirstBoxes:
    """The first box of each of ``n`` predictions, and the accepted boxes.

    Only the first counts: whoever answers with many boxes would hit one of them by chance.

    Attributes:
        boxes: the first box for each accepted box, shape (m, 4); zeros where there is none.
        is_there: whether there is one, shape (m,).
        accepted: all accepted boxes, shape (m, 4).
        offsets: item ``i`` owns rows ``offsets[i]`` to ``offsets[i + 1]``, shape (n + 1,).
        skips: items without an accepted box, and why they have no score.
        facts: counts for :func:`several_boxes`.
    """

    boxes: Array
    is_there: Array
    accepted: Array
    offsets: Ints
    skips: Mapping[int, str]
    facts: Mapping[str, int]

    @classmethod
    def of(cls, batch: Batch) -> FirstBoxes:
        """Those of a prepared batch."""
        mine = batch.column("prediction.boxes", BoxColumn)
        theirs = batch.column("references.boxes", BoxColumn)
        counts = np.diff(mine.item_offsets)
        first = np.zeros((len(counts), 4))
        first[counts > 0] = mine.boxes[mine.item_offsets[:-1][counts > 0]]
        accepted = np.diff(theirs.item_offsets)
        are_points = (first[:, :2] == first[:, 2:]).all(axis=1)
        return cls(
            boxes=np.repeat(first, accepted, axis=0),
            is_there=np.repeat((counts > 0).astype(np.float64), accepted),
            accepted=theirs.boxes,
            offsets=theirs.item_offsets,
            skips=dict.fromkeys(np.flatnonzero(accepted == 0).tolist(), "no box is accepted"),
            facts={
                _EXTRAS: int(np.maximum(counts - 1, 0).sum()),
                _ITEMS: int(np.count_nonzero(counts > 1)),
                _POINTS: int(np.count_nonzero((counts > 1) & are_points)),
            },
        )

    def best(self, scores: Array) -> Array:
        """The best of each item's ``scores``, shape (m,), as (n,); 0 where there is no box."""
        found = np.zeros(len(self.offsets) - 1)
        filled = np.diff(self.offsets) > 0
        if filled.any():
            own = scores * self.is_there
            found[filled] = np.maximum.reduceat(own, self.offsets[:-1][filled])
        return found


def several_boxes(facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
    """Answers with more than one box or point, of which the first counts."""
    extras, items = facts.get(_EXTRAS, 0), facts.get(_ITEMS, 0)
    if not extras:
        return ()
    are_points = facts.get(_POINTS, 0) == items
    what = "points" if are_points else "boxes"
    more = "" if are_points else "; box_f1 takes all of them into account"
    return (
        Notice(
            "several_boxes",
            f"{items:,} of {n:,} predictions hold several {what}: the first counts, and "
            f"{number_of(extras, 'other is', 'others are')} ignored, since the best of many "
            f"{what} would be a hit by chance{more}",
        ),
    )
