"""Statistics tested as statistics: data sets are drawn from known populations, many times.

    python benchmarks/calibration.py            all tables, as Markdown, in a few minutes
    python benchmarks/calibration.py --quick    fewer data sets
    python benchmarks/calibration.py --only coverage --seed 7

Intervals must cover the truth as often as they say, p-values must be uniform where there is no
difference, a gate must not raise more false alarms than it promises. docs/statistics.md holds the
tables. A share that was found in N data sets is itself uncertain by ± 2 sqrt(p (1 - p) / N), which
stands beside it.
"""

import argparse
import io
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from time import perf_counter

# Products of small matrices on a busy machine: threads of the linear algebra cost more than they
# bring. numpy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))  # benchmarks share their data

import paired_calibration
import populations

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.stats.bootstrap import Scope, resampled_totals
from vlmeval_cli.stats.seeds import counted_twice, seeds_difference
from vlmeval_cli.stats.summary import Subset, estimates

ALL = Subset()


def table(title, columns, rows):
    """Print a Markdown table."""
    print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")


def share(hits, n):
    """A share in percent, with the uncertainty that the number of data sets leaves."""
    found = hits / n
    return f"{100 * found:.1f} ± {200 * np.sqrt(max(found * (1 - found), 1e-4) / n):.1f}"


# --- standard errors ------------------------------------------------------------------------------


def standard_error_ratios(repeats=50, n=300, seed=0):
    """Bootstrap standard error of a mean over s / sqrt(n), in each of many data sets."""
    rng = np.random.default_rng(seed)
    population = populations.means()
    found = []
    for i in range(repeats):
        rows = population.drawn(rng.integers(0, population.size, n)).values
        (totals,) = resampled_totals([Scope(None, rows)], n, n_resamples=1000, seed=i)
        expected = rows[:, 0].std(ddof=1) / np.sqrt(n)
        found.append((totals[:, 0] / totals[:, 1]).std(ddof=1) / expected)
    return np.array(found)


def show_standard_errors(quick, seed):
    rows = []
    for n in (50, 300, 2000):
        ratios = standard_error_ratios(repeats=20 if quick else 50, n=n, seed=seed)
        rows.append(
            (n, len(ratios), f"{ratios.mean():.3f}", f"{ratios.min():.3f}–{ratios.max():.3f}")
        )
    columns = ("items", "data sets", "bootstrap / (s / √n), mean", "range")
    table("Standard error of a mean", columns, rows)


# --- intervals ------------------------------------------------------------------------------------


class Coverage:
    """How often intervals of one score held the truth."""

    def __init__(self, truth):
        self.truth, self.n, self.low, self.high, self.none = truth, 0, 0, 0, 0

    def add(self, estimate):
        if estimate.low is None:
            self.none += 1
            return
        self.n += 1
        self.low += self.truth < estimate.low - 1e-12
        self.high += self.truth > estimate.high + 1e-12

    @property
    def covered(self):
        return (self.n - self.low - self.high) / self.n

    def cells(self):
        hits = self.n - self.low - self.high
        misses = (f"{100 * missed / self.n:.1f}" for missed in (self.low, self.high))
        return self.n, share(hits, self.n), *misses, self.none or "–"


def coverages(populations_of, n, repeats, seed, resamples=1000):
    """(population, output) → coverage of 95 % intervals in ``repeats`` data sets of ``n`` items.

    The intervals are those that ``vlmeval score`` prints.
    """
    rng = np.random.default_rng([seed, n])
    truths = [population.truth() for population in populations_of]
    found = {
        (population.name, output): Coverage(float(truth[output]))
        for population, truth in zip(populations_of, truths, strict=True)
        for output in population.outputs
    }
    metrics = [population.metric for population in populations_of]
    for i in range(repeats):
        own = [one.drawn(rng.integers(0, one.size, n)) for one in populations_of]
        policy = StatisticsPolicy(resamples=resamples, seed=seed * 1_000_003 + i)
        (scored,) = estimates(metrics, own, [ALL], None, policy, n)
        for population, estimate in zip(populations_of, scored, strict=True):
            for output in population.outputs:
                found[population.name, output].add(estimate[output])
    return found


def additive():
    """Populations of means and ratios, whose data sets are cheap."""
    shares = (0.5, 0.9, 0.97, 0.99)
    return [
        populations.means(),
        *map(populations.accuracies, shares),
        populations.detections()[0],
        *populations.captions(),
    ]


def show_coverage(quick, seed):
    rows = []
    repeats = 200 if quick else 2000
    for n in (50, 200, 1000):
        found = coverages(additive(), n, repeats, seed)
        for (name, output), one in found.items():
            rows.append((name, f"`{output}`", n, *one.cells()))
    columns = (
        "population", "score", "items", "data sets", "covered, %", "truth below, %",
        "truth above, %", "no interval",
    )  # fmt: skip
    rows.sort(key=lambda row: row[:2])
    table("Means and ratios: coverage of 95 % intervals", columns, rows)


def show_pooled_coverage(quick, seed):
    rows = []
    for n, repeats in ((200, 240), (1000, 60)):
        own = repeats // 8 if quick else repeats
        found = coverages([populations.classes()], n, 4 * own, seed)
        for population in populations.detections()[1:]:
            found |= coverages([population], n, own, seed, resamples=300)
        rows += [(name, f"`{output}`", n, *one.cells()) for (name, output), one in found.items()]
    rows.sort(key=lambda row: row[:2])
    columns = (
        "population", "score", "items", "data sets", "covered, %", "truth below, %",
        "truth above, %", "no interval",
    )  # fmt: skip
    table("Scores that rank or pool: coverage of 95 % intervals", columns, rows)


# --- clusters -------------------------------------------------------------------------------------


