"""The numbers of a saved report follow from its statistics alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list
from vlmeval_cli.registry import choose
from vlmeval_cli.reports.statistics_file import read_statistics

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
CHOICES = [
    ("captioning", "cider,bleu,meteor,rouge_l"),
    (
        "captioning",
        "rouge_1_f1,bleu_4:variant=nltk:smoothing=method1,sacrebleu,cider:variant=plain",
    ),
    ("vqa", "vqa_accuracy,exact_match,token_f1,anls"),
]


class Saved:
    """A report folder as another program would read it."""

    def __init__(self, folder):
        self.report = json.loads((folder / "report.json").read_bytes())
        self.samples = list(map(json.loads, (folder / "samples.jsonl").read_bytes().splitlines()))
        with (folder / "statistics.npz").open("rb") as file:
            self.statistics = read_statistics(file)


@pytest.fixture(params=CHOICES, ids=lambda choice: choice[1][:20])
def saved(request, tmp_path, capsys):
    task, metrics = request.param
    files = [str(SAMPLES / task / name) for name in ("preds.jsonl", "refs.jsonl")]
    options = ["--metrics", metrics, "--output", str(tmp_path / "run"), "--resamples", "0", "-q"]
    assert main(["score", *files, *options]) == 0
    capsys.readouterr()
    chosen = choose(parse_metric_spec(text) for text in split_metric_list(metrics))
    return Saved(tmp_path / "run"), chosen


def finalized(saved, chosen, rows):
    """Run name → score of the rows that ``rows`` makes of the statistics."""
    for one in chosen:
        own = saved.statistics.metrics[one.outputs()[0][0]]
        found = one.metric.finalize(rows(own.values))
        yield from ((name, found[output.name]) for name, output in one.outputs())


def test_scores_of_all_items(saved):
    saved, chosen = saved
    found = dict(finalized(saved, chosen, lambda rows: rows.sum(axis=0)))
    assert found == {name: entry["value"] for name, entry in saved.report["metrics"].items()}


def test_scores_of_groups(saved):
    saved, chosen = saved
    for group in saved.report["groups"]:
        ((field, value),) = group["by"].items()
        own = [i for i, item in enumerate(saved.samples) if item["groups"][field] == value]
        for name, score in finalized(saved, chosen, lambda rows, own=own: rows[own].sum(axis=0)):
            assert score == pytest.approx(group["metrics"][name]["value"], abs=1e-14)


def test_scores_of_items(saved):
    saved, chosen = saved
    assert [item["id"] for item in saved.samples] == list(saved.statistics.ids)
    for name, column in finalized(saved, chosen, lambda rows: rows):
        np.testing.assert_array_equal(column, [item["scores"][name] for item in saved.samples])
