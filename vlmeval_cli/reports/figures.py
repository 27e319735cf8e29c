"""Numbers as people read them; files never use these, they keep full precision."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score

UNKNOWN = "-"
_TINY = 5e-5  # would be shown as 0.0000
_HUGE = 1e12  # longer than anybody reads


@dataclass(frozen=True, slots=True)
class View:
    """How a result is shown.

    Attributes:
        percent: fractions and CIDEr × 100, as published tables print them.
        worst: how many of the lowest items to list.
        cell_limit: characters of a text that a table shows; None shows all.
        width: cells of a terminal, into which the scores of groups have to fit; None: any number.
    """

    percent: bool = False
    worst: int = 0
    cell_limit: int | None = None
    width: int | None = None


def in_points(output: Output) -> bool:
    """Whether published tables print this output × 100."""
    return output.unit == "fraction" or output.unit.lower().startswith("cider")


def figure(value: float | None, output: Output, view: View) -> str:
    """A score in four decimals, or in two of its points; with an exponent where it is huge.

    >>> figure(0.29824, Output("bleu_4"), View()), figure(0.29824, Output("bleu_4"), View(True))
    ('0.2982', '29.82')
    """
    if value is None:
        return UNKNOWN
    if view.percent and in_points(output):
        return _rounded(100 * value, 2)
    return _rounded(value, 4)


def interval(score: Score, view: View) -> str:
    """Bounds of the interval, or a dash."""
    if score.ci_low is None or score.ci_high is None:
        return UNKNOWN
    low, high = (figure(bound, score.output, view) for bound in (score.ci_low, score.ci_high))
    return f"{low} to {high}"


def cell(value: str | float | int | None) -> str:
    """A value of a side table: four decimals for floats, everything else as it is.

    >>> [cell(x) for x in ("a", 12, 1.23456789, None)]
    ['a', '12', '1.2346', '-']
    """
    if value is None or value != value:
        return UNKNOWN
    return _rounded(value, 4) if isinstance(value, float) else str(value)


def _rounded(value: float, digits: int) -> str:
    tiny = _TINY * 10 ** (4 - digits)
    if 0 < abs(value) < tiny:
        return f"{value:.1e}"
    return f"{value:.{digits}e}" if _HUGE <= abs(value) < inf else f"{value:.{digits}f}"
