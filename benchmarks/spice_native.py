"""How far spice_native agrees with SPICE on people's captions and on corrupted ones, and its speed.

    python benchmarks/spice_native.py [--shared FOLDER] [--jar]

The official results of 2,000 images lie in FOLDER; the rules were made on the first 1,000. Systems
of known faults (benchmarks/spice_systems.py) are ranked on 200 images of the second 1,000; with
``--jar`` SPICE's own program scores them anew (some minutes), else the means that it gave are read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import kendalltau, pearsonr, spearmanr
from spice_systems import systems

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.metrics.scene_scores import scene_scores
from vlmeval_cli.scenes.native.comparing import compare_captions
from vlmeval_cli.scenes.native.matching import is_match, match
from vlmeval_cli.scenes.native.parser import DEFAULT_MODEL
from vlmeval_cli.scenes.official.captions import Captions
from vlmeval_cli.scenes.tuples import CATEGORIES, SceneColumn, scene_column

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
MEANS = ROOT / "tests" / "golden" / "spice_systems.json"
JAR_S = 352.0  # SPICE's program on the same captions and 2 cores, without a cache
SIDES = ("prediction", "reference")
SYSTEMS_ON, OTHERS = slice(1000, 1200), slice(1200, 1400)


class Official(NamedTuple):
    """An image's captions, and what SPICE found."""

    captions: Captions
    counts: np.ndarray
    prediction: list[tuple[str, ...]]
    references: list[tuple[str, ...]]


def official_results(shared: Path) -> list[Official]:
    def rows(path: Path) -> Iterable[dict]:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    accepted = {row["id"]: row["references"] for row in rows(shared / "flickr8k" / "refs.jsonl")}
    texts = {row["id"]: row["prediction"] for row in rows(shared / "flickr8k" / "preds.jsonl")}
    return [
        Official(
            Captions(texts[row["id"]], tuple(accepted[row["id"]])),
            np.array([row["scores"][category][3:] for category in CATEGORIES]),
            *([tuple(words) for words, _ in row[f"{side}_tuples"]] for side in SIDES),
        )
        for row in rows(shared / "spice" / "flickr8k_spice.jsonl.gz")
    ]


def native(items: Sequence[Captions]) -> SceneColumn:
    policy = ModelPolicy(cache=False)
    return scene_column(*compare_captions(DEFAULT_MODEL, items, policy, NoProgress()))


def official(items: Sequence[Captions]) -> SceneColumn:
    from vlmeval_cli.scenes.official.scoring import compare_captions as by_program

    return scene_column(*by_program(items, ModelPolicy(), NoProgress()))


def agreement(name: str, images: Sequence[Official], ours: SceneColumn) -> None:
    theirs = np.array([image.counts for image in images])
    scores = scene_scores(ours)
    expected = scene_scores(SceneColumn(theirs, [None] * len(images)))
    print(
        f"\n{name}\n{'':12}{'items':>6}{'Pearson':>9}{'Spearman':>9}{'ours':>8}{'SPICE':>8}{'bias':>8}"
    )
    for row, category in enumerate(CATEGORIES):
        mine, its = scores[:, row], expected[:, row]
        both = ~np.isnan(mine) & ~np.isnan(its)
        a, b = mine[both], its[both]
        means = np.nanmean(mine), np.nanmean(its)
        print(
            f"{category:12}{both.sum():6}{pearsonr(a, b)[0]:9.4f}{spearmanr(a, b)[0]:9.4f}"
            f"{means[0]:8.4f}{means[1]:8.4f}{means[0] / means[1] - 1:8.2%}"
        )
    equal = [
        np.array_equal(match(one.prediction, one.references)[0], one.counts[0]) for one in images
    ]
    print(f"matching alone, fed the official tuples: equal on {sum(equal):,} of {len(images):,}")
    for side, place in (("predictions", 0), ("references", 1)):
        right, found, there = tuple_counts(images, ours, place)
        print(f"tuples of {side}: precision {right / found:.3f}, recall {right / there:.3f}")


def tuple_counts(images: Sequence[Official], ours: SceneColumn, place: int) -> tuple[int, int, int]:
    """How many of our tuples the official ones have a match for; how many there are of both."""
    right = found = there = 0
    for image, scene in zip(images, ours.scenes, strict=True):
        mine = [one.words for one in scene[place]]
        its = (image.prediction, image.references)[place]
        right += sum(any(is_match(one, other) for other in its) for one in mine)
        found, there = found + len(mine), there + len(its)
    return right, found, there


def ranking(images: Sequence[Official], with_jar: bool) -> None:
    texts = [image.captions.prediction for image in images]
    accepted = [image.captions.references for image in images[SYSTEMS_ON]]
    given = systems(texts[SYSTEMS_ON], texts[OTHERS])
    items = {name: list(map(Captions, own, accepted)) for name, own in given.items()}
    if with_jar:
        found = {
            name: float(scene_scores(official(own))[:, 0].mean()) for name, own in items.items()
        }
        MEANS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    theirs = json.loads(MEANS.read_text(encoding="utf-8"))
    ours = {name: float(scene_scores(native(own))[:, 0].mean()) for name, own in items.items()}
    print(f"\n{'system (200 images)':32}{'ours':>8}{'SPICE':>8}{'ranks':>9}")
    ranks = [sorted(means, key=means.get, reverse=True) for means in (ours, theirs)]
    for name in ranks[1]:
        places = [rank.index(name) + 1 for rank in ranks]
        print(f"{name:32}{ours[name]:8.4f}{theirs[name]:8.4f}{places[0]:5} {places[1]:3}")
    pairs = list(combinations(ours, 2))
    turned = [
        abs(theirs[a] - theirs[b])
        for a, b in pairs
        if (ours[a] > ours[b]) != (theirs[a] > theirs[b])
    ]
    own, its = zip(*((ours[name], theirs[name]) for name in ours), strict=True)
    print(f"Kendall {kendalltau(own, its)[0]:.3f}, Pearson {pearsonr(own, its)[0]:.4f}")
    print(
        f"{len(turned)} of {len(pairs)} pairs of systems are ordered otherwise; SPICE sees at most "
        f"{max(turned, default=0.0):.4f} between them"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--jar", action="store_true", help="run SPICE's program on the systems")
    arguments = parser.parse_args()
    images = official_results(arguments.shared)
    started, worked = time.perf_counter(), time.process_time()
    column = native([image.captions for image in images])
    seconds = time.perf_counter() - started
    worked = time.process_time() - worked
    print(f"2,000 images, 10,000 captions: {seconds:.1f} s ({worked:.1f} s of processor time),")
    print(f"{JAR_S / seconds:.0f} times as fast as SPICE on an idle machine ({JAR_S:.0f} s)")
    for name, part in (
        ("images 1 to 1,000 (the rules were made on them)", slice(0, 1000)),
        ("images 1,001 to 2,000", slice(1000, 2000)),
    ):
        agreement(name, images[part], column.part(part.start, part.stop))
    ranking(images, arguments.jar)


if __name__ == "__main__":
    main()
