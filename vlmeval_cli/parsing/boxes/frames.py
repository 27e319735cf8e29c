"""The one format of a file of boxes, decided from how they are written and how large they are.

The decision looks at predictions and image sizes alone. A syntax that one model writes has that
model's format. Of others each format that the syntax may have is a candidate; what
:mod:`~vlmeval_cli.parsing.boxes.fit` counts as evidence leaves one, or the user has to name it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.geometry.frames import Order, Sizes, are_swapped, as_corners
from vlmeval_cli.parsing.boxes.fit import CHANCE, Evidence, Fit, are_close, chance
from vlmeval_cli.parsing.boxes.formats import BoxFormat, box_format, is_model
from vlmeval_cli.parsing.boxes.syntaxes import NONE, SYNTAXES, THREE_DIGITS

_TELLING: Final = 0.5  # a model's own syntax is believed while so many boxes fit its format
_SWAPPED_SHARE: Final = 0.2  # so many boxes with "swapped corners" may be widths and heights
_FEWEST_FOR_ORDER: Final = 5
_POSSIBLE: Final = 0.02  # a frame that so many boxes fit is one that somebody may have meant
_SAME: Final = 2e-3  # formats whose boxes differ by less need no word
_MOST_LISTED: Final = 6
_BUDGETS: Final = (1_003_520, 401_408)  # pixels to which Qwen2.5-VL is often limited

_PLAIN: Final = ("pixels", "1000", "relative", "llava")
# What is meant by a syntax that several models write, the likelier of two alike formats first.
_CANDIDATES: Final[dict[str, tuple[str, ...]]] = {
    "pairs": ("qwen2-vl", "pixels", "relative"),
    "bbox_2d": (
        "qwen2.5-vl",
        *(f"qwen2.5-vl:max_pixels={most}" for most in _BUDGETS),
        "qwen3-vl",
        "pixels",
        "relative",
    ),
    "box_lists": ("internvl", "relative"),
}
# Formats told beside one that its syntax fixes, since models are known to mix them up.
_ALSO_SEEN: Final = {"gemini": ("1000",)}


class Written(NamedTuple):
    """The boxes of ``n`` items as they are written.

    Attributes:
        syntaxes: of each item, length n; None where it could not be read.
        numbers: of all boxes, shape (m, 4).
        item: whose they are, shape (m,).
        orders: of each box, where the names of its numbers say it, length m.
    """

    syntaxes: Sequence[str | None]
    numbers: Array
    item: Ints
    orders: Sequence[Order | None]


@dataclass(frozen=True, slots=True)
class Decision:
    """The format of a file, and why.

    Attributes:
        chosen: the format.
        evidence: why, in words.
        confidence: 1 less the chance of the evidence if another format were true.
        rejected: other formats that the file could have.
        own: syntax → its format, of the syntaxes that keep theirs beside that of the file.
    """

    chosen: BoxFormat
    evidence: str
    confidence: float
    rejected: tuple[BoxFormat, ...]
    own: dict[str, BoxFormat]


def decide(written: Written, sizes: Sizes, named: BoxFormat | None, place: str) -> Decision:
    """The format of the boxes of a file.

    Args:
        written: its boxes.
        sizes: of the images of the items.
        named: the format that the user named, if any.
        place: where the boxes stand, for messages.

    Raises:
        UsageError: several formats fit.
    """
    counts = _counted(written.syntaxes)
    if not counts:
        nothing = named or box_format("pixels")
        return Decision(nothing, "no prediction has a box", 1.0, (), {})
    syntax, seen = counts.most_common(1)[0]
    told = f"{SYNTAXES[syntax].words} in {seen:,} of {counts.total():,} predictions with boxes"
    own = _own_formats(counts, syntax, named)
    evidence = _evidence(written, sizes, set(own))
    candidates = _candidates(syntax, evidence)
    if named is not None:
        others = [one for one in candidates if one.name != named.name]
        rejected = _possible([Fit.of(one, evidence) for one in others])
        return Decision(named, f"named by the user; {told}", 1.0, rejected, own)
    if len(SYNTAXES[syntax].formats) == 1:
        (only,) = candidates
        also = tuple(map(box_format, _ALSO_SEEN.get(only.name, ())))
        fit = Fit.of(only, evidence)
        if only.frame.kind == "relative" and fit.share < _TELLING:
            _refuse([fit], evidence, told, place)
        return Decision(only, told, 1.0, also, own)
    fits = [Fit.of(one, evidence) for one in candidates]
    return _weighed(fits, evidence, told, own, place)


def _counted(syntaxes: Sequence[str | None]) -> Counter[str]:
    """Items with boxes by their syntax; CogVLM's only if a number shows its padding."""
    counts = Counter(syntax for syntax in syntaxes if syntax not in (None, NONE))
    three = counts.pop(THREE_DIGITS, 0)
    if three:
        counts["zero_padded" if counts["zero_padded"] else "lists"] += three
    return Counter({syntax: count for syntax, count in counts.items() if count and syntax})


