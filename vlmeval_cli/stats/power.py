"""What a data set can show, and how many items it would take.

Everything here is the normal approximation for a two-sided test at level ``alpha`` (one-sided
where ``sides`` is 1): a difference of ``(z(1 - alpha / sides) + z(power)) × standard error`` is
found with probability ``power``. The standard error shrinks with the root of the number of items,
so that items, like those of the data set, must be independent of each other (or come in clusters
of the same sizes).
"""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()
_FEWEST = 2  # one item has no spread
_MOST = 10**12  # more items than anybody has: as good as never


def smallest_difference(
    standard_error: float, alpha: float = 0.05, power: float = 0.8, sides: int = 2
) -> float:
    """The smallest true difference that this many items show with probability ``power``.

    >>> round(smallest_difference(0.01), 6)
    0.028016
    """
    return (_quantile(1.0 - alpha / sides) + _quantile(power)) * standard_error


def items_needed(
    difference: float,
    standard_error: float,
    n: int,
    alpha: float = 0.05,
    power: float = 0.8,
    sides: int = 2,
) -> int | None:
    """Items that show a true ``difference`` with probability ``power``; None if none do.

    Args:
        difference: in the scale of the metric; its sign does not matter.
        standard_error: of the difference, measured on ``n`` items.
        n: items that the standard error was measured on.
        alpha: level of the test.
        power: probability of finding the difference.
        sides: 2, or 1 for a one-sided test.

    >>> items_needed(0.02, 0.01, 1000)
    1963
    """
    smallest = smallest_difference(standard_error, alpha, power, sides)
    if abs(difference) * sqrt(_MOST) <= smallest * sqrt(n):
        return None
    return max(_FEWEST, ceil(n * (smallest / difference) ** 2))


def power_for(
    difference: float, standard_error: float, alpha: float = 0.05, sides: int = 2
) -> float:
    """Probability of finding a true ``difference``, in its own direction.

    >>> round(power_for(0.028016, 0.01), 3)
    0.8
    """
    if standard_error == 0.0:
        return 1.0 if difference else 0.0
    return _NORMAL.cdf(abs(difference) / standard_error - _quantile(1.0 - alpha / sides))


def expected_standard_error(standard_error: float, correlation: float) -> float:
    """Standard error of the difference to a run that is not there yet.

    Assumes that its score has the same standard error, and that the item scores of the two
    correlate by ``correlation``: 0 for runs that fail on unrelated items, above 0.5 for a model
    and its fine-tuned version.

    >>> expected_standard_error(0.01, 0.5)
    0.01
    """
    return standard_error * sqrt(2.0 * (1.0 - correlation))


def _quantile(probability: float) -> float:
    return _NORMAL.inv_cdf(probability)
