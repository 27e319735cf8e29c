"""Boxes in the words of a model: every way in which they are written, one reader each.

A reader finds numbers, labels and scores as they stand; what the numbers count is decided for the
whole file (:mod:`vlmeval_cli.parsing.boxes.frames`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from vlmeval_cli.geometry.frames import Order

Four = tuple[float, float, float, float]

NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBERS = re.compile(NUMBER)
LARGEST: Final = 1e7  # pixels; what is beyond is no place in an image


class RawBox(NamedTuple):
    """A box as it is written.

    Attributes:
        numbers: four numbers; a point stands twice.
        label, score: its class and confidence, where they are written.
        order: which number is which, where names such as "x1" or "width" say so.
        is_crowd, area: what COCO's annotations say of a region.
    """

    numbers: Four
    label: str | None = None
    score: float | None = None
    order: Order | None = None
    is_crowd: bool = False
    area: float | None = None


class Found(NamedTuple):
    """The boxes of an answer.

    Attributes:
        syntax: how they are written, one of :data:`SYNTAXES`.
        boxes: in the order of the answer; none where it says that there is none.
        is_mended: something in the way they are written is broken and was guessed.
    """

    syntax: str
    boxes: Sequence[RawBox]
    is_mended: bool = False


class Syntax(NamedTuple):
    """A way to write boxes.

    Attributes:
        words: how it looks, for messages.
        formats: formats that write so, the likeliest first; none where any may.
    """

    words: str
    formats: tuple[str, ...]


SYNTAXES: Final[dict[str, Syntax]] = {
    "loc_digits": Syntax("<loc0123> tokens", ("paligemma",)),
    "loc_bins": Syntax("<loc_123> tokens", ("florence-2",)),
    "patches": Syntax("<patch_index_0123> tokens", ("kosmos-2",)),
    "box_start": Syntax("<|box_start|>(x,y),(x,y)", ("qwen2-vl",)),
    "box_pairs": Syntax("<box>(x,y),(x,y)</box>", ("qwen-vl",)),
    "box_lists": Syntax("<box>[[…]]</box>", ("internvl", "relative")),
    "det": Syntax("<|det|>[[…]]<|/det|>", ("deepseek-vl2",)),
    "begin_of_box": Syntax("<|begin_of_box|>[…]", ("glm-v",)),
    "molmo": Syntax("<point x= y=>", ("molmo",)),
    "zero_padded": Syntax("[[012,345,678,900]]", ("cogvlm",)),
    "box_2d": Syntax('JSON with "box_2d"', ("gemini",)),
    "bbox_2d": Syntax('JSON with "bbox_2d"', ("qwen2.5-vl", "qwen3-vl", "pixels", "relative")),
    "coco": Syntax("objects with category_id and bbox", ("xywh-pixels",)),
    "pairs": Syntax("(x,y),(x,y)", ()),
    "json": Syntax("JSON objects", ()),
    "percents": Syntax("numbers with a percent sign", ("percent",)),
    "px": Syntax('numbers with "px"', ("pixels",)),
    "lists": Syntax("lists of numbers", ()),
}
# Models that write their boxes in these tokens write nothing at all where there is no object.
SILENT: Final = frozenset({"loc_digits", "loc_bins"})
NONE: Final = "none"  # the answer says that there is no box
THREE_DIGITS: Final = "three_digits"  # as CogVLM writes, though no number shows its padding

_END_TOKENS = re.compile(
    r"<\|(?:im_end|im_start|endoftext|end|eot_id|end_of_sentence|end▁of▁sentence)\|>"
    r"|<(?:/?s|eos|bos|pad|end_of_turn|end_of_utterance)>|<｜end▁of▁sentence｜>|\[/?INST\]"
)
_NO_BOX = re.compile(
    r"(?:none|null|nil|nothing|n/?a|no|no\s+box(?:es)?|not\s+(?:found|present|visible|detected|there)"
    r"|no\s+(?:such\s+)?(?:objects?|boxes|box|bounding\s+box(?:es)?|match(?:es)?|results?|instances?"
    r"|detections?|targets?)(?:\s+(?:was|were|is|are)?\s*(?:found|present|visible|detected|there))?"
    r"|there\s+(?:is|are|was|were)\s+no\b[^\d]*|(?:sorry,?\s+)?[^\d\[\]{}]*\b(?:is|are|was|were|does)"
    r"(?:\s+not|n['’]t)\s+(?:\w+\s+)?(?:found|present|visible|detected|there|shown|exist|in\s+the"
    r"\s+(?:image|picture|photo|scene))\b[^\d]*"
    r"|(?:i\s+)?(?:can\s?not|can['’]t|could\s+not|couldn['’]t)\s+(?:find|locate|see|detect)\b[^\d]*"
    r"|\{\s*\}|\[\s*(?:\[\s*\]\s*)?\]|\(\s*\)|<box>\s*(?:\[\s*\])?\s*</box>)\s*[.!]?",
    re.IGNORECASE,
)
_FENCE = re.compile(r"```[a-zA-Z]*\n?|```")


def clean(text: str) -> str:
    """The text without tokens that end a turn, and without code fences."""
    if "<" in text or "[" in text:
        text = _END_TOKENS.sub("", text)
    return (_FENCE.sub("", text) if "```" in text else text).strip()


def says_none(text: str) -> bool:
    """Whether a clean text says that there is no box.

    >>> says_none("There is no dog in the image."), says_none("[]"), says_none("[1, 2, 3, 4]")
    (True, True, False)
    """
    return _NO_BOX.fullmatch(text.strip("\"' \n")) is not None


def numbers_in(text: str) -> list[float]:
    """All numbers of a text."""
    return [float(number) for number in _NUMBERS.findall(text)]


def bounding(numbers: Sequence[float]) -> Four:
    """The box around the points x, y, x, y, ….

    >>> bounding([3, 1, 9, 2, 8, 5, 2, 4])
    (2, 1, 9, 5)
    """
    across, down = numbers[::2], numbers[1::2]
    return min(across), min(down), max(across), max(down)


def fours(numbers: Sequence[float]) -> list[Four]:
    """Numbers in groups of four; what is left over belongs to a box that was cut off."""
    return list(zip(*[iter(numbers)] * 4, strict=False))


# --- tokens -------------------------------------------------------------------------------------

_LOC_DIGITS = re.compile(r"((?:<loc\d{4}>\s*){4})(?:<seg\d{3}>\s*)*([^<;\n]*)")
_LOC_BINS = re.compile(r"([^<>]*)((?:<poly>|</poly>|<sep>|<loc_\d+>\s*)+)")
_PHRASE_PATCHES = re.compile(r"<phrase>([^<]*)</phrase>|<patch_index_(\d+)>\s*<patch_index_(\d+)>")
_PATCHES_A_SIDE = 32


def _loc_digits(text: str) -> Iterator[RawBox]:
    for tokens, label in _LOC_DIGITS.findall(text):
        (box,) = fours(numbers_in(tokens))
        yield RawBox(box, label.strip() or None)


def _loc_bins(text: str) -> Iterator[RawBox]:
    label: str | None = None
    for before, tokens in _LOC_BINS.findall(text):
        label = before.strip(" \n,.;") or label
        numbers = numbers_in(tokens.replace("loc_", " "))
        is_polygon = "<poly>" in tokens or _is_outline(numbers)
        boxes = [bounding(numbers[: len(numbers) // 2 * 2])] if is_polygon else fours(numbers)
        yield from (RawBox(box, label) for box in boxes)


def _is_outline(numbers: Sequence[float]) -> bool:
    """Whether eight numbers are the corners of one text region: they are no two boxes."""
    if len(numbers) != 8:
        return False
    return any(x2 <= x1 or y2 <= y1 + (x2 - x1) / 20 for x1, y1, x2, y2 in fours(numbers))


def _patches(text: str) -> Iterator[RawBox]:
    label: str | None = None
    for phrase, first, last in _PHRASE_PATCHES.findall(text):
        if not first:
            label = phrase.strip()
            continue
        yield RawBox(patch_box(int(first), int(last)), label)


def patch_box(first: int, last: int) -> Four:
    """The box from one cell of Kosmos-2's grid to another, as fractions of the image.

    Within one cell, row or column it reaches to the outer edges, else to the middles of the cells.
    """
    side = _PATCHES_A_SIDE
    x1, y1, x2, y2 = first % side, first // side, last % side, last // side
    if x1 == x2 or y1 == y2:
        return x1 / side, y1 / side, (x2 + 1) / side, (y2 + 1) / side
    return (x1 + 0.5) / side, (y1 + 0.5) / side, (x2 + 0.5) / side, (y2 + 0.5) / side


# --- tags ---------------------------------------------------------------------------------------

_LABELS = (
    r"<ref>(?P<a>[^<]*)</ref>|<\|object_ref_start\|>(?P<b>[^<]*)<\|object_ref_end\|>"
    r"|<\|ref\|>(?P<c>[^<]*)<\|/ref\|>"
)


def _tagged(opening: str, closing: str) -> Callable[[str], Iterator[RawBox]]:
    """A reader of boxes between tags, each set called like the phrase before it."""
    pattern = re.compile(
        rf"{_LABELS}|(?:{opening})(?P<box>.*?)(?={closing}|{opening}|<ref>|<\||$)", re.DOTALL
    )

    def read(text: str) -> Iterator[RawBox]:
        label: str | None = None
        for match in pattern.finditer(text):
            inside = match["box"]
            if inside is None:
                label = next(filter(None, match.groups()), "").strip() or None
                continue
            numbers = numbers_in(inside)
            is_quad = match[0].startswith("<quad>") and len(numbers) >= 8
            boxes = [bounding(numbers)] if is_quad else fours(numbers)
            yield from (RawBox(box, label) for box in boxes)

    return read


_BOX = r"<box>|<quad>"
_GLM_MARK = "<|begin_of_box|>"
_POINT = re.compile(r"<points?\b([^>]*)>?([^<]*)")
_POINT_PAIR = re.compile(rf"\bx\d*\s*=\s*[\"']?({NUMBER})[\"']?\s*,?\s*y\d*\s*=\s*[\"']?({NUMBER})")
_POINT_DIGITS = re.compile(r"\bp\s*=\s*[\"']?(\d{1,4})\s*,\s*(\d{1,4})")
_FIRST_IN_BOX = re.compile(r"<(?:box|quad)>\s*(\S)")
_POINT_LABEL = re.compile(r"\balt\s*=\s*\"([^\"]*)\"")
_PERCENT = 100.0


def _points(text: str) -> Iterator[RawBox]:
    """Molmo's points in percent; what is beyond 100 is none, and its answer is told as broken."""
    for attributes, inside in _POINT.findall(text):
        named = _POINT_LABEL.search(attributes)
        label = (named[1] if named else inside).strip() or None
        pairs = [(float(x), float(y)) for x, y in _POINT_PAIR.findall(attributes)]
        pairs += [(int(x) / 10, int(y) / 10) for x, y in _POINT_DIGITS.findall(attributes)]
        for x, y in pairs:
            if 0 <= x <= _PERCENT and 0 <= y <= _PERCENT:
                yield RawBox((x, y, x, y), label)


