"""The part of calibration.py that compares runs: p-values, gates, families, power.

Pairs of runs are drawn from populations of which each item has the statistics of both. Where there
must be no difference, the two runs of every item are swapped at random.
"""

from dataclasses import dataclass

import numpy as np
import populations
from populations import Population

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.bleu import Bleu
from vlmeval_cli.metrics.classification import Classification
from vlmeval_cli.metrics.exact_match import ExactMatch
from vlmeval_cli.metrics.token_f1 import TokenF1
from vlmeval_cli.stats.correction import adjusted
from vlmeval_cli.stats.equivalence import Allowance, Change, gate_verdict
from vlmeval_cli.stats.paired import Resampling, differences
from vlmeval_cli.stats.power import items_needed
from vlmeval_cli.stats.summary import Subset

SIZE = populations.SIZE


@dataclass(frozen=True)
class Two:
    """Statistics of two runs over the same items, one row per item.

    Attributes:
        name: what it is, in the table.
        metric: whose statistics they are.
        runs: the two tables, each (items, k).
        output: the score that is looked at.
    """

    name: str
    metric: object
    runs: tuple
    output: str

    def difference(self):
        """The true one: of the second run less the first."""
        first, second = (
            Population("", self.metric, MetricStatistics(rows, None, {}), (), len(rows)).truth()
            for rows in self.runs
        )
        return float(second[self.output] - first[self.output])

    def reversed(self):
        """The same with the runs the other way round."""
        return Two(self.name, self.metric, self.runs[::-1], self.output)

    def drawn(self, rng, n, *, swapped):
        """The statistics of both runs on a data set; with the runs of each item as they fell."""
        items = rng.integers(0, len(self.runs[0]), n)
        first, second = (rows[items] for rows in self.runs)
        if swapped:
            swap = rng.random(n) < 0.5
            first, second = (
                np.where(swap[:, None], one, other)
                for one, other in ((second, first), (first, second))
            )
        return [MetricStatistics(rows, None, {}) for rows in (first, second)]

    def compared(self, runs, test, seed, clusters=None, resamples=500, trials=1000):
        """The difference of the second run from the first."""
        policy = StatisticsPolicy(resamples=resamples, seed=seed)
        n = len(runs[0].values)
        how = Resampling(clusters, policy, PairPolicy(test=test, trials=trials), n)
        (((found,),),) = differences(
            [self.metric], [[run] for run in runs], [(1, 0)], [Subset()], how
        )
        return found[self.output]


def two_means(seed=0, drop=0.0):
    """Item scores that are partly the item's difficulty, partly the run's."""
    rng = np.random.default_rng(seed)
    shared = rng.beta(0.8, 0.6, SIZE)
    runs = [0.6 * shared + 0.4 * rng.beta(0.8, 0.6, SIZE) for _ in range(2)]
    runs[1] = runs[1] - runs[1].mean() + runs[0].mean() - drop
    rows = tuple(populations.mean_rows(scores).values for scores in runs)
    return Two("mean of item scores", TokenF1(), rows, "token_f1")


def two_accuracies(lost=0.06, won=0.04):
    """Right or wrong: 75 % right in both, the others as stated."""
    cells = np.array([0.75, lost, won, 0.25 - lost - won]) * SIZE
    first, second = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], cells.round().astype(int), axis=0).T
    rows = tuple(populations.mean_rows(scores.astype(float)).values for scores in (first, second))
    return Two(f"accuracy, {lost:.0%} lost and {won:.0%} won", ExactMatch(), rows, "exact_match")


def two_captions(seed=0):
    """BLEU-4 of two captions of each image, against the others."""
    predicted, accepted = populations.texts(seed)
    other, accepted = [one[0] for one in accepted], [one[1:] for one in accepted]
    rows = tuple(_bleu_rows(texts, accepted) for texts in (predicted, other))
    return Two("BLEU-4 of captions", Bleu(), rows, "bleu_4")