def _own_formats(
    counts: Counter[str], syntax: str, named: BoxFormat | None
) -> dict[str, BoxFormat]:
    """Formats of the syntaxes that tell theirs and are not that of the file.

    A format that the user names is that of all syntaxes that do not tell another.
    """
    theirs = {other: SYNTAXES[other].formats for other in counts}
    is_other = {
        other: len(formats) == 1
        and (other != syntax if named is None else _is_strange(named, formats[0]))
        for other, formats in theirs.items()
    }
    return {other: box_format(theirs[other][0]) for other in theirs if is_other[other]}


def _is_strange(named: BoxFormat, format_name: str) -> bool:
    """Whether a syntax with a model's format cannot be what the user means by ``named``."""
    telling = {formats[0] for _, formats in SYNTAXES.values() if len(formats) == 1}
    return named.name in telling and named.name != format_name


def _candidates(syntax: str, evidence: Evidence) -> list[BoxFormat]:
    """Formats that the syntax may have for these images."""
    formats = SYNTAXES[syntax].formats
    if len(formats) == 1:
        return [box_format(formats[0])]
    names = list(_CANDIDATES.get(syntax, _PLAIN))
    sizes = evidence.sizes
    if not formats and not np.isnan(sizes.resized_widths).all():
        names.insert(0, "resized")  # somebody wrote down the size that the model was given
    if not formats and _are_percent(evidence.numbers):
        names.append("percent")
    plain = [box_format(name) for name in names]
    if not sizes.are_known.any():
        plain = [one for one in plain if not one.frame.needs_sizes or syntax == "bbox_2d"]
    if formats:
        return plain
    found = [_in_order(one, order) for one in plain for order in _orders(evidence)]
    # Images that are wide and not high tell when all numbers come the other way round.
    return [*found, box_format("yxyx-pixels")] if sizes.are_known.any() else found


def _are_percent(numbers: Array) -> bool:
    """Whether numbers up to 100 have decimals, as percent have and pixels hardly ever."""
    has_decimals = numbers != np.rint(numbers)
    return bool(len(numbers)) and has_decimals.mean() > 0.5 and 1.5 < numbers.max() <= 100.0


def _orders(evidence: Evidence) -> tuple[Order, ...]:
    """Lists are corners; if many of them cannot be, they may be widths and heights too."""
    n = len(evidence.numbers)
    swapped = int(are_swapped(evidence.numbers).sum())
    is_dirt = swapped < _SWAPPED_SHARE * n and n >= _FEWEST_FOR_ORDER
    return ("xyxy",) if swapped == 0 or is_dirt else ("xywh", "cxcywh", "xyxy")


def _evidence(written: Written, sizes: Sizes, others: set[str]) -> Evidence:
    """One box of each image, less those whose syntax has a format of its own.

    Boxes whose numbers have names are turned into corners first.
    """
    used = np.array([written.syntaxes[i] not in others for i in written.item], dtype=bool)
    rows = np.flatnonzero(used)
    _, first = np.unique(written.item[rows], return_index=True)
    rows = rows[first]
    known = sizes.are_known[written.item[rows]]
    if known.any():
        rows = rows[known]
    numbers = written.numbers[rows]
    for i, row in enumerate(rows.tolist()):
        order = written.orders[row]
        if order not in (None, "xyxy"):
            numbers[i] = as_corners(numbers[i : i + 1], order)[0]
    return Evidence(numbers, sizes.at(written.item[rows]))


def _in_order(plain: BoxFormat, order: Order) -> BoxFormat:
    return plain if order == "xyxy" else box_format(f"{order}-{_frame_name(plain)}")


def _frame_name(plain: BoxFormat) -> str:
    names = {"llava": "padded", "qwen2-vl": "1000"}
    return names.get(plain.name, plain.name)