def _points_written(text: str) -> int:
    return len(_POINT_PAIR.findall(text)) + len(_POINT_DIGITS.findall(text))


class _Marked(NamedTuple):
    """A syntax that is known by a mark, and its reader."""

    mark: str
    syntax: str
    read: Callable[[str], Iterator[RawBox]]


_MARKED: Final = (
    _Marked("<loc_", "loc_bins", _loc_bins),
    _Marked("<loc", "loc_digits", _loc_digits),
    _Marked("<patch_index_", "patches", _patches),
    _Marked("<|box_start|>", "box_start", _tagged(r"<\|box_start\|>", r"<\|box_end\|>")),
    _Marked("<|det|>", "det", _tagged(r"<\|det\|>", r"<\|/det\|>")),
    _Marked(_GLM_MARK, "begin_of_box", _tagged(re.escape(_GLM_MARK), r"<\|end_of_box\|>")),
    _Marked("<box>", "box_pairs", _tagged(_BOX, r"</box>|</quad>")),
    _Marked("<quad>", "box_pairs", _tagged(_BOX, r"</box>|</quad>")),
    _Marked("<point", "molmo", _points),
)  # fmt: skip


def read_marked(text: str) -> Found | None:
    """Boxes between tags or as tokens; None where the text has none of the marks.

    Marks whose boxes were cut off leave a :class:`Found` without boxes.
    """
    if "<" not in text:
        return None
    for mark, syntax, read in _MARKED:
        if mark not in text or ("{" in text and syntax == "begin_of_box"):
            continue
        boxes = tuple(read(text))
        if syntax == "molmo":
            return Found(syntax, boxes, is_mended=0 < len(boxes) < _points_written(text))
        return Found(_box_syntax(text) if syntax == "box_pairs" else syntax, boxes)
    return None


