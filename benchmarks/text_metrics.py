"""How many captions a second each metric of texts compares, tokens included, on one core.

    python benchmarks/text_metrics.py

Captions are Flickr8k's, each against one reference; the best of three runs counts. Metrics declare
the nearest power of ten as ``texts_per_second``.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from vlmeval_cli.core.batch import Batch, TextColumn, offsets_of
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.registry import metrics

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flickr8k"
RUNS = 3


def captions():
    """Captions, and for each one accepted caption."""
    predictions, references = (
        [json.loads(line) for line in (CAPTIONS / name).open(encoding="utf-8")]
        for name in ("preds.jsonl", "refs.jsonl")
    )
    accepted = {row["id"]: row["references"][0] for row in references}
    return [row["prediction"] for row in predictions], [accepted[row["id"]] for row in predictions]


def batch_of(predicted, accepted):
    """The captions as texts, and as programs for the metrics of code."""
    columns = {
        "programs.text": TextColumn(predicted, offsets_of([1] * len(predicted))),
        "solutions.text": TextColumn(accepted, offsets_of([1] * len(accepted))),
    }
    ids = [str(i) for i in range(len(predicted))]
    return Batch(ids, predicted, [[text] for text in accepted], columns=columns)


def main():
    """Print texts per second beside what is declared."""
    predicted, accepted = captions()
    print(f"{'metric':18} {'measured':>10} {'declared':>10}  texts per second")
    for name, family in metrics().items():
        if family.info.sees is None or family.info.extra == "neural":  # networks: neural_metrics.py
            continue
        times = []
        for _ in range(RUNS):
            batch = batch_of(predicted, accepted)
            start = time.perf_counter()
            measure([family()], batch, NoProgress())
            times.append(time.perf_counter() - start)
        declared = family.info.texts_per_second
        print(f"{name:18} {len(predicted) / min(times):10,.0f} {declared:10,}")


if __name__ == "__main__":
    main()