def two_classifiers(seed=0, n_classes=5):
    """Macro F1, which is pooled, of two classifiers that err apart."""
    rng = np.random.default_rng(seed)
    share = 0.6 ** np.arange(n_classes)
    true = rng.choice(n_classes, SIZE, p=share / share.sum())
    rows = tuple(
        np.column_stack(
            [true, np.where(rng.random(SIZE) < 0.7, true, rng.integers(0, n_classes, SIZE))]
        ).astype(float)
        for _ in range(2)
    )
    return Two("macro F1 of 5 classes", Classification(), rows, "f1_macro")


def _bleu_rows(predicted, accepted):
    batch = Batch([str(i) for i in range(len(predicted))], predicted, accepted)
    (found,) = measure([Bleu()], batch, NoProgress())
    return found.statistics.values


# --- no difference --------------------------------------------------------------------------------


def null_p_values(two, test, n, repeats, seed, **options):
    """p-values where the runs are exchangeable."""
    rng = np.random.default_rng([seed, n])
    return np.array(
        [
            two.compared(two.drawn(rng, n, swapped=True), test, seed=i, **options).p_value
            for i in range(repeats)
        ]
    )


def clustered_p_values(n_clusters, repeats, seed, by_image):
    """p-values of runs whose difference on the questions of an image is alike."""
    rng = np.random.default_rng([seed, n_clusters])
    two = two_means()
    found = []
    for i in range(repeats):
        cluster = np.repeat(np.arange(n_clusters), 1 + rng.poisson(3, n_clusters))
        of_image = rng.normal(size=n_clusters)[cluster] * 0.1
        first = rng.normal(0.5, 0.1, len(cluster))
        rows = [
            populations.mean_rows(scores)
            for scores in (first, first + of_image + rng.normal(0, 0.1, len(cluster)))
        ]
        found.append(
            two.compared(
                rows, "randomization", seed=i, clusters=cluster if by_image else None
            ).p_value
        )
    return np.array(found)


def show_p_values(tables, quick, seed):
    """Uniform p-values where there is no difference."""
    repeats = 100 if quick else 1000
    cases = [
        (two_means(), "randomization"), (two_means(), "bootstrap"),
        (two_accuracies(0.05, 0.05), "mcnemar"), (two_accuracies(0.05, 0.05), "randomization"),
        (two_accuracies(0.05, 0.05), "bootstrap"), (two_captions(), "randomization"),
        (two_captions(), "bootstrap"), (two_classifiers(), "bootstrap"),
    ]  # fmt: skip
    rows = []
    for two, test in cases:
        for n in (50, 200, 1000):
            own = repeats // (2 if n == 1000 else 1) // (4 if two.output == "f1_macro" else 1)
            found = null_p_values(two, test, n, own, seed)
            rows.append((two.name, test, n, *_uniformity(tables, found)))
    for by_image in (False, True):
        found = clustered_p_values(60, repeats, seed, by_image)
        name = f"60 images of 4 questions, resampled by {'image' if by_image else 'question'}"
        rows.append((name, "randomization", 240, *_uniformity(tables, found)))
    columns = (
        "two equal runs", "test", "items", "data sets", "p ≤ .05, %", "p ≤ .01, %", "mean p",
        "farthest from uniform (5 % limit)",
    )  # fmt: skip
    tables.table("p-values where there is no difference", columns, rows)


def _uniformity(tables, found):
    n = len(found)
    steps = np.arange(1, n + 1) / n
    ordered = np.sort(found)
    # Above the diagonal: too many small p-values; a discrete test may only lie below it.
    above = float(np.max(steps - ordered))
    below = float(np.max(ordered - steps + 1 / n))
    shares = (tables.share((found <= level + 1e-12).sum(), n) for level in (0.05, 0.01))
    return n, *shares, f"{found.mean():.2f}", f"+{above:.3f} −{below:.3f} ({1.36 / np.sqrt(n):.3f})"


# --- gates ----------------------------------------------------------------------------------------


def gate_verdicts(two, n, repeats, seed, max_drop, margin=None):
    """Verdicts of a rule on runs whose true change is the population's."""
    rng = np.random.default_rng([seed, n])
    rule = Allowance(max_drop=max_drop, is_tested=True, margin=margin)
    found, covered = [], 0
    truth = two.difference()
    for i in range(repeats):
        one = two.compared(two.drawn(rng, n, swapped=False), "bootstrap", seed=i)
        change = Change(
            one.value, one.against, one.low, one.high, one.narrow_low, one.narrow_high,
            one.standard_error, one.n,
        )  # fmt: skip
        found.append(gate_verdict(change, rule).verdict)
        covered += one.low <= truth <= one.high
    return np.array(found), covered


