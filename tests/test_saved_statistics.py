"""The numbers of a saved report follow from its statistics alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.metric import PooledMetric
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list
from vlmeval_cli.registry import choose
from vlmeval_cli.reports.statistics_file import read_statistics
from vlmeval_cli.stats.pooled import rows_of

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
CHOICES = [
    ("captioning", "cider,bleu,meteor,rouge_l"),
    (
        "captioning",
        "rouge_1_f1,bleu_4:variant=nltk:smoothing=method1,sacrebleu,cider:variant=plain",
    ),
    ("vqa", "vqa_accuracy,exact_match,token_f1,anls"),
    ("classification", "accuracy,classification,calibration", "--by", "light"),
    ("choice", "choice_accuracy,choice_balanced_accuracy,choice_accuracy_parsed"),
    ("grounding", "acc_at_iou,box_iou,center_accuracy"),
    ("docqa", "anls,anls:threshold=0.2,exact_match"),
    ("text", "chrf,sacrebleu,rouge:types=rouge_1+rouge_lsum"),
    ("freeform", "field_f1,format_valid,schema_valid,anls_star,consistency"),
    ("code", "pass_at_k:k=1+5,edit_similarity,smoothed_bleu"),
    ("language_modeling", "perplexity,token_accuracy"),
    ("rationality", "rationality"),
    (
        "preference",
        "win_rate,length_controlled_win_rate,position_bias,judge_agreement,bradley_terry",
    ),
    ("detection", "box_f1,mean_ap,expected_ap,tide", "--by", "light"),
]


def strictly(text):
    """JSON as the standard has it, without NaN and Infinity."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


class Saved:
    """A report folder as another program would read it."""

    def __init__(self, folder):
        self.report = strictly((folder / "report.json").read_bytes())
        self.samples = [*map(strictly, (folder / "samples.jsonl").read_bytes().splitlines())]
        with (folder / "statistics.npz").open("rb") as file:
            self.statistics = read_statistics(file)


def detections(folder):
    """Images of no to four objects: found, missed, found twice, or called otherwise."""
    rng = np.random.default_rng(7)
    preds, refs = [], []
    for n in range(40):
        objects = [
            {"bbox": [*rng.integers(0, 300, 2).tolist(), 60, 80], "label": label}
            for label in rng.choice(["cat", "dog", "bird"], n % 5)
        ]
        found = [
            {
                "bbox": [one["bbox"][0] + int(rng.integers(0, 40)), *one["bbox"][1:]],
                "label": one["label"] if rng.random() < 0.8 else "dog",
                "score": round(float(rng.random()), 3),
            }
            for one in objects * (1 + (n % 20 == 4))
            if rng.random() < 0.8
        ]
        size = {"width": 400, "height": 400}
        refs.append({"id": n, "boxes": objects, **size, "light": "day" if n % 3 else "night"})
        preds.append({"id": n, "boxes": found})
    for name, rows in (("preds.jsonl", preds), ("refs.jsonl", refs)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(params=CHOICES, ids=lambda choice: choice[1][:20])
def saved(request, tmp_path, capsys):
    task, metrics, *more = request.param
    folder = detections(tmp_path) if task == "detection" else SAMPLES / task
    files = [str(path) for path in sorted(folder.glob("*.jsonl"))]
    if task == "detection":
        more += ["--box-format", "xywh-pixels/xywh-pixels"]
    options = ["--metrics", metrics, "--output", str(tmp_path / "run"), "--resamples", "0", "-q"]
    assert main(["score", *files, *options, *more]) == 0
    capsys.readouterr()
    chosen = choose(parse_metric_spec(text) for text in split_metric_list(metrics))
    return Saved(tmp_path / "run"), chosen


def scores(saved, chosen, weights):
    """Run name → score of every row of ``weights``, shape (B, n), from the statistics alone."""
    for one in chosen:
        own = saved.statistics.metrics[one.outputs()[0][0]]
        with np.errstate(invalid="ignore", divide="ignore"):
            if isinstance(one.metric, PooledMetric):
                found = one.metric.combine(rows_of(own), weights)
            else:
                found = one.metric.finalize(weights @ own.values)
        yield from ((name, found[output.name]) for name, output in one.outputs())


def item_scores(saved, chosen):
    """Run name → score of every item, of the outputs that have one."""
    for one in chosen:
        own = saved.statistics.metrics[one.outputs()[0][0]]
        if isinstance(one.metric, PooledMetric):
            found = one.metric.item_scores(rows_of(own), len(saved.samples))
        else:
            with np.errstate(invalid="ignore"):
                found = one.metric.finalize(own.values)
        yield from ((name, found[out.name]) for name, out in one.outputs() if out.name in found)


def test_scores_of_all_items(saved):
    saved, chosen = saved
    found = dict(scores(saved, chosen, np.ones((1, len(saved.samples)))))
    assert found.keys() == saved.report["metrics"].keys()
    told = [entry["value"] for entry in saved.report["metrics"].values()]
    np.testing.assert_allclose(
        np.concatenate([*found.values()]), np.array(told, dtype=np.float64), rtol=0, atol=1e-14
    )


def test_scores_of_groups(saved):
    saved, chosen = saved
    groups = saved.report["groups"]
    weights = np.zeros((len(groups), len(saved.samples)))
    for row, group in zip(weights, groups, strict=True):
        ((field, value),) = group["by"].items()
        row[:] = [item["groups"][field] == value for item in saved.samples]
    for name, column in scores(saved, chosen, weights) if groups else ():
        told = np.array([group["metrics"][name]["value"] for group in groups], dtype=np.float64)
        np.testing.assert_allclose(column, told, rtol=0, atol=1e-14)


def test_scores_of_items(saved):
    saved, chosen = saved
    assert [item["id"] for item in saved.samples] == list(saved.statistics.ids)
    found = dict(item_scores(saved, chosen))
    for name in saved.samples[0]["scores"]:
        told = np.array([item["scores"][name] for item in saved.samples], dtype=np.float64)
        np.testing.assert_array_equal(found[name], told)


def test_what_has_no_number_has_none_in_any_file(saved):
    """JSON has no NaN; what is unknown is null, with its reason."""
    saved, _ = saved
    for group in ({"metrics": saved.report["metrics"]}, *saved.report["groups"]):
        for entry in group["metrics"].values():
            assert (entry["value"] is None) == (entry["reason"] is not None)
    for item in saved.samples:
        unknown = {name for name, score in item["scores"].items() if score is None}
        assert unknown == item["score_reasons"].keys()
