"""Results of runs without files, for tests of what is told about several of them."""

import numpy as np

from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import ItemScores, JoinReport, RunResult, Score, Signature

LOWER_IS_BETTER = ("loss", "ece")


def output(name):
    """An output of that name."""
    kind = "binary" if name == "exact_match" else "ratio"
    return Output(name, kind=kind, higher_is_better=name not in LOWER_IS_BETTER)


def made(marks, *, outcomes=None, texts=None, task="vqa", **corpus):
    """A run with item scores of exact_match, and scores of all items alone."""
    n = len(marks)
    column = np.array(marks, dtype=np.float64)
    values = {"exact_match": float(np.nanmean(column)), **corpus}
    scores = {
        name: Score(output(name), name, one, n, Signature({})) for name, one in values.items()
    }
    items = ItemScores(
        ids=[str(i) for i in range(n)],
        predictions=texts or ["red"] * n,
        raw=[None] * n,
        references=[["red"]] * n,
        outcomes=outcomes or ["right" if mark == 1 else "wrong" for mark in column],
        scores={"exact_match": column},
        helped={},
    )
    return RunResult(
        task=task, task_reason="", inputs=(), fields={}, join=JoinReport(matched=n), outcomes={},
        scores=scores, primary="exact_match", items=items, signature=Signature({}), statistics={},
        statistics_options={},
    )  # fmt: skip
