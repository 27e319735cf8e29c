"""What the metrics of CLIP say of the images they were given: in signatures, counts and reasons."""

import json

import numpy as np
import pytest

from vlmeval_cli.api import diff, verify
from vlmeval_cli.cli.main import main
from vlmeval_cli.comparing.alignment import signature_differences
from vlmeval_cli.core.keywords import run_config
from vlmeval_cli.runs.running import run_score

CAPTIONS = ["a dog runs", "a man sits on a horse", "two cats", "a child on the grass"]


def noise(place, seed):
    from PIL import Image

    values = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(values).save(place)


@pytest.fixture
def run(tmp_path, tiny_clip):
    """Four captions, their images, and what scores them."""
    for folder in ("images", "others"):
        (tmp_path / folder).mkdir()
        for i in range(len(CAPTIONS)):
            noise(tmp_path / folder / f"{i}.png", i if folder == "images" else i + 100)
    return Run(tmp_path, tiny_clip)


class Run:
    """Files of a run, with its choices by default."""

    def __init__(self, folder, model):
        self.folder, self.model = folder, model
        self.write("preds", [{"id": str(i), "caption": one} for i, one in enumerate(CAPTIONS)])
        self.write("refs", [{"id": str(i), "captions": ["a dog"]} for i in range(len(CAPTIONS))])

    def write(self, name, rows):
        content = "\n".join(map(json.dumps, rows))
        (self.folder / f"{name}.jsonl").write_text(content, "utf-8")

    def score(self, images="images", metrics=("clip_score", "ref_clip_score"), **choices):
        names = [f"{name}:model={self.model}" for name in metrics]
        images = None if images is None else str(self.folder / images)
        config = run_config(metrics=names, images=images, device="cpu", **choices)
        return run_score(self.folder / "preds.jsonl", self.folder / "refs.jsonl", config)

    def report(self, name, images="images", metric="clip_score"):
        """The folder of a report, as the command line writes it."""
        folder = self.folder / name
        words = [self.folder / "preds.jsonl", self.folder / "refs.jsonl", "--images",
                 self.folder / images, "--metrics", f"{metric}:model={self.model}", "--device",
                 "cpu", "--output", folder]  # fmt: skip
        assert main(["score", *map(str, words), "--quiet"]) == 0
        return folder


def unequal(found):
    """The names of inputs that differ."""
    return [part.name for part in found.parts if part.kind == "input" and not part.is_equal]


def differences(mine, theirs):
    """What keeps two runs from being comparable; compare and a gate's baseline ask for it."""
    return signature_differences(mine, theirs, [*mine.scores], same_items=True)


@pytest.mark.parametrize("metric", ["clip_score", "ref_clip_score", "clip_retrieval"])
def test_other_images_are_another_signature(run, metric):
    mine, again = (run.score(metrics=[metric]) for _ in range(2))
    theirs = run.score("others", [metric])
    assert differences(mine, again) == []
    told = differences(mine, theirs)
    assert told
    assert all("images: " in one for one in told)


def test_where_images_lie_and_what_they_are_called_changes_no_signature(run):
    mine = run.score(metrics=["clip_score"])
    (run.folder / "images").rename(run.folder / "moved")
    (run.folder / "moved" / "0.png").rename(run.folder / "moved" / "0.jpg")
    theirs = run.score("moved", ["clip_score"])
    assert differences(mine, theirs) == []


def test_images_that_changed_places_are_another_signature(run):
    mine = run.score(metrics=["clip_score"])
    one, two = (run.folder / "images" / name for name in ("0.png", "1.png"))
    content = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(content)
    theirs = run.score(metrics=["clip_score"])
    (told,) = differences(mine, theirs)
    assert " images: " in told


def test_verify_names_the_images_that_changed(run):
    folder = run.report("run")
    assert unequal(verify(folder)) == []
    noise(run.folder / "images" / "2.png", 77)
    assert unequal(verify(folder)) == ["images"]


def test_diff_and_compare_see_other_images(run, capsys):
    one, two = run.report("one"), run.report("two", "others")
    assert unequal(diff(one, two)) == ["images"]
    assert main(["compare", str(one), str(two), "--quiet"]) == 3
    said = capsys.readouterr().err
    assert "not scored alike" in said
    assert " images: " in said.replace("\n", " ")


