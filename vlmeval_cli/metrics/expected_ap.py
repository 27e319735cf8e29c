"""Average precision where confidences tie or are absent: its mean and range over all orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import MetricInfo, Notice, Output, PooledMetric, Rows, Statistics
from vlmeval_cli.geometry.matching import Flags
from vlmeval_cli.metrics import detections
from vlmeval_cli.metrics.detections import THRESHOLDS, Classes
from vlmeval_cli.metrics.mean_ap import about_classes, by_class, interpolated

_CAP = 100
_ALL_ORDERS = 1000  # arrangements of hits and misses, up to which each is looked at
_DRAWN = 40_000  # boxes in the orders that are drawn otherwise
_FEWEST = 16
_SEED = 2014
_KINDS = ("expected", "lowest", "highest")


@dataclass(frozen=True, slots=True)
class ExpectedAp(PooledMetric[Classes]):
    """COCO's average precision over all orders of boxes whose confidences are equal.

    Input: as ``mean_ap``. Boxes without a confidence are equal to each other and come last; where
    no box has one, all are equal. Most language models give none, and ``mean_ap`` then depends on
    the order of the images.

    Boxes of an image are matched in the order of their confidence and, of equals, in the order in
    which the answer lists them. Then boxes of a class with equal confidence may stand in any order:
    ``expected_map`` is the mean over the orders, ``lowest_map`` the value where the misses come
    first, ``highest_map`` where the hits do; ``…_50`` likewise at IoU .50. Without ties all three
    are ``map``.

    Output: fractions from 0 to 1, higher is better; None where there are no true boxes. There is no
    interval: the range says what the order alone does, and ``box_f1`` has an interval.

    Edge cases: lowest and highest are exact. The mean is exact for a class with at most 1,000
    arrangements of its hits and misses; else it is taken over orders drawn at random with a fixed
    seed, 1,000 for a small class and fewer for a large one, in which orders differ less (standard
    error of a class about .005, of the mean over classes less).

    Differs from: tools that set all confidences to 1.0, whose value is one of the orders.

    Source: McSherry and Najork 2008, "Computing information retrieval performance measures
    efficiently in the presence of tied scores"; the precision is COCO's.

    Example:
        >>> from vlmeval_cli.geometry.columns import column_of
        >>> mine = column_of([[[0, 0, 9, 9]], [[40, 0, 49, 9]]])
        >>> gold = column_of([[[0, 0, 9, 9]], []])
        >>> columns = {"prediction.boxes": mine, "references.boxes": gold}
        >>> batch = Batch(["1", "2"], [None] * 2, [[]] * 2, prepared=columns)
        >>> metric = ExpectedAp()
        >>> found = metric.measure(batch, metric.fit(batch))
        >>> scores = metric.combine(Rows(found.values, found.item), np.ones((1, 2)))
        >>> [round(float(scores[name][0]), 4) for name in ("expected_map", "lowest_map")]
        [0.75, 0.5]
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="expected_ap",
        revision=1,
        title="COCO's average precision as mean and range over the orders of boxes that tie",
        use="boxes without confidences, or with few different ones; read box_f1 first",
        tasks=("grounding",),
        needs=("prediction.boxes", "references.boxes"),
        multi_reference="all",
        source="McSherry and Najork 2008 (doi:10.1007/978-3-540-78646-7_38); pycocotools COCOeval",
    )

    def outputs(self) -> tuple[Output, ...]:
        """Mean, lowest and highest, over IoU .50 to .95 and at .50."""
        meanings = {"expected": "mean", "lowest": "lowest value", "highest": "highest value"}
        return tuple(
            Output(
                f"{kind}_{name}",
                kind="pooled",
                has_item_score=False,
                has_interval=False,
                meaning=f"{meanings[kind]} of average precision {at} over all orders of boxes that "
                "tie",
            )
            for name, at in (("map", "over IoU .50 to .95"), ("map_50", "at IoU .50"))
            for kind in _KINDS
        )

    def fit(self, batch: Batch) -> Classes:
        """The classes of the references, and whether there are confidences."""
        return detections.classes_of(batch)

    def measure(self, batch: Batch, context: Classes) -> Statistics:
        """Rows of :mod:`vlmeval_cli.metrics.detections`."""
        return detections.statistics(batch, context, _CAP)

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Mean and range over the orders, one weighting after the other."""
        names = [output.name for output in self.outputs()]
        scores = np.array([_of_all_classes(rows, own) for own in weights])
        return {name: scores[:, i] for i, name in enumerate(names)}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """That the order of the boxes decides, and classes that are not there."""
        return (*_about_order(facts), *about_classes(facts))


def _about_order(facts: Mapping[str, int]) -> tuple[Notice, ...]:
    boxes = facts.get(detections.BOXES, 0)
    if boxes > 1 and facts.get(detections.UNSCORED) == boxes:
        why = "no scores in file"
    elif boxes > 1 and facts.get(detections.TIED) == boxes:
        why = f"all {boxes:,} scores are equal"
    else:
        return ()
    return (
        Notice(
            "order_of_boxes",
            f"{why}: average precision hangs on the order of the boxes; expected_map is its mean "
            "over all orders, lowest_map and highest_map its range; read box_f1 first",
        ),
    )


def _of_all_classes(rows: Rows, weights: Array) -> Array:
    """Means over the classes that have true boxes, in the order of the outputs, shape (6,)."""
    found = []
    for own in by_class(rows):
        true = float(weights[own.true_item] @ own.true[:, 0])
        if true == 0:
            continue
        times = weights[own.item].astype(np.int64)
        score = np.repeat(np.where(np.isnan(own.score), 0.0, own.score), times)
        hits, ignored = (
            np.repeat(flags[:, 0], times, axis=0) for flags in (own.is_hit, own.is_ignored)
        )
        found.append(
            [_of_orders(hits[~out, t], score[~out], true) for t, out in enumerate(ignored.T)]
        )
    if not found:
        return np.full(2 * len(_KINDS), np.nan)
    values = np.mean(found, axis=0)  # (10, 3)
    assert len(values) == len(THRESHOLDS)
    return np.concatenate([values.mean(axis=0), values[0]])


def _of_orders(is_hit: Flags, score: Array, true: float) -> tuple[float, float, float]:
    """Mean, lowest and highest average precision of one class over the orders of equal scores.

    Args:
        is_hit: hits among the boxes, shape (d,), most confident first.
        score: their confidences, falling, shape (d,).
        true: true boxes, more than 0.
    """
    heads = np.flatnonzero(np.diff(score, prepend=np.inf))
    if not is_hit.any():
        return 0.0, 0.0, 0.0
    sizes = np.diff(np.append(heads, len(score)))
    hits = np.add.reduceat(is_hit.astype(np.int64), heads)
    block = np.repeat(np.arange(len(heads)), sizes)
    place = np.arange(len(score)) - np.repeat(heads, sizes)
    hits_first = place < np.repeat(hits, sizes)
    misses_first = place >= np.repeat(sizes - hits, sizes)
    n_orders = prod(comb(int(n), int(k)) for n, k in zip(sizes, hits, strict=True))
    if n_orders <= _ALL_ORDERS:
        orders = np.array([*_all_orders(sizes, hits)]).T
    else:
        orders = _drawn_orders(hits_first, block)
    lanes = np.column_stack([misses_first, hits_first, orders])
    scores = _average_precision(lanes, true)
    return float(scores[2:].mean()), float(scores[0]), float(scores[1])


def _all_orders(sizes: Ints, hits: Ints) -> Iterator[Flags]:
    """Every arrangement of hits and misses within blocks of ``sizes`` boxes with ``hits`` hits."""
    starts = np.cumsum(sizes) - sizes
    choices = (
        [*combinations(range(start, start + n), k)]
        for start, n, k in zip(starts.tolist(), sizes.tolist(), hits.tolist(), strict=True)
    )
    for chosen in product(*choices):
        flags = np.zeros(int(sizes.sum()), dtype=np.bool_)
        flags[[place for places in chosen for place in places]] = True
        yield flags


def _drawn_orders(is_hit: Flags, block: Ints) -> Flags:
    """Random arrangements within blocks, shape (d, orders); the same for the same numbers."""
    n_orders = int(np.clip(_DRAWN // len(is_hit), _FEWEST, _ALL_ORDERS))
    keys = np.random.default_rng(_SEED).random((len(is_hit), n_orders)) + block[:, None]
    drawn: Flags = is_hit[np.argsort(keys, axis=0)]
    return drawn


def _average_precision(lanes: Flags, true: float) -> Array:
    """Average precision of orders, the columns of ``lanes``; shape (orders,)."""
    hits = np.cumsum(lanes, axis=0, dtype=np.float64)
    seen = np.broadcast_to(np.arange(1.0, len(lanes) + 1)[:, None], hits.shape)
    return interpolated(hits, seen, np.full(lanes.shape[1], true))


METRICS = (ExpectedAp,)
