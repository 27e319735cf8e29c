"""A saved run is the run that was saved."""

import json

import numpy as np
import pytest

from vlmeval_cli.api import score
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.core.metric import PooledMetric
from vlmeval_cli.runs.saved import is_saved, load_saved
from vlmeval_cli.stats.pooled import pooled_scores, rows_of

TASKS = (
    "captioning", "choice", "classification", "code", "docqa", "freeform", "grounding",
    "language_modeling", "preference", "rationality", "text", "vqa",
)  # fmt: skip


def paths_of(root, task):
    folder = root / "sample_data" / task
    return [str(path) for path in (folder / "preds.jsonl", folder / "refs.jsonl") if path.exists()]


def saved(root, task, tmp_path, *options):
    assert main(["score", *paths_of(root, task), "--output", str(tmp_path / "run"), *options]) == 0
    return tmp_path / "run"


@pytest.mark.parametrize("task", TASKS)
def test_a_saved_run_has_scores_items_and_metrics(root, task, tmp_path, capfd):
    run = load_saved(saved(root, task, tmp_path)).result
    fresh = score(*paths_of(root, task))
    assert [*run.scores] == [*fresh.scores]
    for name, one in fresh.scores.items():
        assert (run.scores[name].value, run.scores[name].n) == (one.value, one.n)
        assert run.scores[name].output == one.output
    assert run.items.ids == [*fresh.items.ids]
    assert run.items.outcomes == [*fresh.items.outcomes]
    for mine, theirs in zip(run.chosen, fresh.chosen, strict=True):
        assert (type(mine.metric), mine.names) == (type(theirs.metric), dict(theirs.names))
        if task != "freeform":  # whose schema is too long to be saved
            assert mine.metric.options() == theirs.metric.options()
    assert run.signature == type(run.signature)(*json_of(fresh.signature))
    for mine, theirs in zip(run.statistics.values(), fresh.statistics.values(), strict=True):
        np.testing.assert_array_equal(mine.values, theirs.values)


def json_of(signature):
    return json.loads(json.dumps([signature.comparable, signature.recorded], default=dict))


@pytest.mark.parametrize("task", TASKS)
def test_scores_follow_from_saved_statistics(root, task, tmp_path, capfd):
    run = load_saved(saved(root, task, tmp_path)).result
    for chosen, statistics in run.measured:
        metric = chosen.metric
        if isinstance(metric, PooledMetric):
            found = pooled_scores(metric, rows_of(statistics), len(run.items))
        else:
            found = metric.finalize(statistics.values.sum(axis=0))
        for name, output in chosen.outputs():
            value = run.scores[name].value
            assert value is None or float(found[output.name]) == pytest.approx(value, abs=1e-12)


def test_clusters_are_saved(root, tmp_path, capfd):
    run = load_saved(saved(root, "vqa", tmp_path)).result
    fresh = score(*paths_of(root, "vqa"))
    np.testing.assert_array_equal(run.clusters, fresh.clusters)
    assert run.clusters.max() == 119  # two questions on each of 120 images


def test_a_report_alone_is_bare(root, tmp_path, capfd):
    report = tmp_path / "report.json"
    assert main(["score", *paths_of(root, "vqa"), "--json", str(report)]) == 0
    run = load_saved(report)
    assert run.bare == "the report stands alone, without its statistics"
    assert run.result.scores["vqa_accuracy"].value == pytest.approx(0.6808, abs=5e-5)


def test_altered_statistics_make_a_report_bare(root, tmp_path, capfd):
    folder = saved(root, "vqa", tmp_path)
    with (folder / "statistics.npz").open("ab") as file:
        file.write(b"\0")
    assert load_saved(folder).bare == "statistics.npz was altered after the report was written"


def test_absent_statistics_make_a_report_bare(root, tmp_path, capfd):
    folder = saved(root, "vqa", tmp_path)
    (folder / "samples.jsonl").unlink()
    assert load_saved(folder).bare == "samples.jsonl is not beside the report"


def test_what_is_no_report_is_refused(tmp_path):
    other = tmp_path / "report.json"
    with pytest.raises(UsageError, match="is not there"):
        load_saved(other)
    other.write_text("{")
    with pytest.raises(DataError, match="is no JSON"):
        load_saved(other)
    other.write_text('{"accuracy": 1}')
    with pytest.raises(DataError, match="no report of a scored run"):
        load_saved(other)
    other.write_text('{"kind": "score", "tool": {"name": "vlmeval"}, "schema_version": 1}')
    with pytest.raises(DataError, match="the report is damaged"):
        load_saved(other)
    other.write_text('{"kind": "score", "tool": {"name": "vlmeval"}, "schema_version": 9}')
    with pytest.raises(DataError, match='schema_version is "9", expected 1'):
        load_saved(other)


def test_reports_are_told_from_predictions(root, tmp_path, capfd):
    assert is_saved(saved(root, "vqa", tmp_path))
    assert is_saved(tmp_path / "run" / "report.json")
    assert not is_saved(root / "sample_data" / "vqa" / "preds.jsonl")
    assert not is_saved(root / "sample_data" / "vqa")
