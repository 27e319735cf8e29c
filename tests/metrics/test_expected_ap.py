"""Average precision over orders, against pycocotools run on every order."""

from itertools import permutations

import numpy as np
import pytest
from metrics.test_mean_ap import batch_of, box, made, pycocotools, scores, statistics

from vlmeval_cli.metrics.expected_ap import ExpectedAp


@pytest.mark.parametrize(
    "corners",
    [[(1, 0), (2, 0), (3, 50)], [(1, 0), (2, 50), (3, 50), (4, 0)], [(1, 0), (2, 30)], [(1, 50)]],
)
def test_all_orders_of_boxes_without_scores(corners):
    images = [1, 2, 3, 4]
    annotations = [box(1, 0), box(2, 0), box(4, 0)]
    found = scores(batch_of(images, annotations, [box(*where) for where in corners]), ExpectedAp())
    values = []
    for order in permutations(corners):
        ranked = [box(*where, 1 - n / 9) for n, where in enumerate(order)]
        values.append(pycocotools(images, annotations, ranked, [1]))
    for name in ("map", "map_50"):
        own = [value[name] for value in values]
        assert found[f"expected_{name}"] == pytest.approx(np.mean(own), abs=1e-10)
        assert found[f"lowest_{name}"] == pytest.approx(min(own), abs=1e-10)
        assert found[f"highest_{name}"] == pytest.approx(max(own), abs=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_without_ties_it_is_average_precision(seed):
    images, annotations, results, categories = made(seed)
    order = np.random.default_rng(seed).permutation(len(results))
    for place, row in zip(order.tolist(), results, strict=True):
        row["score"] = 1 - place / 1000
    found = scores(batch_of(images, annotations, results), ExpectedAp())
    theirs = pycocotools(images, annotations, results, categories)
    for kind in ("expected", "lowest", "highest"):
        assert found[f"{kind}_map"] == pytest.approx(theirs["map"], abs=1e-10)
        assert found[f"{kind}_map_50"] == pytest.approx(theirs["map_50"], abs=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_coco_lies_in_the_range(seed):
    images, annotations, results, categories = made(seed)
    for row in results:
        row["score"] = round(row["score"], 1)
    found = scores(batch_of(images, annotations, results), ExpectedAp())
    theirs = pycocotools(images, annotations, results, categories)
    for name in ("map", "map_50"):
        low, high = found[f"lowest_{name}"], found[f"highest_{name}"]
        assert low - 1e-10 <= theirs[name] <= high + 1e-10
        assert low - 1e-10 <= found[f"expected_{name}"] <= high + 1e-10


def test_two_hundred_boxes_have_the_range_of_the_simulation():
    """200 boxes, 60 % hits: AP50 is .362 to .450 over random orders, hits first .604 (peers 3.6).

    The simulation had as many true boxes as boxes; its values of random orders lie inside ours.
    """
    images = [*range(200)]
    annotations = [box(image, 0) for image in images]
    results = [box(image, 0 if image % 5 < 3 else 50) for image in images]
    found = scores(batch_of(images, annotations, results), ExpectedAp())
    assert found["highest_map_50"] == pytest.approx(61 / 101, abs=1e-10)  # recall .6 at precision 1
    assert 0.362 < found["expected_map_50"] < 0.450
    # All misses first: precision rises to 120 / 200, which is then read at every level.
    assert found["lowest_map_50"] == pytest.approx(61 / 101 * 0.6, abs=1e-10)


def test_the_drawn_mean_is_near_the_mean_of_all_orders():
    rng = np.random.default_rng(5)
    images = [*range(16)]  # 12,870 arrangements of 8 hits
    annotations = [box(image, 0) for image in images]
    results = [box(image, 0 if image % 2 else 50) for image in images]
    found = scores(batch_of(images, annotations, results), ExpectedAp())["expected_map_50"]
    own = []
    for _ in range(400):
        hits = np.cumsum(rng.permutation([1] * 8 + [0] * 8))
        precision = np.maximum.accumulate((hits / np.arange(1, 17))[::-1])[::-1]
        levels = np.searchsorted(hits / 16, np.linspace(0, 1, 101))
        own.append(sum(precision[level] for level in levels if level < 16) / 101)
    assert found == pytest.approx(np.mean(own), abs=4 * np.std(own) / 20)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((None, None), "no scores in file: average precision hangs on the order of the boxes"),
        ((1.0, 1.0), "all 2 scores are equal: average precision hangs on the order of the boxes"),
        ((0.9, 0.8), None),
    ],
)
def test_that_the_order_decides_is_told(given, told):
    results = [
        box(image, 0) if score is None else box(image, 0, score)
        for image, score in enumerate(given)
    ]
    found = statistics(batch_of([0, 1], [box(0, 0)], results), ExpectedAp())
    messages = [notice.message for notice in ExpectedAp().advise(found.facts, 2)]
    assert len(messages) == (told is not None)
    assert told is None or messages[0].startswith(told)


def test_without_true_boxes_it_is_unknown():
    found = scores(batch_of([1], [], [box(1, 0)]), ExpectedAp())
    assert np.isnan([*found.values()]).all()
