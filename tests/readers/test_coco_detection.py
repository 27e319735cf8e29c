"""COCO detection: annotations and results as a row per image."""

import json

import pytest

from vlmeval_cli.core.errors import DataError
from vlmeval_cli.readers import Layout, open_source
from vlmeval_cli.readers.coco import empty_results

BOX = {"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "score": 0.5}


def rows_of(tmp_path, document, **options):
    path = tmp_path / "file.json"
    path.write_text(json.dumps(document))
    source = open_source(str(path), **options)
    rows = [row.fields for row in source.rows()]
    return source, rows


def test_an_image_without_annotations_has_the_reference_no_box(tmp_path):
    document = {
        "images": [{"id": 1, "width": 9, "height": 8}, {"id": 2}],
        "annotations": [{"id": 0, "image_id": 1, "bbox": [1, 2, 3, 4], "category_id": 3}],
        "categories": [{"id": 3, "name": "dog"}],
    }
    box = {"bbox": [1, 2, 3, 4], "category_id": 3, "label": "dog"}
    assert rows_of(tmp_path, document)[1] == [
        {"image_id": 1, "width": 9, "height": 8, "boxes": [box]},
        {"image_id": 2, "boxes": [[]]},
    ]


def test_a_set_without_any_annotation_is_one_too(tmp_path):
    document = {"images": [{"id": 1}], "annotations": [], "categories": [{"id": 1, "name": "a"}]}
    source, rows = rows_of(tmp_path, document)
    assert source.layout.name == "coco_detection"
    assert rows == [{"image_id": 1, "boxes": [[]]}]


def test_the_area_of_an_annotation_is_that_of_its_segment(tmp_path):
    document = {"images": [], "annotations": [{**BOX, "area": 7.5, "iscrowd": 1}]}
    ((box,),) = [row["boxes"] for row in rows_of(tmp_path, document)[1]]
    assert (box["area"], box["iscrowd"]) == (7.5, 1)


def test_rows_of_an_image_need_not_stand_together(tmp_path):
    other = {**BOX, "image_id": 2}
    _, rows = rows_of(tmp_path, [BOX, other, BOX])
    assert [(row["image_id"], len(row["boxes"])) for row in rows] == [(1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": [1, 2, 3]}, 'row 2: field "bbox" is .*expected 4 numbers'),
        ({"bbox": "1 2 3 4"}, 'row 2: field "bbox" is .*expected 4 numbers'),
        ({"bbox": [1, 2, 3, None]}, "row 2: .*expected 4 numbers"),
        ({"bbox": [1, 2, -3, 4]}, "row 2: .*width -3 and height 4, expected 0 or more"),
        ({"score": "high"}, 'row 2: field "score" is .*expected a number'),
        ({"image_id": [1]}, 'row 2: field "image_id" is '),
    ],
)
def test_a_malformed_result_is_placed(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        rows_of(tmp_path, [BOX, {**BOX, **change}])
    source, rows = rows_of(tmp_path, [BOX, {**BOX, **change}], on_bad_row="skip")
    assert len(rows) == len(source.bad_rows) == 1


def test_a_malformed_annotation_is_placed(tmp_path):
    document = {"images": [], "annotations": [BOX, {**BOX, "id": 8, "bbox": [1, 2, 3]}]}
    with pytest.raises(DataError, match='annotation 8: field "bbox" is '):
        rows_of(tmp_path, document)


NO_BOXES = Layout("coco_detection_results", "nothing")


@pytest.mark.parametrize("content", ["[]", "[\n]\n", "", "\n"])
def test_results_without_a_row_are_read_where_that_says_something(tmp_path, content):
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(DataError):
        open_source(str(path))
    source = open_source(str(path), if_empty=NO_BOXES)
    assert (source.layout, list(source.rows())) == (NO_BOXES, [])


@pytest.mark.parametrize(
    ("row", "is_detection"),
    [
        ({"image_id": 1, "boxes": [[]]}, True),
        ({"image_id": 1, "bbox": [1, 2, 3, 4], "category_id": 3}, True),
        ({"image_id": 1, "bbox": [1, 2, 3, 4], "sent": "the dog"}, False),
        ({"image_id": 1, "caption": "a dog"}, False),
    ],
)
def test_no_row_says_that_there_is_no_box_beside_references_that_are_objects(row, is_detection):
    assert (empty_results([row]) is not None) == is_detection
