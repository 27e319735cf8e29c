"""Fields of many different numbers become a few ranges that hold about as many items each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vlmeval_cli.core.batch import Array, Ints

MOST_VALUES = 20  # more different numbers than these become ranges
N_RANGES = 4
NONE = "(none)"
# A text is a number unless it begins with a zero that says it is a name: "007", "000123".
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Ranges:
    """Numbers as ranges.

    Attributes:
        codes: range of every value, ascending; the last one is of absent values, if there are any.
        names: "18 to 24", from the lowest to the highest value in it.
        how: what was done, in words.
    """

    codes: Ints
    names: Sequence[str]
    how: str


def numbers_in(values: Sequence[object]) -> Array | None:
    """The values as numbers, NaN where absent; None if some are no numbers, or all are absent."""
    kinds = set(map(type, values)) - {type(None)}
    if not kinds or not kinds <= {int, float, str}:
        return None
    if str in kinds and not all(
        _NUMBER.fullmatch(value) for value in values if isinstance(value, str) and value
    ):
        return None
    given = [np.nan if value is None or value == "" else value for value in values]
    numbers = np.array(given, dtype=np.float64)
    return None if np.isnan(numbers).all() else numbers


def ranges(
    values: Sequence[object], most_values: int = MOST_VALUES, n_ranges: int = N_RANGES
) -> Ranges | None:
    """Ranges that part the numbers at their quantiles; None where they are few, or no numbers.

    Equal numbers are never parted, so that there may be fewer ranges.
    """
    numbers = numbers_in(values)
    if numbers is None or len(np.unique(numbers[~np.isnan(numbers)])) <= most_values:
        return None
    is_known = np.isfinite(numbers)
    known = numbers[is_known]
    shares = np.arange(1, n_ranges) / n_ranges
    edges = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    _, own = np.unique(np.searchsorted(edges, known, side="left"), return_inverse=True)
    names = [_named(known[own == code]) for code in range(int(own.max()) + 1)]
    codes = np.full(len(numbers), len(names), dtype=np.int64)
    codes[is_known] = own
    how = f"{len(np.unique(known)):,} different numbers are scored in {len(names)} ranges"
    return Ranges(codes, [*names, NONE] if not is_known.all() else names, how)


def _named(numbers: Array) -> str:
    low, high = _written(float(numbers.min())), _written(float(numbers.max()))
    return low if low == high else f"{low} to {high}"


def _written(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.6g}"
