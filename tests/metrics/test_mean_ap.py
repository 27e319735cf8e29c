"""Average precision against pycocotools, run live, and the vectors of the specification."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import Rows
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.geometry.columns import column_of
from vlmeval_cli.metrics.mean_ap import MeanAp

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "coco_detection"
NAMES = [output.name for output in MeanAp().outputs()]
NAN = float("nan")


def pycocotools(images, annotations, results, categories, max_detections=(1, 10, 100)):
    coco_module = pytest.importorskip("pycocotools.coco")
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco_module.COCO()
        # Ids from 1: a match with an annotation of id 0 would count as none (metric-spec 12.1).
        truth.dataset = {
            "images": [{"id": image} for image in images],
            "annotations": [{**one, "id": n} for n, one in enumerate(annotations, 1)],
            "categories": [{"id": category} for category in categories],
        }
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(results), "bbox")
        run.params.maxDets = list(max_detections)
        run.evaluate()
        run.accumulate()
        run.summarize()
    return dict(zip(NAMES, run.stats.tolist(), strict=True))


def batch_of(images, annotations, results):
    """Rows of COCO, whose boxes have width and height, as columns."""

    def column(rows, **known):
        own = [[row for row in rows if row["image_id"] == image] for image in images]
        flat = [row for found in own for row in found]
        corners = [
            [(x, y, x + w, y + h) for x, y, w, h in (row["bbox"] for row in found)] for found in own
        ]
        return column_of(
            corners,
            labels=[str(row["category_id"]) for row in flat],
            scores=[row.get("score", NAN) for row in flat],
            is_crowd=[bool(row.get("iscrowd")) for row in flat],
            areas=[row.get("area", row["bbox"][2] * row["bbox"][3]) for row in flat],
        )

    columns = {"prediction.boxes": column(results), "references.boxes": column(annotations)}
    n = len(images)
    return Batch([str(image) for image in images], [None] * n, [[]] * n, columns=columns)


def statistics(batch, metric=None, **options):
    return measure([metric or MeanAp()], batch, NoProgress(), **options)[0].statistics


def scores(batch, metric=None, weights=None, **options):
    metric = metric or MeanAp()
    found = statistics(batch, metric, **options)
    weights = np.ones((1, len(batch))) if weights is None else np.array([weights], dtype=float)
    combined = metric.combine(Rows(found.values, found.item), weights)
    return {name: float(value[0]) for name, value in combined.items()}


def assert_equal(ours, theirs):
    for name, value in theirs.items():
        if value == -1:
            assert np.isnan(ours[name]), name
        else:
            assert ours[name] == pytest.approx(value, abs=1e-10), name


def published():
    if not FOLDER.exists():
        pytest.skip("shared data of coco_detection is not beside the repository")
    truth = json.loads((FOLDER / "instances_val2014_100.json").read_bytes())
    results = json.loads((FOLDER / "instances_val2014_fakebbox100_results.json").read_bytes())
    images = [image["id"] for image in truth["images"]]
    return images, truth["annotations"], results, [one["id"] for one in truth["categories"]]


def test_a_published_file_scores_as_in_pycocotools():
    images, annotations, results, categories = published()
    ours = scores(batch_of(images, annotations, results))
    assert_equal(ours, pycocotools(images, annotations, results, categories))
    # SOURCE.txt of the data.
    assert ours["map"] == pytest.approx(0.5045806987, abs=1e-9)
    assert ours["map_50"] == pytest.approx(0.6969727247, abs=1e-9)


def test_other_numbers_of_detections_score_as_in_pycocotools():
    images, annotations, results, categories = published()
    metric = MeanAp(max_detections=(1, 2, 3))
    found = scores(batch_of(images, annotations, results), metric)
    run = pycocotools(images, annotations, results, categories, (1, 2, 3))
    for ours, theirs in (("mar_1", "mar_1"), ("mar_2", "mar_10"), ("mar_3", "mar_100")):
        assert found[ours] == pytest.approx(run[theirs], abs=1e-10)


def made(seed, n_images=12, n_classes=3):
    """Annotations with crowds and sizes around the bounds; results that are moved, doubled, wrong.

    Whole numbers, so that a width is the same whether it is given or the difference of corners.
    """
    rng = np.random.default_rng(seed)
    annotations, results = [], []
    for image in range(1, n_images + 1):
        for _ in range(rng.integers(0, 6)):
            side = rng.choice([20, 32, 60, 96, 150])
            box = [*rng.integers(0, 200, 2), side, int(rng.choice([side, side + 10]))]
            own = {"image_id": image, "category_id": int(rng.integers(1, n_classes + 1))}
            area = int(box[2] * box[3] * rng.choice([1.0, 0.75]))
            box = [int(value) for value in box]
            crowd = int(rng.random() < 0.15)
            annotations.append({**own, "bbox": box, "area": area, "iscrowd": crowd})
            for _ in range(rng.integers(0, 4)):
                moved = [int(value) for value in box + rng.integers(-6, 7, 4)]
                score = float(rng.integers(1, 12) / 12)
                if rng.random() < 0.2:
                    own = {**own, "category_id": int(rng.integers(1, n_classes + 1))}
                results.append({**own, "bbox": moved, "score": score})
    return [*range(1, n_images + 1)], annotations, results, [*range(1, n_classes + 1)]


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_made_files_score_as_in_pycocotools(seed):
    images, annotations, results, categories = made(seed)
    if annotations and results:
        ours = scores(batch_of(images, annotations, results), batch_size=5)
        assert_equal(ours, pycocotools(images, annotations, results, categories))


@pytest.mark.parametrize("seed", range(5))
def test_an_image_of_weight_two_is_that_image_twice_in_pycocotools(seed):
    images, annotations, results, categories = made(seed)
    order = np.random.default_rng(seed).permutation(len(results))
    for place, row in zip(order.tolist(), results, strict=True):
        row["score"] = 1 - place / 1000  # where no scores are tied, copies stand side by side
    weights = [n % 3 for n in range(len(images))]
    copies = [image + 100 * k for image, n in zip(images, weights, strict=True) for k in range(n)]

    def copied(rows):
        return [
            {**row, "image_id": copy}
            for copy in copies for row in rows if row["image_id"] == copy % 100
        ]  # fmt: skip

    ours = scores(batch_of(images, annotations, results), weights=weights)
    theirs = pycocotools(copies, copied(annotations), copied(results), categories)
    assert_equal(ours, theirs)


def box(image, corner, score=None, side=10):
    found = {"image_id": image, "category_id": 1, "bbox": [corner, 0, side, side]}
    known = {"area": side * side, "iscrowd": 0} if score is None else {"score": score}
    return {**found, **known}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([box(1, 0, 0.9), box(2, 0, 0.8)], {"map": 1.0, "mar_100": 1.0}),
        # One of two missing: recall .5 is reached at 51 of 101 levels.
        ([box(1, 0, 0.9)], {"map": 51 / 101}),
        # A wrong box before all: precision 2/3 at every level.
        ([box(1, 50, 0.95), box(1, 0, 0.9), box(2, 0, 0.8)], {"map": 2 / 3}),
        # IoU exactly .5 (half of the box): right at the first of ten thresholds.
        (
            [{**box(n, 0, 0.9), "bbox": [0, 0, 10, 5]} for n in (1, 2)],
            {"map_50": 1.0, "map": 0.1, "map_75": 0.0},
        ),
    ],
    ids=["perfect", "one missing", "one wrong", "exactly .5"],
)
def test_vectors_of_the_specification(results, expected):
    found = scores(batch_of([1, 2], [box(1, 0), box(2, 0)], results))
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name


def test_sizes_without_a_true_box_are_unknown_and_never_minus_one():
    found = scores(batch_of([1], [box(1, 0)], [box(1, 0, 0.9)]))
    assert found["map_small"] == pytest.approx(1.0)
    assert np.isnan([found[f"{kind}_large"] for kind in ("map", "mar")]).all()


def test_no_results_at_all_score_zero():
    assert scores(batch_of([1], [box(1, 0)], []))["map"] == 0.0


def test_classes_that_no_reference_has_are_left_out_and_told():
    batch = batch_of([1], [box(1, 0)], [box(1, 0, 0.5), {**box(1, 0, 0.9), "category_id": 9}])
    assert scores(batch)["map"] == pytest.approx(1.0)
    (notice,) = MeanAp().advise(statistics(batch).facts, 1)
    assert notice.message.startswith("1 of 2 predicted boxes are of no class")


def test_without_any_score_it_is_unknown_and_told():
    batch = batch_of([1, 2], [box(1, 0), box(2, 0)], [box(1, 0), box(2, 0)])
    assert all(np.isnan(value) for value in scores(batch).values())
    (notice,) = MeanAp().advise(statistics(batch).facts, 2)
    assert notice.message.startswith("no scores in file")


def test_equal_scores_are_told():
    batch = batch_of([1, 2], [box(1, 0), box(2, 0)], [box(1, 0, 1.0), box(2, 0, 1.0)])
    assert scores(batch)["map"] == 1.0
    (notice,) = MeanAp().advise(statistics(batch).facts, 2)
    assert notice.message.startswith("all 2 scores are equal")


def test_boxes_without_a_score_among_others_come_last_and_are_told():
    batch = batch_of([1, 2], [box(1, 0), box(2, 0)], [box(1, 0, 0.1), box(1, 50), box(2, 0)])
    (notice,) = MeanAp().advise(statistics(batch).facts, 2)
    assert notice.message.startswith("2 of 3 boxes have no score")
    # hit, then (image 1) a miss, then (image 2) a hit: precision 1 to recall .5, 2/3 after it
    assert scores(batch)["map"] == pytest.approx((51 + 50 * 2 / 3) / 101)


def without_classes(batch, side, corners, **known):
    columns = {**batch.columns, f"{side}.boxes": column_of(corners, **known)}
    return Batch(batch.ids, batch.predictions, batch.references, columns=columns)


def test_boxes_without_any_class_are_of_one_class_and_that_is_told():
    truth = [box(1, 0), {**box(1, 50), "category_id": 2}]
    batch = batch_of([1], truth, [box(1, 0, 0.5)])
    unlabelled = without_classes(batch, "prediction", [[(0, 0, 10, 10)]], scores=[0.5])
    # One hit of two objects: recall .5 is reached at precision 1, 51 of 101 levels.
    assert scores(unlabelled)["map"] == pytest.approx(51 / 101)
    (notice,) = MeanAp().advise(statistics(unlabelled).facts, 1)
    assert notice.message.startswith("only one side names the classes")


def test_true_boxes_without_any_class_are_of_one_class_and_that_is_told():
    found = [box(1, 0, 0.9), {**box(1, 50, 0.8), "category_id": 2}]
    batch = without_classes(batch_of([1], [], found), "references", [[(0, 0, 10, 10)]])
    assert scores(batch)["map"] == pytest.approx(1.0)
    (notice,) = MeanAp().advise(statistics(batch).facts, 1)
    assert notice.message.startswith("only one side names the classes")


def test_where_no_side_names_classes_there_is_nothing_to_tell():
    batch = without_classes(batch_of([1], [], []), "references", [[(0, 0, 10, 10)]])
    batch = without_classes(batch, "prediction", [[(0, 0, 10, 10)]], scores=[0.5])
    assert MeanAp().advise(statistics(batch).facts, 1) == ()


def test_classes_are_shown_the_lowest_first():
    images, annotations, results, _ = made(1)
    batch = batch_of(images, annotations, results)
    metric = MeanAp()
    (found,) = measure([metric], batch, NoProgress())
    table = metric.tables(found.statistics, found.context)["ap_by_class"]
    known = [row[3] for row in table.rows]
    assert known == sorted(known)
    assert np.mean(known) == pytest.approx(scores(batch)["map"], abs=1e-12)


@pytest.mark.parametrize("given_", [(), (0, 10), (10, 10), (10, 1)])
def test_impossible_numbers_of_detections_are_refused(given_):
    with pytest.raises(UsageError, match="mean_ap:max_detections: got"):
        MeanAp(max_detections=given_)


def one_pair(true, mine, area):
    """A true box and a detection, as x, y, width, height, in one image."""
    annotation = {"image_id": 1, "category_id": 1, "bbox": true, "area": area, "iscrowd": 0}
    result = {"image_id": 1, "category_id": 1, "bbox": mine, "score": 0.9}
    return batch_of([1], [annotation], [result])


def test_in_single_precision_an_overlap_of_exactly_a_threshold_falls_short():
    # 6 of 10 pixels: an IoU of 0.6, and in single precision 0.6 is 0.6000000238.
    items = one_pair([0, 0, 10, 1], [0, 0, 6, 1], 10)
    assert scores(items)["map"] == pytest.approx(0.3)  # at .50, .55 and .60 of ten thresholds
    assert scores(items, MeanAp(precision="single"))["map"] == pytest.approx(0.2)


def test_areas_of_boxes_can_stand_in_for_those_of_segments():
    # A box of 40 × 40 is medium; its segment, of 900, is small.
    items = one_pair([0, 0, 40, 40], [0, 0, 40, 40], 900)
    given_, own = scores(items), scores(items, MeanAp(areas="boxes"))
    assert (given_["map_small"], own["map_medium"]) == (pytest.approx(1.0), pytest.approx(1.0))
    assert np.isnan([given_["map_medium"], own["map_small"]]).all()


def test_a_published_file_scores_as_in_torchmetrics():
    # torchmetrics 1.9.0, MeanAveragePrecision(box_format="xywh"), iscrowd given, images by id.
    theirs = {
        "map": 0.5035117, "map_50": 0.6962399, "map_75": 0.5722472, "map_small": 0.5921331,
        "map_medium": 0.5582661, "map_large": 0.4888051, "mar_1": 0.3863366, "mar_10": 0.5932034,
        "mar_100": 0.5948768, "mar_small": 0.6536014, "mar_medium": 0.6025981,
        "mar_large": 0.5537444,
    }  # fmt: skip
    images, annotations, results, _ = published()
    metric = MeanAp(precision="single", areas="boxes")
    ours = scores(batch_of(images, annotations, results), metric)
    assert ours == pytest.approx(theirs, abs=2e-7)
