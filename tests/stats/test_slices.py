"""Slices that differ from the rest: planted ones are found, and chance is told from effect."""

import numpy as np
import pytest

from vlmeval_cli.stats.slices import SlicePolicy, find_slices


def columns_of(rng, n, n_columns, n_labels=4):
    return [rng.integers(0, n_labels, n) for _ in range(n_columns)]


def search(values, columns, clusters=None, **policy):
    return find_slices(np.array(values, dtype=float), columns, clusters, SlicePolicy(**policy))


def test_a_slice_stands_beside_the_items_that_are_not_in_it():
    column = np.repeat([0, 1, 2], [30, 40, 50])
    values = np.concatenate([np.tile([0.0, 1.0], 15), np.ones(40), np.tile([0.0, 1.0], 25)])
    found = search(values, [column])
    assert found.n_looked_at == 3
    (one,) = [one for one in found.strongest if one.parts == ((0, 1),)]
    assert (one.n, one.score, one.rest, one.difference) == (40, 1.0, 0.5, 0.5)


def test_slices_that_are_too_small_or_more_than_half_are_not_looked_at():
    column = np.repeat([0, 1, 2], [60, 21, 19])
    assert search(np.arange(100), [column]).n_looked_at == 1
    assert search(np.arange(100), [column], least=10).n_looked_at == 2
    assert search(np.arange(100), [column], most_share=0.7).n_looked_at == 2


def test_labels_of_minus_one_are_in_no_slice():
    column = np.repeat([-1, 0], [50, 50])
    assert search(np.arange(100), [column]).n_looked_at == 1


def test_items_without_a_score_are_left_out():
    column = np.repeat([0, 1], [50, 50])
    values = np.tile([0.0, 1.0, 1.0, 0.0], 25)
    values[:20] = np.nan
    (one,) = [one for one in search(values, [column]).strongest if one.parts == ((0, 0),)]
    assert (one.n, one.score) == (30, values[20:50].mean())


def test_scores_that_are_all_the_same_have_no_slices():
    found = search(np.ones(100), [np.repeat([0, 1], 50)])
    assert (found.slices, found.n_permutations) == ([], 0)


@pytest.mark.parametrize("n", [300, 4_000])  # 4,000 items count four columns at a time
def test_pairs_are_counted_as_they_are(n):
    rng = np.random.default_rng(12)
    columns, values = columns_of(rng, n, 5, 3), rng.random(n)
    found = search(values, columns, least=1, most_share=1.0)
    assert found.n_looked_at == 5 * 3 + 10 * 9
    for one in found.strongest:
        inside = np.all([columns[column] == label for column, label in one.parts], axis=0)
        assert one.n == inside.sum()
        assert one.difference == pytest.approx(values[inside].mean() - values[~inside].mean())


def test_planted_slices_are_found_and_nothing_else():
    rng = np.random.default_rng(0)
    columns = columns_of(rng, 2_000, 8)
    likely = np.where((columns[0] == 1) & (columns[3] == 2), 0.4, 0.85)
    likely = likely - 0.15 * (columns[5] == 3)
    found = search(rng.random(2_000) < likely, columns)
    assert [one.parts for one in found.slices] == [((0, 1), (3, 2)), ((5, 3),)]
    assert found.slices[0].p_corrected == 0.001
    assert found.slices[0].high < 0.0
    assert found.n_repeats > 0  # its halves, and pairs with the other one


def test_a_slice_that_scores_higher_is_found_too():
    rng = np.random.default_rng(1)
    columns = columns_of(rng, 1_000, 4)
    found = search(rng.random(1_000) < np.where(columns[2] == 0, 0.95, 0.6), columns)
    assert [one.parts for one in found.slices] == [((2, 0),)]
    assert found.slices[0].low > 0.0


def test_a_pair_that_is_no_worse_than_its_half_is_not_told():
    rng = np.random.default_rng(2)
    columns = columns_of(rng, 1_500, 3)
    found = search(rng.random(1_500) < np.where(columns[0] == 0, 0.3, 0.9), columns)
    assert [one.parts for one in found.slices] == [((0, 0),)]
    assert found.n_repeats >= 4


def test_a_second_name_of_the_same_items_is_not_told():
    rng = np.random.default_rng(3)
    column = rng.integers(0, 4, 800)
    values = rng.random(800) < np.where(column == 0, 0.4, 0.9)
    found = search(values, [column, 3 - column])
    assert len(found.slices) == 1


def test_what_is_left_when_a_slice_is_taken_out_is_not_told_as_better():
    rng = np.random.default_rng(4)
    column = np.repeat([0, 1], 400)
    found = search(rng.random(800) < np.where(column == 0, 0.5, 0.9), [column])
    assert len(found.slices) == 1


def false_alarms(make, n_runs):
    return np.mean([bool(make(np.random.default_rng((5, run)), run)) for run in range(n_runs)])


def test_data_without_slices_raise_few_alarms():
    def make(rng, run):
        columns = columns_of(rng, 400, 6)
        return search(rng.random(400) < 0.9, columns, seed=run, most_permutations=199).slices

    assert false_alarms(make, 150) <= 0.05 + 3 * 0.0178  # three standard errors of a share of 150


def test_the_same_of_skewed_scores_and_items_that_share_an_image():
    def make(rng, run):
        clusters = np.repeat(np.arange(400), rng.integers(1, 5, 400))[:500]
        columns = columns_of(rng, 500, 3)
        columns += [column[clusters] for column in columns_of(rng, 400, 3)]  # of whole images
        values = np.exp(rng.normal(0.0, 0.5, 500) + rng.normal(0.0, 1.5, 400)[clusters])
        return search(values, columns, clusters, seed=run, most_permutations=199).slices

    assert false_alarms(make, 150) <= 0.05 + 3 * 0.0178


def test_without_clusters_shared_images_would_raise_many_alarms():
    def make(rng, run):
        clusters = np.repeat(np.arange(80), 5)
        columns = [column[clusters] for column in columns_of(rng, 80, 5)]
        values = rng.normal(0.0, 0.3, 400) + rng.normal(0.0, 1.0, 80)[clusters]
        return search(values, columns, seed=run, most_permutations=199).slices

    assert false_alarms(make, 30) > 0.5


def test_the_order_of_the_items_does_not_decide_what_is_found():
    rng = np.random.default_rng(9)
    columns = columns_of(rng, 600, 4)
    values = (rng.random(600) < np.where(columns[1] == 2, 0.4, 0.9)).astype(float)
    order = rng.permutation(600)
    one, other = search(values, columns), search(values[order], [c[order] for c in columns])
    assert [found.parts for found in one.slices] == [found.parts for found in other.slices]
    assert one.n_looked_at == other.n_looked_at
