"""``vlmeval verify`` and ``diff`` of runs that networks scored."""

import json
import shutil
from pathlib import Path

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.models import downloads
from vlmeval_cli.models.passes import Pass

WORDS = ["dog", "cat", "man", "woman", "child", "ball", "park", "street", "water", "horse"]
CAPTIONS = [" ".join(WORDS[i % 7 : i % 7 + 1 + i % 4]) for i in range(24)]


@pytest.fixture
def model(tiny_bert, tmp_path):
    """A copy of the network that a test may remove."""
    return shutil.copytree(tiny_bert, tmp_path / "models" / "tiny")


@pytest.fixture
def saved(model, tmp_path, monkeypatch):
    """A run that is saved as ``run``, from the folder where its inputs lie."""
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    rows = [
        {"id": f"i{i}", "caption": text, "captions": [CAPTIONS[i - 1], CAPTIONS[i - 2]]}
        for i, text in enumerate(CAPTIONS)
    ]
    write("preds.jsonl", [{"id": row["id"], "caption": row["caption"]} for row in rows])
    write("refs.jsonl", [{"id": row["id"], "captions": row["captions"]} for row in rows])
    score("run", model)
    return tmp_path / "data"


def write(path, rows):
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def score(output, model, *options):
    metrics = f"bert_score:model={model}:layer=2,bleu"
    arguments = ["score", "preds.jsonl", "refs.jsonl", "--metrics", metrics, "--device", "cpu"]
    assert main([*arguments, "-q", "--output", output, *options]) == 0


@pytest.fixture
def encoded(monkeypatch):
    """Texts that went through the network."""
    found = []
    real = Pass.run

    def run(self, ids, devices, deliver):
        found.extend(ids)
        return real(self, ids, devices, deliver)

    monkeypatch.setattr(Pass, "run", run)
    return found


def moved(path, by, name="bert_score_f1"):
    """Move a recorded score."""
    report = json.loads(path.read_text("utf-8"))
    (name,) = (one for one in report["metrics"] if one.startswith(name))
    report["metrics"][name]["value"] += by
    path.write_text(json.dumps(report), "utf-8")


def test_the_last_digits_of_a_network_are_no_difference_and_that_is_said(saved, capsys):
    moved(saved / "run" / "report.json", 5e-7)
    assert main(["verify", "run"]) == 0
    out = capsys.readouterr().out
    assert "the reports agree" in out
    assert "counts as equal up to 1e-06" in " ".join(out.split())


@pytest.mark.parametrize(("name", "by"), [("bert_score_f1", 5e-6), ("bleu_1", 5e-7)])
def test_more_is_a_difference_and_so_is_anything_that_no_network_computes(name, by, saved, capsys):
    moved(saved / "run" / "report.json", by, name)
    assert main(["verify", "run"]) == 1
    assert f"score {name}" in capsys.readouterr().out


def test_runs_in_other_batches_do_not_differ(saved, model, capsys):
    score("other", model, "--batch-size", "3", "--no-cache")
    assert main(["diff", "run", "other"]) == 0
    assert "counts as equal up to 1e-06" in " ".join(capsys.readouterr().out.split())


def test_a_note_on_networks_only_where_there_are_any(saved, capsys):
    for name in ("a", "b"):
        arguments = ["score", "preds.jsonl", "refs.jsonl", "--metrics", "bleu", "-q"]
        assert main([*arguments, "--output", name]) == 0
    capsys.readouterr()
    assert main(["diff", "a", "b"]) == 0
    assert "1e-06" not in capsys.readouterr().out


def test_verify_computes_again_without_the_cache(saved, encoded):
    assert main(["verify", "run"]) == 0
    assert encoded == []
    assert main(["verify", "run", "--no-cache", "--offline"]) == 0
    assert len(encoded) == len(set(CAPTIONS))


@pytest.mark.parametrize("options", [[], ["--no-offline"]])
def test_a_model_folder_that_is_gone_is_not_asked_for_at_the_hub(
    options, saved, tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(downloads, "ask_hub", lambda name, user: pytest.fail("the hub was asked"))
    monkeypatch.chdir(tmp_path)
    score_beside(tmp_path)
    shutil.rmtree(tmp_path / "models")
    assert main(["verify", "run2", *options]) == 4
    assert 'in the folder "models/tiny", which is not there' in capsys.readouterr().err


def score_beside(folder):
    """Score with a model whose relative path could be a name of the hub."""
    metrics = "semantic_similarity:model=models/tiny"
    files = ["data/preds.jsonl", "data/refs.jsonl"]
    assert main(["score", *files, "--metrics", metrics, "-q", "--output", "run2"]) == 0


@pytest.fixture
def pictured(tiny_clip, tmp_path, monkeypatch):
    """A run over images, scored from the folder that holds everything."""
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "there" / "pictures").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "there")
    for i in range(4):
        image.new("RGB", (40, 40), (60 * i, 20, 90)).save(f"pictures/i{i}.png")
    write("preds.jsonl", [{"id": f"i{i}", "caption": CAPTIONS[i]} for i in range(4)])
    metrics = f"clip_score:model={tiny_clip}"
    arguments = ["score", "preds.jsonl", "--task", "captioning", "--images", "pictures"]
    assert main([*arguments, "--metrics", metrics, "-q", "--output", "run"]) == 0
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    shutil.move(tmp_path / "there" / "run", "run")
    return tmp_path


@pytest.mark.parametrize("options", [(), ("--no-cache",)])
def test_the_folder_of_inputs_holds_the_folder_of_images_too(options, pictured, capsys):
    assert main(["verify", "run", "--inputs", "../there", *options]) == 0, capsys.readouterr().err


def test_the_folder_of_images_can_be_named(pictured, capsys):
    shutil.move(pictured / "there" / "pictures", pictured / "moved")
    assert main(["verify", "run", "--inputs", "../there"]) == 2
    assert 'the recorded folder of images "pictures" is not there' in capsys.readouterr().err
    assert main(["verify", "run", "--inputs", "../there", "--images", "../moved"]) == 0
