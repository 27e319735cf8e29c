"""The sign test is scipy's binomial test of one half."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.stats.sign_test import sign_test


@given(st.integers(0, 300), st.integers(0, 300))
def test_it_is_the_exact_binomial_test(wins, losses):
    stats = pytest.importorskip("scipy.stats")
    if wins + losses:
        expected = stats.binomtest(wins, wins + losses, 0.5).pvalue
        assert sign_test(wins, losses) == pytest.approx(expected, rel=1e-9)


def test_mcnemars_vector():
    # 15 against 5 discordant pairs: metric-spec, section 18.
    assert sign_test(15, 5) == pytest.approx(0.0413895, abs=5e-8)


def test_ties_alone_say_nothing():
    assert sign_test(0, 0) is None
