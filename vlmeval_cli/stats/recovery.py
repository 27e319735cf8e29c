"""How much of a gain is recovered: the share (run − base) / (full − base) with its interval."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from vlmeval_cli.core.comparison import Difference


class Share(NamedTuple):
    """A ratio of two differences, and its interval."""

    value: float
    low: float | None
    high: float | None


def recovered_share(
    gain: Difference, full_gain: Difference, gap: Difference, confidence: float
) -> Share | None:
    """Which share of the gain of full fine-tuning a run has.

    Three paired differences of the same items hold the covariance of the two gains, since the gap
    is their difference: 2 cov = V(gain) + V(full gain) − V(gap). The interval is that of the delta
    method, which is good where the full gain is many standard errors from 0.

    Args:
        gain: run − base.
        full_gain: full − base.
        gap: run − full, or full − run.
        confidence: of the interval.

    Returns:
        1 where everything is recovered, below 0 where the run is worse than the base; None where
        the full gain is 0 or unknown.
    """
    mine, whole = gain.difference, full_gain.difference
    if mine is None or not whole:
        return None
    share = mine / whole
    errors = [one.standard_error for one in (gain, full_gain, gap)]
    if None in errors:
        return Share(share, None, None)
    own, full, between = (float(error or 0.0) ** 2 for error in errors)
    covariance = (own + full - between) / 2.0
    spread = sqrt(max(0.0, own - 2.0 * share * covariance + share**2 * full)) / abs(whole)
    width = NormalDist().inv_cdf((1.0 + confidence) / 2.0) * spread
    return Share(share, share - width, share + width)
