"""Rationality, from heat maps to trustworthiness and corruption error."""

import json

import numpy as np
import pytest

from vlmeval_cli import api
from vlmeval_cli.core.errors import DataError, VlmevalError
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.metrics.corruption_error import ALEXNET, ALEXNET_CLEAN, normal_name
from vlmeval_cli.tasks import task

HEAT = [[0.0, 0.2], [0.4, 1.0]]
MASK = [[0, 0], [0, 1]]


@pytest.fixture
def score(tmp_path):
    def run(rows, **choices):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return api.score(path, **{"resamples": 0, **choices})

    return run


def row(number=1, **more):
    plain = {"id": number, "label": "dog", "prediction": "dog", "heatmap": HEAT, "mask": MASK}
    return {name: value for name, value in {**plain, **more}.items() if value is not ...}


def test_the_quadrants_of_the_specification(score):
    predicted, rationales = [1, 1, 1, 0, 0, 1, 0, 1], [1, 0, 1, 1, 0, 1, 1, 0]
    rows = [
        {"id": i, "correct": right, "rationale": valid}
        for i, (right, valid) in enumerate(zip(predicted, rationales, strict=True))
    ]
    found = score(rows)
    assert found.task == "rationality"
    assert found["prediction_trustworthiness"] == pytest.approx(0.6)
    assert found["inference_reliability"] == pytest.approx(0.6)
    assert [row[2] for row in found.tables["quadrants"].rows] == [3, 2, 2, 1]


def test_relevant_mass_of_the_specification(score):
    found = score([row()], metrics="rationality:size=2")
    assert found["relevant_mass"] == pytest.approx(0.625)
    raw = [[0.1, 0.3], [0.5, 1.1]]
    assert score([row(heatmap=raw)], metrics="rationality:size=2").scores[
        "relevant_mass[size=2]"
    ].value == pytest.approx(0.625)
    as_it_is = score([row(heatmap=raw)], metrics="rationality:size=2:scale=none")
    assert as_it_is["relevant_mass"] == pytest.approx(0.55)


@pytest.mark.parametrize("suffix", ["npy", "npz", "png"])
def test_maps_and_masks_come_from_files_beside_the_rows(score, tmp_path, suffix):
    (tmp_path / "maps").mkdir()
    for name, array in (("heat", np.array(HEAT)), ("mask", np.array(MASK))):
        path = tmp_path / "maps" / f"{name}.{suffix}"
        if suffix == "png":
            images = pytest.importorskip("PIL.Image")
            images.fromarray((array * 255).astype(np.uint8)).save(path)
        elif suffix == "npz":
            np.savez(path, array)
        else:
            np.save(path, array.astype(np.float16))
    paths = {"heatmap": f"maps/heat.{suffix}", "mask": f"maps/mask.{suffix}"}
    found = score([row(**paths)], metrics="rationality:size=2")
    assert found["relevant_mass"] == pytest.approx(0.625, abs=1e-3)


def test_boxes_stand_for_a_mask(score):
    # The right lower quarter of an image of 200 × 100.
    boxes = {"mask": ..., "boxes": [[100, 50, 200, 100]], "width": 200, "height": 100}
    assert score([row(**boxes)], metrics="rationality:size=2")["relevant_mass"] == 0.625
    relative = {"mask": ..., "boxes": [0.5, 0.5, 1, 1]}
    assert score([row(**relative)], metrics="rationality:size=2")["relevant_mass"] == 0.625


def test_the_view_of_imagenet_models_cuts_boxes(score):
    # Of 512 × 256 models see from (144, 16) to (368, 240): this box is the left half of that.
    boxes = {"mask": ..., "boxes": [[0, 0, 256, 256]], "width": 512, "height": 256}
    heat = [[1.0, 0.5], [1.0, 0.5]]
    found = score([row(heatmap=heat, **boxes)], metrics="rationality:size=2:scale=none:view=crop")
    assert found["relevant_mass"] == pytest.approx(2 / 3)


