"""A small made-up run, with everything that a report must be able to say."""

from dataclasses import replace

import numpy as np
import pytest

from vlmeval_cli.core.metric import MetricStatistics, Notice, Output
from vlmeval_cli.core.results import (
    Diagnosis,
    Group,
    InputFile,
    ItemScores,
    JoinReport,
    Repair,
    RunResult,
    Score,
    Signature,
    Table,
)

CIDER = Output("cider", range=(0.0, 10.0), unit="CIDEr points")
BLEU = Output("bleu_4")
PERPLEXITY = Output(
    "perplexity",
    higher_is_better=False,
    range=(1.0, None),
    unit="perplexity",
    worst=None,
    has_item_score=False,
)


def score_of(output, value, **more):
    signature = Signature({"name": output.name, "revision": 1}, {"python": "3.11.7"})
    return Score(output, output.name.partition("_")[0], value, more.pop("n", 3), signature, **more)


@pytest.fixture
def result():
    """Three captions, one of them missing."""
    nan = np.nan
    return RunResult(
        task="captioning",
        task_reason="the references are called captions",
        inputs=[
            InputFile("predictions", "preds.jsonl", "aa", 4),
            InputFile("references", "refs.jsonl", "bb", 3),
        ],
        fields={"id": "image_id", "prediction": "caption"},
        join=JoinReport(
            matched=2,
            missing=1,
            extra=2,
            examples={"missing": ("c",), "extra": ("x1", "x2")},
            repair=Repair("strip the extension", 2, (("x1.jpg", "x1"),)),
            policy={"missing": "skip"},
        ),
        outcomes={"missing": 1, "scored": 2},
        scores={
            "cider": score_of(CIDER, 1.23456789012345, ci_low=1.1, ci_high=1.3, n=2,
                              skipped={"missing": 1}),
            "bleu_4": score_of(BLEU, 0.29824, ci_low=0.25, ci_high=0.35),
            "perplexity": score_of(PERPLEXITY, None, n=0, reason="no token probabilities"),
        },
        primary="cider",
        items=ItemScores(
            ids=["a", "b", "c"],
            predictions=["a dog | runs", "two\ncats", None],
            raw=[None, "<think>hm</think>two\ncats", None],
            references=[["a dog runs", "a dog"], ["two cats"], ["a bird"]],
            outcomes=["scored", "scored", "missing"],
            scores={"cider": np.array([2.0, 0.5, nan]), "bleu_4": np.array([0.5, 0.1, nan])},
            reasons={2: "no row has this id"},
            skips={"cider": {2: "missing"}},
            groups={"split": ["x", "y", "y"]},
        ),
        signature=Signature({"task": "captioning"}, {"vlmeval": "0.1.0"}),
        statistics={
            "cider": MetricStatistics(np.array([[2.0, 1], [0.5, 1], [0, 0]]), None,
                                      {2: "missing"}, context_digest="d1",
                                      facts={"short": 2}),
            "bleu": MetricStatistics(np.eye(3), np.array([0.0, 1.0, 1.0]), {}),
        },
        statistics_options={"resamples": 1000, "confidence": 0.95, "seed": 12345,
                            "cluster_by": None},
        groups=[
            Group({"split": "x"}, 1, {"cider": score_of(CIDER, 2.0, n=1)}),
            Group({"split": "y"}, 2, {"cider": score_of(CIDER, 0.5, n=1)}),
        ],
        tables={"reference": Table("Against the originals", ("package", "seconds", "difference"),
                                   [("pycocoevalcap", 12.5, 1e-16), ("nltk", 3, float("nan"))])},
        diagnosis=[Diagnosis("CIDEr is low", "captions are generic", "look at the worst items")],
        warnings=[Notice("few_images", "CIDEr on 3 images says little")],
        notes=["the id is image_id"],
    )  # fmt: skip


@pytest.fixture
def rename(result):
    """The run with other ids, predictions and group names."""

    def renamed(*, ids=None, predictions=None, **changes):
        items = replace(
            result.items,
            ids=ids or result.items.ids,
            predictions=predictions or result.items.predictions,
        )
        return replace(result, items=items, **changes)

    return renamed
