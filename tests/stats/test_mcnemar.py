"""Exact McNemar test."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paired_metrics import Mean, compare, scored
from scipy.stats import binomtest

from vlmeval_cli.core.config import PairPolicy
from vlmeval_cli.stats.mcnemar import exact_mcnemar, odds_ratio


def test_fifteen_wins_and_five_losses():
    assert exact_mcnemar(15, 5) == pytest.approx(0.0413895, abs=5e-8)


@given(st.integers(0, 400), st.integers(0, 400))
def test_it_is_the_binomial_test_of_one_half(wins, losses):
    expected = binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert exact_mcnemar(wins, losses) == pytest.approx(expected, rel=1e-10)


def test_many_items_are_no_trouble():
    expected = binomtest(50_300, 100_000).pvalue
    assert exact_mcnemar(50_300, 49_700) == pytest.approx(expected, rel=1e-9)


def test_without_discordant_pairs_nothing_speaks_for_a_difference():
    assert exact_mcnemar(0, 0) == 1.0


def test_an_odds_ratio_needs_a_loss():
    assert odds_ratio(6, 3) == 2.0
    assert odds_ratio(0, 3) == 0.0
    assert odds_ratio(3, 0) is None


def test_right_and_wrong_answers_are_tested_by_it():
    mine = np.array([1] * 15 + [0] * 5 + [1] * 30)
    theirs = np.array([0] * 15 + [1] * 5 + [1] * 30)
    found = compare(Mean(binary=True), scored(mine), scored(theirs))
    assert found.p_value == pytest.approx(0.0413895, abs=5e-8)
    assert (found.test, found.wins, found.losses, found.effect) == ("exact McNemar", 15, 5, 3.0)


def test_where_a_lower_score_is_better_a_win_is_a_zero():
    found = compare(
        Mean(binary=True, higher_is_better=False), scored([0, 0, 0, 1]), scored([1, 1, 0, 0])
    )
    assert (found.wins, found.losses, found.difference) == (2, 1, -0.25)


def test_the_policy_refuses_what_it_does_not_know():
    from vlmeval_cli.core.errors import UsageError

    for wrong in ({"test": "t"}, {"trials": -1}, {"correction": "sidak"}, {"margin": 0.0}):
        with pytest.raises(UsageError, match=f"^{next(iter(wrong))}: got "):
            PairPolicy(**wrong)
    for wrong in ({"trials": True}, {"margin": "1"}, {"margin": float("nan")}):
        with pytest.raises(UsageError):
            PairPolicy(**wrong)
