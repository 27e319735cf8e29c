"""``vlmeval download meteor``, and what runs say before and after it."""

import gzip
import json
import zipfile

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.resources import meteor_index
from vlmeval_cli.resources.build_meteor_index import Sources
from vlmeval_cli.resources.meteor_index import index_path

TABLES = ("synonym/english.synsets", "synonym/english.exceptions")
WORDS = ("nonbreaking/english.prefixes", "function/english.words")


@pytest.fixture(autouse=True)
def tables(tmp_path, monkeypatch):
    """Tiny tables in the form of the installed ones, and an empty cache folder."""
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache"))
    program, paraphrases = tmp_path / "meteor.jar", tmp_path / "paraphrase.gz"
    with zipfile.ZipFile(program, "w") as archive:
        for name in TABLES:
            archive.writestr(name, "car\n1\n")
        for name in WORDS:
            archive.writestr(name, "the\n")
    paraphrases.write_bytes(gzip.compress(b"0.5\na car\nan auto\n"))
    monkeypatch.setattr(meteor_index, "sources", lambda: Sources(program, paraphrases))


@pytest.fixture
def captions(tmp_path):
    """Files of captions with four references, so that the task is known."""
    rows = [
        ("preds.jsonl", {"id": 1, "prediction": "a brown dog runs on the beach"}),
        ("refs.jsonl", {"id": 1, "references": [f"a dog on the {x} runs" for x in "abcd"]}),
    ]
    for name, row in rows:
        (tmp_path / name).write_text(json.dumps(row) + "\n")
    return [str(tmp_path / name) for name, _ in rows]


def doctor_line(capfd):
    assert main(["doctor"]) == 0
    lines = capfd.readouterr()[0].splitlines()
    return next(line for line in lines if line.startswith("METEOR 1.5 index"))


def test_the_index_is_compiled_and_its_path_printed(capfd):
    assert main(["download", "meteor"]) == 0
    assert capfd.readouterr() == (f"{index_path()}\n", "")
    assert main(["download", "meteor"]) == 0
    out, err = capfd.readouterr()
    assert out == f"{index_path()}\n"
    assert "already" in err
    assert main(["download", "meteor", "--quiet"]) == 0
    assert capfd.readouterr()[1] == ""


def test_offline_only_looks(capfd):
    assert main(["download", "meteor", "--offline"]) == 4
    assert "not compiled yet" in capfd.readouterr()[1]
    assert not index_path().exists()
    main(["download", "meteor"])
    assert main(["download", "meteor", "--offline"]) == 0


def test_the_extra_is_told_where_the_package_is_missing(monkeypatch, capfd):
    monkeypatch.setattr(meteor_index, "sources", lambda: None)
    assert main(["download", "meteor"]) == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert 'pip install "vlmeval-cli[reference]"' in err


def test_another_origin_is_refused(capfd):
    assert main(["download", "meteor", "--from", "folder"]) == 2
    assert "pycocoevalcap" in capfd.readouterr()[1]


def test_doctor_tells_what_to_do(capfd):
    assert "not compiled yet: vlmeval download meteor" in doctor_line(capfd)
    main(["download", "meteor"])
    capfd.readouterr()
    assert str(index_path()) in doctor_line(capfd)
    index_path().write_bytes(b"cut")
    assert "vlmeval download meteor" in doctor_line(capfd)


def test_a_default_run_scores_it_once_the_index_is_there(captions, capfd):
    assert main(["score", *captions]) == 0
    out, err = capfd.readouterr()
    assert "meteor_1_5" not in out
    (hint,) = [line for line in err.splitlines() if "METEOR 1.5" in line]
    assert "vlmeval download meteor" in hint
    main(["download", "meteor"])
    capfd.readouterr()
    assert main(["score", *captions]) == 0
    out, err = capfd.readouterr()
    assert "meteor_1_5" in out
    assert "METEOR 1.5" not in err


def test_a_default_run_leaves_a_damaged_index_alone(captions, capfd):
    index_path().parent.mkdir(parents=True)
    index_path().write_bytes(b"cut")
    assert main(["score", *captions]) == 0
    out, err = capfd.readouterr()
    assert "meteor_1_5" not in out
    assert "vlmeval download meteor" in err
    assert index_path().read_bytes() == b"cut"


def test_a_run_that_names_it_compiles_it(captions, capfd):
    assert main(["score", *captions, "--metrics", "meteor_1_5"]) == 0
    assert "meteor_1_5" in capfd.readouterr()[0]
    assert index_path().exists()
