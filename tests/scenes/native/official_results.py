"""The official results of 2,000 images, from the shared data."""

import gzip
import json
from typing import NamedTuple

from vlmeval_cli.scenes.official.captions import Captions
from vlmeval_cli.scenes.tuples import CATEGORIES


class Official(NamedTuple):
    captions: Captions
    score: float
    counts: list
    prediction: list
    references: list


def rows(path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read(shared):
    accepted = {row["id"]: row["references"] for row in rows(shared / "flickr8k" / "refs.jsonl")}
    texts = {row["id"]: row["prediction"] for row in rows(shared / "flickr8k" / "preds.jsonl")}
    return [
        Official(
            Captions(texts[row["id"]], tuple(accepted[row["id"]])),
            row["spice"],
            [row["scores"][category][3:] for category in CATEGORIES],
            [tuple(words) for words, _ in row["prediction_tuples"]],
            [tuple(words) for words, _ in row["reference_tuples"]],
        )
        for row in rows(shared / "spice" / "flickr8k_spice.jsonl.gz")
    ]
