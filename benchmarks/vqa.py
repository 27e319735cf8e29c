"""VQA accuracy: vlmeval against a plain-Python evaluator, equal numbers asserted.

    python benchmarks/vqa.py                    whole processes, 8,977 questions x 10 answers
    python benchmarks/vqa.py --in-process       the metric alone, texts in memory
    python benchmarks/vqa.py --scale            the metric alone from 10,000 to 1,000,000 questions

The questions are the VQA v2 annotations of shared/data beside the repository; the predictions are
annotators' answers with seeded noise. The plain evaluator is tests/oracles/vqa_plain.py.
"""

import argparse
import gzip
import importlib.util
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "vqav2" / "annotations_valid.json.gz"
PLAIN = ROOT / "tests" / "oracles" / "vqa_plain.py"
TOLERANCE = 1e-12


def load_annotations():
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        return json.load(file)["annotations"]


def make_predictions(annotations, seed=2024):
    """An annotator's answer, as it is, or with another case, punctuation, article, or wrong."""
    rng = random.Random(seed)
    noises: list[Callable[[str], str]] = [
        str, str, str, str.capitalize, str.upper, "{}.".format, "the {}".format, " {}\n".format,
        "{}, maybe".format, "not {}!".format, lambda answer: answer.replace(" ", "-"),
    ]  # fmt: skip
    return [
        {
            "question_id": row["question_id"],
            "answer": rng.choice(noises)(rng.choice(row["answers"])["answer"]),
        }
        for row in annotations
    ]


def timed(command, repeats):
    """Best wall time of a whole process, and what it printed."""
    best, output = float("inf"), ""
    for _ in range(repeats):
        start = perf_counter()
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        best = min(best, perf_counter() - start)
    return best, output


def whole_processes(repeats, extra):
    annotations = load_annotations()
    with tempfile.TemporaryDirectory() as folder:
        preds, refs = Path(folder, "preds.json"), Path(folder, "annotations.json")
        preds.write_text(json.dumps(make_predictions(annotations)), encoding="utf-8")
        refs.write_text(json.dumps({"annotations": annotations}), encoding="utf-8")
        plain_seconds, plain = timed([sys.executable, str(PLAIN), str(preds), str(refs)], repeats)
        ours = [sys.executable, "-m", "vlmeval_cli", "score", str(preds), str(refs)]
        ours += ["--metrics", "vqa_accuracy", "--json", "-", *extra]
        our_seconds, report = timed(ours, repeats)
    expected = json.loads(plain)
    ours_found = json.loads(report)["metrics"]["vqa_accuracy"]["value"]
    assert abs(expected["overall"] - ours_found) <= TOLERANCE, (expected["overall"], ours_found)
    print(f"accuracy {ours_found:.6f} on {len(annotations):,} questions, equal in both")
    print(f"plain evaluator {plain_seconds:.3f} s, vlmeval score {our_seconds:.3f} s: ", end="")
    print(f"{plain_seconds / our_seconds:.1f}x (whole processes, best of {repeats})")


def in_process(repeats):
    from vlmeval_cli.metrics.vqa_accuracy import VqaAccuracy

    plain = load_plain()
    annotations = load_annotations()
    predictions = [row["answer"] for row in make_predictions(annotations)]
    answers = [[answer["answer"] for answer in row["answers"]] for row in annotations]
    start = perf_counter()
    expected = [plain.accuracy(*pair) for pair in zip(predictions, answers, strict=True)]
    plain_seconds = perf_counter() - start
    our_seconds = float("inf")
    for _ in range(repeats):
        start = perf_counter()
        values = VqaAccuracy().measure(batch_of(predictions, answers), None).values[:, 0]
        our_seconds = min(our_seconds, perf_counter() - start)
    assert max(abs(a - b) for a, b in zip(expected, values, strict=True)) <= TOLERANCE
    print(f"{len(expected):,} questions, every item equal to {TOLERANCE}")
    print(f"plain evaluator {plain_seconds:.3f} s, metric {our_seconds:.3f} s: ", end="")
    print(f"{plain_seconds / our_seconds:.1f}x (in process, best of {repeats})")


def scale(sizes):
    """The metric in batches of 25,000, as the engine calls it, on texts that seldom repeat."""
    from vlmeval_cli.metrics.vqa_accuracy import VqaAccuracy

    annotations = load_annotations()
    noisy = make_predictions(annotations)
    print(f"{'questions':>12} {'seconds':>9} {'us/question':>12} {'peak MiB':>9}")
    for size in sizes:
        predictions, answers = [], []
        for number in range(size):
            copy, place = divmod(number, len(annotations))
            suffix = f" {copy}" if copy else ""
            predictions.append(noisy[place]["answer"] + suffix)
            answers.append([a["answer"] + suffix for a in annotations[place]["answers"]])
        start = perf_counter()
        for first in range(0, size, 25_000):
            part = slice(first, first + 25_000)
            VqaAccuracy().measure(batch_of(predictions[part], answers[part]), None)
        seconds = perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{size:12,} {seconds:9.3f} {1e6 * seconds / size:12.2f} {peak:9,}")


def batch_of(predictions, answers):
    from vlmeval_cli.core.batch import Batch, TextColumn, offsets_of

    columns = {
        "prediction.text": TextColumn(predictions, offsets_of([1] * len(predictions))),
        "references.text": TextColumn(
            [*chain.from_iterable(answers)], offsets_of([*map(len, answers)])
        ),
    }
    return Batch(["id"] * len(predictions), predictions, answers, prepared=columns)


def load_plain():
    spec = importlib.util.spec_from_file_location("vqa_plain", PLAIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    options, extra = parser.parse_known_args()
    if not DATA.exists():
        sys.exit("the shared data folder with vqav2 is not beside this repository")
    if options.scale:
        scale(options.sizes)
    elif options.in_process:
        in_process(options.repeats)
    else:
        whole_processes(options.repeats, extra)


if __name__ == "__main__":
    main()
