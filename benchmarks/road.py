"""The whole road of docqa, classification and choice against parsing and holding the rows.

    python benchmarks/road.py                    the three tasks, 100,000 rows each
    python benchmarks/road.py --only choice      one of them

`vlmeval score` with intervals off runs as a user calls it, on all rows and on ten; the difference
is what the rows cost. Beside it a process parses both files with orjson, line by line, and holds
every row, garbage collector off. The turns are interleaved; processor time is compared, and wall
time is told. The primary score must equal one that is computed here in the simplest way.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import choice
import classification
import docqa
from rapidfuzz.distance import Levenshtein

TOLERANCE = 1e-12
FEW = 10
PARSE = """
import gc, sys, time, orjson
gc.disable()
wall, own = time.perf_counter(), time.process_time()
held = [[orjson.loads(line) for line in open(name, "rb")] for name in sys.argv[1:]]
print(time.process_time() - own, time.perf_counter() - wall)
"""


def docqa_files(folder, n):
    docqa.write(folder / str(n), n)
    return folder / str(n) / "preds.jsonl", folder / str(n) / "refs.jsonl"


def anls(predicted, row):
    best = 0.0
    for answer in row["answers"]:
        one, other = (" ".join(text.lower().split()) for text in (answer, predicted["answer"]))
        longer = max(len(answer.upper()), len(predicted["answer"].upper()))
        best = max(best, 1 - Levenshtein.distance(one, other) / longer if longer else 1.0)
    return best if best >= 0.5 else 0.0


def is_same_label(predicted, row):
    return predicted["prediction"] == row["label"]


def names_right_option(predicted, row):
    options = dict(zip("ABCD", row["options"], strict=True))
    said = {
        letter
        for letter, text in options.items()
        for form in choice.FORMS
        if form.format(l=letter, t=text) == predicted["prediction"]
    }
    return said == {row["answer"]}


TASKS = {  # how its files are written, its primary score, and that score of one item
    "docqa": (docqa_files, "anls", anls),
    "classification": (classification.write_rows, "accuracy", is_same_label),
    "choice": (choice.write_rows, "choice_accuracy", names_right_option),
}


def expected(files, of_item):
    """The mean over the rows, which stand in the same order in both files."""
    with files[0].open() as mine, files[1].open() as theirs:
        values = [of_item(json.loads(a), json.loads(b)) for a, b in zip(mine, theirs, strict=True)]
    return sum(values) / len(values)


def command(files, *options):
    started = [sys.executable, "-m", "vlmeval_cli", "score", *map(str, files)]
    return [*started, "--resamples", "0", *options]


def seconds(words):
    """Processor and wall seconds of a child process, from its start to its end."""
    started = perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, words
    return used.ru_utime + used.ru_stime, perf_counter() - started


def parsing(files):
    words = [sys.executable, "-c", PARSE, *map(str, files)]
    return [*map(float, subprocess.check_output(words, text=True).split())]


def measure(name, n, repeats, folder):
    write, primary, of_item = TASKS[name]
    many, few = write(folder, n), write(folder, FEW)
    # Ten rows of labels are too few to tell what they are; start-up is that of the same road.
    task = ("--task", name)
    report = subprocess.check_output(command(many, "--json", "-"), stderr=subprocess.DEVNULL)
    found = json.loads(report)
    assert found["task"] == name
    assert abs(found["metrics"][primary]["value"] - expected(many, of_item)) <= TOLERANCE
    turns = [
        (seconds(command(many)), seconds(command(few, *task)), parsing(many))
        for _ in range(repeats)
    ]
    for kind, what in enumerate(("processor", "wall")):
        whole, start, rows = (median(turn[i][kind] for turn in turns) for i in range(3))
        ratio = median((turn[0][kind] - turn[1][kind]) / turn[2][kind] for turn in turns)
        print(f"{name}, {n:,} rows, {what} time: {whole:.3f} s, of {FEW} rows {start:.3f} s, "
              f"parsing and holding {rows:.3f} s: {ratio:.1f}x (aim: 6)", flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=TASKS)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for name in [options.only] if options.only else TASKS:
        if name == "docqa" and not docqa.DATA.exists():
            print("docqa: the shared data folder is not beside this repository", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            measure(name, options.rows, options.repeats, Path(folder))


if __name__ == "__main__":
    main()
