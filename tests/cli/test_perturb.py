"""The command writes what it says, refuses what it must, and its copies join."""

import json
from pathlib import Path

import pytest

from vlmeval_cli.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
REFS = str(ROOT / "sample_data" / "vqa" / "refs.jsonl")
PREDS = str(ROOT / "sample_data" / "vqa" / "preds.jsonl")


def read(path):
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def test_a_folder_gets_a_file_per_copy(tmp_path, capsys):
    folder = tmp_path / "new" / "noisy"
    assert main(["perturb", REFS, "--kind", "typos,long-context", "--severity", "1,3-4",
                 "--output", str(folder)]) == 0  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{kind}-{severity}.jsonl" for kind in ("long_context", "typos") for severity in (1, 3, 4)
    ]
    out, told = capsys.readouterr()
    assert out == ""
    assert "typos-3" in told
    assert "240" in told
    assert "seed:   12345" in told


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        assert main(["perturb", REFS, "--output", str(tmp_path / name), "--severity", "2"]) == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert main(["perturb", REFS, "--output", str(tmp_path / "c"), "--seed", "1"]) == 0
    changed = tmp_path / "c" / "typos-2.jsonl"
    assert changed.read_bytes() != (tmp_path / "a" / "typos-2.jsonl").read_bytes()


def test_copies_score_as_their_originals(tmp_path, capsys):
    out = tmp_path / "noisy.jsonl"
    assert main(["perturb", REFS, str(out), "--kind", "filler", "--severity", "5"]) == 0
    capsys.readouterr()
    scores = []
    for refs in (REFS, str(out)):
        assert main(["score", PREDS, refs, "--json", "-", "--quiet", "--resamples", "0"]) == 0
        report = json.loads(capsys.readouterr().out)
        scores.append({name: one["value"] for name, one in report["metrics"].items()})
    assert scores[0] == scores[1]
    assert [row["question_id"] for row in read(out)] == [row["question_id"] for row in read(REFS)]


def test_stdout_takes_one_copy_and_nothing_else(capsys):
    assert main(["perturb", REFS, "-", "--kind", "case", "--severity", "5"]) == 0
    out, told = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert rows[0]["question"] == "WHERE IS THE CAT?"
    assert "case-5" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no place for the copies"),
        (["x.jsonl", "--output", "y"], "got both"),
        (["x.jsonl"], "35 copies do not fit"),
        (["x.csv", "--kind", "case", "--severity", "1"], "is not called .jsonl"),
        ([REFS, "--kind", "case", "--severity", "1", "--force"], "would overwrite an input"),
        (["--output", "y", "--kind", "typo"], "unknown kind"),
        (["--output", "y", "--severity", "5-6"], "from 1 to 5"),
        (["--output", "y", "--severity", "high"], "from 1 to 5"),
        (["--output", "y", "--severity", "3-1"], "at least one"),
        (["--output", REFS], "is a file"),
        (["--output", "y", "--field", "nothing"], "has no field"),
    ],
)
def test_unclear_wishes_are_refused(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    before = Path(REFS).read_bytes()
    assert main(["perturb", REFS, *arguments]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert Path(REFS).read_bytes() == before


def test_an_input_in_the_output_folder_is_never_replaced(tmp_path, capsys):
    source = tmp_path / "typos-1.jsonl"
    source.write_bytes(Path(REFS).read_bytes())
    assert main(["perturb", str(source), "--output", str(tmp_path), "--force"]) == 2
    assert "would overwrite an input" in capsys.readouterr().err


def test_what_exists_is_replaced_only_with_force(tmp_path, capsys):
    arguments = ["perturb", REFS, "--output", str(tmp_path), "--kind", "case", "--severity", "1,2"]
    (tmp_path / "notes.txt").write_text("mine")
    assert main(arguments) == 0
    assert main(arguments) == 2
    assert "exists, and 1 more" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_bad_row_leaves_nothing_half_written(tmp_path):
    source = tmp_path / "refs.jsonl"
    source.write_text('{"id": 1, "question": "the cat"}\n{"id": 2\n{"id": 3, "question": "a dog"}')
    folder = tmp_path / "noisy"
    assert main(["perturb", str(source), "--output", str(folder)]) == 3
    assert not folder.exists()
    assert main(["perturb", str(source), "--output", str(folder), "--on-bad-row", "skip"]) == 0
    assert len(read(folder / "case-1.jsonl")) == 2
