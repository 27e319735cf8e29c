"""The statistics keep their promises in simulation; ``benchmarks/calibration.py`` does more of it.

Seeds are fixed, so that a failure is a change of the statistics. Bounds are those promised, widened
by two standard errors of the number of data sets where a share may not be above a level.
"""

import importlib.util
import sys

import numpy as np
import pytest

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.stats.summary import Subset, estimates

N = 200


def at_most(level, repeats):
    """``level``, and what chance adds to it in so many data sets."""
    return level + 2.0 * np.sqrt(level * (1.0 - level) / repeats)


@pytest.fixture(scope="module")
def simulated(root):
    """The benchmark, on captions that are made and not read."""
    folder = str(root / "benchmarks")
    spec = importlib.util.spec_from_file_location("calibration", f"{folder}/calibration.py")
    module = importlib.util.module_from_spec(spec)
    known = set(sys.modules)
    spec.loader.exec_module(module)
    module.populations.CAPTIONS = root / "no captions here"
    yield module
    sys.path.remove(folder)
    for name in {"populations", "paired_calibration"} - known:
        del sys.modules[name]


def test_the_standard_error_of_a_mean_is_that_of_the_formula(simulated):
    ratios = simulated.standard_error_ratios(repeats=50)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)


def test_intervals_of_means_ratios_and_bleu_cover_the_truth(simulated):
    made = simulated.populations
    looked_at = [made.means(), made.accuracies(0.9), made.detections()[0], *made.captions()]
    found = simulated.coverages(looked_at, N, 500, seed=2)
    for (_, output), one in found.items():
        assert 0.93 <= one.covered <= 0.97, output


def test_intervals_of_shares_cover_beside_1(simulated):
    """Where a sample may well have no error at all, no resampling shows one; Wilson's does."""
    made = simulated.populations
    (one,) = simulated.coverages([made.accuracies(0.99)], N, 300, seed=3).values()
    assert 0.92 <= one.covered <= 0.98


def test_images_resampled_together_cover_where_items_do_not(simulated):
    by_item, by_image = simulated.clustered_coverage(100, 300, seed=1)
    assert by_item.covered < 0.88
    assert by_image.covered >= 0.92


@pytest.mark.parametrize("test", ["randomization", "bootstrap"])
def test_p_values_are_uniform_where_there_is_no_difference(simulated, test):
    runs = simulated.paired_calibration
    for two in (runs.two_means(), runs.two_captions()):
        p = np.sort(runs.null_p_values(two, test, N, 400, seed=1))
        uniform = np.arange(1, len(p) + 1) / len(p)
        assert np.max(np.abs(p - uniform)) < 1.36 / np.sqrt(len(p))  # Kolmogorov and Smirnov, 5 %
        assert np.mean(p <= 0.05) <= at_most(0.05, len(p))


def test_exact_mcnemar_is_never_too_sure(simulated):
    runs = simulated.paired_calibration
    p = runs.null_p_values(runs.two_accuracies(0.05, 0.05), "mcnemar", N, 500, seed=1)
    for level in (0.01, 0.05, 0.1, 0.2):
        assert np.mean(p <= level) <= at_most(level, len(p))


def test_a_gate_raises_no_more_false_alarms_than_it_promises(simulated):
    """True worsening is just what is allowed: both errors are at their largest."""
    runs = simulated.paired_calibration
    found, covered = runs.gate_verdicts(
        runs.two_means(drop=0.02), N, 500, seed=1, max_drop=0.02, margin=0.02
    )
    assert np.mean(found == "regressed") <= at_most(0.05, 500)
    assert np.mean(np.isin(found, ["passed", "equivalent", "improved"])) <= at_most(0.05, 500)
    assert 0.93 <= covered / 500 <= 0.97


def test_holm_keeps_the_whole_family_to_its_level(simulated):
    none, holm, _ = simulated.paired_calibration.family_alarms(300, seed=1) / 300
    assert none > 0.2
    assert holm <= at_most(0.05, 300)


def test_the_items_needed_are_enough(simulated):
    runs = simulated.paired_calibration
    two = runs.two_means(drop=0.03)
    _, found = runs.power_reached(two, "randomization", 400, seed=1)
    assert found / 400 == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("ks", [(3, 3), (5, 1)])
def test_several_seeds_raise_no_more_false_alarms_than_promised(simulated, ks):
    with_seeds = simulated.seeds_trials(ks, 2000, seed=1, of_seed=0.03, interaction=0.1)
    plain, exact, items = (np.mean(with_seeds[:, column] <= 0.05) for column in (0, 2, 4))
    assert items > 0.2  # items alone do not see the noise of training
    assert max(plain, exact) <= at_most(0.05, 2000)
    none = simulated.seeds_trials(ks, 600, seed=1, of_seed=0.0, interaction=0.3)
    careful, exact = (np.mean(none[:, column] <= 0.05) for column in (0, 2))
    assert careful <= exact <= at_most(0.05, 600)


def test_clusters_of_one_item_change_nothing(simulated):
    made, runs = simulated.populations, simulated.paired_calibration
    population = made.means()
    rows = population.drawn(np.random.default_rng(0).integers(0, population.size, N))
    alone = np.arange(N)
    one, other = (
        estimates([population.metric], [rows], [Subset()], clusters, StatisticsPolicy(), N)
        for clusters in (None, alone)
    )
    assert one == other
    two = runs.two_means()
    drawn = two.drawn(np.random.default_rng(1), N, swapped=True)
    for test in ("bootstrap", "randomization"):
        first, second = (two.compared(drawn, test, 1, clusters) for clusters in (None, alone))
        assert first.p_value == second.p_value
        assert (first.low, first.high) == (second.low, second.high)


def test_the_command_prints_its_tables(simulated, capsys):
    simulated.show_standard_errors(quick=True, seed=1)
    assert "| items | data sets |" in capsys.readouterr().out
