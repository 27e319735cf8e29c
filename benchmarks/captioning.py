"""BLEU-1..4, ROUGE-L and CIDEr-D against pycocoevalcap, whole processes, equal numbers asserted.

    python benchmarks/captioning.py                 10,000 images x 4 references, then 2,000 x 4
    python benchmarks/captioning.py --scaling       time and memory of 10,000 to a million images
    python benchmarks/captioning.py --in-process    where the time of the metrics themselves goes

Captions are Flickr8k's with two words of each swapped for others, seeded, so that hardly any text
repeats. The peer is timed with its Java tokenizer, which it needs; Java must be installed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flickr8k"
METRICS = "bleu,rouge_l,cider"
OUTPUTS = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider")
TOLERANCE = 1e-9
N_SWAPS = 2


class Finished(NamedTuple):
    seconds: float
    peak_mib: float


def make_data(folder, n_images, n_references, source, *, swap=True):
    """Write preds.jsonl and refs.jsonl of ``n_images`` items to ``folder``."""
    generator = random.Random(n_images)
    predictions, references = rows(source / "preds.jsonl"), rows(source / "refs.jsonl")
    accepted = {row["id"]: row["references"] for row in references}
    words = [word for row in predictions for word in row["prediction"].split()]

    def changed(text):
        found = text.split()
        for _ in range(N_SWAPS if swap else 0):
            found[generator.randrange(len(found))] = generator.choice(words)
        return " ".join(found)

    with (
        (folder / "preds.jsonl").open("w", encoding="utf-8") as predicted,
        (folder / "refs.jsonl").open("w", encoding="utf-8") as expected,
    ):
        for i in range(n_images):
            row = predictions[i % len(predictions)]
            own = accepted[row["id"]][:n_references]
            name = f"image{i:07d}"
            prediction = changed(row["prediction"])
            predicted.write(json.dumps({"id": name, "prediction": prediction}) + "\n")
            texts = [changed(text) for text in own]
            expected.write(json.dumps({"id": name, "references": texts}) + "\n")


def rows(path):
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def timed(command):
    """Run a whole process; wall seconds and its peak memory."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{complaint.decode()}")
    return Finished(seconds, usage.ru_maxrss / 1024)


def ours(folder, metrics, *options):
    files = [str(folder / "preds.jsonl"), str(folder / "refs.jsonl")]
    program = [sys.executable, "-m", "vlmeval_cli", "score", *files, "--task", "captioning"]
    return timed([*program, "--metrics", metrics, *options])


def our_scores(folder, metrics):
    """Corpus and item scores by output name."""
    report, samples = folder / "report.json", folder / "samples.jsonl"
    ours(folder, metrics, "--resamples", "0", "--json", str(report), "--samples", str(samples))
    corpus = json.loads(report.read_text("utf-8"))["metrics"]
    items = [row["scores"] for row in rows(samples)]
    return (
        {name: score["value"] for name, score in corpus.items()},
        {name: [scores[name] for scores in items] for name in corpus},
    )


def peer(folder):
    """Score with pycocoevalcap as its own documentation does, and write what it found."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    predictions = {
        row["id"]: [{"caption": row["prediction"]}] for row in rows(folder / "preds.jsonl")
    }
    references = {
        row["id"]: [{"caption": text} for text in row["references"]]
        for row in rows(folder / "refs.jsonl")
    }
    tokenizer = PTBTokenizer()
    expected, predicted = tokenizer.tokenize(references), tokenizer.tokenize(predictions)
    corpus, items = Bleu(4).compute_score(expected, predicted, verbose=0)
    rouge, rouge_items = Rouge().compute_score(expected, predicted)
    cider, cider_items = Cider().compute_score(expected, predicted)
    found = {
        "corpus": [*corpus, float(rouge), float(cider)],
        "items": [*items, rouge_items.tolist(), cider_items.tolist()],
    }
    (folder / "peer.json").write_text(json.dumps(found), encoding="utf-8")


def assert_equal(folder):
    """The largest difference between our numbers and the peer's, over items and corpora."""
    corpus, items = our_scores(folder, METRICS)
    theirs = json.loads((folder / "peer.json").read_text("utf-8"))
    worst = 0.0
    for name, total, scores in zip(OUTPUTS, theirs["corpus"], theirs["items"], strict=True):
        pairs = [(corpus[name], total), *zip(items[name], scores, strict=True)]
        worst = max(worst, *(abs(mine - other) for mine, other in pairs))
    assert worst <= TOLERANCE, f"numbers differ by {worst}"
    return worst


def best(run, repeats):
    return min((run() for _ in range(repeats)), key=lambda finished: finished.seconds)


def compare(folder, repeats):
    """Peer and ours in turn; medians, and the median of the ratios of each turn."""
    program = [sys.executable, __file__, "--peer", str(folder)]
    turns = [
        [timed(program), *(ours(folder, METRICS, "--resamples", n) for n in ("0", "1000"))]
        for _ in range(repeats)
    ]
    names = ("pycocoevalcap", "vlmeval, no intervals", "vlmeval, with intervals")
    for name, column in zip(names, zip(*turns, strict=True), strict=True):
        seconds = median(run.seconds for run in column)
        ratio = median(
            turn[0].seconds / run.seconds for turn, run in zip(turns, column, strict=True)
        )
        print(f"  {name:24} {seconds:8.2f} s  {column[0].peak_mib:7.0f} MiB  {ratio:5.1f}x")
    print(f"  largest difference of any item or corpus score: {assert_equal(folder):.1e}")


def scaling(folder, source):
    print("| images | seconds | peak MiB |\n|---:|---:|---:|")
    for n in (10_000, 30_000, 100_000, 300_000, 1_000_000):
        make_data(folder, n, 1, source)
        found = ours(folder, METRICS, "--resamples", "0")
        print(f"| {n:,} | {found.seconds:.1f} | {found.peak_mib:,.0f} |", flush=True)


def in_process(folder):
    """Seconds of each metric alone inside one process."""
    from vlmeval_cli.core.batch import Batch
    from vlmeval_cli.core.progress import NoProgress
    from vlmeval_cli.engine.serial import measure
    from vlmeval_cli.metrics.bleu import Bleu
    from vlmeval_cli.metrics.cider import Cider
    from vlmeval_cli.metrics.rouge import RougeL

    predictions, references = rows(folder / "preds.jsonl"), rows(folder / "refs.jsonl")
    items = Batch(
        [row["id"] for row in predictions],
        [row["prediction"] for row in predictions],
        [row["references"] for row in references],
    )
    for metric in (Bleu(), RougeL(), Cider()):
        (found,) = measure([metric], items, NoProgress())
        print(f"  {metric.info.name:10} {found.seconds:8.3f} s, its tokens included")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--captions", type=Path, default=CAPTIONS, help="folder of Flickr8k captions"
    )
    parser.add_argument("--repeats", type=int, default=3, help="turns of peer and ours")
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peer:
        peer(chosen.peer)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if chosen.scaling:
            scaling(folder, chosen.captions)
            return
        for n_images, swap in ((10_000, True), (2_000, False)):
            make_data(folder, n_images, 4, chosen.captions, swap=swap)
            print(f"{n_images:,} images x 4 references{', words swapped' if swap else ''}")
            if chosen.in_process:
                in_process(folder)
            else:
                compare(folder, chosen.repeats)


if __name__ == "__main__":
    main()