def test_a_flat_map_is_no_valid_rationale(score):
    found = score([row(heatmap=[[0.5, 0.5], [0.5, 0.5]]), row(2)])
    assert found["rationale_accuracy"] == 0.5
    assert found.scores["relevant_mass"].value == pytest.approx(score([row(2)])["relevant_mass"])
    assert [warning.code for warning in found.warnings] == ["flat_heat_maps"]


def test_a_map_that_is_not_finite_is_no_valid_rationale(score, tmp_path):
    np.save(tmp_path / "heat.npy", np.array([[np.nan, 1.0], [np.inf, 9.0]]))
    found = score([row(heatmap="heat.npy"), row(2)])
    assert found["rationale_accuracy"] == 0.5
    assert [warning.code for warning in found.warnings] == ["flat_heat_maps"]


def test_flat_maps_are_counted_beside_recorded_marks_that_are_skipped(score):
    flat = {"heatmap": [[1.0, 1.0]], "mask": [[0, 1]]}
    marks = [{"id": f"r{i}", "rationale": 1, "prediction": "dog"} for i in range(3)]
    found = score([row(), row(2, **flat), *marks])
    assert [warning.message[:13] for warning in found.warnings] == ["1 of 2 heat m"]


def test_undefined_ratios_are_unknown_with_a_reason(score):
    found = score([row(prediction="cat", heatmap=[[1, 0], [0, 0]])])
    assert found.scores["prediction_trustworthiness"].reason == "no prediction is right"
    assert found.scores["inference_reliability"].reason == "no rationale is valid"
    marks = score([{"id": 1, "correct": 1, "rationale": 1}])
    assert marks.scores["relevant_mass"].reason == "no item has a relevant mass"


def test_ratios_have_intervals(score):
    rows = [row(n, prediction="dog" if n % 3 else "cat") for n in range(30)]
    found = score(rows, resamples=200).scores["inference_reliability"]
    assert found.ci_low < found.value < found.ci_high


@pytest.mark.parametrize("value", [True, 1, 1.0])
def test_recorded_marks_are_believed(score, value):
    assert score([{"id": 1, "correct": value, "rma": 0.7}])["prediction_trustworthiness"] == 1.0


def test_the_threshold_is_inclusive(score):
    rows = [{"id": 1, "correct": 1, "rma": 0.5}]
    assert score(rows)["rationale_accuracy"] == 1.0
    assert score(rows, metrics="rationality:threshold=0.6")["rationale_accuracy"] == 0.0


def corrupted(errors, clean_error):
    """Ten items for each corruption and severity, so many of them wrong."""
    rows = []
    for name in ALEXNET:
        for severity in range(1, 6):
            for n in range(10):
                rows.append((name, severity, n >= errors))
    rows += [("clean", 0, n >= clean_error) for n in range(10)]
    return [
        {"id": i, "correct": bool(right), "rma": 0.9, "corruption": name, "severity": severity}
        for i, (name, severity, right) in enumerate(rows)
    ]


def test_mean_corruption_error_is_relative_to_alexnet(score):
    found = score(corrupted(errors=4, clean_error=1))
    base = np.array([*ALEXNET.values()])
    assert found["mce"] == pytest.approx(np.mean(0.4 / base))
    assert found["relative_mce"] == pytest.approx(np.mean(0.3 / (base - ALEXNET_CLEAN)))
    assert len(found.tables["corruptions"].rows) == 16


def test_errors_of_alexnet_are_those_of_the_specification():
    # metric-spec §16, in the order of the corruptions there.
    expected = [
        0.886428, 0.894468, 0.922640, 0.819880, 0.826268, 0.785948, 0.798360, 0.866816, 0.826572,
        0.819324, 0.564592, 0.853204, 0.646056, 0.717840, 0.606500,
    ]  # fmt: skip
    assert [*ALEXNET.values()] == expected


