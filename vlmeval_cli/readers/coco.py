"""Layouts of COCO: captions and detection, annotations and results, and Karpathy's splits.

In detection an item is an image, and both files become one row per image: ``image_id`` and
``boxes``, a list of objects, empty where the image has none. Each object has COCO's own ``bbox``
(left, top, width, height in pixels) and ``category_id``, and, as far as the file says so, ``label``
(the name of the category), ``score``, ``area`` and ``iscrowd``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from vlmeval_cli.core.wording import number_of
from vlmeval_cli.readers.base import Layout, Row
from vlmeval_cli.readers.json_values import described
from vlmeval_cli.readers.rejects import BadRowError, Rejects
from vlmeval_cli.readers.rules import DocumentRule, Fields, RowRule, first_row

_IMAGE_FIELDS = ("file_name", "width", "height")
_BOX_FIELDS = ("bbox", "area", "category_id", "label", "score", "iscrowd")
# Any of these together is a row of references that are objects of images.
_OBJECTS = (
    {"image_id", "boxes"},
    {"image_id", "bboxes"},
    {"image_id", "bbox", "category_id"},
    {"image_id", "bbox", "label"},
)


def _annotations(document: Fields) -> Iterator[object]:
    """Annotations, each with what its image says about itself."""
    images = {
        image.get("id"): {name: image[name] for name in _IMAGE_FIELDS if name in image}
        for image in document.get("images", [])
        if isinstance(image, dict)
    }
    for annotation in document["annotations"]:
        if isinstance(annotation, dict):
            yield images.get(annotation.get("image_id"), {}) | annotation
        else:
            yield annotation


def _is_detection(document: Fields) -> bool:
    if document.get("annotations") == []:
        return {"images", "categories"} <= document.keys() and bool(first_row(document, "images"))
    return {"image_id", "bbox"} <= first_row(document, "annotations").keys()


def _detection_images(document: Fields) -> Iterator[object]:
    """Every image with its boxes; those without an annotation have the one reference "no box"."""
    images = {
        image["id"]: {name: image[name] for name in _IMAGE_FIELDS if name in image}
        for image in document.get("images", [])
    }
    names = {one["id"]: one.get("name") for one in document.get("categories", [])}
    boxes: dict[Any, list[Fields]] = {image: [] for image in images}
    for annotation in document["annotations"]:
        if images and annotation["image_id"] not in images:
            continue  # as in COCO's own evaluation; _unlisted tells of it
        label = names.get(annotation.get("category_id"))
        named = annotation if label is None else {**annotation, "label": label}
        try:
            boxes.setdefault(annotation["image_id"], []).append(_box(named))
        except BadRowError as error:
            raise BadRowError(f"annotation {annotation.get('id')}: {error}") from error
    for image, found in boxes.items():
        # A list within the list: an empty list alone would be no reference at all.
        yield {"image_id": image, **images.get(image, {}), "boxes": found or [[]]}


def _unlisted(document: Fields) -> str:
    """How many annotations are of images that the file does not list."""
    images = {image.get("id") for image in document.get("images", []) if isinstance(image, dict)}
    named = [one.get("image_id") for one in document["annotations"] if isinstance(one, dict)]
    strange = [image for image in named if images and image not in images]
    if not strange:
        return ""
    have = number_of(len(strange), "annotation is", "annotations are")
    return f'{have} of images that "images" does not list, and left out: {strange[0]}'


def _boxes_of_images(rows: Iterator[Row], rejects: Rejects) -> Iterator[Row]:
    """Results, which have a row per box, as a row per image, at the line of its first box."""
    images: dict[Any, Row] = {}
    for line, fields in rows:
        try:
            box = _box(fields)
            image = fields["image_id"]
            boxes = images.setdefault(image, Row(line, {"image_id": image, "boxes": []}))
            boxes.fields["boxes"].append(box)
        except BadRowError as error:
            rejects.add(line, str(error))
        except KeyError as error:
            rejects.add(line, f'field "{error.args[0]}" is missing')
        except TypeError:
            rejects.add(line, f'field "image_id" is {described(fields["image_id"])}')
    yield from images.values()


def _box(fields: Fields) -> Fields:
    """A box of COCO and what is known of it, less its segment.

    Raises:
        BadRowError: what should be a number is none.
        KeyError: there is no box.
    """
    box = fields["bbox"]
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        raise BadRowError(
            f'field "bbox" is {described(box)}, expected 4 numbers: left, top, width, height'
        )
    width, height = box[2:]
    if width < 0 or height < 0:
        raise BadRowError(f'field "bbox" has width {width} and height {height}, expected 0 or more')
    score = fields.get("score", 0)
    if not _is_number(score):
        raise BadRowError(f'field "score" is {described(score)}, expected a number')
    return {name: fields[name] for name in _BOX_FIELDS if name in fields}


def empty_results(references: Sequence[Mapping[str, Any]]) -> Layout | None:
    """What results without any row are: beside references that are objects, no box in any image.

    Args:
        references: their first rows.

    Returns:
        The layout of such results; None where a file without rows says nothing.
    """
    if not any(fields <= references[0].keys() for fields in _OBJECTS):
        return None
    return Layout(
        "coco_detection_results",
        "COCO detection results without a row",
        task="grounding",
        roles={"id": "image_id", "prediction": "boxes"},
        side="predictions",
        unit="row",
        note="it has no row, so that no image has a predicted box",
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _karpathy_images(document: Fields) -> Iterator[object]:
    for image in document["images"]:
        sentences = [sentence.get("raw") for sentence in image.get("sentences", [])]
        row = {key: value for key, value in image.items() if key not in ("sentences", "tokens")}
        row["captions"] = sentences
        if "cocoid" in image:
            row["image_id"] = image["cocoid"]
        if "filename" in image:
            row["image"] = image["filename"]
        yield row


def _is_karpathy(document: Fields) -> bool:
    image = first_row(document, "images")
    return "filename" in image and "raw" in first_row(image, "sentences")


DOCUMENTS = (
    DocumentRule(
        "coco_captions",
        lambda document: {"image_id", "caption"} <= first_row(document, "annotations").keys(),
        _annotations,
        "COCO captions: annotations with image_id and caption",
        task="captioning",
        roles={"id": "image_id", "references": "caption"},
        side="references",
    ),
    DocumentRule(
        "coco_detection",
        _is_detection,
        _detection_images,
        "COCO detection: annotations with image_id and bbox",
        note=_unlisted,
        task="grounding",
        roles={"id": "image_id", "references": "boxes"},
        side="references",
    ),
    DocumentRule(
        "karpathy_captions",
        _is_karpathy,
        _karpathy_images,
        "Karpathy's split: images with filename and sentences",
        task="captioning",
        roles={"references": "captions"},
        side="references",
    ),
)

ROWS = (
    RowRule(
        "coco_results",
        frozenset({"image_id", "caption"}),
        "COCO captions results: rows of image_id and caption alone",
        only=True,
        task="captioning",
        roles={"id": "image_id", "prediction": "caption", "references": "caption"},
    ),
    RowRule(
        "coco_detection_results",
        frozenset({"image_id", "category_id", "bbox", "score"}),
        "COCO detection results: rows of image_id, category_id, bbox and score",
        fold=_boxes_of_images,
        task="grounding",
        roles={"id": "image_id", "prediction": "boxes"},
        side="predictions",
    ),
)
