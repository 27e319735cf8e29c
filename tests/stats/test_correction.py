"""Corrections for many comparisons, against worked examples, scipy and their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from vlmeval_cli.stats.correction import adjusted, benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12)


def test_holm_by_hand():
    # Ascending .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04, and never less than before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_adjusted_values_end_at_one():
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_unknown_p_values_stay_unknown_and_do_not_count():
    assert holm([0.01, None, 0.04]) == pytest.approx([0.02, None, 0.04])
    assert benjamini_hochberg([None, 0.01, 0.04]) == pytest.approx([None, 0.02, 0.04])
    assert adjusted([None], "holm") == [None]
    assert adjusted([], "bh") == []


def test_the_name_chooses_the_correction():
    p = [0.01, 0.04, 0.03, 0.005]
    assert adjusted(p, "holm") == holm(p)
    assert adjusted(p, "bh") == benjamini_hochberg(p)
    assert adjusted(p, "none") == p


@given(P_VALUES)
def test_benjamini_hochberg_is_that_of_scipy(p):
    assert benjamini_hochberg(p) == pytest.approx(list(false_discovery_control(p)), abs=1e-15)


@given(P_VALUES, st.floats(0.001, 0.5))
def test_holm_rejects_what_the_step_down_procedure_rejects(p, alpha):
    rejected = set()
    for step, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[i] * (len(p) - step) > alpha:  # the first that stands ends it
            break
        rejected.add(i)
    assert {i for i, value in enumerate(holm(p)) if value <= alpha} == rejected


@given(P_VALUES)
def test_holm_lies_between_the_raw_value_and_bonferroni(p):
    raw, corrected = np.array(p), np.array(holm(p))
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(1.0, raw * len(p)) + 1e-15).all()