def test_extra_corruptions_are_in_the_table_and_not_in_the_mean(score):
    extra = [
        {"id": f"x{n}", "correct": n > 0, "rma": 0.9, "corruption": "spatter", "severity": 2}
        for n in range(4)
    ]
    rows = corrupted(4, 1)
    found = score(rows + extra)
    assert found["mce"] == score(rows)["mce"]
    cells = {cells[0]: cells[1:] for cells in found.tables["corruptions"].rows}
    assert cells["spatter"] == (None, 0.25, None, None, None, None)


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ({"corruption": "rain", "severity": 2}, '"rain 2"'),
        ({"corruption": "fog", "severity": 6}, '"fog 6"'),
        ({"corruption": "fog", "severity": "high"}, '"fog"'),
        ({"corruption": "fog", "severity": 2.5}, '"fog"'),
        ({"corruption": "fog"}, '"fog"'),
    ],
)
def test_items_of_no_known_corruption_and_severity_are_told_and_never_clean(
    score, condition, shown
):
    rows = corrupted(4, 1)
    found = score([*rows, {"id": "x", "correct": False, "rma": 0.9, **condition}])
    assert found["relative_mce"] == score(rows)["relative_mce"]
    (warning,) = (one for one in found.warnings if one.code == "other_corruptions")
    assert "1 of 761 items" in warning.message
    assert shown in warning.message


def test_mean_corruption_error_needs_all_corruptions(score):
    rows = [r for r in corrupted(4, 1) if r["corruption"] != "fog"]
    found = score(rows)
    assert found.scores["mce"].value is None
    assert found.scores["mce"].reason == "missing: fog"
    partly = [r for r in corrupted(4, 1) if (r["corruption"], r["severity"]) != ("snow", 3)]
    assert score(partly).scores["mce"].reason == "missing: snow 3"
    dirty = [r for r in corrupted(4, 1) if r["corruption"] != "clean"]
    assert score(dirty).scores["relative_mce"].reason == "missing: clean items"
    assert score(dirty).scores["mce"].value is not None
    assert len(found.tables["corruptions"].rows) == 15


def test_names_of_corruptions_are_read_as_written_elsewhere():
    written = ["JPEG compression", "defocus", "Gaussian-Noise", None, "none", "spatter"]
    expected = ["jpeg_compression", "defocus_blur", "gaussian_noise", "clean", "clean", "spatter"]
    assert [*map(normal_name, written)] == expected


SKIPPED = [
    (row(2, heatmap=...), "no heat map"),
    (row(2, heatmap=None), "no heat map"),
    (row(2, mask=...), "no mask or boxes"),
    (row(2, heatmap={"a": 1}), '"heatmap" cannot be read'),
    (row(2, heatmap=[[1, 2], [3]]), '"heatmap" cannot be read'),
    (row(2, heatmap=[1, 2, 3]), '"heatmap" cannot be read'),
    (row(2, heatmap=7), '"heatmap" cannot be read'),
    (row(2, heatmap=[]), '"heatmap" cannot be read'),
    (row(2, mask=..., boxes=[[1, 2, 30, 40]]), "boxes in pixels, and no size of the image"),
    (row(2, mask=..., boxes="left"), '"boxes" cannot be read'),
    (row(2, mask=..., boxes=[[1, 2]]), '"boxes" cannot be read'),
    (row(2, label=...), "no class to compare with"),
]
REFUSED = [
    (row(2, heatmap="gone.npy"), "rows.jsonl:2: heat map gone.npy: got no such file"),
    (row(2, heatmap="text.txt"), "a file called text.txt, expected .npy"),
    (row(2, heatmap="broken.npy"), "a broken numpy file, or one of pickled objects"),
    (row(2, heatmap="words.txt.npy"), "a broken numpy file, or one of pickled objects, expected"),
    (row(2, heatmap="objects.npy"), "a broken numpy file, or one of pickled objects"),
    (row(2, heatmap="empty.npz"), "a broken numpy file, or one of pickled objects"),
    (row(2, heatmap="cube.npy"), "an array of shape (2, 2, 2)"),
    (row(2, mask="words.npy"), "an array of <U1"),
    (row(2, prediction=["dog"]), "got"),
]