def clustered_scores(rng, n_clusters, correlation, mean_size):
    """Scores of items whose images are harder or easier, with the image of each item."""
    sizes = 1 + rng.poisson(mean_size - 1, n_clusters)
    cluster = np.repeat(np.arange(n_clusters), sizes)
    of_image = rng.normal(size=n_clusters)[cluster] * np.sqrt(correlation)
    latent = of_image + rng.normal(size=len(cluster)) * np.sqrt(1 - correlation)
    return (latent > 0.0).astype(float), cluster


def clustered_coverage(n_clusters, repeats, seed, correlation=0.5, mean_size=4):
    """Coverage of the accuracy .5: items resampled, and images resampled."""
    rng = np.random.default_rng([seed, n_clusters])
    metric = populations.ExactMatch()
    by_item, by_image = Coverage(0.5), Coverage(0.5)
    for i in range(repeats):
        scores, cluster = clustered_scores(rng, n_clusters, correlation, mean_size)
        rows = populations.mean_rows(scores)
        policy = StatisticsPolicy(resamples=500, seed=seed * 1_000_003 + i)
        for clusters, coverage in ((None, by_item), (cluster, by_image)):
            ((found,),) = estimates([metric], [rows], [ALL], clusters, policy, len(scores))
            coverage.add(found["exact_match"])
    return by_item, by_image


def show_clusters(quick, seed):
    rows = []
    for n_clusters in (50, 200):
        by_item, by_image = clustered_coverage(n_clusters, 200 if quick else 1500, seed)
        rows.append((n_clusters, "items", *by_item.cells()[:4]))
        rows.append((n_clusters, "images", *by_image.cells()[:4]))
    columns = (
        "images (of 4 questions on average)", "resampled", "data sets", "covered, %",
        "truth below, %", "truth above, %",
    )  # fmt: skip
    table("Several items of one image: coverage of 95 % intervals", columns, rows)


# --- seeds ----------------------------------------------------------------------------------------


def seeds_trials(ks, repeats, seed, n=400, of_seed=0.01, interaction=0.3):
    """Two runs without a true difference, of ``ks`` seeds: a test for each pair of data sets.

    A two-way model with random effects: items, run × item, seeds, seeds × items.

    Returns:
        Arrays (repeats, 4): p-value and whether the interval holds 0, first as it is, then with
        what items and seeds count twice taken off; and the p-values of items alone.
    """
    rng = np.random.default_rng([seed, *ks])
    found = np.empty((repeats, 5))
    for i in range(repeats):
        item = rng.normal(size=n) * 0.4
        runs = [
            item
            + rng.normal(size=n) * 0.2
            + rng.normal(size=(k, 1)) * of_seed
            + rng.normal(size=(k, n)) * interaction
            for k in ks
        ]
        change = runs[0].mean(axis=0) - runs[1].mean(axis=0)
        items_se = float(change.std(ddof=1) / np.sqrt(n))
        points = [run.mean(axis=1).tolist() for run in runs]
        plain = seeds_difference(*points, items_se, 0.95)
        exact = seeds_difference(*points, items_se, 0.95, shared=counted_twice(runs))
        items = seeds_difference(*([float(np.mean(p))] for p in points), items_se, 0.95)
        found[i] = (
            plain.p_value, plain.low <= 0.0 <= plain.high,
            exact.p_value, exact.low <= 0.0 <= exact.high, items.p_value,
        )  # fmt: skip
    return found


def show_seeds(quick, seed):
    rows = []
    repeats = 300 if quick else 3000
    worlds = {"large": (0.03, 0.1), "as large as its noise": (0.01, 0.2), "none": (0.0, 0.3)}
    for name, (of_seed, interaction) in worlds.items():
        for ks in ((3, 3), (5, 5), (5, 1), (2, 2)):
            found = seeds_trials(ks, repeats, seed, of_seed=of_seed, interaction=interaction)
            alarms = (np.mean(found[:, column] <= 0.05) * repeats for column in (4, 0, 2))
            rows.append(
                (name, f"{ks[0]} and {ks[1]}", repeats, *(share(a, repeats) for a in alarms))
            )
    columns = (
        "effect of the seed", "seeds", "pairs of runs", "items alone", "seeds and items",
        "the same, seed × item counted once",
    )  # fmt: skip
    table("Several seeds: false alarms at 5 %, in percent", columns, rows)


def paired(show):
    """A section of :mod:`paired_calibration`, which prints through this module."""
    return lambda quick, seed: show(sys.modules[__name__], quick, seed)


SECTIONS = {
    "standard_errors": show_standard_errors,
    "coverage": show_coverage,
    "pooled_coverage": show_pooled_coverage,
    "clusters": show_clusters,
    "p_values": paired(paired_calibration.show_p_values),
    "gate": paired(paired_calibration.show_gate),
    "family": paired(paired_calibration.show_family),
    "power": paired(paired_calibration.show_power),
    "seeds": show_seeds,
}


def printed(name, quick, seed):
    """What a section prints, and the seconds it took."""
    start = perf_counter()
    with redirect_stdout(io.StringIO()) as out:
        SECTIONS[name](quick, seed)
    return out.getvalue(), perf_counter() - start


def main():
    """Print the tables; two sections at a time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=tuple(SECTIONS), action="append")
    options = parser.parse_args()
    names = options.only or [*SECTIONS]
    with ProcessPoolExecutor(max_workers=2) as pool:
        waiting = [pool.submit(printed, name, options.quick, options.seed) for name in names]
        for name, one in zip(names, waiting, strict=True):
            text, seconds = one.result()
            print(text, end="", flush=True)
            print(f"({name}: {seconds:.0f} s)", file=sys.stderr)


if __name__ == "__main__":
    main()
