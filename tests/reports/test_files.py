"""Files of a report: what stands in them, and that they come whole or not at all."""

import csv
import errno
import hashlib
import io
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from vlmeval_cli.core.errors import OutputError, UsageError
from vlmeval_cli.core.results import Group, Table
from vlmeval_cli.reports import atomic
from vlmeval_cli.reports.atomic import check_writable, from_chunks, write_file
from vlmeval_cli.reports.bundle import RunBundle
from vlmeval_cli.reports.csv_report import csv_report, tables_csv
from vlmeval_cli.reports.folder import OURS, check_folder, write_folder
from vlmeval_cli.reports.json_bytes import json_bytes
from vlmeval_cli.reports.json_report import Provenance, json_report, report_value
from vlmeval_cli.reports.samples import sample_lines
from vlmeval_cli.reports.statistics_file import read_statistics, write_statistics

ORIGIN = Provenance("0.1.0", datetime(2026, 1, 2, tzinfo=UTC), "vlmeval score a b")
STRANGE = ["\ud800", "\0a\0", "=A1", "007", "None", "\U0001f600", "x" * 3000]

is_root = hasattr(os, "geteuid") and os.geteuid() == 0


def parsed(content):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(content, parse_constant=refuse)


def write(path, content):
    write_file(path, from_chunks([content]))


def full_disk(_file):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_tables_of_any_shape_are_one_csv_of_cells(result):
    second = Table("Classes", ("class",), [("=cat",), ("a, b",)])
    result = replace(result, tables={**result.tables, "classes": second})
    rows = list(csv.DictReader(io.StringIO(tables_csv(result.tables).decode("utf-8"))))
    assert [tuple(row.values()) for row in rows] == [
        ("reference", "1", "package", "pycocoevalcap"),
        ("reference", "1", "seconds", "12.5"),
        ("reference", "1", "difference", "1e-16"),
        ("reference", "2", "package", "nltk"),
        ("reference", "2", "seconds", "3"),
        ("reference", "2", "difference", ""),
        ("classes", "1", "class", "'=cat"),
        ("classes", "2", "class", "a, b"),
    ]
    assert list(rows[0]) == ["table", "row", "column", "value"]


def test_json_has_the_promised_fields(result):
    report = parsed(json_report(result, ORIGIN))
    promised = {
        "schema_version", "kind", "tool", "created", "seed", "command", "task", "task_reason",
        "inputs", "files", "join", "outcomes", "metrics", "primary", "groups", "tables",
        "diagnosis", "warnings", "signature",
    }  # fmt: skip
    assert promised <= set(report)
    assert set(report["metrics"]["cider"]) == {
        "value", "ci_low", "ci_high", "n", "skipped", "higher_is_better", "range", "unit",
        "reason", "signature", "item_scores",
    }  # fmt: skip
    assert {
        "matched",
        "missing",
        "extra",
        "duplicate",
        "empty",
        "examples",
        "repair",
        "policy",
    } <= set(report["join"])
    assert set(report["groups"][0]) == {"by", "n", "metrics"}
    assert report["created"] == "2026-01-02T00:00:00+00:00"


def test_json_keeps_full_precision_and_the_metrics_own_scale(result):
    assert parsed(json_report(result, ORIGIN))["metrics"]["cider"]["value"] == 1.23456789012345


def test_an_unknown_score_is_null_with_a_reason(result):
    report = parsed(json_report(result, ORIGIN))
    assert report["metrics"]["perplexity"]["value"] is None
    assert report["metrics"]["perplexity"]["reason"] == "no token probabilities"
    assert report["tables"]["reference"]["rows"][1][2] is None


def test_an_infinite_score_is_null_with_a_reason(result):
    broken = replace(result.scores["cider"], value=float("inf"))
    report = report_value(replace(result, scores={"cider": broken}), ORIGIN)
    assert report["metrics"]["cider"]["value"] is None
    assert "finite" in report["metrics"]["cider"]["reason"]


def test_an_infinite_score_of_an_item_is_null_with_its_own_reason(result):
    scores = {"cider": np.array([np.inf, np.nan, 0.5])}
    items = replace(result.items, scores=scores, skips={})
    lines = [*map(parsed, b"".join(sample_lines(items)).splitlines())]
    assert [line["scores"]["cider"] for line in lines] == [None, None, 0.5]
    assert [line["score_reasons"].get("cider") for line in lines] == [
        "the score is not a finite number", "undefined for this item", None
    ]  # fmt: skip
    assert items.sample(0).scores["cider"] == np.inf  # Python has the number


