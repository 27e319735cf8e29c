"""Approximate and exact randomisation against the definition, and against scipy."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paired_metrics import Mean, PooledMean, Ratio, compare, counted, pooled, scored
from scipy.stats import permutation_test

from vlmeval_cli.stats.randomization import BLOCK, assignments, swapped_bits, unpacked

values = st.lists(st.tuples(*[st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 1.0])] * 2), min_size=1,
                  max_size=9)  # fmt: skip
counts = st.lists(st.tuples(*[st.integers(0, 3)] * 2, *[st.integers(1, 4)] * 2), min_size=1,
                  max_size=8)  # fmt: skip


def ratio(rows):
    return sum(row[0] for row in rows) / sum(row[1] for row in rows)


def plain_p(mine, theirs, units):
    """Share of all assignments with a difference at least as large, item by item."""
    observed = abs(ratio(mine) - ratio(theirs))
    numbers = sorted({*units})
    found = []
    for swaps in product([False, True], repeat=len(numbers)):
        is_swapped = dict(zip(numbers, swaps, strict=True))
        pairs = [
            (b, a) if is_swapped[unit] else (a, b)
            for a, b, unit in zip(mine, theirs, units, strict=True)
        ]
        change = ratio([a for a, _ in pairs]) - ratio([b for _, b in pairs])
        found.append(abs(change) >= observed - 1e-9)
    return np.mean(found)


@given(counts)
@settings(max_examples=60, deadline=None)
def test_few_items_are_enumerated(rows):
    mine, theirs = [(r[0], r[2]) for r in rows], [(r[1], r[3]) for r in rows]
    found = compare(Ratio(), counted(mine), counted(theirs), resamples=0)
    assert found.p_value == pytest.approx(plain_p(mine, theirs, range(len(rows))), abs=1e-12)
    differ = sum(a != b for a, b in zip(mine, theirs, strict=True))
    assert found.test == f"exact randomisation, {2**differ:,} assignments"


@given(counts, st.data())
@settings(max_examples=60, deadline=None)
def test_a_cluster_is_swapped_as_one(rows, data):
    mine, theirs = [(r[0], r[2]) for r in rows], [(r[1], r[3]) for r in rows]
    drawn = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    clusters = np.unique(drawn, return_inverse=True)[1].astype(np.int64)
    found = compare(Ratio(), counted(mine), counted(theirs), clusters=clusters, resamples=0)
    expected = plain_p(mine, theirs, clusters.tolist())
    assert found.p_value == pytest.approx(expected, abs=1e-12)
    assert found.test.endswith(", by cluster")


@given(values)
@settings(max_examples=40, deadline=None)
def test_means_agree_with_scipys_permutation_test(rows):
    mine, theirs = np.array(rows).T
    found = compare(Mean(), scored(mine), scored(theirs), resamples=0)
    if len(rows) > 1:
        # scipy compares without a tolerance for rounding unless differences are whole numbers
        expected = permutation_test(
            (np.rint(10 * mine), np.rint(10 * theirs)),
            lambda x, y: np.sum(x - y),
            permutation_type="samples",
            n_resamples=np.inf,
        )
        assert found.p_value == pytest.approx(expected.pvalue, abs=1e-12)


def test_random_trials_come_near_the_exact_p_value():
    # 13 items, one more than are enumerated; scipy tries all 2^13 assignments
    rng = np.random.default_rng(5)
    mine, theirs = rng.integers(0, 9, 13) + 1.0, rng.integers(0, 9, 13)
    exact = permutation_test(
        (mine, theirs),
        lambda x, y: np.mean(x) - np.mean(y),
        permutation_type="samples",
        n_resamples=np.inf,
    ).pvalue
    found = compare(Mean(), scored(mine), scored(theirs), resamples=0, trials=20_000)
    assert found.test == "approximate randomisation, 20,000 trials"
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000))


def test_trials_are_counted_with_the_observed_one():
    mine, theirs = np.arange(40.0) + 1000.0, np.arange(40.0)  # no trial comes near
    assert compare(Mean(), scored(mine), scored(theirs), trials=99).p_value == 0.01


def test_trials_follow_the_definition_one_by_one():
    rng = np.random.default_rng(6)
    mine = np.column_stack([rng.integers(0, 4, 50), rng.integers(1, 5, 50)])
    theirs = np.column_stack([rng.integers(0, 4, 50), rng.integers(1, 5, 50)])
    observed, far = abs(ratio(mine) - ratio(theirs)), 0
    ((_, bits),) = swapped_bits(50, (12345, 0))
    for swapped in unpacked(bits, 150).T.astype(bool):
        first = np.where(swapped[:, None], theirs, mine)
        second = np.where(swapped[:, None], mine, theirs)
        far += abs(ratio(first) - ratio(second)) >= observed - 1e-9
    found = compare(Ratio(), counted(mine), counted(theirs), resamples=0, trials=150)
    assert found.p_value == (far + 1) / 151


def test_more_trials_keep_the_first_ones():
    ((_, bits),) = swapped_bits(70, (1, 0))
    assert bits.shape == (70, BLOCK // 8)
    assert (unpacked(bits, 100) == unpacked(bits, BLOCK)[:, :100]).all()


def test_half_of_the_items_are_swapped():
    bits = np.concatenate([bits for _, bits in swapped_bits(9_000, (1, 0))])
    weights = unpacked(bits, BLOCK)
    assert weights.mean() == pytest.approx(0.5, abs=0.002)
    assert np.abs(weights.mean(axis=0) - 0.5).max() < 0.03
    assert np.abs(np.corrcoef(weights[:, :20].T) - np.eye(20)).max() < 0.06


def test_every_assignment_is_tried_once():
    assert sorted(map(tuple, assignments(2).tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert assignments(0).shape == (1, 0)


def test_the_same_seed_gives_the_same_p_value():
    rng = np.random.default_rng(7)
    sides = scored(rng.random(60)), scored(rng.random(60))
    found = [compare(Mean(), *sides, trials=300, seed=seed).p_value for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_an_undefined_swapped_score_counts_against_the_difference():
    # swapping the only item that has a denominator leaves one run without a score
    mine = counted([[1, 2], [0, 0]])
    theirs = counted([[0, 0], [1, 1]])
    found = compare(Ratio(), mine, theirs, resamples=0)
    assert found.p_value == 1.0


@pytest.mark.parametrize("clusters", [None, np.arange(40) // 3])
@pytest.mark.parametrize("items", [None, [0, 3, 7, 8], np.arange(5, 35)])
def test_a_pooled_metric_is_randomised_by_the_same_swaps(items, clusters):
    rng = np.random.default_rng(9)
    mine, theirs = rng.random(40), rng.random(40)
    how = {"items": items, "clusters": clusters, "trials": 600, "test": "randomization"}
    found = compare(PooledMean(), pooled(mine, [7]), pooled(theirs, [11]), **how)
    mean = compare(Mean(), scored(mine, [7]), scored(theirs, [11]), **how)
    if found.test == mean.test:
        assert found.p_value == mean.p_value
    else:  # whether a pooled score moves with an item is not known before
        assert found.p_value == pytest.approx(mean.p_value, abs=0.08)
