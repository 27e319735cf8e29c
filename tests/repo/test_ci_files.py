"""The files for CI work: their own commands, in a git repository of their own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "docs" / "ci"
NOT_HERE = ("python -m pip install ", "gh ", "git push")  # they need a network


@pytest.fixture
def repository(tmp_path):
    """A repository with sample data, rules and a baseline, and a command to run in it."""
    place = tmp_path / "repository"
    (place / "eval").mkdir(parents=True)
    for name in ("preds.jsonl", "refs.jsonl"):
        shutil.copy(ROOT / "sample_data" / "vqa" / name, place / "eval")
    shutil.copy(ROOT / "configs" / "gate.yaml", place / "eval")
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "vlmeval"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vlmeval_cli "$@"\n')
    program.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT", "CI_"))}
    environment = {
        **kept, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip

    def run(script, **changes):
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script], cwd=place, text=True,
            capture_output=True, env={**environment, **changes}, timeout=120, check=False,
        )  # fmt: skip

    assert run("git init -q -b main . && git add -A && " + commit("data")).returncode == 0
    made = run(first_command((CI / "README.md").read_text("utf-8")))
    assert made.returncode == 0, made.stderr
    run.place = place
    return run


def commit(message):
    return f"git -c user.name=t -c user.email=t@localhost commit -q -m {message}"


def first_command(page):
    return re.search(r"^    (vlmeval gate .*)$", page, re.MULTILINE)[1]


def spoil(place, n):
    """Answer the first ``n`` questions wrongly."""
    path = place / "eval" / "preds.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for row in rows[:n]:
        row["prediction"] = "zebra"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def steps(name):
    """Name → script of the steps of a workflow that can run here."""
    workflow = yaml.safe_load((CI / name).read_text("utf-8"))
    return {
        step["name"]: step["run"]
        for step in workflow["jobs"]["gate"]["steps"]
        if "run" in step and not step["run"].startswith(NOT_HERE)
    }


def test_github_passes_a_good_model_and_fails_a_bad_one(repository):
    script = steps("vlmeval-gate.yml")["Gate"]
    marks = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(repository.place / "summary.md")}
    good = repository(script, **marks)
    assert good.returncode == 0, good.stderr
    assert good.stdout.splitlines()[-1].startswith("gate passed")
    spoil(repository.place, 80)
    bad = repository(script, **marks)
    assert bad.returncode == 1
    assert bad.stdout.splitlines()[-1].startswith("gate failed")
    assert "::error file=eval/gate.yaml,line=" in bad.stderr
    for name in ("gate.json", "gate.xml", "gate.md"):
        assert (repository.place / name).is_file()
    summary = (repository.place / "summary.md").read_text("utf-8")
    assert summary.count("### ") == 2


def test_the_button_of_github_saves_a_new_baseline(repository):
    script = steps("vlmeval-gate.yml")["Update the baseline"].replace("git push\n", "")
    spoil(repository.place, 2)
    done = repository(script)
    assert done.returncode == 0, done.stderr
    assert repository("git log -1 --format=%s").stdout == "Update the baseline\n"
    assert repository("git status --short eval/baseline").stdout == ""


def test_every_step_of_the_workflow_is_tried_or_needs_a_network():
    assert set(steps("vlmeval-gate.yml")) == {"Gate", "Update the baseline"}


def test_gitlab_passes_a_good_model_and_fails_a_bad_one(repository):
    job = yaml.safe_load((CI / "gitlab-ci.yml").read_text("utf-8"))["vlmeval-gate"]
    lines = [line for line in job["script"] if not line.startswith(NOT_HERE)]
    assert len(lines) == 1
    assert repository(lines[0]).returncode == 0
    spoil(repository.place, 80)
    assert repository(lines[0]).returncode == 1
    assert (repository.place / job["artifacts"]["reports"]["junit"]).is_file()


def test_pre_commit_passes_a_good_model_and_fails_a_bad_one(repository):
    (repo,) = yaml.safe_load((CI / "pre-commit-config.yaml").read_text("utf-8"))["repos"]
    (hook,) = repo["hooks"]
    assert repository(hook["entry"]).returncode == 0
    spoil(repository.place, 80)
    assert repository(hook["entry"]).returncode == 1


def test_the_hook_of_git_lets_good_models_be_pushed_alone(repository):
    hook = CI / "pre-push"
    assert os.access(hook, os.X_OK)
    installed = f"cp {hook} .git/hooks/pre-push"
    prepared = f"git init -q --bare ../other && git remote add origin ../other && {installed}"
    assert repository(prepared).returncode == 0
    assert repository("git push -q origin main").returncode == 0
    spoil(repository.place, 80)
    assert repository("git add -A && " + commit("worse")).returncode == 0
    refused = repository("git push -q origin main")
    assert refused.returncode != 0
    assert "push refused: the gate failed" in refused.stderr
    (repository.place / "eval" / "gate.yaml").write_text("ruls: []\n")
    unjudged = repository("git push -q origin main")
    assert unjudged.returncode != 0
    assert "could not be judged (exit code 2)" in unjudged.stderr


@pytest.mark.parametrize("file", sorted(CI.iterdir()), ids=lambda path: path.name)
def test_every_file_is_told_in_the_guide(file):
    page = (CI / "README.md").read_text("utf-8")
    assert file.name == "README.md" or f"]({file.name})" in page
