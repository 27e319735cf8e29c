"""Boxes of predictions and references, in pixels where the sizes of the images are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Column, NumberColumn, ValueColumn, offsets_of, singles
from vlmeval_cli.core.config import OnBadRow, RunConfig
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.geometry.boxes import area
from vlmeval_cli.geometry.columns import BoxColumn
from vlmeval_cli.geometry.frames import Sizes, as_corners, sorted_corners
from vlmeval_cli.geometry.labels import plain
from vlmeval_cli.parsing.boxes.formats import BoxFormat, choice
from vlmeval_cli.parsing.boxes.frames import Decision, Written, decide
from vlmeval_cli.parsing.boxes.sizes import LOOKED_FOR, image_sizes
from vlmeval_cli.parsing.boxes.syntaxes import NONE, SILENT, SYNTAXES, Found, clean
from vlmeval_cli.parsing.boxes.values import BadBoxError, read_value
from vlmeval_cli.parsing.items import Items, Parsed, Place, Values
from vlmeval_cli.parsing.texts import refused

BOXES: Final = "prediction.boxes"
CONFIDENCE: Final = "prediction.confidence"  # where boxes differ in it, so that it ranks them
POINTS: Final = "prediction.points"
FRAME: Final = "prediction.frame"  # per item, where some sizes are unknown
_DIGITS: Final = 4  # of a coordinate in reports
_TINY: Final = 1.5  # numbers up to here count sides of the image, where others count pixels
_HUGE: Final = 3.0
_EXPECTED: Final = "boxes: a text, a list of numbers, or an object"


def prediction_boxes(
    values: Sequence[Any], field: str, place: Place, on_bad_row: OnBadRow = "error"
) -> Values:
    """Predictions as texts, lists or objects; the only row of an item as it stands.

    Raises:
        DataError: a prediction is a number or a boolean.
    """
    bad: dict[int, str] = {}
    found: list[Any] = []
    for row, recorded in enumerate(values):
        is_one_text = (
            isinstance(recorded, list) and len(recorded) == 1 and isinstance(recorded[0], str)
        )
        value = recorded[0] if is_one_text else recorded
        if value is not None and not isinstance(value, str | list | Mapping):
            bad[row] = refused(place(row), field, value, _EXPECTED, on_bad_row)
            value = None
        found.append(value)
    return Values(found, bad)


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes of ``n`` items as they were read, before their frame is known.

    Attributes:
        found: the boxes of each item; None where there is no prediction or it cannot be read.
        written: all boxes as numbers.
        sizes: of the images.
    """

    found: Sequence[Found | None]
    written: Written
    sizes: Sizes

    @classmethod
    def of(cls, found: Sequence[Found | None], sizes: Sizes) -> Boxes:
        """Boxes of items whose answers are read."""
        boxes = [box for one in found if one is not None for box in one.boxes]
        counts = [0 if one is None else len(one.boxes) for one in found]
        written = Written(
            syntaxes=[None if one is None else one.syntax for one in found],
            numbers=np.array([box.numbers for box in boxes], dtype=np.float64).reshape(-1, 4),
            item=np.repeat(np.arange(len(found)), counts),
            orders=[box.order for box in boxes],
        )
        return cls(found, written, sizes)

    def without(self, items: Mapping[int, str]) -> Boxes:
        """The same less the boxes of ``items``."""
        if not items:
            return self
        found = [None if i in items else one for i, one in enumerate(self.found)]
        return Boxes.of(found, self.sizes)

    def misfits(self, decision: Decision) -> dict[int, str]:
        """Items whose numbers cannot be in the frame of the file, and why."""
        chosen, numbers = decision.chosen, np.abs(self.written.numbers)
        is_unit = chosen.frame.kind in ("relative", "padded") and chosen.frame.divisor == 1.0
        if is_unit:
            is_bad = numbers.max(axis=1, initial=0.0) > _HUGE
        else:
            has_fractions = (numbers != np.rint(numbers)).any(axis=1)
            is_bad = (numbers.max(axis=1, initial=0.0) <= _TINY) & has_fractions
        return {
            int(i): f"its numbers do not fit the format of the file, {chosen.name}"
            for i in np.unique(self.written.item[is_bad])
            if self._format(int(i), decision) is chosen
        }

    def corners(self, decision: Decision) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Corners in pixels, or in fractions where the size is unknown; and which are fractions.

        Raises:
            UsageError: the format needs the size of an image, and it is not known.
        """
        if not decision.own and not any(self.written.orders):
            return self._placed(np.arange(len(self.written.item)), decision.chosen, None)
        syntaxes = self.written.syntaxes
        keys = [
            (decision.own.get(syntaxes[i] or "", decision.chosen), order)
            for i, order in zip(self.written.item.tolist(), self.written.orders, strict=True)
        ]
        corners = np.zeros((len(keys), 4))
        is_fraction = np.zeros(len(keys), dtype=bool)
        # Rows of one format and order are computed at once; formats are few.
        names = np.array([f"{one.name} {order or one.order}" for one, order in keys])
        for name in dict.fromkeys(names.tolist()):
            rows = np.flatnonzero(names == name)
            one, order = keys[rows[0]]
            corners[rows], is_fraction[rows] = self._placed(rows, one, order)
        return corners, is_fraction

    def _format(self, i: int, decision: Decision) -> BoxFormat:
        return decision.own.get(self.written.syntaxes[i] or "", decision.chosen)

    def _placed(
        self,
        rows: npt.NDArray[np.int64],
        one: BoxFormat,
        order: Any,  # noqa: ANN401
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        boxes = as_corners(self.written.numbers[rows], order or one.order)
        if one.frame.kind == "pixels":
            return boxes, np.zeros(len(rows), dtype=bool)
        sizes = self.sizes.at(self.written.item[rows])
        unknown = ~sizes.are_known
        if one.frame.needs_sizes and unknown.any():
            raise UsageError(
                f"boxes in the format {one.name} ({one.meaning}) need the sizes of the images, "
                f"and {np.unique(self.written.item[rows][unknown]).size:,} items have none",
                hint=f"Add one of these fields to either file: {LOOKED_FOR}.",
            )
        relative = one.frame.relative(boxes, sizes)
        sides = np.column_stack([sizes.widths, sizes.heights] * 2)
        return np.where(unknown[:, None], relative, relative * sides), unknown


def column(boxes: Boxes, decision: Decision) -> BoxColumn:
    """The boxes as a column, read as ``decision`` says."""
    corners, _ = boxes.corners(decision)
    corners, _ = sorted_corners(corners)
    raw = [box for one in boxes.found if one is not None for box in one.boxes]
    return BoxColumn(
        boxes=corners,
        item_offsets=offsets_of([0 if one is None else len(one.boxes) for one in boxes.found]),
        labels=[plain(box.label) or None if box.label else None for box in raw],
        scores=np.array([np.nan if box.score is None else box.score for box in raw]),
        is_crowd=np.array([box.is_crowd for box in raw], dtype=bool),
        areas=area(corners),
        is_readable=np.array([one is not None for one in boxes.found], dtype=bool),
    )


def frames_of(boxes: Boxes, decision: Decision) -> dict[int, str]:
    """Item with boxes and without a size → what its boxes count."""
    known = boxes.sizes.are_known
    if known.all():
        return {}
    _, is_fraction = boxes.corners(decision)
    return {
        i: "fractions" if fraction else "pixels"
        for i, fraction in zip(boxes.written.item.tolist(), is_fraction.tolist(), strict=True)
        if not known[i]
    }


def parse_boxes(items: Items, config: RunConfig) -> Parsed:
    """Read the predicted boxes of all items.

    Raises:
        UsageError: ``--box-format`` is unknown, or the format of the file cannot be told.
        DataError: a size is none.
    """
    named = choice(config.parse.box_format).predictions
    found, unparsed = _read(items)
    silent = _silent(items, found, named)
    unparsed = {i: why for i, why in unparsed.items() if i not in silent}
    found = [Found(NONE, ()) if i in silent else one for i, one in enumerate(found)]
    boxes = Boxes.of(found, image_sizes(items))
    decision = decide(boxes.written, boxes.sizes, named, items.place(_first(boxes)))
    misfits = boxes.misfits(decision)
    boxes, unparsed = boxes.without(misfits), {**unparsed, **misfits}
    own = column(boxes, decision)
    return Parsed(
        values=_values(boxes, own),
        unparsed=unparsed,
        reasons={i: "it says that there is no box" for i, one in enumerate(boxes.found)
                 if one is not None and not one.boxes},
        helped={i: "what is whole was taken out of what is broken"
                for i, one in enumerate(boxes.found) if one is not None and one.is_mended},
        columns={**_columns(own), **_frames(boxes, decision)},
        notes=(*_notes(boxes, decision), *_silent_note(silent)),
        warnings=_warnings(boxes, own, decision),
        inferred={"box_format": decision.chosen.name, "confidence": round(decision.confidence, 6)},
        alternatives=_alternatives(boxes, decision),
    )  # fmt: skip


def _read(items: Items) -> tuple[list[Found | None], dict[int, str]]:
    found: list[Found | None] = []
    unparsed: dict[int, str] = {}
    for i, value in enumerate(items.predictions):
        try:
            found.append(None if value is None else read_value(value))
        except BadBoxError as error:
            unparsed[i] = str(error)
            found.append(None)
    return found, unparsed


def _silent(items: Items, found: Sequence[Found | None], named: BoxFormat | None) -> frozenset[int]:
    """Items whose empty answer says that there is no box, as the tokens of the file do."""
    counts = Counter(one.syntax for one in found if one is not None and one.boxes)
    most = counts.most_common(1)[0][0] if counts else ""
    formats = {SYNTAXES[syntax].formats[0] for syntax in SILENT}
    if most not in SILENT and (named is None or named.name not in formats):
        return frozenset()
    return frozenset(
        i for i, text in enumerate(items.predictions) if isinstance(text, str) and not clean(text)
    )


def _silent_note(silent: Set[int]) -> tuple[str, ...]:
    if not silent:
        return ()
    are = number_of(len(silent), "prediction is", "predictions are")
    return (f"{are} empty, which in location tokens says that there is no box",)


def _first(boxes: Boxes) -> int:
    return int(boxes.written.item[0]) if len(boxes.written.item) else 0


def _frames(boxes: Boxes, decision: Decision) -> dict[str, Column]:
    frames, n = frames_of(boxes, decision), len(boxes.found)
    return {FRAME: ValueColumn([frames.get(i) for i in range(n)], singles(n))} if frames else {}


def _columns(own: BoxColumn) -> dict[str, Column]:
    columns: dict[str, Column] = {BOXES: own}
    if (own.scores != own.scores[:1]).any() and not np.isnan(own.scores).all():
        columns[CONFIDENCE] = NumberColumn(own.scores, own.item_offsets)
    if len(own.boxes) and (own.boxes[:, :2] == own.boxes[:, 2:]).all():
        columns[POINTS] = own
    return columns


def _values(boxes: Boxes, own: BoxColumn) -> list[Any]:
    """Boxes as reports show them: four numbers, or an object if there is more to say."""
    numbers = np.round(own.boxes, _DIGITS).tolist()
    flat = iter(zip(numbers, chain.from_iterable(o.boxes for o in boxes.found if o), strict=True))
    return [
        None if one is None else [_shown(*next(flat)) for _ in one.boxes] for one in boxes.found
    ]


def _shown(corners: list[float], box: Any) -> Any:  # noqa: ANN401  (JSON)
    facts = {"label": box.label, "score": box.score}
    more = {name: fact for name, fact in facts.items() if fact is not None}
    return {"box": corners, **more} if more else corners


def _notes(boxes: Boxes, decision: Decision) -> tuple[str, ...]:
    if not len(boxes.written.numbers):
        return (decision.evidence,)
    chosen = decision.chosen
    notes = [f"boxes are read as {chosen.name} ({chosen.meaning}): {decision.evidence}"]
    counts = Counter(one.syntax for one in boxes.found if one is not None and one.boxes)
    for syntax, own in decision.own.items():
        if counts[syntax]:
            notes.append(
                f"{counts[syntax]:,} predictions are written otherwise ({SYNTAXES[syntax].words}) "
                f"and read as {own.name}"
            )
    mended = sum(one.is_mended for one in boxes.found if one is not None)
    if mended:
        have = number_of(mended, "prediction has", "predictions have")
        broken = "points beyond 100" if "molmo" in counts else "broken brackets or JSON"
        notes.append(f"{have} {broken}; what is whole was read")
    return tuple(notes)


def _warnings(boxes: Boxes, own: BoxColumn, decision: Decision) -> tuple[Notice, ...]:
    corners, is_fraction = boxes.corners(decision)
    found = []
    _, swapped = sorted_corners(corners)
    if swapped.any():
        text = f"{int(swapped.sum()):,} predicted boxes have swapped corners, which were put right"
        found.append(Notice("swapped_corners", text))
    sizes = boxes.sizes.at(boxes.written.item)
    sides = np.column_stack([sizes.widths, sizes.heights] * 2)
    sides[is_fraction] = 1.0
    with np.errstate(invalid="ignore"):
        is_beyond = ((own.boxes > 1.1 * sides) | (own.boxes < -0.1 * sides)).any(axis=1)
    if is_beyond.sum() > 0.1 * max(len(sides), 1):
        text = (
            f"{int(is_beyond.sum()):,} of {len(sides):,} predicted boxes reach far beyond their "
            f"images when read as {decision.chosen.name}; another --box-format may be right"
        )
        found.append(Notice("boxes_beyond", text))
    return tuple(found)


def _alternatives(boxes: Boxes, decision: Decision) -> dict[str, Any]:
    """Other readings of the file; where sizes are unknown, only those of the same kind."""
    known = boxes.sizes.are_known[boxes.written.item].all()

    def is_possible(other: BoxFormat) -> bool:
        same_kind = (other.frame.kind == "pixels") == (decision.chosen.frame.kind == "pixels")
        return bool(known) or (same_kind and not other.frame.needs_sizes)

    def reading(other: BoxFormat) -> Any:  # noqa: ANN401  (a function)
        return lambda: {BOXES: column(boxes, replace(decision, chosen=other))}

    return {other.name: reading(other) for other in decision.rejected if is_possible(other)}
