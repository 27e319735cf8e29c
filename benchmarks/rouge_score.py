"""ROUGE-1, -2 and -L with stemmer against the rouge-score package, whole processes.

    python benchmarks/rouge_score.py

2,000 Flickr8k captions against four references each, then 10,000 with swapped words. Item scores
must be equal.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from captioning import CAPTIONS, TOLERANCE, best, make_data, our_scores, ours, rows, timed

TYPES = ("rouge1", "rouge2", "rougeL")


def peer(folder):
    """Score with rouge-score, the best reference of each type, and write the item scores."""
    # This file is called like the package, and its folder comes first on the path.
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(TYPES), use_stemmer=True)
    accepted = {row["id"]: row["references"] for row in rows(folder / "refs.jsonl")}
    scores = [
        scorer.score_multi(accepted[row["id"]], row["prediction"])
        for row in rows(folder / "preds.jsonl")
    ]
    found = {name: [score[name].fmeasure for score in scores] for name in TYPES}
    (folder / "peer.json").write_text(json.dumps(found), encoding="utf-8")


def compare(folder, repeats):
    theirs = timed([sys.executable, __file__, "--peer", str(folder)])
    found = best(lambda: ours(folder, "rouge", "--resamples", "0"), repeats)
    print(f"  rouge-score {theirs.seconds:8.2f} s\n  vlmeval     {found.seconds:8.2f} s", end="")
    print(f"  {theirs.seconds / found.seconds:5.1f}x")
    items = our_scores(folder, "rouge")[1]
    expected = json.loads((folder / "peer.json").read_text("utf-8"))
    worst = max(
        abs(mine - other)
        for name in TYPES
        for mine, other in zip(
            items[f"rouge_{name.removeprefix('rouge').lower()}_f1"], expected[name], strict=True
        )
    )
    assert worst <= TOLERANCE, f"numbers differ by {worst}"
    print(f"  largest difference of any item score: {worst:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--captions", type=Path, default=CAPTIONS, help="folder of Flickr8k captions"
    )
    parser.add_argument("--repeats", type=int, default=3, help="runs of ours; the fastest counts")
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peer:
        peer(chosen.peer)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n_images, swap in ((2_000, False), (10_000, True)):
            make_data(folder, n_images, 4, chosen.captions, swap=swap)
            print(f"{n_images:,} images x 4 references{', words swapped' if swap else ''}")
            compare(folder, chosen.repeats)


if __name__ == "__main__":
    main()