def test_json_survives_lone_surrogates_and_big_integers():
    value = {"id": "\ud800", "n": 2**70, "x": float("nan"), "row": (1, np.float64(2.5))}
    assert parsed(json_bytes(value)) == {"id": "\ud800", "n": 2**70, "x": None, "row": [1, 2.5]}


def test_samples_hold_every_item_as_it_was_scored(result):
    lines = [parsed(line) for line in b"".join(sample_lines(result.items)).splitlines()]
    assert lines[0] == {
        "id": "a", "prediction": "a dog | runs", "references": ["a dog runs", "a dog"],
        "outcome": "scored", "reason": None, "scores": {"cider": 2.0, "bleu_4": 0.5},
        "score_reasons": {}, "groups": {"split": "x"},
    }  # fmt: skip
    assert lines[1]["raw"] == "<think>hm</think>two\ncats"
    assert lines[2]["scores"] == {"cider": None, "bleu_4": None}
    assert lines[2]["score_reasons"]["cider"] == "missing"
    assert set(lines[2]["score_reasons"]) == {"cider", "bleu_4"}


def test_samples_do_not_mangle_text(result, rename):
    n = len(STRANGE)
    items = replace(
        result.items, ids=STRANGE, predictions=STRANGE, raw=[None] * n, outcomes=["scored"] * n,
        references=[[text] for text in STRANGE], scores={}, reasons={}, skips={}, groups={},
    )  # fmt: skip
    lines = [parsed(line) for line in b"".join(sample_lines(items)).splitlines()]
    assert [line["id"] for line in lines] == STRANGE
    assert [line["references"] for line in lines] == [[text] for text in STRANGE]


def test_samples_of_many_blocks_keep_their_order(result):
    n = 10_000
    items = replace(
        result.items, ids=list(map(str, range(n))), predictions=["p"] * n, raw=[None] * n,
        outcomes=["scored"] * n, references=[["r"]] * n, scores={"s": np.arange(n) / n},
        reasons={}, skips={}, groups={"g": ["x"] * n},
    )  # fmt: skip
    lines = b"".join(sample_lines(items)).splitlines()
    assert len(lines) == n
    assert parsed(lines[9_999])["scores"]["s"] == 0.9999


def test_csv_has_one_line_per_score_and_group(result):
    rows = list(csv.DictReader(io.StringIO(csv_report(result).decode())))
    assert [(row["output"], row["group"]) for row in rows] == [
        ("cider", ""), ("bleu_4", ""), ("perplexity", ""),
        ("cider", "split=x"), ("cider", "split=y"),
    ]  # fmt: skip
    assert float(rows[0]["value"]) == 1.23456789012345
    assert rows[2]["value"] == ""


def test_csv_groups_cannot_be_formulas(result):
    group = Group({"=cmd|' /C calc'!A0": "x"}, 1, {"cider": result.scores["cider"]})
    rows = list(csv.DictReader(io.StringIO(csv_report(replace(result, groups=[group])).decode())))
    assert rows[-1]["group"].startswith("'=")


def test_statistics_come_back_as_they_were(result, rename):
    file = io.BytesIO()
    ids = ["\ud800", "a\0", "犬"]
    write_statistics(file, rename(ids=ids))
    file.seek(0)
    found = read_statistics(file)
    assert found.ids == ids
    assert found.metrics["cider"].skips == {2: "missing"}
    assert found.metrics["cider"].context_digest == "d1"
    assert found.metrics["cider"].facts == {"short": 2}
    assert found.metrics["cider"].item is None
    assert found.metrics["bleu"].context_digest is None
    assert found.metrics["bleu"].item.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(found.metrics["cider"].values, [[2.0, 1], [0.5, 1], [0, 0]])


# What a run with tables writes; a page, a comparison and a gate write more.
OF_A_RUN = OURS - {"report.html", "pairs.csv", "gate.md", "junit.xml"}


