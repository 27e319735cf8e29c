"""``vlmeval verify`` and ``vlmeval diff``."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VQA = ROOT / "sample_data" / "vqa"


@pytest.fixture
def saved(command, tmp_path):
    """A saved run whose inputs lie in ``tmp_path``, and which can be changed."""
    for name in ("preds.jsonl", "refs.jsonl"):
        shutil.copy(VQA / name, tmp_path)
    options = ("--metrics", "anls:threshold=0.3,exact_match", "--by", "answer_type", "--limit", 50)
    done = command("score", "preds.jsonl", "refs.jsonl", *options, "--output", "run", "-q",
                   cwd=tmp_path, PYTHONPATH=str(ROOT))  # fmt: skip
    assert done.returncode == 0, done.stderr
    return tmp_path


def verify(command, folder, *options):
    return command("verify", *options, cwd=folder, PYTHONPATH=str(ROOT))


def edited(path, change):
    report = json.loads(path.read_text())
    change(report)
    path.write_text(json.dumps(report))


def test_an_untouched_run_is_equal_with_all_its_options(command, saved):
    done = verify(command, saved, "run")
    assert done.returncode == 0, done.stderr
    assert "2 of 2 scores" in done.stdout
    assert "9 of 9 groups" not in done.stdout  # three groups, two outputs
    assert "6 of 6 groups" in done.stdout
    assert done.stdout.rstrip().endswith("the reports agree")


def test_a_changed_score_is_named(command, saved):
    def change(report):
        report["metrics"]["exact_match"]["value"] += 0.01

    edited(saved / "run" / "report.json", change)
    done = verify(command, saved, "run/report.json")
    assert done.returncode == 1
    assert done.stdout.rstrip().endswith("the reports differ: score exact_match")


def test_a_changed_input_is_named_with_what_follows(command, saved):
    preds = saved / "preds.jsonl"
    rows = [json.loads(line) for line in preds.read_text().splitlines()]
    rows[0]["prediction"] = "something else"
    preds.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = verify(command, saved, "run", "--json", "-")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    different = {(part["kind"], part["name"]) for part in report["parts"] if not part["equal"]}
    assert ("input", "predictions") in different
    assert ("input", "references") not in different
    assert ("score", "exact_match") in different  # the first answer was right


def test_a_changed_signature_is_named(command, saved):
    def change(report):
        report["signature"]["comparable"]["metrics"]["exact_match"]["revision"] = 0

    edited(saved / "run" / "report.json", change)
    done = verify(command, saved, "run")
    assert done.returncode == 1
    assert "signature metrics exact_match revision" in done.stdout


def test_inputs_are_found_beside_the_report_or_where_they_are_said_to_be(command, saved):
    (saved / "elsewhere").mkdir()
    for name in ("preds.jsonl", "refs.jsonl"):
        (saved / name).rename(saved / "elsewhere" / name)
    gone = verify(command, saved, "run")
    assert gone.returncode == 2
    assert 'the recorded input "preds.jsonl" is not there' in gone.stderr
    assert verify(command, saved, "run", "--inputs", "elsewhere").returncode == 0


def test_a_report_of_an_older_version_says_what_it_lacks(command, saved):
    def change(report):
        del report["signature"]["recorded"]["choices"]

    edited(saved / "run" / "report.json", change)
    done = verify(command, saved, "run")
    assert done.returncode == 3
    assert "does not record how the run was scored" in done.stderr


def test_what_came_from_standard_input_cannot_be_verified(command, tmp_path):
    done = command("score", "-", VQA / "refs.jsonl", "--output", tmp_path / "run", "-q",
                   stdin=(VQA / "preds.jsonl").read_text())  # fmt: skip
    assert done.returncode == 0
    done = command("verify", tmp_path / "run")
    assert done.returncode == 2
    assert "standard input" in done.stderr


def test_diff_of_a_report_and_itself_is_nothing(command, saved):
    done = command("diff", saved / "run", saved / "run" / "report.json", "--changed")
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("the reports agree")
    assert "Scores" not in done.stdout


def test_diff_shows_scores_and_what_else_differs(command, saved, tmp_path):
    other = tmp_path / "other"
    command("score", VQA / "preds.jsonl", VQA / "refs.jsonl", "--output", other, "-q",
            "-m", "exact_match,token_f1", "--limit", 50)  # fmt: skip
    done = command("diff", saved / "run", other, "--json", "-")
    assert done.returncode == 1
    parts = {(one["kind"], one["name"]): one for one in json.loads(done.stdout)["parts"]}
    assert parts["score", "exact_match"]["equal"]
    assert parts["score", "exact_match"]["difference"] == 0
    assert parts["score", "token_f1"]["first"] is None
    assert parts["score", "anls[threshold=0.3]"]["second"] is None
    assert not parts["signature", "metrics token_f1 name"]["equal"]


@pytest.mark.parametrize("arguments", [("verify", "nothing"), ("diff", "nothing", "nothing")])
def test_a_report_that_is_not_there_is_exit_2(command, arguments):
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not there" in done.stderr