def _weighed(
    fits: Sequence[Fit],
    evidence: Evidence,
    told: str,
    own: dict[str, BoxFormat],
    place: str,
) -> Decision:
    """The format that the evidence leaves, or a refusal."""
    left = _usual(_distinct([fit for fit in fits if fit.is_possible]))
    if not left:
        _refuse(fits, evidence, told, place)
    best, odds = _best(left)
    if odds > CHANCE:
        _refuse(left, evidence, told, place)
    others = sorted((fit for fit in fits if fit is not best), key=lambda fit: -fit.share)
    others = _one_of_each(others, best)
    rejected = _possible([fit for fit in others if not are_close(fit, best, _SAME)])
    rejected += _y_first(best)
    words = f"{told}; {_why(best, left, others, odds)}"
    return Decision(best.format, words, 1.0 - odds, rejected, own)


def _why(best: Fit, left: Sequence[Fit], others: Sequence[Fit], odds: float) -> str:
    """What speaks for the best format, and against the next one."""
    beside = f", not {_described(others[0])}" if others else ""
    edges = "; boxes come up to its edges and do not pass them" if len(left) > 1 else ""
    return f"{_described(best)[:-1]}, confidence {1.0 - odds:.4f}{edges}){beside}"


def _y_first(best: Fit) -> tuple[BoxFormat, ...]:
    """The same frame with y before x: nothing in lists of numbers tells the order."""
    if best.format.order != "xyxy" or is_model(best.format.name):
        return ()
    return (box_format(f"yxyx-{_frame_name(best.format)}"),)


def _distinct(fits: Sequence[Fit]) -> list[Fit]:
    """Formats less those that give nearly the boxes of one before them."""
    found: list[Fit] = []
    for fit in fits:
        if not any(are_close(fit, other) for other in found):
            found.append(fit)
    return found


def _usual(fits: list[Fit]) -> list[Fit]:
    """Less odd readings of numbers that have a usual one.

    Corners in the wrong order are mended only where the numbers are nothing else, and y comes
    before x only where pixels the other way round do not fit.
    """
    fits = [fit for fit in fits if fit.format.order in ("xywh", "cxcywh")] or fits
    are_pixels = any(fit.format.name == "pixels" for fit in fits)
    return [fit for fit in fits if fit.format.order != "yxyx" or not are_pixels]


def _best(fits: Sequence[Fit]) -> tuple[Fit, float]:
    """The format that has walls inside all others, and their chance; 0 where there is no other."""
    odds = [
        max((chance(fit, other) for other in fits if other is not fit), default=0.0) for fit in fits
    ]
    best = int(np.argmin(odds))
    return fits[best], odds[best]


def _possible(fits: Sequence[Fit]) -> tuple[BoxFormat, ...]:
    return tuple(fit.format for fit in fits if fit.share >= _POSSIBLE)


def _one_of_each(fits: Sequence[Fit], best: Fit) -> list[Fit]:
    """Fits of other formats, of each the first: other orders or limits would repeat the warning."""
    found: dict[str, Fit] = {}
    for fit in fits:
        found.setdefault(_family(fit), fit)
    found.pop(_family(best), None)
    return list(found.values())


def _family(fit: Fit) -> str:
    return fit.format.name.partition(":")[0].removeprefix(f"{fit.format.order}-")


def _described(fit: Fit) -> str:
    return f"{fit.format.name} ({fit.share:.0%} of the boxes fit their images)"


def _refuse(fits: Sequence[Fit], evidence: Evidence, told: str, place: str) -> NoReturn:
    low, high = evidence.numbers.min(initial=np.inf), evidence.numbers.max(initial=-np.inf)
    missing = "" if evidence.sizes.are_known.any() else SIZES_WOULD_HELP
    fits = sorted(fits, key=lambda fit: -fit.share)[:_MOST_LISTED]
    listed = "; ".join(map(_described, fits))
    raise UsageError(
        f"{place}: cannot tell what the numbers of the boxes count: {told}, numbers from {low:g} "
        f"to {high:g}; possible: {listed}",
        hint=f"Name it: --box-format {' or --box-format '.join(fit.format.name for fit in fits)}."
        f"{missing}",
    )


SIZES_WOULD_HELP: Final = (
    " The sizes of the images would help (fields such as width and height, in either file)."
)