def _box_syntax(text: str) -> str:
    """Which of the syntaxes of ``<box>`` it is: pairs in parentheses, lists, or bare numbers."""
    first = _FIRST_IN_BOX.search(text)
    if first is None or first[1] == "(" or (first[1] == "[" and "(" in text):
        return "box_pairs"
    return "box_lists" if first[1] == "[" else "lists"


# --- lists --------------------------------------------------------------------------------------

_N = rf"\s*({NUMBER})\s*"
_PAIR = rf"[(\[]{_N},{_N}[)\]]"
_CORNER = r"(?:the\s+)?(?:bottom|lower)[\s_-]*right(?:\s+corner)?\W{0,3}(?:(?:is|at)\W{1,3})?"
_PAIRS = re.compile(rf"{_PAIR}\s*[,;]?\s*(?:to|and|-)?\s*(?:{_CORNER})?{_PAIR}", re.IGNORECASE)
_UNIT = re.compile(rf"({NUMBER})\s*(%|px\b|pixels?\b)", re.IGNORECASE)
_GROUP = re.compile(rf"[\[(<{{]((?:\s*{NUMBER}\s*[,;]?){{4,}})[\])>}}]?")
_PADDED_GROUP = re.compile(r"\[\[(\d{3}(?:[,;]\d{3}){3,})\]\]")
_NAMED = re.compile(
    rf"\b(?:x_?1|x_?min|left)\W{{1,4}}({NUMBER})\W+(?:y_?1|y_?min|top)\W{{1,4}}({NUMBER})"
    rf"\W+(?:x_?2|x_?max|right)\W{{1,4}}({NUMBER})\W+(?:y_?2|y_?max|bottom)\W{{1,4}}({NUMBER})",
    re.IGNORECASE,
)
_RUN = re.compile(rf"(?<![\w.]){NUMBER}(?:[\s,]+{NUMBER})*")
_POINT_ALONE = re.compile(rf"[^\d]*[(\[]{_N},{_N}[)\]][^\d]*")


