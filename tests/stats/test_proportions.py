"""Intervals of shares."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from vlmeval_cli.stats.proportions import independent_items, wilson


@pytest.mark.parametrize(("right", "n"), [(0, 20), (1, 7), (9, 10), (50, 100), (200, 200)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_that_of_scipy(right, n, confidence):
    theirs = binomtest(right, n).proportion_ci(confidence, method="wilson")
    assert wilson(right / n, n, confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize("p", [0.5, 0.9, 0.97, 0.99])
def test_wilson_covers_what_it_promises(p):
    n = 200  # exactly: the probability of the counts whose interval holds p
    counts = np.arange(n + 1)
    held = [wilson(k / n, n, 0.95)[0] <= p <= wilson(k / n, n, 0.95)[1] for k in counts]
    assert 0.93 <= binom.pmf(counts, n, p)[held].sum() <= 0.97


def test_items_that_always_agree_in_pairs_are_worth_half():
    # 100 clusters of two equal items: the variance of the share is p(1 - p) / 100
    assert independent_items(0.5, 0.25 / 100, 200, 100) == pytest.approx(100)
    assert independent_items(0.5, 0.25 / 300, 200, 100) == 200  # never more than there are
    assert independent_items(1.0, 0.0, 200, 100) == 100
