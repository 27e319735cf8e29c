"""The one format of a file of boxes, decided from how they are written and how large they are.

The decision looks at predictions and image sizes alone. Each candidate frame is asked how likely
the numbers are in it: the far corner of a box is taken as spread evenly over the image, with one
box in fifty beyond it. A frame whose image is larger than the numbers ever reach loses with every
box; so does one that the boxes leave. What cannot be told at odds of 10,000 to 1 is left to the
user.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.geometry.frames import Frame, Order, Sizes, are_swapped, as_corners
from vlmeval_cli.parsing.box_formats import BoxFormat, box_format
from vlmeval_cli.parsing.box_syntaxes import NONE, SYNTAXES, THREE_DIGITS

SURE: Final = 0.9999
_MARGIN: Final = 0.02  # of a side, by which a box may reach over the edge and still fit
_BEYOND: Final = np.log(0.02 / 9)  # one box in fifty is somewhere in three times the image
_FAR_BEYOND: Final = np.log(1e-9)
_FAR: Final = 3.0
_SWAPPED_SHARE: Final = 0.2  # so many boxes with "swapped corners" are widths and heights
_FEWEST_FOR_ORDER: Final = 5
_POSSIBLE: Final = 0.02  # a frame that so many boxes fit is one that somebody may have meant

# How much likelier than pixels a format is before a number is seen. Hardly anybody pads.
_PLAIN: Final = {"pixels": 1.0, "1000": 1.0, "relative": 1.0, "percent": 1e-3, "llava": 1e-5}
_RECORDED_RESIZE: Final = 1e6  # somebody wrote down the size that the model was given
_PRIORS: Final[dict[str, dict[str, float]]] = {
    "pairs": {**_PLAIN, "qwen2-vl": 1e5, "1000": 0.0},  # tags are lost when special tokens are
    "bbox_2d": {"qwen2.5-vl": 1.0, "qwen3-vl": 1.0, "relative": 1e-2, "pixels": 1e-6},
    "box_lists": {"internvl": 1.0, "relative": 1.0},
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
        confidence: its share of the likelihood, 1 where it is certain.
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
    priors = _priors(syntax, sizes)
    if named is not None:
        others = [box_format(n) for n in priors if n != named.name and priors[n] > 0]
        rejected = tuple(one for one in others if _fit(one, evidence).share >= _POSSIBLE)
        return Decision(named, f"named by the user; {told}", 1.0, rejected, own)
    if len(priors) == 1 and not SYNTAXES[syntax].formats[1:]:
        (name,) = priors
        also = tuple(map(box_format, _ALSO_SEEN.get(name, ())))
        return Decision(box_format(name), f"{told}", 1.0, also, own)
    order = _order(evidence) if not SYNTAXES[syntax].formats else "xyxy"
    candidates = [_in_order(box_format(name), order) for name in priors if priors[name] > 0]
    return _weighed(candidates, priors, evidence, told, own, place)


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


def _priors(syntax: str, sizes: Sizes) -> dict[str, float]:
    formats = SYNTAXES[syntax].formats
    if len(formats) == 1:
        return {formats[0]: 1.0}
    priors = dict(_PRIORS.get(syntax, _PLAIN))
    if not formats and not np.isnan(sizes.resized_widths).all():
        priors["resized"] = _RECORDED_RESIZE
    if not sizes.are_known.any():
        priors.pop("llava", None)
    return priors


class _Evidence(NamedTuple):
    """One box of each image: boxes of an image are no independent witnesses."""

    numbers: Array
    sizes: Sizes


def _evidence(written: Written, sizes: Sizes, others: set[str]) -> _Evidence:
    used = np.array([written.syntaxes[i] not in others for i in written.item], dtype=bool)
    used &= np.array([order in (None, "xyxy") for order in written.orders], dtype=bool)
    rows = np.flatnonzero(used)
    _, first = np.unique(written.item[rows], return_index=True)
    rows = rows[first]
    known = sizes.are_known[written.item[rows]]
    if known.any():
        rows = rows[known]
    return _Evidence(written.numbers[rows], sizes.at(written.item[rows]))


def _order(evidence: _Evidence) -> Order:
    """Lists are corners; if many of them cannot be, they are a corner, width and height."""
    n = len(evidence.numbers)
    swapped = int(are_swapped(evidence.numbers).sum())
    return "xywh" if n >= _FEWEST_FOR_ORDER and swapped >= _SWAPPED_SHARE * n else "xyxy"


def _in_order(plain: BoxFormat, order: Order) -> BoxFormat:
    return plain if order == "xyxy" else box_format(f"{order}-{_frame_name(plain)}")


def _frame_name(plain: BoxFormat) -> str:
    names = {"llava": "padded", "qwen2-vl": "1000"}
    return names.get(plain.name, plain.name)


def _weighed(
    candidates: Sequence[BoxFormat],
    priors: dict[str, float],
    evidence: _Evidence,
    told: str,
    own: dict[str, BoxFormat],
    place: str,
) -> Decision:
    fits = [_fit(one, evidence) for one in candidates]
    weights = np.array([fit.log_likelihood for fit in fits])
    weights += np.log([prior for prior in priors.values() if prior > 0])
    best = int(np.argmax(weights))
    is_same = [i != best and _are_same(candidates[i], candidates[best], evidence)
               for i in range(len(candidates))]  # fmt: skip
    weights[is_same] = -np.inf
    shares = np.exp(weights - weights.max())
    shares /= shares.sum()
    described = [
        f"{one.name} ({fit.share:.0%} of the boxes fit their images, confidence {share:.4f})"
        for one, fit, share in zip(candidates, fits, shares, strict=True)
    ]
    if shares[best] < SURE:
        possible = [i for i in np.argsort(-shares) if shares[i] > 1 - SURE]
        _refuse([candidates[i].name for i in possible], [described[i] for i in possible],
                evidence, told, place)  # fmt: skip
    rejected = tuple(
        one
        for i, one in enumerate(candidates)
        if i != best and not is_same[i] and fits[i].share >= _POSSIBLE
    )
    runners_up = [described[i] for i in np.argsort(-shares) if i != best and not is_same[i]]
    beside = f", not {runners_up[0]}" if runners_up else ""
    return Decision(
        candidates[best], f"{told}; {described[best]}{beside}", float(shares[best]), rejected, own
    )


class _Fit(NamedTuple):
    """How well boxes fit a frame; the share of them that is inside the image."""

    log_likelihood: float
    share: float


def _fit(candidate: BoxFormat, evidence: _Evidence) -> _Fit:
    boxes = as_corners(evidence.numbers, candidate.order)
    wide, high = _extents(candidate.frame, evidence)
    if evidence.sizes.are_known.all() or candidate.frame.kind == "relative":
        relative = candidate.frame.relative(boxes, evidence.sizes)
    else:
        relative = boxes / np.column_stack([wide, high, wide, high])
    is_inside = ((relative >= -_MARGIN) & (relative <= 1 + _MARGIN)).all(axis=1)
    is_near = (np.abs(relative) <= _FAR).all(axis=1)
    cost = np.where(is_inside, 0.0, np.where(is_near, _BEYOND, _FAR_BEYOND))
    likelihood = cost - np.log(wide) - np.log(high)
    return _Fit(float(likelihood.sum()), float(is_inside.mean()) if len(boxes) else 0.0)


def _extents(frame: Frame, evidence: _Evidence) -> tuple[Array, Array]:
    """The image in numbers of the frame.

    One of unknown size is as likely as a grid of 1000, and larger where its box is.
    """
    wide, high = frame.extents(evidence.sizes)
    largest = np.maximum(1000.0, evidence.numbers.max(axis=1, initial=0.0))
    return np.where(np.isnan(wide), largest, wide), np.where(np.isnan(high), largest, high)


def _are_same(one: BoxFormat, other: BoxFormat, evidence: _Evidence) -> bool:
    """Whether two frames are one for these images: pixels, and thousandths of 1,000 pixels."""
    if not evidence.sizes.are_known.all():
        return False
    found = (_extents(each.frame, evidence) for each in (one, other))
    (wide, high), (other_wide, other_high) = found
    return bool(
        np.allclose(wide, other_wide, rtol=2e-3) and np.allclose(high, other_high, rtol=2e-3)
    )


def _refuse(
    names: Sequence[str], described: Sequence[str], evidence: _Evidence, told: str, place: str
) -> None:
    low, high = evidence.numbers.min(initial=np.inf), evidence.numbers.max(initial=-np.inf)
    missing = "" if evidence.sizes.are_known.any() else SIZES_WOULD_HELP
    raise UsageError(
        f"{place}: cannot tell what the numbers of the boxes count: {told}, numbers from {low:g} "
        f"to {high:g}; possible: {'; '.join(described)}",
        hint=f"Name it: --box-format {' or --box-format '.join(names)}.{missing}",
    )


SIZES_WOULD_HELP: Final = (
    " The sizes of the images would help (fields such as width and height, in either file)."
)
