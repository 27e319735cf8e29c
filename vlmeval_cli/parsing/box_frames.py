"""The one format of a file of boxes, decided from how they are written and how large they are.

The decision looks at predictions and image sizes alone. A syntax that one model writes has that
model's format. Of others each format that the syntax may have is a candidate; what
:mod:`~vlmeval_cli.parsing.box_fit` counts as evidence leaves one, or the user has to name it.
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
from vlmeval_cli.parsing.box_fit import CHANCE, Evidence, Fit, are_close, chance
from vlmeval_cli.parsing.box_formats import BoxFormat, box_format
from vlmeval_cli.parsing.box_syntaxes import NONE, SYNTAXES, THREE_DIGITS

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
        rejected = _possible(
            [fit for fit in _one_of_each(others, best) if not are_close(fit, best, _SAME)]
        )
    beside = f", not {_described(others[0])}" if others else ""
    words = f"{told}; {_described(best)[:-1]}, confidence {confidence:.4f}){beside}"
    return Decision(best.format, words, confidence, rejected, own)


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
