"""Differences of runs against their definitions, written out item by item."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paired_metrics import Mean, PooledMean, Ratio, compare, counted, pooled, scored

from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.stats.bootstrap import MULTINOMIAL_LIMIT, weight_blocks
from vlmeval_cli.stats.paired import Resampling, differences
from vlmeval_cli.stats.rescoring import Subset

RNG = np.random.default_rng(20)
A, B = RNG.random(60), RNG.random(60)
EVERY = (Subset(),)
tables = st.lists(
    st.tuples(*[st.integers(0, 4)] * 2, *[st.integers(1, 5)] * 2), min_size=3, max_size=12
)


def plain_differences(mine, theirs, shared, *, resamples, seed=12345):
    """Resampled differences of ratios, one resample and one item at a time."""
    found = []
    for block in weight_blocks(len(mine), n_resamples=resamples, seed=seed):
        for weights in block.tolist():
            scores = []
            for table in (mine, theirs):
                above = sum(weights[i] * table[i][0] for i in shared)
                below = sum(weights[i] * table[i][1] for i in shared)
                scores.append(above / below if below else float("nan"))
            found.append(scores[0] - scores[1])
    return np.array(found)


@given(tables, st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
@settings(max_examples=60, deadline=None)
def test_the_interval_is_that_of_resampled_differences_over_shared_items(rows, lost_a, lost_b):
    mine, theirs = [(r[0], r[2]) for r in rows], [(r[1], r[3]) for r in rows]
    places = range(len(rows))
    lost_a, lost_b = lost_a & {*places}, lost_b & {*places}
    shared = [i for i in places if i not in lost_a | lost_b]
    found = compare(
        Ratio(), counted(mine, lost_a), counted(theirs, lost_b), resamples=80, test="bootstrap"
    )
    assert (found.n, found.dropped) == (len(shared), len(lost_a ^ lost_b))
    if not shared:
        assert found.difference is None
        assert found.reason == "no item has a score in both runs"
        return
    draws = plain_differences(mine, theirs, shared, resamples=80)
    observed = sum(mine[i][0] for i in shared) / sum(mine[i][1] for i in shared) - sum(
        theirs[i][0] for i in shared
    ) / sum(theirs[i][1] for i in shared)
    assert found.difference == pytest.approx(observed, abs=1e-12)
    known = draws[~np.isnan(draws)]
    if 2 * len(known) > len(draws) and found.low is not None:
        low, narrow_low, narrow_high, high = np.quantile(known, [0.025, 0.05, 0.95, 0.975])
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
        if found.narrow_low is not None:
            expected = pytest.approx((narrow_low, narrow_high), abs=1e-12)
            assert (found.narrow_low, found.narrow_high) == expected
        assert found.standard_error == pytest.approx(known.std(ddof=1), abs=1e-12)
        far = np.abs(known - known.mean()) >= abs(observed) - 1e-9
        assert found.p_value == (far.sum() + 1) / (len(known) + 1)


def test_the_bootstrap_is_paired():
    noise = RNG.normal(size=200) * 0.01
    base = RNG.random(200)
    found = compare(Mean(), scored(base + noise + 0.01), scored(base), test="bootstrap")
    assert found.standard_error == pytest.approx(noise.std(ddof=1) / np.sqrt(200), rel=0.15)
    assert found.low > 0


def test_large_files_are_resampled_by_the_weights_of_their_scores():
    n = MULTINOMIAL_LIMIT + 10
    mine, theirs = RNG.random(n), RNG.random(n)
    found = compare(Mean(), scored(mine), scored(theirs), resamples=100, trials=0)
    (draws,) = ([],)
    for block in weight_blocks(n, n_resamples=100, seed=12345):
        weights = block.astype(float)
        draws.extend((weights @ mine - weights @ theirs) / weights.sum(axis=1))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])))


def test_a_difference_is_never_flipped_and_wins_respect_the_direction():
    losses = compare(Mean(higher_is_better=False), scored([0.1, 0.5, 0.9]), scored([0.2, 0.5, 0.3]))
    assert losses.difference == pytest.approx(0.5 / 3)
    assert (losses.wins, losses.losses, losses.ties) == (1, 1, 1)
    gains = compare(Mean(), scored([0.1, 0.5, 0.9]), scored([0.2, 0.5, 0.3]))
    assert gains.difference == losses.difference
    gains = compare(Mean(), scored([0.9, 0.5, 0.9]), scored([0.2, 0.5, 0.3]))
    assert (gains.wins, gains.losses, gains.ties) == (2, 0, 1)


def test_differences_below_rounding_are_ties():
    found = compare(Mean(), scored([0.3, 0.5, 0.1]), scored([0.1 + 0.2, 0.5, 0.2]))
    assert (found.wins, found.losses, found.ties) == (0, 1, 2)


def test_the_effect_of_scores_is_cohens_d_of_the_paired_differences():
    # differences .2, 0, .1: mean .1, standard deviation .1
    found = compare(Mean(), scored([0.7, 0.5, 0.4]), scored([0.5, 0.5, 0.3]))
    assert found.effect == pytest.approx(1.0)
    assert found.effect_name == "Cohen's d of paired differences"


def test_the_effect_of_right_answers_is_the_odds_ratio_of_discordant_pairs():
    mine, theirs = [1, 1, 1, 0, 1, 0], [0, 0, 0, 1, 1, 0]
    found = compare(Mean(binary=True), scored(mine), scored(theirs))
    assert (found.effect, found.effect_name) == (3.0, "odds ratio of discordant pairs")
    found = compare(Mean(binary=True), scored([1, 1, 0]), scored([0, 1, 0]))
    assert found.effect is None
    assert found.effect_name == "odds ratio of discordant pairs (undefined without losses)"


def test_scores_that_items_do_not_have_have_no_effect_size():
    found = compare(Ratio(), counted([[1, 2], [2, 2]]), counted([[0, 2], [2, 3]]))
    assert (found.effect, found.wins, found.losses, found.ties) == (None, None, None, None)


@pytest.mark.parametrize("test", ["auto", "bootstrap", "randomization", "mcnemar", "comet"])
@pytest.mark.parametrize("binary", [False, True])
def test_identical_runs_do_not_differ(test, binary):
    values = (A > 0.5) if binary else A
    found = compare(Mean(binary=binary), scored(values), scored(values), test=test, trials=100)
    assert (found.difference, found.p_value, found.low, found.high) == (0.0, 1.0, 0.0, 0.0)
    assert (found.wins, found.losses, found.ties) == (0, 0, 60)


def test_without_items_nothing_is_known():
    found = compare(Mean(), scored([]), scored([]))
    assert (found.value, found.against, found.difference, found.p_value) == (None,) * 4
    assert (found.n, found.reason) == (0, "no item has a score in both runs")


def test_one_item_has_no_interval():
    found = compare(Mean(), scored([0.5]), scored([0.25]), test="bootstrap")
    assert (found.difference, found.low, found.p_value) == (0.25, None, None)
    assert found.reason == "there is only one unit to resample"
    assert compare(Mean(), scored([0.5]), scored([0.25])).p_value == 1.0


def test_resampling_can_be_turned_off():
    found = compare(Mean(), scored(A), scored(B), resamples=0, trials=50)
    assert (found.low, found.high, found.standard_error) == (None, None, None)
    assert 0.0 < found.p_value <= 1.0
    found = compare(Mean(), scored(A), scored(B), resamples=0, test="bootstrap")
    assert (found.p_value, found.reason) == (None, "no resamples were asked for")
    found = compare(Mean(), scored(A), scored(B), trials=0)
    assert (found.p_value, found.reason) == (None, "no randomisation trials were asked for")
    assert found.low < found.difference < found.high


def test_an_infinite_score_has_no_difference():
    mine, theirs = np.array([np.inf, 0.5]), np.array([0.5, 0.5])
    found = compare(Mean(), scored(mine), scored(theirs))
    assert (found.value, found.difference, found.p_value) == (None, None, None)
    assert found.reason == "the score is not a finite number"


def test_an_undefined_score_says_so():
    found = compare(Ratio(), counted([[0, 0], [0, 0]]), counted([[1, 2], [1, 2]]))
    assert (found.value, found.against, found.difference) == (None, 0.5, None)
    assert found.reason == "undefined for these items"


def several(metrics, runs, pairs, subsets=EVERY, clusters=None, **policy):
    resampling = Resampling(
        clusters, StatisticsPolicy(resamples=120), PairPolicy(trials=300, **policy), 60
    )
    return differences(metrics, runs, pairs, subsets, resampling)


def three_runs():
    """Means, ratios, pooled means and right answers of three runs."""
    rng = np.random.default_rng(8)
    runs = []
    for _ in range(3):
        values = rng.random(60)
        table = np.column_stack([rng.integers(0, 4, 60), rng.integers(3, 6, 60)])
        runs.append([scored(values), counted(table), pooled(values), scored(values > 0.4)])
    return [Mean(), Ratio(), PooledMean(), Mean(binary=True)], runs


@pytest.mark.parametrize("clusters", [None, np.arange(60) // 4])
@pytest.mark.parametrize("test", ["auto", "bootstrap", "randomization", "sacrebleu_bs", "comet"])
def test_a_pair_is_the_same_alone_and_among_others(test, clusters):
    metrics, runs = three_runs()
    pairs = [(1, 0), (2, 0), (2, 1)]
    subsets = [Subset(), Subset(np.arange(30)), Subset(np.arange(10, 20))]
    together = several(metrics, runs, pairs, subsets, clusters, test=test)
    for s, subset in enumerate(subsets):
        for p, pair in enumerate(pairs):
            for m, metric in enumerate(metrics):
                alone = several(
                    [metric], [[own[m]] for own in runs], [pair], [subset], clusters, test=test
                )
                for name, found in alone[0][0][0].items():
                    other = together[s][p][m][name]
                    assert found.p_value == other.p_value
                    assert found.test == other.test
                    ours, theirs = (one.low and (one.low, one.high) for one in (found, other))
                    assert ours == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("test", ["auto", "bootstrap", "randomization"])
def test_single_item_clusters_are_items(test):
    metrics, runs = three_runs()
    metrics, runs = metrics[:3], [own[:3] for own in runs]
    (items,) = several(metrics, runs, [(0, 1)], test=test)
    (clustered,) = several(metrics, runs, [(0, 1)], clusters=np.arange(60), test=test)
    for ours, theirs in zip(items[0], clustered[0], strict=True):
        for name, found in ours.items():
            assert found.p_value == theirs[name].p_value
            assert found.low == pytest.approx(theirs[name].low, abs=1e-12)


def test_copies_of_an_item_in_a_cluster_add_no_certainty():
    clusters = np.repeat(np.arange(60), 3)
    single = compare(Mean(), scored(A), scored(B), trials=500)
    copied = compare(
        Mean(), scored(np.repeat(A, 3)), scored(np.repeat(B, 3)), clusters=clusters, trials=500
    )
    assert copied.p_value == single.p_value
    assert (copied.low, copied.high) == pytest.approx((single.low, single.high))
    assert copied.test == "approximate randomisation, 500 trials, by cluster"


def test_a_group_is_compared_by_itself():
    found = compare(Mean(), scored(A), scored(B), items=[3, 9, 40])
    assert found.difference == pytest.approx(A[[3, 9, 40]].mean() - B[[3, 9, 40]].mean())
    assert (found.n, found.test) == (3, "exact randomisation, 8 assignments")


def test_a_group_counts_the_items_that_it_lost():
    found = compare(Mean(), scored(A, [3, 5]), scored(B, [9]), items=[3, 9, 40, 41])
    assert (found.n, found.dropped) == (2, 2)


def test_dropping_items_is_comparing_what_is_left():
    kept = np.delete(np.arange(60), [3, 9, 20])
    dropped = compare(Mean(), scored(A, [3, 20]), scored(B, [9]), trials=0)
    assert dropped.difference == pytest.approx((A[kept] - B[kept]).mean(), abs=1e-12)
    assert (dropped.n, dropped.dropped) == (57, 3)
    both = compare(PooledMean(), pooled(A, [3, 20]), pooled(B, [9]))
    assert both.difference == pytest.approx(dropped.difference, abs=1e-12)
    assert (both.low, both.high) == pytest.approx((dropped.low, dropped.high), abs=1e-12)
    assert (both.n, both.dropped, both.wins) == (57, 3, dropped.wins)


def test_a_pooled_metric_is_tested_by_the_bootstrap_on_the_same_resamples():
    found = compare(PooledMean(), pooled(A), pooled(B))
    mean = compare(Mean(), scored(A), scored(B), test="bootstrap")
    assert found.test == "paired bootstrap, 200 resamples"
    assert found.p_value == mean.p_value
    assert (found.low, found.high) == pytest.approx((mean.low, mean.high), abs=1e-12)


def test_an_output_without_interval_has_none_and_can_be_randomised():
    metrics, runs = [PooledMean()], [[pooled(A)], [pooled(B)]]
    bare = several(metrics, runs, [(0, 1)])[0][0][0]["bare"]
    assert (bare.low, bare.p_value) == (None, None)
    assert bare.reason == "the bootstrap is not right for it"
    bare = several(metrics, runs, [(0, 1)], test="randomization")[0][0][0]["bare"]
    assert bare.low is None
    assert 0 < bare.p_value <= 1


class Seen(PooledMean):
    """The share of items that are there at all: every resample has fewer."""

    def combine(self, rows, weights):
        share = rows.values[0, 0] * (weights > 0).mean(axis=1)
        return {"pooled": share, "bare": share}


def test_an_interval_that_does_not_hold_its_difference_is_none():
    found = compare(Seen(), pooled(np.full(40, 0.5)), pooled(np.full(40, 0.1)))
    assert found.difference == pytest.approx(0.4)
    assert (found.low, found.high, found.standard_error, found.p_value) == (None,) * 4
    assert found.reason == "resampling moves the difference further than it spreads it"


def test_the_test_that_was_used_is_named():
    clusters = np.arange(60) // 2
    right = scored(A > 0.5), scored(B > 0.5)
    scores, sums = (scored(A), scored(B)), (counted(np.c_[A, B + 1]), counted(np.c_[B, A + 1]))
    cases = [
        (Mean(binary=True), right, {}, "exact McNemar"),
        (Mean(binary=True), scores, {}, "approximate randomisation, 10 trials"),
        (Mean(), right, {}, "approximate randomisation, 10 trials"),
        (
            Mean(binary=True),
            right,
            {"clusters": clusters},
            "approximate randomisation, 10 trials, by cluster",
        ),
        (
            Ratio(),
            sums,
            {"test": "mcnemar"},
            "approximate randomisation, 10 trials (McNemar's test is for single right-or-wrong "
            "answers)",
        ),
        (
            PooledMean(),
            (pooled(A), pooled(B)),
            {"test": "sacrebleu_ar"},
            "paired bootstrap, 200 resamples (sacrebleu's test is for sums over items)",
        ),
        (
            Ratio(),
            sums,
            {"test": "comet"},
            "approximate randomisation, 10 trials (COMET's procedure is for means of item scores)",
        ),
    ]
    for metric, sides, policy, expected in cases:
        assert compare(metric, *sides, trials=10, **policy).test == expected


def test_p_values_are_uniform_when_nothing_differs():
    rng = np.random.default_rng(3)
    kinds = {"bootstrap": [], "randomization": []}
    for seed in range(300):
        base = rng.random(80)
        sides = [scored(base + rng.normal(size=80) * 0.1) for _ in range(2)]
        for test, found in kinds.items():
            one = compare(Mean(), *sides, test=test, trials=200, seed=seed)
            found.append(one.p_value)
    for found in kinds.values():
        below = [np.mean(np.array(found) <= level) for level in (0.05, 0.25, 0.5, 0.75)]
        assert below == pytest.approx([0.05, 0.25, 0.5, 0.75], abs=0.08)


def test_memory_does_not_grow_with_resamples_or_trials():
    import tracemalloc

    metric, n = Ratio(), 5_000
    table = np.column_stack([RNG.integers(0, 5, n), RNG.integers(1, 6, n)])
    sides = counted(table), counted(table[::-1])
    peaks = []
    for factor in (1, 8):
        tracemalloc.start()
        compare(metric, *sides, resamples=200 * factor, trials=512 * factor)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_statistics_of_the_runs_are_left_as_they_are():
    mine, theirs = scored(A, [2]), scored(B, [4])
    before = mine.values.copy()
    compare(Mean(), mine, theirs)
    assert isinstance(mine, MetricStatistics)
    assert (mine.values == before).all()
    assert dict(mine.skips) == {2: "why"}
