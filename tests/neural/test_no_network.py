"""With weights on disk embedding metrics ask nothing of the network; sockets are blocked."""

import json

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.registry import metrics

SMALL = {
    "bert_score": "bert_score:model=minilm:layer=5",
    "semantic_similarity": "semantic_similarity",
}


@pytest.fixture(autouse=True)
def free_to_fetch(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("task", ["captioning", "vqa", "text"])
def test_scores_come_from_what_is_on_disk(name, task, minilm, root, tmp_path, capfd):
    if name not in metrics():
        pytest.skip(f"{name} is not in this build")
    folder, report = root / "sample_data" / task, tmp_path / "report.json"
    files = [str(folder / "preds.jsonl"), str(folder / "refs.jsonl")]
    options = ["--resamples", "0", "--limit", "20", "--json", str(report)]
    assert main(["score", *files, "--metrics", SMALL[name], *options]) == 0
    scores = json.loads(report.read_bytes())["metrics"]
    assert all(one["value"] is not None for one in scores.values())
    assert all(one["signature"]["comparable"]["weights"] for one in scores.values())
