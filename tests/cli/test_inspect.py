"""What ``vlmeval inspect`` sees in the samples, in both files and in each alone."""

import json
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
TASKS = sorted(path.parent.name for path in SAMPLES.glob("*/preds.*"))


def files_of(task):
    return [str(path) for path in sorted((SAMPLES / task).glob("*.jsonl"))]


@pytest.mark.parametrize("task", TASKS)
def test_the_files_of_a_task_are_recognised_and_can_be_read(inside, task):
    code, out, err = inside("inspect", *files_of(task))
    assert code == 0
    assert f"task:    {task}: " in out
    assert "0 missing, 0 extra" in out
    assert "cannot be read" not in err


@pytest.mark.parametrize("task", TASKS)
def test_a_file_alone_shows_its_layout_and_fields(inside, task):
    for path in files_of(task):
        code, out, _ = inside("inspect", path)
        assert code == 0
        first = json.loads(Path(path).read_text(encoding="utf-8").partition("\n")[0])
        assert all(f"\n{name} " in out for name in first)


def test_predictions_without_a_reference_are_a_warning(inside, tmp_path):
    preds, refs = tmp_path / "preds.jsonl", tmp_path / "refs.jsonl"
    preds.write_text('{"id": 1, "prediction": "a"}\n{"id": 2, "prediction": "b"}\n')
    refs.write_text('{"id": 1, "answers": ["a"]}\n')
    _, _, err = inside("inspect", str(preds), str(refs), "--task", "vqa")
    assert err.startswith("warning: ")
    assert '1 prediction has no reference: "2"' in err