def test_file_names_of_coco_find_the_images(run):
    images = [{"id": i, "file_name": f"COCO_val_{i:03}.png"} for i in range(len(CAPTIONS))]
    notes = [{"id": i, "image_id": i, "caption": "a dog"} for i in range(len(CAPTIONS))]
    coco = {"images": images, "annotations": notes}
    (run.folder / "refs.jsonl").write_text(json.dumps(coco), "utf-8")
    run.write("preds", [{"image_id": i, "caption": text} for i, text in enumerate(CAPTIONS)])
    for i, image in enumerate(images):
        (run.folder / "images" / f"{i}.png").rename(run.folder / "images" / image["file_name"])
    result = run.score(metrics=["clip_score"])
    assert [score.n for score in result.scores.values()] == [4]
    assert any('4 of 4 items found their image ("file_name")' in note for note in result.notes)


@pytest.fixture
def lossy(run):
    """The run with one image gone, one that is text, and one that is empty."""
    (run.folder / "images" / "0.png").unlink()
    (run.folder / "images" / "1.png").write_bytes(b"no picture")
    (run.folder / "images" / "2.png").write_bytes(b"")
    return run


def test_every_skipped_image_has_its_own_reason_in_samples_and_report(lossy):
    folder = lossy.report("run")
    lines = (folder / "samples.jsonl").read_text("utf-8").splitlines()
    told = [[*json.loads(line)["score_reasons"].values()] for line in lines]
    assert told[0] == ['image not found: "0"']
    assert "1.png: it is no picture" in told[1][0]
    assert "2.png: the file is empty" in told[2][0]
    assert told[3] == []
    report = json.loads((folder / "report.json").read_text("utf-8"))
    rows = report["tables"]["images"]["rows"]
    assert [row[0] for row in rows] == ["0", "1", "2"]
    assert [row[1] for row in rows] == [one[0] for one in told[:3]]
    (found,) = report["metrics"].values()
    assert found["skipped"] == {"image not found": 1, "image cannot be read": 2}


def test_items_that_no_metric_scored_are_skipped_among_the_outcomes(lossy):
    assert lossy.score(metrics=["clip_score"]).outcomes == {"scored": 1, "skipped": 3}
    names = [f"clip_score:model={lossy.model}", "cider"]
    config = run_config(metrics=names, images=str(lossy.folder / "images"), device="cpu")
    both = run_score(lossy.folder / "preds.jsonl", lossy.folder / "refs.jsonl", config)
    assert both.outcomes == {"scored": 4}  # cider scored them


def test_a_run_whose_every_item_was_skipped_says_so(run):
    for file in (run.folder / "images").iterdir():
        file.write_bytes(b"")
    result = run.score(metrics=["clip_score"])
    (told,) = (one.message for one in result.warnings if one.code == "nothing_scored")
    assert "has no score: 4 items were skipped, all there are (image cannot be read)" in told
    assert result.outcomes == {"skipped": 4}


def test_addresses_without_the_flag_are_told_as_such(run):
    rows = [
        {"id": str(i), "captions": ["a dog"], "image": f"https://example.org/{i}.png"}
        for i in range(len(CAPTIONS))
    ]
    run.write("refs", rows)
    result = run.score(None, ["clip_score"])
    assert any(note.startswith("0 of 4 items found their image") for note in result.notes)
    assert {one.code for one in result.warnings} >= {"nothing_scored", "unreadable_images"}


def test_a_metric_that_one_task_has_decides_the_task(run):
    run.write("preds", [{"id": str(i), "prediction": one} for i, one in enumerate(CAPTIONS)])
    run.write("refs", [{"id": str(i), "reference": "a dog"} for i in range(len(CAPTIONS))])
    result = run.score(metrics=["clip_score"])
    assert result.task == "captioning"
    assert result.task_reason == "clip_score was asked for, which only captioning has"


def test_retrieval_over_one_image_is_unknown(run):
    for i in range(1, 4):
        content = (run.folder / "images" / "0.png").read_bytes()
        (run.folder / "images" / f"{i}.png").write_bytes(content)
    result = run.score(metrics=["clip_retrieval"])
    assert {one.value for one in result.scores.values()} == {None}
    assert all("one image" in one.reason for one in result.scores.values())


def test_cut_captions_are_told_once_by_two_metrics(run):
    long = "a man sits on a horse and a dog runs over the grass in the park " * 3
    run.write("preds", [{"id": str(i), "caption": long} for i in range(len(CAPTIONS))])
    run.write("refs", [{"id": str(i), "captions": ["a dog", long]} for i in range(len(CAPTIONS))])
    told = [one.message for one in run.score().warnings if one.code == "texts_cut"]
    starts = [message.partition(" truncated")[0] for message in told]
    assert starts == ["4 captions", "4 references"]


def test_runs_over_parts_of_the_same_items_stay_comparable(run):
    mine = run.score(metrics=["clip_score"])
    less = run.score(metrics=["clip_score"], limit=3)
    told = signature_differences(mine, less, [*mine.scores], same_items=False)
    assert not any(" images: " in one for one in told)
