"""The exact sign test: are wins and losses as frequent as heads and tails?"""

from __future__ import annotations


def sign_test(wins: int, losses: int) -> float | None:
    """Two-sided p-value of ``wins`` and ``losses`` where either is as likely; ties are left out.

    None where there is neither.

    >>> sign_test(9, 1), sign_test(5, 5), sign_test(0, 0)
    (0.021484375, 1.0, None)
    """
    from scipy.special import bdtr  # only verdicts need it

    n = wins + losses
    return min(1.0, 2.0 * float(bdtr(min(wins, losses), n, 0.5))) if n else None
