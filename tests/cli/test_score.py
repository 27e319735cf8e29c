"""``vlmeval score`` from the command line to the reports, as a process and inside the test."""

import csv
import json

import pytest


def document(text):
    """The one JSON document that ``text`` is."""
    return json.loads(text)


def test_the_table_goes_to_stdout_and_the_rest_to_stderr(command, files):
    done = command("score", *files)
    assert done.returncode == 0
    assert "exact_match (primary)  0.6667" in done.stdout
    assert "warning:" not in done.stdout
    assert "note:" not in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_quiet_leaves_stderr_empty(command, files):
    assert command("score", *files, "--quiet").stderr == ""


def test_json_on_stdout_is_one_document_and_equals_the_file(command, files, tmp_path):
    pinned = {"SOURCE_DATE_EPOCH": "86400"}
    out = command("score", *files, "--json", "-", **pinned)
    report = document(out.stdout)
    assert report["schema_version"] == 1
    assert report["created"] == "1970-01-02T00:00:00+00:00"
    assert report["metrics"]["exact_match"]["value"] == pytest.approx(2 / 3, abs=1e-15)
    assert report["command"].startswith("vlmeval score ")
    command("score", *files, "--json", tmp_path / "r.json", **pinned)
    saved = document((tmp_path / "r.json").read_text())
    assert {**saved, "command": ""} == {**report, "command": ""}


def test_an_unreadable_source_date_is_wrong_usage(command, files):
    assert command("score", *files, SOURCE_DATE_EPOCH="tomorrow").returncode == 2


def test_every_file_is_written_and_told_the_same_scores(inside, files, tmp_path):
    names = {kind: tmp_path / f"out.{kind}" for kind in ("json", "csv", "samples", "markdown")}
    options = [word for kind, path in names.items() for word in (f"--{kind}", path)]
    code, _, _ = inside("score", *files, *options, "--output", tmp_path / "run")
    assert code == 0
    value = document(names["json"].read_text())["metrics"]["token_f1"]["value"]
    rows = list(csv.DictReader(names["csv"].read_text().splitlines()))
    assert [float(row["value"]) for row in rows if row["output"] == "token_f1"] == [value]
    samples = [document(line) for line in names["samples"].read_text().splitlines()]
    assert sum(sample["scores"]["token_f1"] for sample in samples) / 3 == pytest.approx(value)
    assert "token\\_f1" in names["markdown"].read_text()
    assert (tmp_path / "run" / "statistics.npz").stat().st_size > 0


def test_percent_changes_the_table_and_no_file(inside, files, tmp_path):
    _, out, _ = inside("score", *files, "--percent", "--csv", tmp_path / "s.csv")
    assert "66.67" in out
    assert "0.6666" in (tmp_path / "s.csv").read_text()


def test_worst_lists_whole_items_in_a_pipe(inside, tmp_path):
    long = "word " * 500
    path = tmp_path / "both.jsonl"
    path.write_text(
        json.dumps({"id": "1", "question": "q", "prediction": long, "answers": ["a"]}) + "\n"
        + json.dumps({"id": "2", "question": "q", "prediction": "b", "answers": ["b"]}) + "\n"
    )  # fmt: skip
    _, out, _ = inside("score", path, "--worst", "1")
    assert long.strip() in out
    assert "Lowest 1 item by exact_match" in out


def test_groups_are_shown_for_fields_that_were_asked_for(inside, files):
    _, out, _ = inside("score", *files, "--by", "kind")
    assert "By kind" in out
    assert "colour" in out


