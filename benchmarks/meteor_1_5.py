"""METEOR 1.5 of this package against the Java program through pycocoevalcap, as whole processes.

    python benchmarks/meteor_1_5.py [--captions FOLDER] [--runs N]
    python benchmarks/meteor_1_5.py --lengths

Both score 8,000 captions against four references each: of every image of Flickr8k, four of its five
captions take their turn as the prediction, so that no pair comes twice. Either process reads the
file, loads what it needs and writes its scores, which must be equal. The index of this package is
built before; its own time is printed, and so are the time of loading it and that of importing
scipy.

With ``--lengths``: milliseconds per pair of texts of 20 to 1,000 words, made of several captions
in a row, once both have started and are warm. The Java program answers line by line, as
pycocoevalcap asks it; the statistics must be equal.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flickr8k"
TURNS = 4
LENGTHS = ((20, 4_000), (50, 1_000), (100, 400), (250, 100), (500, 30), (1_000, 8))
TOLERANCE = 1e-9
LOAD = (
    "import time; from vlmeval_cli.resources.meteor_index import index_path, read_index; "
    "s = time.perf_counter(); read_index(index_path()); print(time.perf_counter() - s)"
)
SCIPY = "import time, numpy; s = time.perf_counter(); import scipy; print(time.perf_counter() - s)"


def items(folder: Path) -> list[tuple[str, list[str]]]:
    """Every prediction with its references."""

    def rows(name: str) -> list[dict]:
        with (folder / name).open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    accepted = {row["id"]: row["references"] for row in rows("refs.jsonl")}
    captions = [[row["prediction"], *accepted[row["id"]]] for row in rows("preds.jsonl")]
    return [(own[turn], own[:turn] + own[turn + 1 :]) for turn in range(TURNS) for own in captions]


def score_with_java(given: list) -> tuple[float, list[float]]:
    from pycocoevalcap.meteor.meteor import Meteor

    references = {number: accepted for number, (_, accepted) in enumerate(given)}
    predictions = {number: [text] for number, (text, _) in enumerate(given)}
    return Meteor().compute_score(references, predictions)


def score_with_ours(given: list) -> tuple[float, list[float]]:
    from vlmeval_cli.core.batch import Batch
    from vlmeval_cli.core.progress import NoProgress
    from vlmeval_cli.engine.serial import measure
    from vlmeval_cli.metrics.meteor_1_5 import Meteor15

    ids = [str(number) for number in range(len(given))]
    batch = Batch(ids, [text for text, _ in given], [accepted for _, accepted in given])
    values = measure([Meteor15()], batch, NoProgress())[0].statistics.values
    score = Meteor15().finalize
    return float(score(values.sum(axis=0))["meteor_1_5"]), score(values)["meteor_1_5"].tolist()


def timed(side: str, folder: Path) -> tuple[float, dict]:
    """Seconds of a whole process, and what it wrote."""
    output = folder / f"{side}.json"
    command = [sys.executable, __file__, "--side", side, "--work", str(folder)]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started, json.loads(output.read_text())


def compare(options: argparse.Namespace) -> None:
    from vlmeval_cli.core.progress import NoProgress
    from vlmeval_cli.resources.meteor_index import ensure_index

    started = time.perf_counter()
    ensure_index(NoProgress())
    print(f"index ready after {time.perf_counter() - started:.2f} s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "items.json").write_text(json.dumps(items(options.captions)))
        ratios = []
        for _ in range(options.runs):
            theirs, expected = timed("java", folder)
            ours, found = timed("ours", folder)
            pairs = zip(found["items"], expected["items"], strict=True)
            largest = max(abs(a - b) for a, b in pairs)
            if max(largest, abs(found["corpus"] - expected["corpus"])) > TOLERANCE:
                sys.exit(f"scores differ by up to {largest}")
            ratios.append(theirs / ours)
            print(
                f"java {theirs:.2f} s, ours {ours:.2f} s ({found['mib']:.0f} MiB): "
                f"{theirs / ours:.1f} times faster; {len(found['items'])} equal scores"
            )
    load, scipy = (
        min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3))
        for code in (LOAD, SCIPY)
    )
    print(f"loading the index {1000 * load:.1f} ms, importing scipy {1000 * scipy:.1f} ms")


def texts_of(words: int, n: int, folder: Path, chance: random.Random) -> list[tuple[str, str]]:
    """Pairs of texts of so many words, a caption of each of the same images in a row."""
    pairs = []
    captions = [(text, *accepted) for text, accepted in items(folder)]
    for _ in range(n):
        own = chance.sample(captions, words // 5)
        sides = (" ".join(map(chance.choice, own)).split()[:words] for _ in range(2))
        pairs.append(tuple(map(" ".join, sides)))
    return pairs


def java_statistics(program: subprocess.Popen, pairs: list[tuple[str, str]]) -> list[list[float]]:
    found = []
    for prediction, reference in pairs:
        program.stdin.write(f"SCORE ||| {reference} ||| {prediction}\n")
        program.stdin.flush()
        found.append([float(number) for number in program.stdout.readline().split()])
    return found


def our_statistics(pairs: list[tuple[str, str]]) -> list[list[float]]:
    from vlmeval_cli.core.batch import Batch
    from vlmeval_cli.core.progress import NoProgress
    from vlmeval_cli.engine.serial import measure
    from vlmeval_cli.metrics.meteor_1_5 import Meteor15
    from vlmeval_cli.text.meteor_statistics import N_STATISTICS

    ids = [str(number) for number in range(len(pairs))]
    batch = Batch(ids, [text for text, _ in pairs], [[text] for _, text in pairs])
    values = measure([Meteor15()], batch, NoProgress())[0].statistics.values
    return values[:, :N_STATISTICS].tolist()


def compare_by_length(options: argparse.Namespace) -> None:
    from vlmeval_cli.resources.meteor_index import load_meteor_index, sources

    load_meteor_index()
    folder, chance = sources().program.parent, random.Random(0)
    command = ["java", "-Xmx2G", "-jar", "meteor-1.5.jar", "-", "-", "-stdio", "-l", "en", "-norm"]
    with subprocess.Popen(
        command, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        for side in (functools.partial(java_statistics, program), our_statistics):
            side(texts_of(20, 2_000, options.captions, chance))
        for words, n in LENGTHS:
            times: tuple[list[float], list[float]] = ([], [])
            for _ in range(options.runs):
                pairs = texts_of(words, n, options.captions, chance)
                started = time.perf_counter()
                expected = java_statistics(program, pairs)
                between = time.perf_counter()
                if our_statistics(pairs) != expected:
                    sys.exit(f"statistics differ at {words} words")
                times[0].append(between - started)
                times[1].append(time.perf_counter() - between)
            java, ours = (1000 * min(own) / n for own in times)
            print(f"{words:5} words, {n} pairs: java {java:.2f} ms, ours {ours:.2f} ms a pair")
        program.stdin.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=Path, default=CAPTIONS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lengths", action="store_true")
    parser.add_argument("--side", choices=["ours", "java"], help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.lengths:
        compare_by_length(options)
        return
    if options.side is None:
        compare(options)
        return
    given = json.loads((options.work / "items.json").read_text())
    score = score_with_ours if options.side == "ours" else score_with_java
    corpus, scores = score(given)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"corpus": corpus, "items": scores, "mib": peak}
    (options.work / f"{options.side}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
