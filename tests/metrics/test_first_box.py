"""Metrics of the first predicted box: values by hand, and no gain from many boxes."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.geometry.columns import column_of
from vlmeval_cli.metrics.acc_at_iou import AccAtIou
from vlmeval_cli.metrics.box_iou import BoxIou
from vlmeval_cli.metrics.center_accuracy import CenterAccuracy
from vlmeval_cli.metrics.pointing_accuracy import PointingAccuracy

GOLD = (0, 0, 2, 2)


def measured(metric, mine, gold):
    columns = {"prediction.boxes": column_of(mine), "references.boxes": column_of(gold)}
    n = len(gold)
    batch = Batch([str(i) for i in range(n)], [None] * n, [[]] * n, prepared=columns)
    return metric.measure(batch, None)


def score(metric, mine, gold=(GOLD,)):
    return measured(metric, [mine], [gold]).values[0, 0]


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        ([GOLD], 1.0),
        ([(1, 0, 3, 2)], 2 / 6),
        ([(5, 5, 6, 6)], 0.0),
        ([(1, 1, 1, 1)], 0.0),
        ([], 0.0),
        (None, 0.0),
        ([(5, 5, 6, 6), GOLD], 0.0),  # the first counts
    ],
)
def test_iou_of_the_first_box(mine, expected):
    assert score(BoxIou(), mine) == pytest.approx(expected)


def test_the_best_accepted_box_counts():
    assert score(BoxIou(), [GOLD], [(5, 5, 6, 6), GOLD]) == 1.0


def test_two_points_have_an_iou_of_zero():
    assert score(BoxIou(), [(1, 1, 1, 1)], [(1, 1, 1, 1)]) == 0.0


def test_thresholds_name_the_outputs_and_the_boundary_decides_ties():
    metric = AccAtIou(thresholds=(25, 50, 75))
    assert [output.name for output in metric.outputs()] == ["acc_at_25", "acc_at_50", "acc_at_75"]
    half = [[(0, 0, 2, 1)]], [[GOLD]]
    assert measured(metric, *half).values[0].tolist() == [1, 1, 0, 1]
    above = AccAtIou(thresholds=(25, 50, 75), boundary="gt")
    assert measured(above, *half).values[0].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("thresholds", [(), (0,), (101,), (50, 50)])
def test_impossible_thresholds_are_refused(thresholds):
    with pytest.raises(UsageError, match=r"acc_at_iou:thresholds: got .*from 1 to 100"):
        AccAtIou(thresholds=thresholds)


def test_many_random_boxes_raise_no_accuracy():
    """Peers that take the best box give 20 random boxes about 46 % (peers.md 3.5)."""
    rng = np.random.default_rng(11)

    def random_boxes(n):
        corners = np.sort(rng.random((n, 2, 2)) * 100, axis=1)
        return corners.reshape(n, 4).tolist()

    gold = [random_boxes(1) for _ in range(300)]
    many = [random_boxes(20) for _ in range(300)]
    alone = measured(AccAtIou(), [own[:1] for own in many], gold)
    spam = measured(AccAtIou(), many, gold)
    np.testing.assert_array_equal(spam.values, alone.values)
    (notice,) = AccAtIou().advise(spam.facts, 300)
    assert "300 of 300 predictions hold several boxes" in notice.message
    assert "5,700 others are ignored" in notice.message
    assert AccAtIou().advise(alone.facts, 300) == ()


@pytest.mark.parametrize(
    ("mine", "center", "pointing"),
    [
        ((1, 1, 1, 1), 1, 1),
        ((2, 2, 2, 2), 1, 1),  # borders are inside
        ((2.1, 2, 2.1, 2), 0, 0),
        ((-1, -1, -1, -1), 0, 0),
        ((0, 0, 4, 4), 1, 0),  # a box is no point
        ((0, 0, 4.2, 4), 0, 0),
    ],
)
def test_centres_and_points(mine, center, pointing):
    assert score(CenterAccuracy(), [mine]) == center
    assert score(PointingAccuracy(), [mine]) == pointing


def test_boxes_in_place_of_points_are_told():
    found = measured(PointingAccuracy(), [[GOLD], [(1, 1, 1, 1)]], [[GOLD], [GOLD]])
    (notice,) = PointingAccuracy().advise(found.facts, 2)
    assert notice.message.startswith("1 of 2 predictions are boxes, not points")


@pytest.mark.parametrize(
    ("several", "told"),
    [
        ([(1, 1, 1, 1), (3, 3, 3, 3)], "1 of 2 predictions hold several points: the first counts"),
        ([GOLD, (1, 1, 1, 1)], "1 of 2 predictions hold several boxes: the first counts"),
    ],
)
def test_several_points_are_not_called_boxes(several, told):
    found = measured(CenterAccuracy(), [several, [GOLD]], [[GOLD], [GOLD]])
    (notice,) = CenterAccuracy().advise(found.facts, 2)
    assert notice.message.startswith(told)
    assert ("box_f1" in notice.message) == ("boxes" in told)


@pytest.mark.parametrize("metric", [BoxIou(), AccAtIou(), CenterAccuracy(), PointingAccuracy()])
def test_items_without_an_accepted_box_are_skipped(metric):
    found = measured(metric, [[GOLD], []], [[], [GOLD]])
    assert found.skips == {0: "no box is accepted"}
    assert found.values[0].tolist() == [0, 0]
    assert found.values[1].tolist() == [0, 1]
