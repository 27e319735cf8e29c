"""What the items of a run can be sliced by: their fields, and what their texts and boxes show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array, TextColumn
from vlmeval_cli.geometry.columns import BoxColumn
from vlmeval_cli.parsing.boxes.sizes import WIDTHS_AND_HEIGHTS
from vlmeval_cli.runs.answers import Answers
from vlmeval_cli.runs.gathering import Gathered
from vlmeval_cli.runs.sliceable import can_slice, is_tags
from vlmeval_cli.stats.groups import label
from vlmeval_cli.stats.ranges import NONE, numbers_in, ranges
from vlmeval_cli.text.questions import question_type, script

MOST_NUMBERS = 8  # more different numbers than these become ranges
N_RANGES = 4
MOST_TAGS = 8  # values of lists that are columns of their own
_DIGIT = re.compile(r"\d")
_ANSWERED = "answered"

Labels = Sequence[str]


def slice_columns(gathered: Gathered, answers: Answers) -> dict[str, Labels]:
    """Column → label of every item, for the columns in which items differ."""
    own: Iterator[tuple[str, Labels]] = chain(_given(gathered), _derived(gathered, answers))
    return {name: labels for name, labels in own if len(set(labels)) > 1}


def _given(gathered: Gathered) -> Iterator[tuple[str, Labels]]:
    roles = gathered.roles
    taken = {roles.question, roles.options, roles.image, gathered.predictions.field}
    taken.add(gathered.references.field)
    for name, values in gathered.dataset.fields.items():
        if name in taken or not can_slice(name, values):
            continue
        if all(is_tags(value) for value in values if value is not None):
            yield from _tags(name, values)
        else:
            yield name, _labels(values)


def _tags(name: str, values: Sequence[Any]) -> Iterator[tuple[str, Labels]]:
    """A column for each of the texts that most lists hold."""
    counts = Counter(tag for tags in values for tag in set(tags or ()))
    for tag, _ in counts.most_common(MOST_TAGS):
        yield f"{name}: {tag}", ["yes" if tag in (tags or ()) else "no" for tags in values]


def _labels(values: Sequence[object]) -> Labels:
    """Numbers as ranges where they are many; everything else by its name."""
    found = ranges(values, MOST_NUMBERS, N_RANGES)
    if found is None:
        return [label(None if value == "" else value) for value in values]
    return [found.names[code] for code in found.codes.tolist()]


def _derived(gathered: Gathered, answers: Answers) -> Iterator[tuple[str, Labels]]:
    dataset = gathered.dataset
    yield "answer status", [outcome or _ANSWERED for outcome in answers.outcomes]
    texts = answers.columns.get("prediction.text")
    if isinstance(texts, TextColumn) and len(texts.texts) == len(dataset):
        yield "answer length (words)", _labels(_words(texts.texts))
    yield from _of_references(dataset.references)
    question = dataset.fields.get(gathered.roles.question or "")
    if question is not None and all(isinstance(one, str) for one in question if one is not None):
        yield "question type", _each(question, question_type)
        yield "question length (words)", _labels(_words(question))
        yield "script of the question", _each(question, script)
    boxes = answers.columns.get("references.boxes")
    sizes = _image_sizes(dataset.fields)
    if isinstance(boxes, BoxColumn):
        yield from _of_boxes(boxes, sizes)
    if sizes is not None:
        yield "image aspect", [*map(_aspect, (sizes[0] / sizes[1]).tolist())]


def _of_references(references: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Labels]]:
    yield "number of references", _labels([*map(len, references)])
    if not all(isinstance(one, str) for own in references for one in own):
        return
    first = [own[0] if own else None for own in references]
    yield "reference length (words)", _labels(_words(first))
    yield "number in the reference", _each(first, lambda t: "yes" if _DIGIT.search(t) else "no")
    yield "script of the reference", _each(first, script)


def _words(texts: Sequence[Any]) -> list[int | None]:
    return [None if text is None else len(text.split()) for text in texts]


def _each(texts: Sequence[Any], tell: Callable[[str], str]) -> Labels:
    known = {text: tell(text) for text in set(texts) if text is not None}
    return [NONE if text is None else known[text] for text in texts]


def _of_boxes(boxes: BoxColumn, sizes: tuple[Array, Array] | None) -> Iterator[tuple[str, Labels]]:
    """How many boxes are to be found, and how much of the image the middle one of them covers."""
    counts = np.diff(boxes.item_offsets)
    yield "number of boxes", _labels(counts.tolist())
    parts = np.split(boxes.areas, boxes.item_offsets[1:-1])
    areas = np.array([np.median(own) if len(own) else np.nan for own in parts])
    if sizes is not None:
        areas = 100 * areas / (sizes[0] * sizes[1])
    elif boxes.boxes.max(initial=0.0) <= 1.0:
        areas = 100 * areas
    else:
        yield "box area", _labels(_unless_nan(areas))
        return
    yield "box size (% of the image)", _labels(_unless_nan(areas.round(1)))


def _unless_nan(numbers: Array) -> list[float | None]:
    return [None if number != number else number for number in numbers.tolist()]


def _image_sizes(fields: Mapping[str, Sequence[Any]]) -> tuple[Array, Array] | None:
    """Widths and heights of the images, NaN where unknown; None where no field has them."""
    for wide, high in WIDTHS_AND_HEIGHTS:
        widths, heights = (numbers_in(fields.get(name, ())) for name in (wide, high))
        if widths is not None and heights is not None:
            is_size = (widths > 0) & (heights > 0)
            return np.where(is_size, widths, np.nan), np.where(is_size, heights, np.nan)
    return None


def _aspect(ratio: float) -> str:
    """Width over height in words."""
    if ratio != ratio:
        return NONE
    names = ((0.5, "very tall"), (0.8, "tall"), (1.25, "square"), (2.0, "wide"))
    return next((name for limit, name in names if ratio < limit), "very wide")
