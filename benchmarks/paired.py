"""Paired tests: vlmeval against sacrebleu, against its own scoring, and against memory.

    python benchmarks/paired.py                     all three
    python benchmarks/paired.py --only sacrebleu    BLEU of several systems, statistics given
    python benchmarks/paired.py --only scoring      three runs x 100,000 questions x five metrics
    python benchmarks/paired.py --only memory       peak memory by resamples

sacrebleu's ``paired-bs`` gets the statistics of every system, as vlmeval does; its p-values, means
and half widths must be equal to the last bit. The runs that are scored are made of VQA v2's
answers (shared/data beside the repository), so the figures hold for short answers; intervals are
those of every run, differences those of every pair, with tests of 10,000 trials. Processor time is
compared, as the machine is shared, and wall time is told.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from itertools import combinations
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
import vqa

from vlmeval_cli import api
from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.metrics.sacrebleu import SacreBleu
from vlmeval_cli.stats.paired import Resampling, differences
from vlmeval_cli.stats.procedures import Duel, sacrebleu_bootstrap
from vlmeval_cli.stats.rescoring import Subset
from vlmeval_cli.stats.summary import estimates

METRICS = ("vqa_accuracy", "exact_match", "token_f1", "anls", "bleu")
RESAMPLES = 1_000


class Clock:
    """Processor and wall seconds of a block."""

    def __enter__(self):
        self.started = process_time(), perf_counter()
        return self

    def __exit__(self, *_):
        self.own, self.wall = process_time() - self.started[0], perf_counter() - self.started[1]


def made_counts(n_segments, n_systems, seed=7):
    """Lengths, matches and n-grams of segments, in sacrebleu's order, for systems of one level."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(5, 40, n_segments)
    references = np.maximum(1, lengths + rng.integers(-3, 4, n_segments))
    possible = [np.maximum(lengths - order, 0) for order in range(4)]
    return [
        np.column_stack(
            [lengths, references]
            + [rng.binomial(own, (0.6 + 0.002 * i) / (k + 1)) for k, own in enumerate(possible)]
            + possible
        )
        for i in range(n_systems)
    ]


def peer(counts):
    """sacrebleu's paired bootstrap of every system against the first, statistics given."""
    from sacrebleu.metrics import BLEU
    from sacrebleu.significance import Result, _paired_bs_test

    class Given(BLEU):
        """BLEU of texts that are statistics already."""

        def _extract_corpus_statistics(self, hypotheses, references):
            return hypotheses

    metric, systems = Given(), [own.tolist() for own in counts]
    with Clock() as clock:
        base = Result(metric._aggregate_and_compute(systems[0]).score)
        found = [
            _paired_bs_test(
                {"BLEU": (systems[0], base)}, str(i), own, None, {"BLEU": metric}, RESAMPLES, -1,
                12345,
            )[1]["BLEU"]
            for i, own in enumerate(systems[1:], start=1)
        ]  # fmt: skip
    return clock, found


def ours(counts, test):
    """The same by vlmeval."""
    n = len(counts[0])
    runs = [
        [MetricStatistics(np.c_[own[:, 2:], own[:, :2], np.ones(n)].astype(float), None, {})]
        for own in counts
    ]
    how = Resampling(None, StatisticsPolicy(resamples=RESAMPLES), PairPolicy(test=test), n)
    with Clock() as clock:
        pairs = [(i, 0) for i in range(1, len(runs))]
        (found,) = differences([SacreBleu()], runs, pairs, [Subset()], how)
    return clock, [one["sacrebleu"] for (one,) in found]


def procedure(counts):
    """sacrebleu's procedure alone, without the interval of vlmeval beside it."""
    n = len(counts[0])
    runs = [np.c_[own[:, 2:], own[:, :2], np.ones(n)].astype(float) for own in counts]
    with Clock() as clock:
        pairs = [(i, 0) for i in range(1, len(runs))]
        (found,) = sacrebleu_bootstrap([Duel(SacreBleu(), runs, pairs)], RESAMPLES, 12345)
    return clock, [one["sacrebleu"] for one in found]


def against_sacrebleu(repeats):
    for n_systems in (3, 5):
        counts = made_counts(2_000, n_systems)
        names = ("sacrebleu", "procedure", "sacrebleu_bs", "bootstrap", "randomization")
        times = {name: [] for name in names}
        for _ in range(repeats):
            clock, expected = peer(counts)
            times["sacrebleu"].append(clock)
            for test in names[1:]:
                clock, found = procedure(counts) if test == "procedure" else ours(counts, test)
                times[test].append(clock)
                if test in ("procedure", "sacrebleu_bs"):
                    for mine, theirs in zip(found, expected, strict=True):
                        assert mine.p_value == theirs.p_value
                        assert mine.details["mean"] == theirs.mean
                        assert mine.details["half_width"] == theirs.ci
        print(f"{n_systems} systems x 2,000 segments, {RESAMPLES:,} resamples, BLEU, equal numbers")
        base = times.pop("sacrebleu")
        print(f"  sacrebleu paired-bs {median(one.wall for one in base):.3f} s")
        for test, own in times.items():
            ratios = [a.own / b.own for a, b in zip(base, own, strict=True)]
            walls = [a.wall / b.wall for a, b in zip(base, own, strict=True)]
            print(f"  vlmeval {test:14} {median(one.wall for one in own):.3f} s: "
                  f"{median(ratios):.1f}x (wall {median(walls):.1f}x)")  # fmt: skip