def show_gate(tables, quick, seed):
    """False alarms and misses of a gate where the true worsening is just what it allows."""
    repeats = 200 if quick else 2000
    rows = []
    for two in (two_means(drop=0.02), two_accuracies(), two_captions()):
        drop = abs(two.difference())
        worse = two if two.difference() < 0 else two.reversed()
        for n, own in ((200, repeats), (1000, repeats // 2)):
            found, covered = gate_verdicts(worse, n, own, seed, max_drop=drop, margin=drop)
            misses = np.isin(found, ["passed", "equivalent", "improved"])
            counts = ((found == "regressed").sum(), misses.sum(), covered)
            shares = [tables.share(count, own) for count in counts]
            rows.append((two.name, f"{drop:.3f}", n, own, *shares))
    columns = (
        "runs", "true worsening = allowed", "items", "data sets", "called regressed, %",
        "called passed, equivalent or improved, %", "interval of the change covers, %",
    )  # fmt: skip
    tables.table("A gate at its limit: each error at most 5 %", columns, rows)


# --- families and power ---------------------------------------------------------------------------


def family_alarms(repeats, seed, n=200, n_runs=6):
    """Data sets with any false alarm among 5 comparisons x 2 metrics: raw, Holm, BH."""
    rng = np.random.default_rng(seed)
    alarms = np.zeros(3)
    metrics = [TokenF1(), ExactMatch()]
    pairs = [(run, 0) for run in range(1, n_runs)]
    for i in range(repeats):
        difficulty = rng.random(n)
        runs = []
        for _ in range(n_runs):
            scores = np.clip(difficulty + rng.normal(0, 0.25, n), 0, 1)
            right = (rng.random(n) < difficulty).astype(float)
            runs.append([populations.mean_rows(scores), populations.mean_rows(right)])
        how = Resampling(None, StatisticsPolicy(resamples=0, seed=i), PairPolicy(trials=1000), n)
        (found,) = differences(metrics, runs, pairs, [Subset()], how)
        p = [one.p_value for by_metric in found for own in by_metric for one in own.values()]
        for j, correction in enumerate(("none", "holm", "bh")):
            alarms[j] += any(value <= 0.05 for value in adjusted(p, correction))
    return alarms


def show_family(tables, quick, seed):
    """Chance of any false alarm in a report of ten comparisons."""
    repeats = 200 if quick else 2000
    alarms = family_alarms(repeats, seed)
    names = ("none", "Holm", "Benjamini–Hochberg")
    rows = [
        (name, repeats, tables.share(own, repeats)) for name, own in zip(names, alarms, strict=True)
    ]
    columns = ("correction", "reports", "with any false alarm, %")
    tables.table("Six equal runs, two metrics, ten comparisons", columns, rows)


def power_reached(two, test, repeats, seed):
    """Items that should give 80 % power, and the share of data sets that find the difference."""
    change = two.runs[1][:, 0] - two.runs[0][:, 0]
    n = items_needed(float(change.mean()), float(change.std()), 1)
    rng = np.random.default_rng([seed, n])
    found = sum(
        two.compared(two.drawn(rng, n, swapped=False), test, seed=i).p_value <= 0.05
        for i in range(repeats)
    )
    return n, found


def show_power(tables, quick, seed):
    """Whether the items needed are enough."""
    repeats = 100 if quick else 1000
    rows = []
    cases = (
        (two_means(drop=0.03), "randomization"), (two_means(drop=0.03), "bootstrap"),
        (two_accuracies(0.08, 0.04), "mcnemar"), (two_accuracies(0.08, 0.04), "randomization"),
    )  # fmt: skip
    for two, test in cases:
        n, found = power_reached(two, test, repeats, seed)
        rows.append(
            (two.name, test, f"{two.difference():.3f}", n, repeats, tables.share(found, repeats))
        )
    columns = ("runs", "test", "true difference", "items needed", "data sets", "found, %")
    tables.table("Items needed for 80 % power", columns, rows)