def test_equal_runs_give_equal_bytes(result, tmp_path):
    for name in ("a", "b"):
        write_folder(tmp_path / name, RunBundle(result, ORIGIN))
    for name in sorted(OF_A_RUN):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_folder_names_its_files_with_their_sha256(result, tmp_path):
    write_folder(tmp_path / "new" / "run", RunBundle(result, ORIGIN))
    folder = tmp_path / "new" / "run"
    report = parsed((folder / "report.json").read_bytes())
    assert {file.name for file in folder.iterdir()} == OF_A_RUN
    assert {entry["path"] for entry in report["files"].values()} == OF_A_RUN - {"report.json"}
    for entry in report["files"].values():
        assert hashlib.sha256((folder / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_an_older_report_is_replaced_as_a_whole(result, tmp_path):
    folder = tmp_path / "run"
    write_folder(folder, RunBundle(result, ORIGIN))
    (folder / "report.html").write_text("old")
    write_folder(folder, RunBundle(result, replace(ORIGIN, command="again")))
    assert parsed((folder / "report.json").read_bytes())["command"] == "again"
    assert not (folder / "report.html").exists()


def test_a_report_in_the_current_folder_is_replaced_file_by_file(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in ("one", "two"):
        write_folder(Path(), RunBundle(result, replace(ORIGIN, command=command)))
    assert parsed((tmp_path / "report.json").read_bytes())["command"] == "two"
    assert {file.name for file in tmp_path.iterdir()} == OF_A_RUN


@pytest.mark.parametrize("name", ["thesis.tex", ".hidden", "report.json"])
def test_a_folder_with_something_else_is_refused_and_left_alone(result, tmp_path, name):
    (tmp_path / name).write_text("{}")
    with pytest.raises(UsageError, match=name.replace(".", r"\.")):
        check_folder(tmp_path)
    with pytest.raises(UsageError):
        write_folder(tmp_path, RunBundle(result, ORIGIN))
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_an_output_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        check_folder(tmp_path / "f")
    with pytest.raises(UsageError, match="is a file"):
        check_folder(tmp_path / "f" / "deeper")


@pytest.mark.parametrize("existing", [True, False])
def test_a_full_disk_leaves_no_half_written_folder(result, tmp_path, monkeypatch, existing):
    folder = tmp_path / "run"
    if existing:
        write_folder(folder, RunBundle(result, ORIGIN))
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    monkeypatch.setattr(
        "vlmeval_cli.reports.bundle.write_statistics", lambda file, result: full_disk(file)
    )
    with pytest.raises(OutputError, match="No space left") as caught:
        write_folder(folder, RunBundle(result, replace(ORIGIN, command="again")))
    assert caught.value.exit_code == 74
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before
    if existing:
        assert b"again" not in (folder / "report.json").read_bytes()


def test_an_old_report_comes_back_when_the_new_one_cannot_take_its_place(
    result, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    write_folder(folder, RunBundle(result, ORIGIN))
    rename = Path.rename

    def failing(self, target):
        if "command-two" in (self / "report.json").read_text():
            raise OSError(errno.EIO, "broken")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError):
        write_folder(folder, RunBundle(result, replace(ORIGIN, command="command-two")))
    assert "score a b" in (folder / "report.json").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    target = tmp_path / "scores.csv"
    target.write_text("old")
    target.chmod(0o600)

    def half(file):
        file.write(b"ne")
        full_disk(file)

    with pytest.raises(OutputError):
        write_file(target, half)
    assert target.read_text() == "old"
    write(target, b"new")
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]


def test_an_interruption_leaves_no_temporary_file(tmp_path):
    def interrupted(_file):
        raise SystemExit(130)

    with pytest.raises(SystemExit):
        write_file(tmp_path / "f", interrupted)
    assert not list(tmp_path.iterdir())


def test_a_link_keeps_pointing_to_the_file_that_is_replaced(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    write(link, b"new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_device_is_written_to_and_not_replaced():
    write(Path("/dev/null"), b"x")
    assert not Path("/dev/null").is_file()
    if Path("/dev/full").exists():
        with pytest.raises(OutputError, match="No space left"):
            write(Path("/dev/full"), b"x" * 100_000)


def test_a_target_that_is_a_folder_or_has_none_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        check_writable(tmp_path / "no" / "f.json")


@pytest.mark.skipif(is_root, reason="root may write everywhere")
def test_no_permission_is_found_before_the_work(tmp_path):
    tmp_path.chmod(0o500)
    for check, path in ((check_writable, tmp_path / "f"), (check_folder, tmp_path / "d")):
        with pytest.raises(OutputError, match="permission"):
            check(path)
    tmp_path.chmod(0o700)


def test_no_permission_is_exit_74(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.os, "access", lambda *_: False)
    for check, path in ((check_writable, tmp_path / "f"), (check_folder, tmp_path / "d")):
        with pytest.raises(OutputError, match="permission"):
            check(path)
