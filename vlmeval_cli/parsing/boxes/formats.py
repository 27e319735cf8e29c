"""The box formats that ``--box-format`` knows: what models write, and how to name anything else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, get_args

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.geometry.frames import Frame, Order


@dataclass(frozen=True, slots=True)
class BoxFormat:
    """Order and frame of the numbers of a box.

    Attributes:
        name: as ``--box-format`` takes it.
        order: which number is which corner.
        frame: what the numbers count.
        meaning: the frame in words.
    """

    name: str
    order: Order
    frame: Frame
    meaning: str


_PIXELS = Frame("pixels")
_RELATIVE = Frame("relative")
_PADDED = Frame("padded")
_PADDED_WORDS = "relative to the image padded to a square"


def _grid(divisor: float, shift: float = 0.0) -> Frame:
    return Frame("relative", float(divisor), shift)


# One line a model: order, frame, and the frame in words.
_MODELS: Final[dict[str, tuple[Order, Frame, str]]] = {
    "qwen-vl": ("xyxy", _grid(999), "numbers / 999"),
    "qwen2-vl": ("xyxy", _grid(1000), "numbers / 1000"),
    "qwen2.5-vl": ("xyxy", Frame("resized"), "pixels of the image as smart_resize scales it"),
    "qwen3-vl": ("xyxy", _grid(1000), "numbers / 1000"),
    "paligemma": ("yxyx", _grid(1023), "<locYYYY><locXXXX>, numbers / 1023"),
    "florence-2": ("xyxy", _grid(1000, 0.5), "middles of 1000 bins"),
    "kosmos-2": ("xyxy", _RELATIVE, "cells of a 32 × 32 grid"),
    "internvl": ("xyxy", _grid(1000), "numbers / 1000"),
    "shikra": ("xyxy", _PADDED, _PADDED_WORDS),
    "llava": ("xyxy", _PADDED, _PADDED_WORDS),
    "cogvlm": ("xyxy", _grid(1000), "numbers / 1000"),
    "molmo": ("xyxy", _grid(100), "points in percent"),
    "gemini": ("yxyx", _grid(1000), "top, left, bottom, right, numbers / 1000"),
    "deepseek-vl2": ("xyxy", _grid(999), "numbers / 999"),
    "glm-v": ("xyxy", _grid(1000), "numbers / 1000"),
}
# The frames that may stand behind an order: xywh-pixels, yxyx-1000; alone they mean xyxy.
_FRAMES: Final[dict[str, tuple[Frame, str]]] = {
    "pixels": (_PIXELS, "pixels of the original image"),
    "resized": (Frame("resized"), "pixels of the image as smart_resize scales it"),
    "relative": (_RELATIVE, "fractions of width and height"),
    "padded": (_PADDED, _PADDED_WORDS),
    "percent": (_grid(100), "percent of width and height"),
    "999": (_grid(999), "numbers / 999"),
    "1000": (_grid(1000), "numbers / 1000"),
    "1023": (_grid(1023), "numbers / 1023"),
    "1024": (_grid(1024), "numbers / 1024"),
}
_ORDERS: Final = get_args(Order)
_RESIZE_OPTIONS: Final = ("factor", "min_pixels", "max_pixels")


class BoxChoice(NamedTuple):
    """What ``--box-format`` names; None where it leaves the decision to the data."""

    predictions: BoxFormat | None
    references: BoxFormat | None


def names() -> list[str]:
    """All names of formats: models, then frames in every order."""
    generic = [f"{order}-{frame}" for order in _ORDERS for frame in _FRAMES]
    return [*_MODELS, *_FRAMES, *generic]


def is_model(name: str) -> bool:
    """Whether a format is called by the name of a model."""
    return name.partition(":")[0] in _MODELS


def box_format(name: str) -> BoxFormat:
    """The format called ``name``; frames that are resized take options.

    >>> box_format("xywh-pixels").order, box_format("1000").frame.divisor
    ('xywh', 1000.0)
    >>> box_format("qwen2.5-vl:max_pixels=1003520").frame.resize.max_pixels
    1003520

    Raises:
        UsageError: there is no such format or option.
    """
    known, *options = name.split(":")
    if known in _MODELS:
        order, frame, meaning = _MODELS[known]
    else:
        order, frame, meaning = _generic(known)
    return BoxFormat(name, order, _with_options(frame, known, options), meaning)


def choice(text: str | None) -> BoxChoice:
    """What ``--box-format`` says: PREDICTIONS, PREDICTIONS/REFERENCES or /REFERENCES.

    Raises:
        UsageError: one of the names is unknown.
    """
    if text is None:
        return BoxChoice(None, None)
    mine, _, theirs = text.partition("/")
    if not mine and not theirs:
        raise UsageError('--box-format: got "", expected the name of a format', hint=_known())
    return BoxChoice(
        box_format(mine) if mine else None,
        box_format(theirs) if theirs else None,
    )


def _generic(name: str) -> tuple[Order, Frame, str]:
    order, dash, frame = name.partition("-")
    if not dash:
        order, frame = "xyxy", name
    if order not in _ORDERS or frame not in _FRAMES:
        raise UsageError(
            f"--box-format: unknown format {quoted(name)}. "
            f"{did_you_mean(name, [*_MODELS, *_FRAMES])}",
            hint=_known(),
        )
    found, meaning = _FRAMES[frame]
    return order, found, meaning  # type: ignore[return-value]  # it is one of _ORDERS


def _known() -> str:
    return (
        f"Names of models; or a frame ({', '.join(_FRAMES)}), with an order before it if it is "
        f"not xyxy ({', '.join(_ORDERS[1:])}): xywh-pixels. Behind a slash comes that of the "
        "references: qwen3-vl/xywh-pixels."
    )


def _with_options(frame: Frame, name: str, options: list[str]) -> Frame:
    if not options:
        return frame
    if frame.kind != "resized":
        raise UsageError(
            f"--box-format: {name} takes no options, got {quoted(':'.join(options))}",
            hint=f"Only formats in resized pixels do: qwen2.5-vl:{_RESIZE_OPTIONS[2]}=1003520.",
        )
    values: dict[str, int] = {}
    for option in options:
        key, _, value = option.partition("=")
        if key not in _RESIZE_OPTIONS or not value.isdecimal() or not int(value):
            raise UsageError(
                f"--box-format: got {quoted(option)}, expected one of "
                f"{', '.join(_RESIZE_OPTIONS)} with a whole number above 0",
                hint="Such as qwen2.5-vl:min_pixels=3136:max_pixels=1003520.",
            )
        values[key] = int(value)
    return replace(frame, resize=replace(frame.resize, **values))
