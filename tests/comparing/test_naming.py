"""Runs get their names from the command line, from files and from folders."""

import json

import pytest

from vlmeval_cli.comparing.naming import NamedRun, named_runs
from vlmeval_cli.core.errors import UsageError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('{"id": 1, "prediction": "a"}\n')

    return make


def names(*arguments):
    return [run.name for run in named_runs(arguments)]


def test_a_name_stands_before_the_file(here):
    here("base.jsonl")
    assert named_runs(["tuned=base.jsonl"]) == (NamedRun("tuned", ("base.jsonl",)),)


def test_a_file_alone_is_named_after_itself(here):
    here("base.jsonl", "out/lora.jsonl.gz")
    assert names("base.jsonl", "out/lora.jsonl.gz") == ["base", "lora"]


def test_files_of_one_name_are_told_apart_by_their_folders(here):
    here("a/preds.jsonl", "b/preds.jsonl")
    assert names("a/preds.jsonl", "b/preds.jsonl") == ["a/preds", "b/preds"]


def test_commas_and_patterns_after_a_name_are_seeds(here):
    here("s1.jsonl", "s2.jsonl", "s10.jsonl")
    assert named_runs(["lora=s1.jsonl,s2.jsonl"])[0].paths == ("s1.jsonl", "s2.jsonl")
    assert named_runs(["lora=s*.jsonl"])[0].paths == ("s1.jsonl", "s2.jsonl", "s10.jsonl")


def test_a_pattern_alone_is_a_run_a_file(here):
    here("step-200.jsonl", "step-1000.jsonl")
    assert names("step-*.jsonl") == ["step-200", "step-1000"]


def test_a_folder_of_checkpoints_is_a_run_each(here):
    here("runs/checkpoint-500/preds.jsonl", "runs/checkpoint-1000/preds.jsonl", "runs/.x/a.jsonl")
    assert names("runs") == ["checkpoint-500", "checkpoint-1000"]


def test_a_folder_of_severities_keeps_its_folders_in_the_names(here):
    here("noisy/typos/1.jsonl", "noisy/typos/2.jsonl", "noisy/case/1.jsonl")
    assert names("noisy") == ["case/1", "typos/1", "typos/2"]


def test_saved_reports_in_a_folder_are_runs(here, tmp_path):
    here("runs/a/samples.jsonl", "runs/b/samples.jsonl")
    for name in "ab":
        report = {"schema_version": 1, "kind": "score", "tool": {"name": "vlmeval"}}
        (tmp_path / "runs" / name / "report.json").write_text(json.dumps(report))
    assert names("runs") == ["a", "b"]
    assert names("runs/a", "runs/b/report.json") == ["a", "b"]


def test_an_equals_sign_in_a_file_name_is_no_name(here):
    here("lr=1e-4.jsonl")
    assert names("lr=1e-4.jsonl") == ["lr=1e-4"]
    assert names("out/lr=1.jsonl") == ["lr=1"]


@pytest.mark.parametrize("argument", ["=a.jsonl", "a="])
def test_half_a_name_is_refused(argument):
    with pytest.raises(UsageError, match="expected NAME=FILE"):
        named_runs([argument])


def test_one_name_for_two_runs_is_refused(here):
    here("a.jsonl")
    with pytest.raises(UsageError, match='two runs are called "x"'):
        named_runs(["x=a.jsonl", "x=a.jsonl"])


def test_nothing_in_a_pattern_or_folder_is_refused(here, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no file fits"):
        named_runs(["nothing-*.jsonl"])
    with pytest.raises(UsageError, match="holds no run"):
        named_runs(["empty"])


def test_two_runs_of_one_given_name_are_a_slip(here):
    here("base.jsonl", "full.jsonl")
    with pytest.raises(UsageError, match='two runs are called "base"'):
        named_runs(["base=base.jsonl", "base=full.jsonl"])


def test_the_references_in_a_folder_are_no_run(here):
    here("study/refs.jsonl", "study/base.jsonl", "study/lora.jsonl")
    found = named_runs(["study"], references="./study/refs.jsonl")
    assert [run.name for run in found] == ["base", "lora"]
    found = named_runs(["study/*.jsonl"], references="study/refs.jsonl")
    assert [run.name for run in found] == ["base", "lora"]


def test_a_name_may_have_slashes_where_a_file_follows(here):
    here("a.jsonl", "lr=3/preds.jsonl", "lr=4/preds.jsonl")
    assert names("qwen/7b=a.jsonl") == ["qwen/7b"]
    assert names("lr=3/preds.jsonl") == ["preds"]
    assert names("./lr=*/preds.jsonl") == ["lr=3/preds", "lr=4/preds"]
