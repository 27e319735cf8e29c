"""SPICE on the command line: without Java it is told, with recorded results it needs none."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import fake_java
import pytest

from vlmeval_cli.runs import planning

REFERENCES = {"1": ["a dog on grass"], "2": ["two cats"], "3": ["a red car"]}
PREDICTIONS = {"1": "a dog", "2": "two dogs", "3": "a red car"}


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def captions(tmp_path):
    """Files of predictions and references of three images."""
    preds = [{"id": name, "prediction": text} for name, text in PREDICTIONS.items()]
    refs = [{"id": name, "captions": texts} for name, texts in REFERENCES.items()]
    return (
        written(tmp_path / "preds.jsonl", preds),
        written(tmp_path / "refs.jsonl", refs),
        "--task",
        "captioning",
    )


def record(name, tp, fp, fn):
    scores = {"All": {"tp": tp, "fp": fp, "fn": fn}, "Color": {"tp": 0, "fp": 0, "fn": 0}}
    tuples = [{"tuple": ["dog", "on", "grass"], "truth_value": True}]
    return {"image_id": name, "scores": scores, "test_tuples": tuples, "ref_tuples": tuples[:0]}


@pytest.fixture
def recorded(tmp_path):
    path = tmp_path / "spice.json"
    path.write_text(json.dumps([record(1, 1, 1, 1), record("2", 0, 2, 2), record(4, 1, 0, 0)]))
    return path


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without Java and without the parts."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache"))
    for name in ("JAVA_HOME", "VLMEVAL_SPICE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine on which SPICE runs, in appearance."""
    return fake_java.pretend(tmp_path, monkeypatch)


@pytest.fixture
def table(monkeypatch):
    """The named set without METEOR, whose tables take half a minute to compile."""
    plain = planning.lacking
    monkeypatch.setattr(
        planning,
        "lacking",
        lambda one: "slow" if one.info.name == "meteor_1_5" else plain(one),
    )


def test_parts_that_are_missing_end_a_run_that_asks_for_spice(inside, captions, bare):
    pytest.importorskip("pycocoevalcap")
    code, _, err = inside("score", *captions, "--metrics", "spice")
    assert code == 4
    assert "vlmeval download spice" in err


def test_a_missing_java_ends_a_run_that_asks_for_spice(inside, captions, machine, monkeypatch):
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", "")
    code, _, err = inside("score", *captions, "--metrics", "spice")
    assert code == 4
    assert "no java in the PATH" in err


def test_the_table_of_coco_is_scored_without_what_is_missing(inside, captions, bare, table):
    code, out, err = inside("score", *captions, "--metrics", "coco")
    assert code == 0
    assert "note: coco: without spice: " in err
    assert not [line for line in out.splitlines() if line.startswith("spice")]


def test_the_table_of_coco_has_spice_last_and_not_its_kinds(inside, captions, machine, table):
    code, out, _ = inside("score", *captions, "--metrics", "coco")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines() if line]
    assert names.index("spice[tokenizer=ptb]") == names.index("cider") + 1
    assert "spice_color" not in out


def test_spice_is_no_default(inside, captions, machine):
    code, out, _ = inside("score", *captions)
    assert code == 0
    assert not [line for line in out.splitlines() if line.startswith("spice")]
    assert machine.started == []


def test_the_second_run_starts_no_java(inside, captions, machine, tmp_path):
    for name in ("one", "two"):
        report = tmp_path / f"{name}.json"
        assert inside("score", *captions, "--metrics", "spice", "--json", report)[0] == 0
    one, two = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one", "two"))
    assert len(machine.started) == 1
    assert one["metrics"] == two["metrics"]
    assert one["metrics"]["spice"]["signature"]["comparable"]["corenlp"] == "d1gest"


