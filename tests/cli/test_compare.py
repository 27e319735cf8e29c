"""``vlmeval compare`` on the command line."""

import csv
import json

import pytest

STUDY = "sample_data/study"
RUNS = (f"base={STUDY}/base.jsonl", f"lora={STUDY}/lora_seed1.jsonl", f"full={STUDY}/full.jsonl")
REFS = ("--refs", f"{STUDY}/refs.jsonl")


def strictly(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_study_of_a_lora_is_told_in_tables(command):
    done = command("compare", *RUNS, *REFS, "--percent")
    assert done.returncode == 0, done.stderr
    for part in (
        "run base:  sample_data/study/base.jsonl (baseline)",
        "run full:  sample_data/study/full.jsonl (full fine-tuning)",
        "base is cut off (truncated) on 5.7% of the items, and 2 runs do so on fewer: lora 0.0%, ",
        "Differences to base (p: Holm, 12 tests)",
        "Differences to full (p: Holm, 12 tests)",
        "Gap to full, and the recovered share of the gain from base to full",
        "Forgotten and learned against base",
        "Who gets items right",
        "People, chance and the most frequent answer",
        "Largest moves of single items by exact_match",
    ):
        assert part in done.stdout
    assert done.stdout.index("cut off") < done.stdout.index("Scores (")


def test_json_on_stdout_is_one_document_with_runs_and_pairs(command):
    done = command("compare", *RUNS, *REFS, "--json", "-")
    report = strictly(done.stdout)
    assert (report["kind"], report["schema_version"]) == ("compare", 1)
    assert [*report["runs"]] == ["base", "lora", "full"]
    assert report["runs"]["lora"]["kind"] == "score"
    pair = report["pairs"][0]
    assert (pair["run"], pair["against"], pair["metric"]) == ("lora", "base", "exact_match")
    scores = {name: run["metrics"]["exact_match"]["value"] for name, run in report["runs"].items()}
    assert pair["difference"] == pytest.approx(scores["lora"] - scores["base"], abs=1e-12)
    assert pair["verdict"] in ("improved", "regressed", "equivalent", "undecided")
    assert pair["wins"] + pair["losses"] + pair["ties"] == pair["n"] == 300
    assert report["families"] == {"correction": "holm", "n_tests": 12}


def test_the_folder_holds_every_form(command, tmp_path):
    folder = tmp_path / "out"
    done = command("compare", *RUNS, *REFS, "--output", folder, "-q")
    assert done.returncode == 0
    assert {path.name for path in folder.iterdir()} == {
        "report.json", "report.md", "pairs.csv", "scores.csv", "tables.csv",
    }  # fmt: skip
    report = strictly((folder / "report.json").read_text())
    assert {*report["files"]} == {"pairs", "scores", "markdown", "tables"}
    with (folder / "pairs.csv").open() as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == len(report["pairs"])
    assert float(rows[0]["difference"]) == report["pairs"][0]["difference"]
    again = command("compare", *RUNS, *REFS, "--output", folder, "-q")
    assert again.returncode == 0  # our own report is replaced


def test_equal_runs_give_equal_bytes(command, tmp_path):
    pinned = {"SOURCE_DATE_EPOCH": "1700000000"}
    first, second = (
        command("compare", *RUNS, *REFS, "--json", "-", **pinned).stdout for _ in range(2)
    )
    assert first == second


def test_a_folder_of_checkpoints_is_compared(command):
    done = command("compare", STUDY + "/lora_seed*.jsonl", *REFS, "--no-floors", "--moves", "0")
    assert done.returncode == 0, done.stderr
    assert "run lora_seed1:  sample_data/study/lora_seed1.jsonl (baseline)" in done.stdout


def test_many_runs_are_rows(command):
    several = [f"r{i}={STUDY}/lora_seed{1 + i % 3}.jsonl" for i in range(5)]
    done = command("compare", *several, *REFS, "--no-floors", "--moves", "0", "-m", "anls,token_f1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("Scores"))
    assert lines[head + 1].split() == ["run", "anls", "token_f1"]
    assert [line.split()[0] for line in lines[head + 2 : head + 7]] == [
        "r0",
        "r1",
        "r2",
        "r3",
        "r4",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((RUNS[0], *REFS), 2, "compare needs two runs at least, got 1"),
        ((RUNS[0], "x=nothing.jsonl", *REFS), 2, "nothing.jsonl: no such file"),
        ((*RUNS, *REFS, "--baseline", "bas"), 2, 'baseline: no run is called "bas"'),
        ((RUNS[0], RUNS[0], *REFS), 2, 'two runs are called "base"'),
        ((*RUNS, *REFS, "--margin", "-1"), 2, "margin: got"),
        ((*RUNS, *REFS, "--brittle-below", "2"), 2, "brittle_below: got"),
        ((*RUNS, *REFS, "-m", "blue"), 2, 'unknown metric "blue"'),
        ((RUNS[0], "x=sample_data/vqa/preds.jsonl", *REFS), 3, ""),
    ],
)  # fmt: skip
def test_bad_requests_end_in_one_message(command, arguments, code, told):
    done = command("compare", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_errors_are_json_where_json_was_asked_for(command):
    done = command("compare", RUNS[0], *REFS, "--json", "-")
    assert strictly(done.stdout)["error"]["kind"] == "usage"


def test_inputs_are_not_overwritten(command):
    done = command("compare", *RUNS, *REFS, "--json", f"{STUDY}/base.jsonl")
    assert done.returncode == 2
    assert "would overwrite an input" in done.stderr


def test_help_needs_no_numpy(command):
    done = command("compare", "--help")
    assert done.returncode == 0
    assert "Compare runs over the same items" in done.stdout


def test_outcomes_of_many_runs_are_a_row_a_run(command):
    seeds = [f"s{i}={STUDY}/lora_seed{i}.jsonl" for i in (1, 2, 3)]
    done = command("compare", RUNS[0], *seeds, RUNS[2], *REFS, "--metrics", "exact_match")
    table = done.stdout.split("Outcomes of the runs\n")[1].split("\n\n")[0].splitlines()
    assert table[0].split() == [
        "run", "truncated", "truncated", "(share)", "wrong", "wrong", "(share)", "right", "right",
        "(share)",
    ]  # fmt: skip
    assert table[1].split() == ["base", "17", "0.0567", "143", "0.4767", "140", "0.4667"]
    assert [line.split()[0] for line in table[1:]] == ["base", "s1", "s2", "s3", "full"]


def test_exact_tests_of_several_sizes_are_one_line(command, tmp_path):
    rows = [{"id": i, "question": "?", "answers": ["a"]} for i in range(40)]
    refs = tmp_path / "refs.jsonl"
    refs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs = []
    for n in (20, 22, 25):  # 2 and 5 answers differ from the first run: 2² and 2⁵
        path = tmp_path / f"r{n}.jsonl"
        said = ["a"] * n + ["b"] * (40 - n)
        path.write_text(
            "".join(json.dumps({"id": i, "prediction": one}) + "\n" for i, one in enumerate(said))
        )
        runs.append(str(path))
    done = command("compare", *runs, "--refs", refs, "--metrics", "token_f1")
    tests = done.stdout.split("Tests\n")[1].split("\n\n")[0].splitlines()
    (line,) = [one for one in tests if "assignment" in one]
    assert line.strip() == "token_f1: exact randomisation, 4 to 32 assignments"


def test_tables_of_items_say_that_they_are_of_the_first_seed(command):
    seeds = ",".join(f"{STUDY}/lora_seed{i}.jsonl" for i in (1, 2, 3))
    done = command("compare", RUNS[0], f"lora={seeds}", *REFS, "--metrics", "exact_match")
    titles = [line for line in done.stdout.splitlines() if "of several seeds the first" in line]
    assert [line.split()[0] for line in titles] == [
        "What", "Outcomes", "Failures", "Cost", "Length", "Forgotten", "Who", "Largest",
    ]  # fmt: skip
    alone = command("compare", *RUNS, *REFS, "--metrics", "exact_match")
    assert "of several seeds" not in alone.stdout


def test_the_configuration_file_says_how_runs_are_compared(command, tmp_path):
    config = tmp_path / "study.yaml"
    config.write_text("compare: {baseline: full, margin: 0.5, floors: false, correction: bh}\n")
    done = command("compare", *RUNS, *REFS, "--config", config, "--json", "-")
    report = strictly(done.stdout)
    assert report["baseline"] == "full"
    assert report["families"]["correction"] == "bh"
    assert report["statistics"]["margin"] == 0.5
    assert "floors" not in report["tables"]
    done = command("compare", *RUNS, *REFS, "--config", config, "--baseline", "base", "--json", "-")
    assert strictly(done.stdout)["baseline"] == "base"  # the command line goes first


def test_an_unknown_key_of_a_comparison_names_its_line(command, tmp_path):
    config = tmp_path / "study.yaml"
    config.write_text("compare:\n  basline: full\n")
    done = command("compare", *RUNS, *REFS, "--config", config)
    assert done.returncode == 2
    assert 'study.yaml:2: unknown key "basline" in "compare"' in done.stderr


def test_the_shipped_study_runs(command):
    done = command("compare", *RUNS, *REFS, "--config", "configs/study.yaml")
    assert done.returncode == 0, done.stderr


def test_gains_without_a_loss_have_endless_odds(command, tmp_path):
    rows = [{"id": i, "question": "?", "answers": ["a"]} for i in range(20)]
    refs = tmp_path / "refs.jsonl"
    refs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, n in (("base", 10), ("lora", 18)):
        said = ["a"] * n + ["b"] * (20 - n)
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(json.dumps({"id": i, "prediction": one}) + "\n" for i, one in enumerate(said))
        )
    runs = (tmp_path / "base.jsonl", tmp_path / "lora.jsonl")
    done = command("compare", *runs, "--refs", refs, "--metrics", "exact_match")
    assert "OR ∞" in done.stdout
    done = command("compare", *runs, "--refs", refs, "--metrics", "exact_match", "--json", "-")
    assert strictly(done.stdout)["pairs"][0]["effect"] is None
