"""Corrections of p-values for the number of comparisons in one report.

A family is every comparison that a report shows. Holm's step-down procedure bounds the chance of
even one false alarm in it (Holm 1979); Benjamini and Hochberg's step-up procedure bounds the
expected share of false alarms among the alarms (1995, doi:10.1111/j.2517-6161.1995.tb02031.x).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal

Correction = Literal["holm", "bh", "none"]


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p-values; an unknown one stays unknown and does not count.

    Holds whatever the dependence between the tests.

    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    return _on_known(p, _holm)


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values that control the false discovery rate; unknown ones do not count.

    Holds for tests that are independent or positively dependent, as comparisons with one baseline
    are.

    >>> [round(value, 3) for value in benjamini_hochberg([0.01, 0.04, 0.03, 0.005])]
    [0.02, 0.04, 0.04, 0.02]
    """
    return _on_known(p, _benjamini_hochberg)


def adjusted(p: Sequence[float | None], correction: Correction) -> list[float | None]:
    """The p-values of one family after ``correction``."""
    if correction == "none":
        return list(p)
    return holm(p) if correction == "holm" else benjamini_hochberg(p)


def _on_known(
    p: Sequence[float | None], correct: Callable[[list[float]], list[float]]
) -> list[float | None]:
    """``p`` with its known values corrected together; ``correct`` takes them ascending."""
    order = sorted((value, i) for i, value in enumerate(p) if value is not None)
    found: list[float | None] = [None] * len(p)
    for (_, i), value in zip(order, correct([value for value, _ in order]), strict=True):
        found[i] = min(1.0, value)
    return found


def _holm(ascending: list[float]) -> list[float]:
    m = len(ascending)
    return list(accumulate(((m - i) * value for i, value in enumerate(ascending)), max))


def _benjamini_hochberg(ascending: list[float]) -> list[float]:
    m = len(ascending)
    scaled = [value * m / (i + 1) for i, value in enumerate(ascending)]
    return list(accumulate(reversed(scaled), min))[::-1]