@pytest.mark.parametrize(("bad", "words"), SKIPPED, ids=lambda part: str(part)[:60])
def test_an_item_without_a_rationale_is_counted(score, bad, words):
    found = score([row(), bad]).scores["prediction_trustworthiness"]
    assert found.n == 1
    (reason,) = found.skipped
    assert words in reason
    assert len(reason) <= 60


def test_why_there_is_no_rationale_is_told_in_full(score):
    (note,) = score([row(), row(2, heatmap=7), row(3, heatmap="x", mask=...)]).notes[:1]
    assert note.startswith(
        '1 item without a rationale: "heatmap": got 7, expected a path or a list'
    )
    assert note.endswith("rows.jsonl:2)")


def test_accuracy_counts_items_without_a_rationale(score):
    boxes = {"mask": ..., "boxes": [[1, 2, 30, 40]]}
    found = score([row(), row(2, **boxes), row(3, prediction="cat", **boxes), row(4, label=...)])
    assert found["prediction_accuracy"] == pytest.approx(2 / 3)
    assert found.scores["prediction_trustworthiness"].n == 1


@pytest.mark.parametrize(
    ("said", "label", "is_right"),
    [
        ("Golden Retriever", "golden retriever", True),
        ("golden_retriever.", "golden retriever", True),
        ("Cat.", "cat", True),
        ("cat", "Cat.", True),
        ("It is a cat", "cat", True),
        ("a photo of a cat", "cat", True),
        ("It is a cat or a dog", "cat", False),
        ("tiger shark", "tiger", False),
        ("It is not a cat", "cat", False),
        (7, "7", True),
        ("zebra", "cat", False),
    ],
)
def test_classes_are_read_as_in_classification(score, said, label, is_right):
    rows = [row(i) for i in range(3)] if isinstance(said, str) else []
    found = score([*rows, row(9, prediction=said, label=label)])
    assert found["prediction_accuracy"] == pytest.approx((len(rows) + is_right) / (len(rows) + 1))


def test_a_prediction_that_names_several_classes_is_unparsed_and_wrong(score):
    both = [row(1), row(2, label="cat", prediction="It is a dog or a cat.")]
    found = score(both)
    assert found.outcomes["unparsed"] == 1
    assert found["prediction_accuracy"] == 0.5


def test_numbers_of_classes_are_not_compared_with_names(score):
    with pytest.raises(DataError, match="predictions are numbers of classes"):
        score([row(prediction=3), row(2, prediction=4)])


@pytest.mark.parametrize(("bad", "words"), REFUSED, ids=lambda part: str(part)[:60])
def test_a_map_that_cannot_be_read_is_refused(score, tmp_path, bad, words):
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY broken")
    (tmp_path / "text.txt").write_text("0 1")
    (tmp_path / "words.txt.npy").write_text("these are words")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    np.savez(tmp_path / "empty.npz")
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    np.save(tmp_path / "words.npy", np.array([["a"]]))
    with pytest.raises(VlmevalError) as told:
        score([row(), bad])
    assert isinstance(told.value, DataError)
    assert words in told.value.message
    assert "allow_pickle" not in told.value.message


@pytest.mark.parametrize("options", ["threshold=0", "threshold=2", "size=0", "view=half"])
def test_options_that_make_no_sense_are_refused(score, options):
    with pytest.raises(VlmevalError, match="option rationality:"):
        score([row()], metrics=f"rationality:{options}")


def scored(**numbers):
    return {name: Score(Output(name), name, x, 9, Signature({})) for name, x in numbers.items()}


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"prediction_accuracy": 0.9, "prediction_trustworthiness": 0.3}, "wrong reasons"),
        ({"inference_reliability": 0.3}, "still names another class"),
        ({"prediction_accuracy": 0.9, "prediction_trustworthiness": 0.9}, None),
    ],
)
def test_diagnosis(numbers, words):
    found = task("rationality").diagnose(scored(**numbers))
    assert [words in one.meaning for one in found] == ([] if words is None else [True])
