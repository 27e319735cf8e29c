"""Start-up: whole processes of short commands, as ratios against importing their libraries.

    python benchmarks/startup.py

The peers run in turn with the commands; each figure is the median of ten processes.
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
VLMEVAL = [sys.executable, "-m", "vlmeval_cli"]
TYPER = [sys.executable, "-c", "import typer, rich.console"]
NUMBERS = [sys.executable, "-c", "import numpy, scipy, rapidfuzz"]
REPEATS = 10


def sample(task):
    folder = ROOT / "sample_data" / task
    return [*VLMEVAL, "score", str(folder / "preds.jsonl"), str(folder / "refs.jsonl")]


CASES = [
    ("--version", [*VLMEVAL, "--version"], TYPER, 1.5),
    ("--help", [*VLMEVAL, "--help"], TYPER, 2.5),
    ("score --help", [*VLMEVAL, "score", "--help"], TYPER, 4.0),
    ("score sample_data/captioning", sample("captioning"), NUMBERS, 3.0),
    ("score sample_data/vqa", sample("vqa"), NUMBERS, 3.0),
]


def seconds(command):
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started


def main():
    for name, command, peer, limit in CASES:
        seconds(command), seconds(peer)  # warm the disk
        pairs = [(seconds(command), seconds(peer)) for _ in range(REPEATS)]
        ours, theirs = (median(column) for column in zip(*pairs, strict=True))
        ratio = median(one / other for one, other in pairs)
        print(f"  {name:30} {ours:6.3f} s against {theirs:6.3f} s: {ratio:4.2f} (aim: {limit})")


if __name__ == "__main__":
    main()
