"""Precision, recall and F1 of boxes, against a plain loop with scipy and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.geometry.boxes import iou
from vlmeval_cli.geometry.columns import column_of
from vlmeval_cli.metrics.box_f1 import BoxF1

A, B, FAR = (0, 0, 2, 2), (10, 10, 12, 12), (50, 50, 52, 52)
HALF_A = (0, 0, 2, 1)  # IoU with A: 2 / 4


def measured(mine, gold, metric=None, **options):
    columns = {"prediction.boxes": column_of(mine, labels=options.get("own"))}
    columns["references.boxes"] = column_of(
        gold, labels=options.get("true"), is_crowd=options.get("crowd")
    )
    n = len(gold)
    batch = Batch([str(i) for i in range(n)], [None] * n, [[]] * n, prepared=columns)
    return (metric or BoxF1()).measure(batch, None)


def scores(mine, gold, metric=None, **options):
    metric = metric or BoxF1()
    found = metric.finalize(measured(mine, gold, metric, **options).values.sum(axis=0))
    return {name: float(value) for name, value in found.items()}


def test_counts_are_of_all_images_together_and_macro_is_of_each():
    # Image 1: one of two found, nothing wrong (P 1, R 1/2, F1 2/3); image 2: one found, one wrong
    # (P 1/2, R 1, F1 2/3); image 3: right. Hits 3, predicted 4, true 4; IoU 1, .5 and 1.
    found = scores([[A], [HALF_A, FAR], [B]], [[A, B], [A], [B]])
    assert found == pytest.approx(
        {
            "box_precision": 3 / 4,
            "box_recall": 3 / 4,
            "box_f1": 3 / 4,
            "box_f1_macro": (2 / 3 + 2 / 3 + 1) / 3,
            "matched_iou": 2.5 / 3,
        }
    )


@pytest.mark.parametrize(
    ("mine", "gold", "f1"),
    [
        ([[]], [[]], 1.0),  # nothing to find, nothing said
        ([None], [[]], 0.0),  # an unreadable answer is not "nothing"
        ([[A]], [[]], 0.0),
        ([[]], [[A]], 0.0),
        ([None], [[A]], 0.0),
    ],
)
def test_images_without_boxes(mine, gold, f1):
    found = scores(mine, gold)
    assert {found[name] for name in ("box_f1", "box_f1_macro")} == {f1}
    assert {found["box_precision"], found["box_recall"]} == {f1}


def test_an_iou_of_exactly_the_threshold_is_a_hit():
    assert scores([[HALF_A]], [[A]])["box_f1"] == 1.0
    assert scores([[HALF_A]], [[A]], BoxF1(threshold=0.51))["box_f1"] == 0.0


def test_a_box_counts_once():
    assert scores([[A, A, A]], [[A]])["box_precision"] == pytest.approx(1 / 3)


def test_most_iou_can_miss_the_most_hits_and_count_does_not():
    gold, mine = [(0, 0, 100, 10), (52, 0, 100, 10)], [(0, 0, 100, 10), (0, 0, 46, 10)]
    overlap = iou(np.array(mine, float)[:, None], np.array(gold, float))
    assert overlap.round(2).tolist() == [[1.0, 0.48], [0.46, 0.0]]  # 1.00 beats .48 + .46
    assert scores([mine], [gold], BoxF1(threshold=0.4))["box_recall"] == 0.5
    both = BoxF1(threshold=0.4, assignment="count")
    assert scores([mine], [gold], both)["box_recall"] == 1.0


def test_classes_must_agree_where_both_are_known():
    assert scores([[A]], [[A]], own=["Dog "], true=["dog"])["box_f1"] == 1.0
    assert scores([[A]], [[A]], own=["cat"], true=["dog"])["box_f1"] == 0.0
    assert scores([[A]], [[A]], own=[None], true=["dog"])["box_f1"] == 1.0
    ignoring = BoxF1(labels="ignore")
    assert scores([[A]], [[A]], ignoring, own=["cat"], true=["dog"])["box_f1"] == 1.0


def test_boxes_without_a_class_are_told():
    found = measured([[A], [B]], [[A], [B]], own=["dog", None], true=["dog", "cat"])
    (notice,) = BoxF1().advise(found.facts, 2)
    assert notice.message == "1 predicted boxes name no class and may match any"


def test_crowds_need_not_be_found_and_cover_what_lies_in_them():
    crowd = (0, 0, 100, 100)
    found = scores([[A, B]], [[A, crowd]], crowd=[False, True])
    assert (found["box_precision"], found["box_recall"]) == (1.0, 1.0)
    assert scores([[(200, 200, 202, 202)]], [[crowd]], crowd=[True])["box_precision"] == 0.0


def test_random_boxes_cost_precision():
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 90, (20, 2))
    spam = [(x, y, x + 10, y + 10) for x, y in corners.tolist()]
    assert scores([[A, *spam]], [[A]])["box_precision"] == pytest.approx(1 / 21)


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.5])
def test_a_threshold_that_is_no_iou_is_refused(threshold):
    with pytest.raises(UsageError, match=r"box_f1:threshold: got .*expected an IoU above 0"):
        BoxF1(threshold=threshold)


def plain(mine, gold, threshold):
    """Hits and their IoU, image by image."""
    hits, overlap = [], []
    for own, true in zip(mine, gold, strict=True):
        if not len(own) or not len(true):
            hits.append(0)
            overlap.append(0.0)
            continue
        found = iou(np.array(own)[:, None], np.array(true)[None])
        chosen = found[linear_sum_assignment(found, maximize=True)]
        kept = chosen[chosen >= threshold]
        hits.append(len(kept))
        overlap.append(kept.sum())
    return hits, overlap


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.3, 0.5, 0.75]))
@settings(deadline=None, max_examples=60)
def test_equals_a_loop_over_images(seed, threshold):
    rng = np.random.default_rng(seed)

    def boxes():
        corners = rng.uniform(0, 12, (rng.integers(0, 6), 2))
        return np.hstack([corners, corners + rng.uniform(1, 12, corners.shape)]).tolist()

    mine, gold = [boxes() for _ in range(40)], [boxes() for _ in range(40)]
    found = measured(mine, gold, BoxF1(threshold=threshold)).values
    hits, overlap = plain(mine, gold, threshold)
    np.testing.assert_array_equal(found[:, 0], hits)
    np.testing.assert_allclose(found[:, 4], overlap, atol=1e-12)
    np.testing.assert_array_equal(found[:, 1], [len(own) for own in mine])
