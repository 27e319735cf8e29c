"""Exact McNemar test for answers that are right or wrong.

McNemar 1947, doi:10.1007/BF02295996. Only the items on which the two runs disagree say anything:
under no difference each is as likely to be a win as a loss.
"""

from __future__ import annotations


def exact_mcnemar(wins: int, losses: int) -> float:
    """Two-sided p-value, ``min(1, 2 P(Bin(wins + losses, 1/2) <= min(wins, losses)))``.

    >>> round(exact_mcnemar(15, 5), 7)
    0.0413895
    >>> exact_mcnemar(0, 0)
    1.0
    """
    from scipy.special import bdtr  # loaded by those who test

    if not wins + losses:
        return 1.0
    return min(1.0, 2.0 * float(bdtr(min(wins, losses), wins + losses, 0.5)))


def odds_ratio(wins: int, losses: int) -> float | None:
    """Wins for every loss; None without losses, where it has no finite value."""
    return wins / losses if losses else None
