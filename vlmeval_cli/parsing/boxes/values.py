"""Boxes in values that are parsed already, or in JSON inside a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from vlmeval_cli.geometry.frames import Order
from vlmeval_cli.parsing.boxes.syntaxes import (
    LARGEST,
    NONE,
    NUMBER,
    Found,
    RawBox,
    bounding,
    clean,
    fours,
    numbers_in,
    read_lists,
    read_marked,
    says_none,
)

DEEPEST: Final = 8  # levels of nesting; no answer has more
_SHOWN: Final = 80  # characters of a value in a message

# Names of a box inside an object, and what they say of its syntax.
_BOX_KEYS: Final[dict[str, str]] = {
    "bbox_2d": "bbox_2d", "point_2d": "bbox_2d", "box_2d": "box_2d", "point": "box_2d",
    "bbox": "json", "bboxes": "json", "box": "json", "boxes": "json", "bounding_box": "json",
    "bounding_boxes": "json", "xyxy": "json", "coordinates": "json", "solution": "json",
}  # fmt: skip
# Names under which an answer holds its objects.
_HOLDERS: Final = (
    "objects", "detections", "predictions", "results", "annotations", "instances", "answer",
    "output", "data",
)  # fmt: skip
_CORNERS: Final[tuple[tuple[tuple[str, str, str, str], Order], ...]] = (
    (("x1", "y1", "x2", "y2"), "xyxy"),
    (("x_1", "y_1", "x_2", "y_2"), "xyxy"),
    (("xmin", "ymin", "xmax", "ymax"), "xyxy"),
    (("x_min", "y_min", "x_max", "y_max"), "xyxy"),
    (("left", "top", "right", "bottom"), "xyxy"),
    (("x", "y", "width", "height"), "xywh"),
    (("x", "y", "w", "h"), "xywh"),
    (("left", "top", "width", "height"), "xywh"),
    (("cx", "cy", "w", "h"), "cxcywh"),
    (("cx", "cy", "width", "height"), "cxcywh"),
)
_CORNER_PAIRS: Final = (("top_left", "bottom_right"), ("upper_left", "lower_right"))
_LABEL_KEYS: Final = (
    "label", "category", "category_name", "class", "class_name", "name", "phrase", "text_content",
)  # fmt: skip
_SCORE_KEYS: Final = ("score", "confidence", "conf", "probability")
_CLASS_ID: Final = "category_id"
# Facts beside a list of boxes, a list each: "labels" or, as data sets have it, "label".
_LISTS: Final = (
    ("label", "labels"), ("score", "scores"),
    *((name, name) for name in (*_LABEL_KEYS, *_SCORE_KEYS, _CLASS_ID, "area", "iscrowd")),
)  # fmt: skip
# What belongs to a box where it stands beside it in a row.
FACTS: Final = frozenset(
    {*_LABEL_KEYS, *_SCORE_KEYS, _CLASS_ID, *(many for _, many in _LISTS), "iscrowd"}
) - {"name", "phrase", "area"}


_PLAIN_NUMBERS: Final = frozenset({int, float})


class BadBoxError(ValueError):
    """A value that is no box, with what is wrong with it."""


def read_value(value: Any, *, by_class_id: bool = False) -> Found:  # noqa: ANN401  (JSON)
    """The boxes of an answer: a text, a list of numbers, an object, or a list of any of these.

    Args:
        value: as recorded.
        by_class_id: take COCO's category ids as labels even where names are there.

    Raises:
        BadBoxError: it cannot be read as boxes.
    """
    if isinstance(value, str):
        return _of_text(value)
    walk = _Walk(by_class_id)
    boxes = tuple(walk.boxes(value, 0))
    return Found(walk.syntax if boxes else NONE, boxes, walk.is_mended)


class _Walk:
    """A walk through nested values; the syntax is that of the first box."""

    def __init__(self, by_class_id: bool) -> None:
        self.by_class_id = by_class_id
        self.syntax = ""
        self.is_mended = False

    def boxes(self, value: Any, depth: int) -> Iterator[RawBox]:  # noqa: ANN401  (JSON)
        if depth > DEEPEST:
            raise BadBoxError(f"lists are nested more than {DEEPEST} deep")
        if _is_plain_box(value):
            self._seen("lists")
            yield RawBox(_four(value))
            return
        if isinstance(value, str):
            yield from self._text(value)
        elif isinstance(value, Mapping):
            yield from self._object(value, depth)
        elif not isinstance(value, list | tuple):
            raise BadBoxError(f"got {_told(value)}, expected a box")
        elif value and (all(map(_is_number, value)) or _has_bare_number(value)):
            self._seen("lists")
            yield RawBox(_four(value))
        else:
            for part in value:
                yield from self.boxes(part, depth + 1)

    def _text(self, text: str) -> Iterator[RawBox]:
        found = _of_text(text)
        self.is_mended |= found.is_mended
        self._seen(found.syntax)
        yield from found.boxes

    def _object(self, value: Mapping[str, Any], depth: int) -> Iterator[RawBox]:
        known = value
        if "bbox_2d" not in known and "bbox" not in known:
            known = {str(key).lower().replace("-", "_"): part for key, part in value.items()}
        key = next((name for name in _BOX_KEYS if name in known), None)
        if key is not None:
            yield from self._named(known, key, depth)
            return
        for names, order in _CORNERS:
            if all(name in known for name in names):
                self._seen("json")
                yield self._with_facts(
                    RawBox(_four([known[name] for name in names]), order=order), known
                )
                return
        for first, last in _CORNER_PAIRS:
            if isinstance(known.get(first), list) and isinstance(known.get(last), list):
                self._seen("json")
                box = RawBox(_four([*known[first], *known[last]]), order="xyxy")
                yield self._with_facts(box, known)
                return
        holder = next((name for name in _HOLDERS if name in known), None)
        if holder is not None:
            yield from self.boxes(known[holder], depth + 1)
            return
        yield from self._by_label(value, depth)

    def _named(self, known: Mapping[str, Any], key: str, depth: int) -> Iterator[RawBox]:
        """Boxes under a name of boxes; a COCO object says by its category that they are xywh."""
        is_coco = key == "bbox" and _CLASS_ID in known
        inside = known[key]
        if inside is None:
            return
        self._seen("coco" if is_coco else _BOX_KEYS[key])
        order: Order | None = "xywh" if is_coco else None
        if _is_plain_box(inside):
            yield self._with_facts(RawBox(_four(inside), order=order), known)
            return
        inner = _corners_of(inside) if isinstance(inside, list) else None
        boxes = [RawBox(inner)] if inner else list(self.boxes(inside, depth + 1))
        lists = {one: known[many] for one, many in _LISTS if isinstance(known.get(many), list)}
        if any(len(found) != len(boxes) for found in lists.values()):
            raise BadBoxError(f"{len(boxes)} boxes have another number of labels or scores")
        for i, box in enumerate(boxes):
            facts = {**known, **{one: lists[one][i] for one in lists}} if lists else known
            yield self._with_facts(box._replace(order=order or box.order), facts)

    def _by_label(self, value: Mapping[str, Any], depth: int) -> Iterator[RawBox]:
        """An object of label → boxes."""
        if value and not all(isinstance(part, list | Mapping) for part in value.values()):
            names = ", ".join(f'"{name}"' for name in list(value)[:5])
            raise BadBoxError(f"an object with {names} has no box")
        for name, part in value.items():
            for box in self.boxes(part, depth + 1):
                yield box._replace(label=box.label or str(name))

    def _with_facts(self, box: RawBox, known: Mapping[str, Any]) -> RawBox:
        names = (_CLASS_ID, *_LABEL_KEYS) if self.by_class_id else (*_LABEL_KEYS, _CLASS_ID)
        label, score, area = _first(known, names), _first(known, _SCORE_KEYS), known.get("area")
        return RawBox(
            numbers=box.numbers,
            label=box.label if label is None else str(label),
            score=box.score if score is None else _number(score, "score"),
            order=box.order,
            is_crowd=bool(known.get("iscrowd")),
            area=None if area is None else _number(area, "area"),
        )

    def _seen(self, syntax: str) -> None:
        if not self.syntax and syntax != NONE:
            self.syntax = syntax


def _is_plain_box(value: object) -> bool:
    """Whether a value is a list of four numbers, as nearly all boxes are."""
    return type(value) is list and len(value) == 4 and _PLAIN_NUMBERS.issuperset(map(type, value))


def _first(known: Mapping[str, Any], names: Sequence[str]) -> Any:  # noqa: ANN401  (JSON)
    for name in names:
        found = known.get(name)
        if found is not None:
            return found
    return None


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(rf"\s*{NUMBER}\s*", value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_bare_number(values: Sequence[object]) -> bool:
    """Whether something else stands between numbers: it was to be a box."""
    return any(_is_number(value) for value in values if type(value) not in (str, dict))


def _told(value: object) -> str:
    """The start of a value, as JSON writes it."""
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _number(value: Any, what: str = "number") -> float:  # noqa: ANN401  (JSON)
    if not _is_number(value):
        article = "an" if what.startswith("a") else "a"
        raise BadBoxError(f"got {_told(value)}, expected {article} {what}")
    number = float(value)
    if not isfinite(number) or abs(number) > LARGEST:
        raise BadBoxError(f"{number:g} is no {what} of an image")
    return number


def _four(values: Sequence[Any]) -> tuple[float, float, float, float]:
    """Four numbers as a box, two as a point, eight as the corners of a region."""
    is_plain = _PLAIN_NUMBERS.issuperset(map(type, values))
    if is_plain and all(-LARGEST <= value <= LARGEST for value in values):
        numbers = [*map(float, values)]
    else:
        numbers = [*map(_number, values)]
    if len(numbers) == 2:
        numbers *= 2
    if len(numbers) == 8:
        return bounding(numbers)
    if len(numbers) != 4:
        raise BadBoxError(f"a box has {len(numbers)} numbers, expected 4")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _corners_of(value: list[Any]) -> tuple[float, float, float, float] | None:
    """A box written as two corners, [[x, y], [x, y]]."""
    is_pair = len(value) == 2 and all(isinstance(part, list) and len(part) == 2 for part in value)
    return _four([*value[0], *value[1]]) if is_pair else None


# --- texts --------------------------------------------------------------------------------------

_KEYS = "|".join(_BOX_KEYS)
_MENDED_FOUR = rf"{NUMBER}(?:\s*,\s*{NUMBER}){{3}}(?!\s*,\s*[-+.\d]|[.\d])"
_MENDED_BOX = re.compile(
    rf"[\"']?\b({_KEYS})\b[\"']?\s*[:=]\s*[\[(\"']*"
    rf"({_MENDED_FOUR}(?:\s*\]\s*,\s*\[\s*{_MENDED_FOUR})*"
    rf"|{NUMBER}\s*,\s*{NUMBER}(?=\s*[\])]))"
)
_MENDED_LABEL = re.compile(rf"[\"'](?:{'|'.join(_LABEL_KEYS)})[\"']\s*:\s*[\"']([^\"'\n]*)[\"']")
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
_OPENING = re.compile(r"[\[{]")
_DECODER = json.JSONDecoder()


def _of_text(text: str) -> Found:
    body = clean(text)
    if says_none(body):
        return Found(NONE, ())
    found = read_marked(body) or _json_in(body) or read_lists(body)
    if found is None:
        raise BadBoxError("no box is in the text")
    if not found.boxes and found.syntax == "molmo" and "=" in body:
        raise BadBoxError("its points are beyond 100, and Molmo's count percent")
    if not found.boxes and found.syntax != NONE:
        raise BadBoxError("its box is not whole")
    if any(abs(number) > LARGEST or not isfinite(number) for b in found.boxes for number in b[0]):
        raise BadBoxError("a number is beyond any image")
    return found


def _json_in(text: str) -> Found | None:
    """Boxes of the JSON in a text, or of what is left of broken JSON; None where it has none."""
    if "{" not in text:
        named = _mended(text)  # a name and numbers, as in YAML
        return named and named._replace(is_mended=False)
    for start in ("[", "{"):
        values, rest = _decoded(text, start)
        if not values:
            continue
        try:
            found = read_value(values)
        except BadBoxError:
            continue
        more = _mended(rest)
        if more is None:
            return found
        return Found(found.syntax, (*found.boxes, *more.boxes), is_mended=True)
    return _mended(text)


def _decoded(text: str, start: str) -> tuple[list[Any], str]:
    """JSON values, the first of which begins with the first ``start``, and what follows them.

    Models write several objects one after the other, without the brackets of a list. Values that
    hold no object are no answer; where the first is one of them there is nothing.
    """
    at = text.find(start)
    body = text[max(at, 0) :]
    for whole in (body, _TRAILING_COMMA.sub(r"\1", body)):
        values: list[Any] = []
        end = 0
        while (opening := _OPENING.search(whole, end)) is not None and at >= 0:
            try:
                value, end = _DECODER.raw_decode(whole, opening.start())
            except (ValueError, RecursionError):
                break
            if _holds_object(value):
                values.append(value)
            elif not values:
                return [], text
        if values:
            return values, whole[end:]
    return [], text


def _holds_object(value: object) -> bool:
    if isinstance(value, list):
        return not value or any(map(_holds_object, value))
    return isinstance(value, Mapping)


def _mended(text: str) -> Found | None:
    """Boxes that stand whole in broken JSON, each with the label in its own braces."""
    boxes, syntax = [], ""
    matches = list(_MENDED_BOX.finditer(text))
    for match in matches:
        opening = max(text.rfind("{", 0, match.start()), 0)
        closing = text.find("}", match.end())
        following = text.find("{", match.end())
        ends = [end for end in (closing, following) if end >= 0]
        label = _MENDED_LABEL.search(text[opening : min(ends, default=len(text))])
        syntax = syntax or _BOX_KEYS[match[1]]
        numbers = numbers_in(match[2])
        several = fours(numbers) if len(numbers) > 2 else [_four(numbers)]
        boxes += [RawBox(four, label[1] if label else None) for four in several]
    return Found(syntax, boxes, is_mended=True) if boxes else None
