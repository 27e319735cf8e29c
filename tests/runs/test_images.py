"""Which image belongs to which item, and what is said where they do not meet."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.core.keywords import run_config
from vlmeval_cli.runs.images import find_images, unreadable, with_images


@dataclass
class Origins:
    """What is looked at of the gathered items."""

    predictions: SimpleNamespace
    references: SimpleNamespace
    roles: SimpleNamespace
    task: str = "captioning"
    notes: tuple = ()


def items(ids, **fields):
    """Items and where they come from; a field is called image."""
    batch = Batch(ids, [""] * len(ids), [[]] * len(ids), fields=fields)

    def gathered(folder):
        side = SimpleNamespace(path=str(folder / "preds.jsonl"))
        roles = SimpleNamespace(image=next(iter(fields), None))
        return Origins(side, side, roles)

    return batch, gathered


@pytest.fixture
def folder(tmp_path):
    """Images in a folder, one of them deeper down, and something else."""
    place = tmp_path / "images"
    (place / "val").mkdir(parents=True)
    for name in ("a.jpg", "b.PNG", "val/c.webp", "notes.txt"):
        (place / name).write_bytes(b"")
    return place


def met(folder, ids, fix_ids=False, images=True, **fields):
    batch, gathered = items(ids, **fields)
    config = run_config(images=str(folder) if images else None, fix_ids=fix_ids)
    return find_images(batch, gathered(folder.parent), config)


def names(found):
    return [None if source is None else source.rpartition("images")[2] for source in found.sources]


def test_ids_are_file_names_with_or_without_extension(folder):
    found = met(folder, ["a", "b.PNG", "c", "d"])
    assert names(found) == ["/a.jpg", "/b.PNG", "/val/c.webp", None]
    (notice,) = found.warnings()
    assert (notice.code, notice.message) == ("missing_images", '1 item has no image: "d"')


def test_a_field_of_paths_goes_before_ids(folder):
    found = met(folder, ["1", "2"], image=["val/c.webp", "a.jpg"])
    assert names(found) == ["/val/c.webp", "/a.jpg"]
    assert '2 of 2 items found their image ("image")' in found.notes()[0]


def test_where_the_field_names_nothing_ids_do(folder):
    found = met(folder, ["a", "b"], image=["x/1", "x/2"])
    assert (names(found), found.field) == (["/a.jpg", "/b.PNG"], "id")


def test_without_a_folder_paths_are_beside_the_files(folder):
    found = met(folder, ["1", "2"], images=False, image=["images/a.jpg", str(folder / "b.PNG")])
    assert names(found) == ["/a.jpg", "/b.PNG"]


def test_addresses_stay_addresses(folder):
    found = met(folder, ["1"], images=False, image=["https://example.org/a.jpg"])
    assert found.sources == ["https://example.org/a.jpg"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"bytes": None, "path": "a.jpg"}, "/a.jpg"),
        (["a.jpg", "a.jpg"], "/a.jpg"),
        (None, None),
        (True, None),
        ({}, None),
    ],
)
def test_recorded_values_are_read_as_names(folder, value, expected):
    assert names(met(folder, ["1", "2"], image=[value, "b"])) == [expected, "/b.PNG"]


def test_ambiguous_names_are_told_with_what_they_may_mean(folder):
    (folder / "val" / "a.png").write_bytes(b"")
    found = met(folder, ["a", "b", "a", "d"])
    assert names(found) == [None, "/b.PNG", None, None]
    ambiguous, missing = found.warnings()
    assert ambiguous.code == "ambiguous_images"
    assert '2 items have an ambiguous image: "a" may be "a.jpg" or "val/a.png"' in ambiguous.message
    assert missing.message == '1 item has no image: "d"'
    assert found.reasons() == {
        0: 'image not found: "a" may be "a.jpg" or "val/a.png"',
        2: 'image not found: "a" may be "a.jpg" or "val/a.png"',
        3: 'image not found: "d"',
    }


def test_where_all_names_are_ambiguous_the_error_says_so(folder):
    (folder / "val" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match="no item has its image") as error:
        met(folder, ["a"])
    assert '"a" may be "a.jpg" or "val/a.png"' in error.value.message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("val/c", "/val/c.webp"),
        ("./val/c", "/val/c.webp"),
        ("A.JPG", "/a.jpg"),
        ("b.png", "/b.PNG"),
        ("VAL/C", "/val/c.webp"),
        ("C", "/val/c.webp"),
        ("val/a", None),
    ],
)
def test_paths_without_extension_and_other_case_are_found(folder, name, expected):
    assert names(met(folder, [name, "b"])) == [expected, "/b.PNG"]


def test_an_exact_name_goes_before_one_of_other_case(folder):
    (folder / "val" / "A.jpg").write_bytes(b"")
    assert names(met(folder, ["A.jpg", "a.jpg"])) == ["/val/A.jpg", "/a.jpg"]
    assert names(met(folder, ["A.JPG", "b"])) == [None, "/b.PNG"]


def test_items_that_name_no_image_are_told_apart(folder):
    found = met(folder, ["1", "2", "3"], image=[None, "a.jpg", "x.jpg"])
    (notice,) = found.warnings()
    assert notice.message == '2 items have no image: "x.jpg", and 1 where "image" names none'
    assert found.reasons()[0] == 'image not found: "image" names none'


def test_file_names_of_coco_are_read_beside_the_number_of_the_image(folder):
    found = met(folder, ["7", "8"], image_id=[7, 8], file_name=["a.jpg", "c.webp"])
    assert (names(found), found.field) == (["/a.jpg", "/val/c.webp"], "file_name")


def test_pictures_written_into_the_rows_are_named_as_not_read(folder):
    found = met(folder, ["1", "2"], image=["data:image/png;base64,AAAA", "a.jpg"])
    assert names(found) == [None, "/a.jpg"]
    assert "written into the row" in found.reasons()[0]
    assert "written into the row" in found.warnings()[0].message


def test_numbers_name_files(folder):
    (folder / "7.jpg").write_bytes(b"")
    assert names(met(folder, ["x", "y"], image=[7, 7.0])) == ["/7.jpg", "/7.jpg"]


def test_two_files_of_one_name_are_no_match(folder):
    (folder / "val" / "a.png").write_bytes(b"")
    assert names(met(folder, ["a", "b"])) == [None, "/b.PNG"]
    assert names(met(folder, ["a.jpg", "b"])) == ["/a.jpg", "/b.PNG"]


def test_a_repair_is_told_and_done_when_asked_for(tmp_path):
    place = tmp_path / "images"
    place.mkdir()
    for number in (139, 285, 632):
        (place / f"COCO_val2014_{number:012}.jpg").write_bytes(b"")
    (place / "1.jpg").write_bytes(b"")
    ids = ["1", "139", "285", "632"]
    found = met(place, ids)
    assert names(found) == ["/1.jpg", None, None, None]
    assert "3 more images" in found.warnings()[0].message
    assert "--fix-ids" in found.warnings()[0].message
    found = met(place, ids, fix_ids=True)
    assert None not in found.sources
    assert found.warnings() == ()
    assert "names of images repaired" in found.notes()[-1]


def test_images_that_no_item_names_are_noted(folder):
    assert (
        found_extra(met(folder, ["a"])) == '2 images of the folder no item names: "b.PNG", "c.webp"'
    )


def found_extra(found):
    return found.notes()[1]


def test_no_image_at_all_is_an_error_with_both_sides(folder):
    with pytest.raises(DataError, match="no item has its image") as error:
        met(folder, ["x", "y"])
    assert '"x", "y"' in error.value.message
    assert '3 images ("a.jpg", "b.PNG", "c.webp")' in error.value.message


def test_a_repair_that_would_match_all_is_the_hint(folder):
    with pytest.raises(DataError) as error:
        met(folder, ["train/a.jpg", "train/c.webp"])
    assert error.value.hint.startswith("Strip the directory: 2 more images")


def test_a_folder_that_is_not_there_is_wrong_usage(folder):
    with pytest.raises(UsageError, match="no such folder"):
        met(folder / "nothing", ["a"])


def test_without_folder_and_field_the_option_is_named(folder):
    with pytest.raises(UsageError, match="looks at images") as error:
        met(folder, ["a"], images=False)
    assert "--images" in error.value.hint


def test_names_that_can_be_no_path_are_no_match(folder):
    assert names(met(folder, ["1", "2", "3"], image=["a\0b", "x" * 5000, "a"])) == [
        None, None, "/a.jpg",
    ]  # fmt: skip


def test_runs_that_look_at_no_image_look_for_none(folder):
    batch, gathered = items(["a"])
    found = with_images(batch, gathered(folder), run_config(metrics="bleu"))
    assert found.items is batch


@pytest.mark.parametrize(
    ("given", "expected"),
    [("images/a.jpg", True), ("nothing.jpg", False), ("https://x.org/a", False)],
)
def test_captions_with_real_paths_get_their_images_by_default(folder, given, expected):
    batch, gathered = items(["1"], image=[given])
    found = with_images(batch, gathered(folder.parent), run_config())
    assert ("image.path" in found.items.columns) is expected
    asked = with_images(batch, gathered(folder.parent), run_config(metrics="bleu"))
    assert "image.path" not in asked.items.columns


def test_a_metric_of_images_gets_their_column(folder):
    batch, gathered = items(["a", "x"])
    config = run_config(metrics="clip_score", images=str(folder))
    found = with_images(batch, gathered(folder), config)
    assert found.items.columns["image.path"].values == [str(folder / "a.jpg"), None]
    assert [notice.code for notice in found.warnings] == ["missing_images"]
    assert len(found.gathered.notes) == 2


def test_unreadable_images_are_told_once_with_the_first_names():
    reasons = {i: f"{i % 5}.jpg: it is damaged" for i in range(10)}
    (notice,) = unreadable(reasons)
    assert notice.message == (
        "5 images cannot be read: 0.jpg: it is damaged; 1.jpg: it is damaged; "
        "2.jpg: it is damaged; and 2 more: samples.jsonl of --output, and the JSON report, have "
        "the reason of each"
    )
    assert unreadable({}) == ()


@pytest.mark.parametrize(
    ("choices", "expected"),
    [({}, "0 of 1 item"), ({"fetch_images": True}, "1 of 1 item"),
     ({"fetch_images": True, "offline": True}, "0 of 1 item")],
)  # fmt: skip
def test_addresses_that_are_not_fetched_are_not_found(folder, choices, expected):
    batch, gathered = items(["1"], image=["https://example.org/a.jpg"])
    first, *more = find_images(batch, gathered(folder), run_config(**choices)).notes()
    assert first.startswith(f"{expected} found their image")
    assert ["--fetch-images" in note for note in more] == [True] * expected.startswith("0")