def test_runs_of_a_comparison_send_what_they_share_once(inside, captions, machine, tmp_path):
    rows = [{"id": name, "prediction": text} for name, text in {**PREDICTIONS, "3": "x"}.items()]
    other = written(tmp_path / "other.jsonl", rows)
    arguments = ("--metrics", "spice", "--no-cache", "--no-floors", *captions[2:])
    code, _, err = inside(
        "compare", f"a={captions[0]}", f"b={other}", "--refs", captions[1], *arguments
    )
    assert code == 0, err
    assert [len(one["captions"]) for one in machine.asked] == [6, 2]


def test_recorded_results_need_no_java(inside, captions, recorded, bare, tmp_path):
    samples = tmp_path / "samples.jsonl"
    code, out, err = inside(
        "score", *captions, "--metrics", "spice,cider", "--spice-json", recorded,
        "--samples", samples,
    )  # fmt: skip
    assert code == 0
    items = [json.loads(line) for line in samples.read_text().splitlines()]
    assert [item["scores"]["spice"] for item in items] == [0.5, 0.0, None]
    assert items[2]["score_reasons"]["spice"] == "not_in_spice_json"
    assert "1 recorded result of SPICE left out" in err
    assert "not_in_spice_json" in out


def test_recorded_results_stand_in_the_table_of_coco(inside, captions, recorded, bare, table):
    _, out, err = inside("score", *captions, "--metrics", "coco", "--spice-json", recorded)
    assert "without spice" not in err
    assert [line for line in out.splitlines() if line.startswith("spice")]


def test_a_wrong_file_of_results_is_told_by_place(inside, captions, recorded, bare):
    recorded.write_text(json.dumps([record(1, 1, 1, 1), record(2, -1, 1, 1)]))
    code, _, err = inside("score", *captions, "--metrics", "spice", "--spice-json", recorded)
    assert code == 3
    assert 'record 2, scores.All.tp: got "-1", expected a whole number' in err


def test_a_file_of_results_that_nothing_reads_is_refused(inside, captions, recorded):
    code, _, err = inside("score", *captions, "--metrics", "cider", "--spice-json", recorded)
    assert code == 2
    assert "--spice-json" in err


def test_the_tuples_of_an_item_are_shown(inside, captions, recorded, bare):
    arguments = ("--metrics", "spice", "--spice-json", recorded)
    code, out, _ = inside("score", *captions, *arguments, "--explain", "1", "--explain", "3")
    assert code == 0
    assert "spice of 1: 0.5000" in out
    line = next(line for line in out.splitlines() if "dog – on – grass" in line)
    assert line.split()[0] == "prediction"
    assert line.split()[-1] == "yes"
    assert "spice of 3: not_in_spice_json; its tuples are not known" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--metrics", "spice", "--explain", "11"), 'no item has the id "11"'),
        (("--metrics", "cider", "--explain", "1"), "no such metric is scored here"),
    ],
)
def test_what_cannot_be_explained_is_told_before_anything_runs(
    inside, captions, machine, arguments, told
):
    code, _, err = inside("score", *captions, *arguments)
    assert code == 2
    assert told in err
    assert machine.started == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_ended_ends_its_java(captions, shared, tmp_path, number, code):
    pytest.importorskip("pycocoevalcap")
    java = fake_java.install(tmp_path / "java")
    os.mkfifo(java.home / "asked")  # whoever reads it knows that captions were given
    written(captions[0], [{"id": name, "prediction": "HANG"} for name in PREDICTIONS])
    changed = {
        "JAVA_HOME": str(java.home),
        "VLMEVAL_SPICE_HOME": str(shared / "spice" / "oracle"),
        "VLMEVAL_CACHE": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-m", "vlmeval_cli", "score", *map(str, captions)]
    with subprocess.Popen(
        [*command, "--metrics", "spice"], env={**os.environ, **changed}, stderr=subprocess.PIPE
    ) as process:
        with (java.home / "asked").open() as asked:
            assert "HANG" in asked.readline()
        process.send_signal(number)
        assert process.wait(60) == code
    (started,) = java.started
    with pytest.raises(ProcessLookupError):
        os.kill(started["process"], 0)
    assert not Path(started["folder"]).exists()
