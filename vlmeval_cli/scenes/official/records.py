"""What the SPICE program writes of an item, as values."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose, isfinite
from typing import Any

import numpy as np

from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.scenes.tuples import CATEGORIES, Found, Scene, SceneTuple

_COUNTS = ("tp", "fp", "fn")
_SIDES = ("test_tuples", "ref_tuples")
_SAME = 1e-6  # recorded with six digits or more


def found_in(record: Any, where: str) -> Found:  # noqa: ANN401  (JSON)
    """The counts and tuples of one record of the program's output.

    Categories that were not asked for have no tuples here, and so no score.

    Args:
        record: ``{"scores": {"All": {"tp", "fp", "fn", …}, …}, "test_tuples", "ref_tuples"}``.
        where: file and place of the record, for messages.

    Raises:
        DataError: it is no such record.
    """
    scores = _mapping(_mapping(record, where).get("scores"), f"{where}, scores")
    if "All" not in scores:
        raise DataError(f"{where}, scores: got {_names(scores)}, expected a key All among them")
    counts = np.zeros((len(CATEGORIES), len(_COUNTS)), dtype=np.int64)
    for i, category in enumerate(CATEGORIES):
        if category in scores:
            counts[i] = _counts(scores[category], f"{where}, scores.{category}")
    return Found(counts, _scene(record, where))


def _counts(evaluation: Any, where: str) -> tuple[int, ...]:  # noqa: ANN401  (JSON)
    values = _mapping(evaluation, where)
    counts = tuple(_count(values.get(name), f"{where}.{name}") for name in _COUNTS)
    told, ours = values.get("f"), _f_of(*counts)
    if isinstance(told, int | float) and isfinite(told) and not isclose(told, ours, abs_tol=_SAME):
        raise DataError(
            f"{where}.f: got {told}, expected {ours:.6g}, the F of its tp, fp and fn",
            hint="The file was changed, or is no output of SPICE.",
        )
    return counts


def _count(value: Any, where: str) -> int:  # noqa: ANN401  (JSON)
    is_count = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_count or not isfinite(value) or value < 0 or value != int(value):
        raise DataError(f"{where}: got {quoted(value)}, expected a whole number from 0 up")
    return int(value)


def _f_of(tp: int, fp: int, fn: int) -> float:
    return 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def _scene(record: Mapping[str, Any], where: str) -> Scene | None:
    if not all(side in record for side in _SIDES):
        return None  # the program was not asked for the tuples
    prediction, references = (_tuples(record[side], f"{where}, {side}") for side in _SIDES)
    return Scene(prediction, references)


def _tuples(given: Any, where: str) -> tuple[SceneTuple, ...]:  # noqa: ANN401  (JSON)
    if not isinstance(given, list):
        raise DataError(f"{where}: got {quoted(given)}, expected a list of tuples")
    return tuple(_tuple(one, f"{where}[{i}]") for i, one in enumerate(given))


def _tuple(given: Any, where: str) -> SceneTuple:  # noqa: ANN401  (JSON)
    value = _mapping(given, where)
    words, is_matched = value.get("tuple"), value.get("truth_value")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DataError(f"{where}.tuple: got {quoted(words)}, expected a list of words")
    if not isinstance(is_matched, bool):
        raise DataError(f"{where}.truth_value: got {quoted(is_matched)}, expected true or false")
    return SceneTuple(tuple(words), is_matched)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:  # noqa: ANN401  (JSON)
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: got {quoted(value)}, expected a JSON object")
    return value


def _names(values: Mapping[str, Any]) -> str:
    return ", ".join(map(quoted, values)) or "no keys"