def write_runs(folder, n, seed=3):
    """Files of ``n`` questions, and of three runs that give an annotator's answer more or less."""
    rng = random.Random(seed)
    answers = [[one["answer"] for one in row["answers"]] for row in vqa.load_annotations()]
    rows = [{"question_id": i, "answers": answers[i % len(answers)]} for i in range(n)]
    (folder / "refs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for name, share in (("base", 0.5), ("lora", 0.54), ("full", 0.55)):
        predictions = [
            {
                "question_id": row["question_id"],
                "prediction": rng.choice(
                    row["answers"] if rng.random() < share else rng.choice(answers)
                ),
            }
            for row in rows
        ]
        text = "\n".join(map(json.dumps, predictions))
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return [folder / f"{name}.jsonl" for name in ("base", "lora", "full")], folder / "refs.jsonl"


def against_scoring(repeats, n=100_000):
    with tempfile.TemporaryDirectory() as place:
        files, references = write_runs(Path(place), n)
        scoring, resampling, parts = [], [], []
        for _ in range(repeats):
            with Clock() as clock:
                results = [
                    api.score(one, references, task="vqa", metrics=METRICS, resamples=0)
                    for one in files
                ]
            scoring.append(clock)
            metrics = [one.chosen.metric for one in results[0].measured]
            runs = [[one.statistics for one in result.measured] for result in results]
            policy = StatisticsPolicy(resamples=RESAMPLES)
            with Clock() as clock:
                with Clock() as first:
                    for own in runs:
                        estimates(metrics, own, [Subset()], None, policy, n)
                how = Resampling(None, policy, PairPolicy(), n)
                pairs = list(combinations(range(3), 2))
                (found,) = differences(metrics, runs, pairs, [Subset()], how)
            resampling.append(clock)
            parts.append(first)
        check(found, pairs, results)
        print(f"three runs x {n:,} questions x {len(METRICS)} metrics")
        print(f"  scoring {_told(scoring)}")
        print(f"  intervals, differences and tests {_told(resampling)}, of it {_told(parts)} for "
              "the intervals of the runs")  # fmt: skip
        ratios = [a.own / b.own for a, b in zip(resampling, scoring, strict=True)]
        walls = [a.wall / b.wall for a, b in zip(resampling, scoring, strict=True)]
        print(f"  {median(ratios):.2f} of scoring (wall {median(walls):.2f}; aim: 1)")


def check(found, pairs, results):
    """Differences are those of the scores."""
    for (run, against), by_metric in zip(pairs, found, strict=True):
        for own in by_metric:
            for name, one in own.items():
                expected = results[run][name] - results[against][name]
                assert abs(one.difference - expected) <= 1e-9, name
                assert one.low < one.difference < one.high, name
                assert one.p_value is not None, name


def _told(clocks):
    own, wall = (median(getattr(one, name) for one in clocks) for name in ("own", "wall"))
    return f"{own:.1f} s of processor time ({wall:.1f} s)"


def memory():
    """Peak memory of differences, in a process of its own for every number of resamples."""
    print(f"{'items':>9} {'resamples':>10} {'trials':>8} {'peak MiB':>9}")
    for n in (20_000, 100_000):
        for resamples, trials in ((100, 1_000), (1_000, 10_000), (4_000, 40_000)):
            command = [sys.executable, __file__, "--peak", str(n), str(resamples), str(trials)]
            peak = subprocess.check_output(command, text=True).strip()
            print(f"{n:9,} {resamples:10,} {trials:8,} {int(peak):9,}", flush=True)


def peak(n, resamples, trials):
    runs = [
        [MetricStatistics(np.c_[own[:, 2:], own[:, :2], np.ones(n)].astype(float), None, {})]
        for own in made_counts(n, 3)
    ]
    policy = StatisticsPolicy(resamples=resamples)
    how = Resampling(None, policy, PairPolicy(test="randomization", trials=trials), n)
    differences([SacreBleu()], runs, [(1, 0), (2, 0)], [Subset()], how)
    # ru_maxrss would be that of the parent process, if it was larger
    status = Path("/proc/self/status").read_text("utf-8")
    print(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("sacrebleu", "scoring", "memory"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peak", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        peak(*options.peak)
        return
    if options.only in (None, "sacrebleu"):
        against_sacrebleu(options.repeats)
    if options.only in (None, "scoring"):
        if vqa.DATA.exists():
            against_scoring(max(1, options.repeats // 2))
        else:
            print("scoring: the shared data folder is not beside this repository", file=sys.stderr)
    if options.only in (None, "memory"):
        memory()


if __name__ == "__main__":
    main()