def read_lists(text: str) -> Found | None:
    """Boxes as numbers in brackets; None where there are none.

    Numbers may carry a unit, "%" or "px", that says what they count.
    """
    units = {unit[:1] for _, unit in _UNIT.findall(text)} if "%" in text or "px" in text else set()
    found = _plain_lists(_UNIT.sub(r"\1", text) if units else text)
    if found is None or len(units) != 1 or _UNIT.subn("", text)[1] != 4 * len(found.boxes):
        return found
    return found._replace(syntax="percents" if units == {"%"} else "px")


def _plain_lists(text: str) -> Found | None:
    padded = _PADDED_GROUP.findall(text)
    if padded:
        boxes = [RawBox(four) for group in padded for four in fours(numbers_in(group))]
        shows = any(number.startswith("0") for g in padded for number in re.split("[,;]", g))
        return Found("zero_padded" if shows else THREE_DIGITS, boxes)
    named = _NAMED.findall(text)
    if named:
        return Found("json", [RawBox(tuple(map(float, four)), order="xyxy") for four in named])  # type: ignore[arg-type]  # four groups
    pairs = _PAIRS.findall(text)
    if pairs:
        return Found("pairs", [RawBox(tuple(map(float, four))) for four in pairs])  # type: ignore[arg-type]  # four groups
    groups = [numbers_in(group) for group in _GROUP.findall(text)]
    boxes = [RawBox(four) for group in groups if len(group) % 4 == 0 for four in fours(group)]
    if boxes:
        return Found("lists", boxes, text.count("[") != text.count("]"))
    point = _POINT_ALONE.fullmatch(text)
    if point:
        x, y = float(point[1]), float(point[2])
        return Found("lists", [RawBox((x, y, x, y))])
    runs = [] if groups else [numbers_in(run) for run in _RUN.findall(text)]
    bare = [RawBox(fours(run)[0]) for run in runs if len(run) == 4]
    return Found("lists", bare, is_mended=True) if len(bare) == 1 else None
