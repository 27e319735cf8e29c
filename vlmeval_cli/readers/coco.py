"""Layouts of COCO: captions and detection, annotations and results, and Karpathy's splits."""

from __future__ import annotations

from collections.abc import Iterator

from vlmeval_cli.readers.rules import DocumentRule, Fields, RowRule, first_row

_IMAGE_FIELDS = ("file_name", "width", "height")


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
        lambda document: {"image_id", "bbox"} <= first_row(document, "annotations").keys(),
        _annotations,
        "COCO detection: annotations with image_id and bbox",
        task="grounding",
        roles={"id": "image_id", "references": "bbox"},
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
        task="grounding",
        roles={"id": "image_id", "prediction": "bbox"},
        side="predictions",
    ),
)
