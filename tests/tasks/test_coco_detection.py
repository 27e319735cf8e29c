"""COCO detection from its two files to the numbers of pycocotools."""

import json

import pytest
from metrics.test_mean_ap import FOLDER, NAMES, made, pycocotools

from vlmeval_cli.cli.main import main


@pytest.fixture
def score(tmp_path):
    def scored(results, truth, *options):
        paths = [results, truth]
        for i, document in enumerate(paths):
            if not isinstance(document, str):
                paths[i] = str(tmp_path / f"{i}.json")
                (tmp_path / f"{i}.json").write_text(json.dumps(document))
        report = tmp_path / "report.json"
        assert main(["score", *paths, "--resamples", "0", "--json", str(report), *options]) == 0
        return json.loads(report.read_bytes())

    return scored


def values(report):
    return {name: found["value"] for name, found in report["metrics"].items()}


def test_published_files_without_any_option(score):
    if not FOLDER.exists():
        pytest.skip("shared data of coco_detection is not beside the repository")
    truth = FOLDER / "instances_val2014_100.json"
    results = FOLDER / "instances_val2014_fakebbox100_results.json"
    report = score(str(results), str(truth))
    assert report["task"] == "grounding"
    known = json.loads(truth.read_bytes())
    expected = pycocotools(
        [image["id"] for image in known["images"]],
        known["annotations"],
        json.loads(results.read_bytes()),
        [category["id"] for category in known["categories"]],
    )
    found = values(report)
    assert {name: found[name] for name in NAMES} == pytest.approx(expected, abs=1e-10)
    assert found["box_f1"] is not None


def test_annotation_id_zero_does_no_harm(score):
    """In pycocotools a match with annotation 0 counts as none (metric-spec 12.1)."""
    box = {"category_id": 1, "bbox": [10, 10, 20, 30]}
    truth = {
        "images": [{"id": n, "width": 100, "height": 100} for n in (1, 2)],
        "annotations": [
            {**box, "id": n, "image_id": n + 1, "area": 600, "iscrowd": 0} for n in (0, 1)
        ],
        "categories": [{"id": 1, "name": "dog"}],
    }
    results = [{**box, "image_id": n, "score": n / 4} for n in (1, 2)]
    found = values(score(results, truth, "--metrics", "mean_ap,box_f1"))
    assert found["map"] == pytest.approx(1.0)
    assert found["map_large"] is None  # and not -1


def test_an_image_without_results_has_no_boxes_and_is_not_missing(score):
    images, annotations, results, categories = made(3)
    for n, row in enumerate(annotations):
        row["id"] = n
    truth = {
        "images": [{"id": image, "width": 600, "height": 600} for image in images],
        "annotations": annotations,
        "categories": [{"id": category, "name": f"class {category}"} for category in categories],
    }
    kept = [row for row in results if row["image_id"] > 3 and min(row["bbox"][:2]) >= 0]
    report = score(kept, truth, "--metrics", "mean_ap,box_f1")
    assert report["join"]["missing"] == 0
    expected = pycocotools(images, annotations, kept, categories)
    for name, value in expected.items():
        found = values(report)[name]
        assert found == (None if value == -1 else pytest.approx(value, abs=1e-10)), name


def two_images(**more):
    box = {"category_id": 1, "bbox": [10, 10, 20, 30], "area": 600, "iscrowd": 0}
    return {
        "images": [{"id": n, "width": 100, "height": 100} for n in (1, 2)],
        "annotations": [{**box, "id": n, "image_id": n} for n in (1, 2)],
        "categories": [{"id": 1, "name": "dog"}],
        **more,
    }


RESULTS = [
    {"category_id": 1, "bbox": [10, 10, 20, 30], "image_id": n, "score": 0.5} for n in (1, 2)
]


def test_results_of_an_unknown_image_are_a_warning(score):
    report = score([*RESULTS, {**RESULTS[0], "image_id": 99}], two_images())
    (told,) = [one for one in report["warnings"] if one["code"] == "extra_predictions"]
    assert told["message"].endswith('1 prediction has no reference: "99"')
    assert report["join"]["extra"] == 1


def test_annotations_of_an_unlisted_image_are_left_out_and_told(score, capsys):
    truth = two_images()
    truth["annotations"].append({**truth["annotations"][0], "id": 3, "image_id": 77})
    report = score(RESULTS, truth)
    assert report["join"]["matched"] == 2
    assert values(report)["acc_at_50"] == 1
    told = '1 annotation is of images that "images" does not list, and left out: 77'
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("is_captions_first", [True, False])
def test_captions_and_boxes_of_coco_are_no_pair(tmp_path, capsys, is_captions_first):
    captions = {"images": [], "annotations": [{"id": 1, "image_id": 1, "caption": "a dog"}]}
    pair = ([{"image_id": n, "caption": "a dog"} for n in (1, 2)], two_images())
    pair = pair if is_captions_first else (RESULTS, captions)
    paths = [tmp_path / "results.json", tmp_path / "truth.json"]
    for path, document in zip(paths, pair, strict=True):
        path.write_text(json.dumps(document))
    assert main(["score", *map(str, paths)]) == 3
    told = capsys.readouterr().err
    assert "are of different tasks" in told
    assert "COCO captions" in told
    assert "COCO detection" in told