def test_the_command_line_wins_over_the_configuration(inside, files, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text(
        "metrics: [anls]\nstatistics: {seed: 7, resamples: 50}\noutput: {percent: true}\n"
    )
    _, out, _ = inside("score", *files, "--config", config, "--seed", "8", "--metrics", "token_f1")
    assert "token_f1" in out
    assert "anls" not in out
    assert "50 resamples" in out
    assert "seed 8" in out
    assert "points" in out


@pytest.mark.parametrize("kind", ["json", "csv", "samples", "markdown"])
def test_an_input_is_never_overwritten(inside, files, kind):
    before = files[1].read_bytes()
    code, _, err = inside("score", *files, f"--{kind}", files[1])
    assert (code, files[1].read_bytes()) == (2, before)
    assert "overwrite an input" in err


def test_two_outputs_cannot_be_one_file(inside, files, tmp_path):
    code, _, err = inside("score", *files, "--csv", tmp_path / "x", "--json", tmp_path / "x")
    assert code == 2
    assert "overwrite" in err


def test_a_single_file_cannot_lie_in_the_report_folder(inside, files, tmp_path):
    run = tmp_path / "run"
    assert inside("score", *files, "--output", run, "--json", run / "r.json")[0] == 2


def test_an_input_in_the_report_folder_is_never_replaced(inside, files, tmp_path):
    inside("score", *files, "--output", tmp_path / "run")
    saved = tmp_path / "run" / "samples.jsonl"
    before = saved.read_bytes()
    code, _, err = inside("score", saved, files[1], "--output", tmp_path / "run")
    assert (code, saved.read_bytes()) == (2, before)
    assert 'holds an input: "samples.jsonl"' in err


def test_a_pipe_by_its_path_can_be_written(command, files):
    done = command("score", *files, "--csv", "/dev/stdout")
    assert (done.returncode, done.stdout.splitlines()[0][:13]) == (0, "output,metric")


def test_a_configuration_cannot_take_stdout(inside, files, tmp_path):
    (tmp_path / "c.yaml").write_text('output: {json: "-"}\n')
    code, out, err = inside("score", *files, "--config", tmp_path / "c.yaml")
    assert (code, out) == (2, "")
    assert "--json -" in err


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("by: [nope]", 'by: no item has a value in a field "nope"'),
        ("statistics: {cluster_by: nope}", 'cluster_by: no item has a value in a field "nope"'),
        ("by: [answers]", 'by: "answers" is what is scored'),
        ("output: {csv: in.yaml}", 'csv "in.yaml" would overwrite an input'),
    ],
)
def test_a_configured_choice_is_not_blamed_on_an_option(
    inside, files, tmp_path, monkeypatch, choice, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.yaml").write_text(f"{choice}\n")
    code, _, err = inside("score", *files, "--config", "in.yaml")
    assert code == 2
    assert err.startswith(f"error: {said}")


def test_nothing_compared_is_one_line_and_no_failure(inside, files):
    code, out, err = inside("score", *files, "--reference", "-m", "anls,exact_match")
    assert code == 0
    assert "Ours beside the original packages" in out
    reason = "no package has this metric with these options"
    assert f"note: nothing was compared with an original package: {reason}\n" in err


def test_targets_are_checked_before_the_scoring(inside, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    scored = []
    code, _, err = inside("score", "p", "--output", tmp_path, score=lambda *_: scored.append(1))
    assert (code, scored) == (2, [])
    assert "mine.txt" in err


def test_a_folder_can_be_written_again(command, files, tmp_path):
    for _ in range(2):
        assert command("score", *files, "--output", tmp_path / "run").returncode == 0


def test_a_full_disk_still_shows_the_table(inside, files):
    code, out, err = inside("score", *files, "--json", "/dev/full")
    assert code == 74
    assert "exact_match" in out
    assert "No space left" in err


def test_standard_input_is_read_for_a_dash(command, files):
    done = command("score", "-", files[1], stdin=files[0].read_text())
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty", b"", 3),
        ("binary", bytes(range(256)) * 10, 3),
        ("cut", b'[{"id": 1, "prediction": "a"}, {"id"', 3),
        ("numbers", b"1\n2\n3\n", 3),
        ("utf8", b'{"id": "q1", "prediction": "\xff\xfe"}\n', 3),
        ("gzip", b"\x1f\x8b\x08\x00\x00", 3),
        ("strangers", b'{"id": "z9", "prediction": "a"}\n', 3),
    ],
)
def test_bad_input_is_one_message_and_no_report(inside, files, tmp_path, name, content, code):
    bad = tmp_path / name
    bad.write_bytes(content)
    found, out, err = inside("score", bad, files[1], "--output", tmp_path / "run")
    assert (found, out) == (code, "")
    assert err.startswith("error: ")
    assert "bug" not in err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("path", ["nowhere.jsonl", "."])
def test_a_missing_file_or_a_folder_is_wrong_usage(inside, files, path):
    assert inside("score", path, files[1])[0] == 2


def test_swapped_files_are_told(inside, files):
    code, _, err = inside("score", files[1], files[0])
    assert code in (2, 3)
    assert "swap" in err.lower()


def test_doctor_names_packages_and_what_is_missing(inside):
    code, out, _ = inside("doctor")
    assert code == 0
    assert all(
        word in out for word in ("python", "java", "WordNet", "--run-tests", "numpy", "core")
    )


def test_inspect_tells_layout_fields_task_and_join(inside, files):
    code, out, _ = inside("inspect", *files)
    assert code == 0
    assert all(word in out for word in ("jsonl", "question", "vqa", "3 matched"))


def test_inspect_shows_one_side_alone(inside, files):
    code, out, err = inside("inspect", files[0])
    assert code == 0
    assert "prediction" in out
    assert "cannot be scored" in err


def test_help_names_every_option_and_fits_a_narrow_terminal(inside):
    _, out, _ = inside("score", "--help")
    for option in ("--fix-ids", "--where", "--on-bad-row", "--worst", "--reference", "--debug"):
        assert option in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("forced", [{}, {"GITHUB_ACTIONS": "1"}, {"FORCE_COLOR": "1"}])
def test_no_escape_sequence_reaches_a_pipe(command, forced):
    for arguments in (["--help"], ["score", "--bad"], ["doctor"]):
        done = command(*arguments, **forced)
        assert "\x1b" not in done.stdout + done.stderr


def test_the_shell_completes_options(command):
    done = command(
        _VLMEVAL_COMPLETE="complete_bash", COMP_WORDS="vlmeval score --mi", COMP_CWORD="2"
    )
    assert (done.returncode, done.stdout.split()) == (0, ["--missing"])
