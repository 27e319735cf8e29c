"""Values as JSON bytes: orjson where it can, the standard library where it cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
import orjson


def json_bytes(value: Any, *, indent: bool = False) -> bytes:  # noqa: ANN401  (JSON leaves here)
    r"""``value`` as UTF-8 JSON.

    orjson refuses lone surrogates and integers past 64 bit; the standard library writes the first
    as ``\udXXX`` and the second in full. What is not a finite number becomes ``null``; where that
    needs a reason, the caller tells it (:func:`known`).
    """
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2 if indent else None)
    except TypeError:
        text = json.dumps(_without_nan(value), allow_nan=False, indent=2 if indent else None)
        return text.encode("ascii")


def exact_line(row: Mapping[str, Any]) -> bytes:
    """A row in one line, as exact as it was read: also NaN, and halves of characters."""
    try:
        return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can hold
        return (json.dumps(row) + "\n").encode("ascii")


def known(value: float | None) -> float | None:
    """``value``, or None where it is no finite number: JSON has no other."""
    return None if value is None or not isfinite(value) else float(value)


def _without_nan(value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """A copy of ``value`` in what the standard library writes as orjson would."""
    if isinstance(value, float):
        return known(value)
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value if isinstance(value, str | int | None) else _without_nan(_plain(value))


def _plain(value: object) -> object:
    """Containers and numbers that JSON libraries do not know."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
