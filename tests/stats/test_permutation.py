from itertools import permutations

import numpy as np
import pytest

from vlmeval_cli.stats.permutation import FEWEST, affordable, extremes, orders, share_as_far


def test_items_of_one_cluster_stay_with_clusters_of_their_size():
    clusters = np.array([0, 0, 1, 1, 2, 2, 2, 3])
    sizes = np.bincount(clusters)[clusters]
    for order in orders(8, clusters, count=50, seed=1):
        assert sorted(order.tolist()) == list(range(8))
        assert (sizes[order] == sizes).all()
        for cluster in range(4):  # what comes to the places of a cluster is one cluster, whole
            assert len(set(clusters[order[clusters == cluster]])) == 1


def test_every_order_is_as_likely():
    drawn = [tuple(order.tolist()) for order in orders(3, None, count=6_000, seed=5)]
    counts = [drawn.count(order) for order in permutations(range(3))]
    # multinomial: 1,000 each, standard deviation 28.9
    assert min(counts) > 1_000 - 4 * 29
    assert max(counts) < 1_000 + 4 * 29


def test_the_share_as_far_counts_what_was_found_itself():
    # distances of nine orders; the first was found
    furthest = np.array([2.5, 1.0, 3.0, 2.5, 0.5, 1.5, 1.0, 2.0, 0.1])
    assert share_as_far(furthest, np.array([2.5])).tolist() == [3 / 9]
    assert share_as_far(furthest, np.array([-9.0, 0.0])).tolist() == [0.0, 1.0]


def test_a_column_that_does_not_vary_is_never_extreme():
    scores = np.column_stack([np.ones(10), np.full(10, np.nan), np.arange(10)[::-1]])
    found = extremes(scores, 0.05)
    assert found.corrected.tolist() == [1.0, 1.0, 0.2]  # 9 and 0 lie as far from 4.5
    assert found.p_values[2] == pytest.approx(0.2)


def test_what_exceeds_the_critical_distance_is_significant():
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(400, 25))
    scores[0, :5] += [0.5, 2.0, 3.2, 3.6, 6.0]
    found = extremes(scores, 0.05)
    significant = found.corrected <= 0.05
    assert (significant == (np.abs(found.distance) > found.critical)).all()
    assert significant.any()
    assert not significant.all()


def test_permutations_are_as_many_as_the_work_allows():
    assert affordable(1_000, 1e9) == 999
    assert affordable(2_000_000, 1e9) == 500
    assert affordable(10**9, 1e9) == FEWEST
