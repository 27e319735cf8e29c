"""Kinds of errors by hand, and that they are all there is."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import Rows
from vlmeval_cli.geometry.columns import column_of
from vlmeval_cli.metrics.tide import Tide

DOG, CAT = ((0, 0, 10, 10), "dog"), ((100, 0, 110, 10), "cat")
KINDS = ("localization", "class", "duplicate", "background", "both", "missed")


def batch_of(mine, gold, scores=None, crowd=None):
    def column(side, **known):
        flat = [label for own in side for _, label in own]
        return column_of([[box for box, _ in own] for own in side], labels=flat, **known)

    n = len(gold)
    columns = {
        "prediction.boxes": column(mine, scores=scores),
        "references.boxes": column(gold, is_crowd=crowd),
    }
    return Batch([str(i) for i in range(n)], [None] * n, [[]] * n, prepared=columns)


def counts(mine, gold, **known):
    row = Tide().measure(batch_of([mine], [gold], **known), None).values[0]
    return {kind: int(count) for kind, count in zip(KINDS, row, strict=False) if count}


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        ([DOG, CAT], {}),
        ([], {"missed": 2}),
        ([DOG, DOG, CAT], {"duplicate": 1}),
        # IoU 30 / 100 with the dog: loose, and the dog is not missed but badly placed
        ([((0, 0, 10, 3), "dog"), CAT], {"localization": 1}),
        # right place, wrong class: the cat is confused, not missed
        ([DOG, ((100, 0, 110, 10), "dog")], {"class": 1}),
        ([DOG, CAT, ((100, 0, 110, 3), "dog")], {"both": 1}),
        ([DOG, CAT, ((50, 50, 60, 60), "dog")], {"background": 1}),
        ([DOG, CAT, ((0, 0, 10, 1), "dog")], {"localization": 1}),  # IoU .1: the bound is loose
        ([DOG, CAT, ((0, 0, 10, 0.9), "dog")], {"background": 1}),
        ([((0, 0, 10, 5), "dog"), CAT], {}),  # IoU .5 is a hit
        ([DOG, ((100, 0, 110, 10), None)], {}),  # without a class any fits
    ],
)
def test_each_kind(mine, expected):
    assert counts(mine, [DOG, CAT]) == expected


def test_the_box_of_more_confidence_is_the_hit():
    loose = ((0, 0, 10, 6), "dog")
    assert counts([loose, DOG], [DOG], scores=[0.9, 0.1]) == {"duplicate": 1}
    both = Tide().measure(batch_of([[loose, DOG]], [[DOG]], [0.1, 0.9]), None)
    assert both.values[0, 2] == 1


def test_what_lies_in_a_crowd_counts_nowhere():
    crowd = ((0, 0, 100, 100), "dog")
    assert counts([((5, 5, 15, 15), "dog")], [crowd], crowd=[True]) == {}
    assert counts([((5, 5, 15, 15), "cat")], [crowd], crowd=[True]) == {"background": 1}


@pytest.mark.parametrize("seed", range(20))
def test_every_prediction_is_a_hit_or_one_error(seed):
    rng = np.random.default_rng(seed)

    def side():
        corners = rng.integers(0, 30, (rng.integers(0, 8), 2))
        sizes = rng.integers(1, 25, corners.shape)
        return [
            ((*corner, *(corner + size)), str(rng.choice(["a", "b"])))
            for corner, size in zip(corners, sizes, strict=True)
        ]

    mine, gold = [side() for _ in range(10)], [side() for _ in range(10)]
    rows = Tide().measure(batch_of(mine, gold, rng.random(sum(map(len, mine)))), None).values
    errors, n_mine, n_gold = rows[:, :5].sum(axis=1), rows[:, 6], rows[:, 7]
    hits = n_mine - errors
    assert n_mine.tolist() == [*map(len, mine)]
    assert n_gold.tolist() == [*map(len, gold)]
    assert (hits >= 0).all()
    assert (rows[:, 5] <= n_gold - hits).all()
    assert (rows[:, 5] >= n_gold - hits - rows[:, 0] - rows[:, 1]).all()


def test_shares_are_of_predicted_and_of_true_boxes():
    found = Tide().measure(batch_of([[DOG, DOG], []], [[DOG], [DOG, CAT]]), None)
    scores = Tide().combine(Rows(found.values, np.arange(2)), np.array([[1.0, 1.0], [1.0, 0.0]]))
    assert scores["tide_duplicate"].tolist() == [0.5, 0.5]
    assert scores["tide_missed"].tolist() == [2 / 3, 0.0]


@pytest.mark.parametrize("options", [{"background": 0.5}, {"foreground": 1.5}, {"background": 0}])
def test_thresholds_out_of_order_are_refused(options):
    with pytest.raises(UsageError, match="expected 0 < background < foreground <= 1"):
        Tide(**options)
