"""Boxes of the references: corners in pixels, unless what is written says otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from vlmeval_cli.core.batch import Column, ValueColumn
from vlmeval_cli.core.config import OnBadRow, RunConfig
from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.geometry.columns import BoxColumn
from vlmeval_cli.geometry.frames import are_swapped, as_corners
from vlmeval_cli.geometry.labels import plain
from vlmeval_cli.joining.references import is_box
from vlmeval_cli.parsing.boxes.formats import BoxFormat, box_format, choice
from vlmeval_cli.parsing.boxes.frames import Decision
from vlmeval_cli.parsing.boxes.reading import BOXES as PREDICTED
from vlmeval_cli.parsing.boxes.reading import FRAME, Boxes, column, frames_of
from vlmeval_cli.parsing.boxes.sizes import LOOKED_FOR, image_sizes
from vlmeval_cli.parsing.boxes.syntaxes import NONE, SYNTAXES, Found
from vlmeval_cli.parsing.boxes.values import BadBoxError, read_value
from vlmeval_cli.parsing.items import Alternative, Items, Parsed, Place, ReferenceValues
from vlmeval_cli.parsing.texts import refused

BOXES: Final = "references.boxes"
OBJECTS: Final = "references.objects"
_SIDE: Final = 1.5  # references up to here are fractions of the sides
_SWAPPED_SHARE: Final = 0.2
_FIT_SHARE: Final = 0.9
_MARGIN: Final = 0.02
_SINGLE_SHARE: Final = 0.9  # so many items with one box: they are expressions, not images


def reference_boxes(
    values: Sequence[Any],
    field: str,
    place: Place,
    on_bad_row: OnBadRow = "error",
    *,
    empty_is_answer: bool = False,
) -> ReferenceValues:
    """The boxes of each item, one by one; an empty list where there is nothing to be found.

    Raises:
        DataError: a reference cannot be read as boxes.
    """
    bad: dict[int, str] = {}
    found: list[list[Any]] = []
    for row, recorded in enumerate(values):
        boxes = [box for part in recorded for box in _parts(part)]
        try:
            read_value(boxes)
        except BadBoxError as error:
            shown = recorded[0] if len(recorded) == 1 else recorded
            bad[row] = refused(place(row), field, shown, f"boxes ({error})", on_bad_row)
            boxes = []
        found.append([] if row in bad else boxes or [[]] if recorded else [])
    return ReferenceValues(found, bad)


def _parts(value: Any) -> Sequence[Any]:  # noqa: ANN401  (JSON)
    """A list of boxes as its boxes; anything else as it is."""
    return value if isinstance(value, list) and not is_box(value) else [value]


def with_references(
    references: Sequence[Sequence[Any]], items: Items, parsed: Parsed, config: RunConfig
) -> Parsed:
    """What was parsed, with the boxes of the references beside it.

    Raises:
        DataError: predictions and references cannot be compared without sizes, or references lie
            beyond their images.
    """
    found = [read_value(list(own)) for own in references]
    if any(map(_says_class_id, items.predictions)):
        by_id = [read_value(list(own), by_class_id=True) for own in references]
        names = _class_names(by_id, found)
        parsed, found = (_with_names(parsed, names), found) if names else (parsed, by_id)
    boxes = Boxes.of(found, image_sizes(items))
    named = choice(config.parse.box_format).references
    decision = _decide(boxes, items, named)
    own = _with_areas(column(boxes, decision), found)
    columns = {name: one for name, one in parsed.columns.items() if name != FRAME}
    _refuse_other_frames(parsed.columns.get(FRAME), frames_of(boxes, decision), items)
    columns |= {BOXES: own, **_objects(own)}
    return replace(
        parsed,
        columns=columns,
        notes=(*parsed.notes, _note(decision)),
        decided={"reference_format": decision.chosen.name},
    )


def _with_areas(column: BoxColumn, found: Sequence[Found]) -> BoxColumn:
    """The areas that COCO's annotations record, which are those of segments."""
    recorded = np.array([box.area for own in found for box in own.boxes], dtype=np.float64)
    return replace(column, areas=np.where(np.isnan(recorded), column.areas, recorded))


