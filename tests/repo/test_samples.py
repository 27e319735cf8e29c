"""The sample data of every task is scored without options, and is what its makers make."""

import filecmp
import json
import subprocess
import sys
from pathlib import Path

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.tasks import NAMES

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_data"
FOLDERS = [path for path in sorted(SAMPLES.iterdir()) if list(path.glob("preds.*"))]


def files_of(folder):
    return [str(path) for path in (*folder.glob("preds.*"), *folder.glob("refs.*"))]


def test_every_task_has_samples_a_configuration_and_a_guide():
    assert {path.name for path in FOLDERS} == set(NAMES)
    for name in NAMES:
        assert (ROOT / "configs" / f"{name}.yaml").is_file(), name
        assert (ROOT / "docs" / "tasks" / f"{name}.md").is_file(), name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
@pytest.mark.parametrize("with_config", [False, True], ids=["bare", "config"])
def test_samples_are_scored(folder, with_config, tmp_path, capsys):
    config = ["--config", str(ROOT / "configs" / f"{folder.name}.yaml")] if with_config else []
    report = tmp_path / "report.json"
    assert main(["score", *files_of(folder), *config, "--json", str(report)]) == 0
    found = json.loads(report.read_bytes())
    assert found["task"] == folder.name
    assert found["task_reason"]
    known = [score for score in found["metrics"].values() if score["value"] is not None]
    assert len(known) >= 2
    assert found["metrics"][found["primary"]]["value"] is not None
    assert capsys.readouterr().out


def test_samples_are_as_their_makers_make_them(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(SAMPLES)!r}); import pathlib, make_samples; "
        f"make_samples.main(pathlib.Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    for folder in (*FOLDERS, SAMPLES / "study"):
        made = sorted(path.relative_to(tmp_path) for path in (tmp_path / folder.name).rglob("*"))
        kept = sorted(path.relative_to(SAMPLES) for path in folder.rglob("*"))
        assert made == kept
        for path in kept:
            if (SAMPLES / path).is_file():
                assert filecmp.cmp(SAMPLES / path, tmp_path / path, shallow=False), path
