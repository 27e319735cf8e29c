"""Classification: the metric against scikit-learn, a million rows, texts of labels in memory.

    python benchmarks/classification.py

precision_recall_fscore_support gives per-class and macro values; equal numbers are asserted. The
whole road is timed in road.py.
"""

import argparse
import json
import random
from pathlib import Path
from time import perf_counter

import numpy as np

LABELS = ["cat", "dog", "sea lion", "lion", "horse", "bird", "car", "bus", "tree", "house"]
TOLERANCE = 1e-12


def pairs(n, n_classes=1000, seed=7):
    """True and predicted labels, two of three right."""
    rng = np.random.default_rng(seed)
    names = np.array([f"class_{i:04}" for i in range(n_classes)], dtype=object)
    true = rng.integers(0, n_classes, n)
    predicted = np.where(rng.random(n) < 2 / 3, true, rng.integers(0, n_classes, n))
    return names[true].tolist(), names[predicted].tolist()


def ours(true, predicted):
    from vlmeval_cli.core.batch import Batch, singles
    from vlmeval_cli.metrics.classification import Classification
    from vlmeval_cli.stats.pooled import pooled_scores, rows_of
    from vlmeval_cli.text.labels import LabelColumn, codes_of

    names = tuple(sorted({*true, *predicted}))
    n = len(true)
    columns = {
        "prediction.labels": LabelColumn(codes_of(predicted, names), singles(n), names),
        "references.labels": LabelColumn(codes_of(true, names), singles(n), names),
    }
    metric = Classification()
    found = metric.measure(Batch(range(n), predicted, true, prepared=columns), None)
    return pooled_scores(metric, rows_of(found), n)


def theirs(true, predicted):
    from sklearn.metrics import precision_recall_fscore_support

    values = precision_recall_fscore_support(true, predicted, average="macro", zero_division=0)
    return dict(zip(("precision_macro", "recall_macro", "f1_macro"), values[:3], strict=True))


def best(repeats, function, *arguments):
    seconds, found = float("inf"), None
    for _ in range(repeats):
        start = perf_counter()
        found = function(*arguments)
        seconds = min(seconds, perf_counter() - start)
    return seconds, found


def in_memory(n, repeats):
    for n_classes in (2, 10, 1000):
        true, predicted = pairs(n, n_classes)
        our_seconds, scores = best(repeats, ours, true, predicted)
        their_seconds, expected = best(repeats, theirs, true, predicted)
        for name, value in expected.items():
            assert abs(scores[name] - value) <= TOLERANCE, name
        print(f"{n:,} rows, {n_classes:,} classes: vlmeval {our_seconds:.3f} s (all averages, MCC, "
              f"kappa), scikit-learn {their_seconds:.3f} s (macro): "
              f"{our_seconds / their_seconds:.2f} of its time")  # fmt: skip


def write_rows(folder, n, seed=1):
    rng = random.Random(seed)
    preds, refs = Path(folder, f"preds_{n}.jsonl"), Path(folder, f"refs_{n}.jsonl")
    with preds.open("w") as mine, refs.open("w") as gold:
        for i in range(n):
            label = rng.choice(LABELS)
            said = label if rng.random() < 0.8 else rng.choice(LABELS)
            mine.write(json.dumps({"id": f"img_{i}", "prediction": said}) + "\n")
            gold.write(json.dumps({"id": f"img_{i}", "label": label}) + "\n")
    return preds, refs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    in_memory(options.rows, options.repeats)


if __name__ == "__main__":
    main()