def _says_class_id(value: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether predicted objects are named by COCO's numbers."""
    if isinstance(value, list):
        return any(map(_says_class_id, value[:3]))
    if not isinstance(value, Mapping):
        return False
    if "boxes" in value:
        return _says_class_id(value["boxes"])
    return "category_id" in value and not {"label", "category", "category_name"} & value.keys()


def _class_names(by_id: Sequence[Found], by_name: Sequence[Found]) -> dict[str, str]:
    """Category id → its name; empty unless every id has one name and every name one id."""
    pairs = {
        (str(one.label), str(other.label))
        for own, same in zip(by_id, by_name, strict=True)
        for one, other in zip(own.boxes, same.boxes, strict=True)
    }
    names = dict(pairs)
    is_one_to_one = len(names) == len(pairs) == len(set(map(plain, names.values())))
    has_names = any(number != name for number, name in pairs)
    return names if is_one_to_one and has_names else {}


def _with_names(parsed: Parsed, names: Mapping[str, str]) -> Parsed:
    """What was parsed, its classes called by name; those that no reference has by their number."""

    def name(label: str | None) -> str | None:
        is_unknown = label is not None and label not in names and label.isdecimal()
        return f"category {label}" if is_unknown else names.get(label or "", label)

    def renamed(column: Column | None) -> BoxColumn:
        assert isinstance(column, BoxColumn)
        labels = [None if label is None else plain(label) for label in map(name, column.labels)]
        return replace(column, labels=labels)

    def alternative(reading: Alternative) -> Alternative:
        return lambda: {PREDICTED: renamed(reading()[PREDICTED])}

    return replace(
        parsed,
        values=[
            own and [box | {"label": name(box["label"])} if "label" in box else box for box in own]
            for own in parsed.values
        ],
        columns={**parsed.columns, PREDICTED: renamed(parsed.columns[PREDICTED])},
        alternatives={key: alternative(one) for key, one in parsed.alternatives.items()},
    )


def _objects(own: BoxColumn) -> Mapping[str, Column]:
    """Labels of the boxes, where items are images with any number of objects."""
    counts = np.diff(own.item_offsets)
    if not len(counts) or (counts == 1).mean() >= _SINGLE_SHARE:
        return {}
    return {OBJECTS: ValueColumn(list(own.labels), own.item_offsets)}


def _note(decision: Decision) -> str:
    chosen = decision.chosen
    return f"reference boxes are read as {chosen.name} ({chosen.meaning}): {decision.evidence}"


def _decide(boxes: Boxes, items: Items, named: BoxFormat | None) -> Decision:
    """The format of the references: from their syntax, else fractions or pixels by their size."""
    counts = Counter(syntax for syntax in boxes.written.syntaxes if syntax not in (None, NONE))
    own = {
        syntax: box_format(SYNTAXES[syntax].formats[0])
        for syntax in counts
        if syntax in SYNTAXES and len(SYNTAXES[syntax].formats) == 1
    }
    if named is not None:
        return Decision(named, "named by the user", 1.0, (), {})
    if counts and set(counts) == set(own):
        syntax = counts.most_common(1)[0][0]
        told = f"{SYNTAXES[syntax].words} in {counts[syntax]:,} of {counts.total():,} items"
        return Decision(own[syntax], told, 1.0, (), own)
    plain = np.array([boxes.written.syntaxes[i] not in own for i in boxes.written.item], dtype=bool)
    plain &= np.array([order is None for order in boxes.written.orders], dtype=bool)
    return _plain(boxes, np.flatnonzero(plain), items, own)


def _plain(boxes: Boxes, rows: Any, items: Items, own: dict[str, BoxFormat]) -> Decision:  # noqa: ANN401  (indices)
    numbers = boxes.written.numbers[rows]
    largest = float(boxes.written.numbers.max(initial=0.0))
    frame = "relative" if 0 < largest <= _SIDE else "pixels"
    told = f"numbers up to {largest:g}"
    swapped = float(are_swapped(numbers).mean()) if len(numbers) else 0.0
    if swapped >= _SWAPPED_SHARE:
        told += f"; as corners {swapped:.0%} would be swapped, so they are widths and heights"
    is_lmms = _has_phrases(items)
    if is_lmms:
        told += "; lmms-eval's RefCOCO layout writes widths and heights"
    order = "xywh" if swapped >= _SWAPPED_SHARE or is_lmms else "xyxy"
    chosen = box_format(f"{order}-{frame}" if order == "xywh" else frame)
    _refuse_beyond(boxes, rows, chosen, items)
    return Decision(chosen, told, 1.0, (), own)


def _has_phrases(items: Items) -> bool:
    """Whether the items have the fields of lmms-eval's RefCOCO: phrases as a list of answers."""
    answers = items.field("answer")
    return answers is not None and all(
        isinstance(found, list) and all(isinstance(text, str) for text in found)
        for found in answers
        if found is not None
    )


def _refuse_beyond(boxes: Boxes, rows: Any, chosen: BoxFormat, items: Items) -> None:  # noqa: ANN401  (indices)
    """References that leave their images are in another frame."""
    item = boxes.written.item[rows]
    known = boxes.sizes.are_known[item]
    if not known.any():
        return
    sizes = boxes.sizes.at(item[known])
    corners = as_corners(boxes.written.numbers[rows][known], chosen.order)
    relative = chosen.frame.relative(corners, sizes)
    is_inside = ((relative >= -_MARGIN) & (relative <= 1 + _MARGIN)).all(axis=1)
    if is_inside.mean() >= _FIT_SHARE:
        return
    first = int(item[known][~is_inside][0])
    raise DataError(
        f"item {quoted(items.ids[first])}: a reference box lies beyond its image when read as "
        f"{chosen.name} ({chosen.meaning}); so do {(~is_inside).sum():,} of {len(corners):,}",
        hint="Name what they are behind a slash: --box-format /1000, /xywh-pixels, /relative, …",
    )


def _refuse_other_frames(mine: Column | None, theirs: Mapping[int, str], items: Items) -> None:
    """Fractions and pixels can be compared only where the size of the image is known."""
    if not isinstance(mine, ValueColumn):
        return
    differ = [i for i, frame in theirs.items() if mine.values[i] not in (None, frame)]
    if not differ:
        return
    i = differ[0]
    raise DataError(
        f"{items.place(i)}: predicted boxes are {mine.values[i]} of the image and reference boxes "
        f"{theirs[i]}, and the size of the image is not known ({len(differ):,} such items)",
        hint=f"Add one of these fields to either file: {LOOKED_FOR}.",
    )
