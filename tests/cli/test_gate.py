"""``vlmeval gate`` as a command: its exit code is its verdict, and errors are never one."""

import io
import json
import os
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.gate import CAN_FAIL

RULE = "{metric: exact_match, min: 0.5}"


@pytest.fixture
def gate(tmp_path, inside, monkeypatch):
    """Run the gate in a folder of its own: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    write_run(tmp_path, [True, True, False, False])

    def run(*options, rules=(RULE,), more=""):
        write_config(tmp_path, rules, more)
        return inside("gate", "preds.jsonl", "refs.jsonl", "--config", "gate.yaml", *options)

    return run


def write_config(folder, rules, more=""):
    lines = "".join(f"  - {rule}\n" for rule in rules)
    text = f"task: vqa\nmetrics: [exact_match, anls]\n{more}\nrules:\n{lines}"
    (folder / "gate.yaml").write_text(text)


def write_run(folder, answers):
    refs = [
        {"id": i, "question": f"Is it {i}?", "answers": ["yes"], "kind": "ab"[i % 2]}
        for i in range(len(answers))
    ]
    preds = [{"id": i, "prediction": "yes" if ok else "no"} for i, ok in enumerate(answers)]
    for name, rows in (("refs.jsonl", refs), ("preds.jsonl", preds)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_passed_gate_ends_with_0_and_says_so_last(gate):
    code, out, _ = gate()
    assert code == 0
    assert out.splitlines()[-1] == "gate passed: 1 rule"


def test_a_failed_gate_ends_with_1_and_says_so_last(gate):
    code, out, err = gate(rules=["{metric: exact_match, min: 0.6}"])
    assert code == 1
    assert out.splitlines()[-1] == "gate failed: 1 of 1 rule"
    assert "error" not in err


VERDICTS = st.lists(st.sampled_from(CAN_FAIL), unique=True, max_size=len(CAN_FAIL))
BOUNDS = st.floats(0, 1).map(lambda bound: round(bound, 3))
RULES = st.one_of(
    BOUNDS.map(lambda b: f"{{metric: exact_match, min: {b}}}"),
    BOUNDS.map(lambda b: f"{{metric: anls, by: kind, max: {b}}}"),
    BOUNDS.map(lambda b: f"{{metric: exact_match, max_drop: {b}}}"),
    BOUNDS.map(lambda b: f"{{metric: exact_match, by: kind, max_drop_relative: {b}}}"),
    BOUNDS.map(lambda b: f"{{metric: exact_match, max_drop: {b}, test: paired, margin: {b}}}"),
    st.integers(0, 4).map(lambda k: f"{{check: newly_wrong, max: {k}}}"),
    st.integers(0, 9).map(lambda k: f"{{check: n, min: {k}}}"),
    BOUNDS.map(lambda b: f"{{check: format_valid, min: {b}}}"),
)


@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    base=st.lists(st.booleans(), min_size=6, max_size=6),
    new=st.lists(st.booleans(), min_size=6, max_size=6),
    rules=st.lists(RULES, min_size=1, max_size=4),
    fail_on=VERDICTS,
)
def test_exit_code_printed_verdict_and_files_agree(tmp_path, base, new, rules, fail_on):
    paths = [str(tmp_path / name) for name in ("preds.jsonl", "refs.jsonl")]
    write_run(tmp_path, base)
    streams = sys.stdout, sys.stderr
    try:
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        assert main(["score", *paths, "--task", "vqa", "--metrics", "exact_match,anls",
                     "--output", str(tmp_path / "base")]) == 0  # fmt: skip
        write_run(tmp_path, new)
        write_config(
            tmp_path, rules, f"fail_on: [{', '.join(fail_on)}]\nstatistics: {{resamples: 50}}"
        )
        sys.stdout = io.StringIO()
        code = main(["gate", *paths, "--config", str(tmp_path / "gate.yaml"), "--baseline",
                     str(tmp_path / "base"), "--json", str(tmp_path / "g.json"),
                     "--junit", str(tmp_path / "g.xml")])  # fmt: skip
        printed = sys.stdout.getvalue()
    finally:
        sys.stdout, sys.stderr = streams
    found = json.loads((tmp_path / "g.json").read_bytes())
    failing = [one for one in found["rules"] if one["verdict"] in fail_on]
    assert code == (1 if failing else 0)
    assert found["verdict"] == ("failed" if failing else "passed")
    assert printed.splitlines()[-1].startswith(f"gate {found['verdict']}: ")
    assert [one["fails_build"] for one in found["rules"]].count(True) == len(failing)
    junit = ElementTree.parse(tmp_path / "g.xml").getroot()
    assert junit.get("failures") == str(len(failing))


@pytest.mark.parametrize(
    ("code", "options", "rules"),
    [
        (2, [], ["{metric: nonsense, min: 0.5}"]),
        (2, [], ["{metric: exact_match, min: 50}"]),
        (2, [], ["{metric: exact_match}"]),
        (2, [], ["{metric: exact_match, max_drop: 0.1}"]),
        (2, ["--baseline", "nothing"], ["{metric: exact_match, max_drop: 0.1}"]),
        (2, ["--update-baseline"], [RULE]),
        (2, ["--where", "kind=z"], [RULE]),
        (2, ["--output", "."], [RULE]),
        (2, ["--junit", "no/such/folder.xml"], [RULE]),
        (2, ["--junit", "-"], [RULE]),
        (2, ["--no-such-option"], [RULE]),
        (3, ["--baseline", "damaged.json"], ["{metric: exact_match, max_drop: 0.1}"]),
        (4, ["--metrics", "exact_match,sacrebleu_missing_extra"], [RULE]),
    ],
)
def test_errors_are_never_a_verdict(gate, tmp_path, monkeypatch, code, options, rules):
    (tmp_path / "damaged.json").write_text('{"tool": {"name": "vlmeval"}, "kind": "score"')
    if code == 4:
        from vlmeval_cli import registry
        from vlmeval_cli.core.errors import MissingExtraError

        def refuse(*_):
            raise MissingExtraError("that needs torch", hint="")

        monkeypatch.setattr(registry, "choose", refuse)
        monkeypatch.setattr("vlmeval_cli.gating.targets.choose", refuse)
    found, out, err = gate(*options, rules=rules)
    assert found == code
    assert "gate passed" not in out + err
    assert "gate failed" not in out + err


def test_bad_data_is_no_verdict(gate, tmp_path):
    (tmp_path / "preds.jsonl").write_text('{"id": 0, "prediction": "yes"}\n{"id": 1\n')
    assert gate()[0] == 3


def test_missing_predictions_are_no_verdict(gate, tmp_path):
    (tmp_path / "preds.jsonl").write_text('{"id": 0, "prediction": "yes"}\n')
    assert gate()[0] == 3


def test_an_unexpected_error_is_no_verdict(gate, monkeypatch):
    def broken(*_args, **_options):
        raise RuntimeError("boom")

    monkeypatch.setattr("vlmeval_cli.gating.gate._judged", broken)
    code, out, err = gate()
    assert code == 70
    assert "gate" not in out
    assert "boom" in err


def test_a_report_that_cannot_be_written_is_no_verdict(gate, monkeypatch):
    from vlmeval_cli.core.errors import OutputError

    def full(*_):
        raise OutputError("disk full")

    monkeypatch.setattr("vlmeval_cli.cli.outputs.Outputs.write_files", full)
    code, out, _ = gate("--json", "g.json")
    assert code == 74
    assert "exact_match at least 0.5" in out  # what was found is not lost


def test_the_closed_json_document_is_alone_on_stdout(gate):
    code, out, _ = gate("--json", "-", rules=["{metric: exact_match, min: 0.6}"])
    assert code == 1
    assert json.loads(out)["verdict"] == "failed"
    code, out, _ = gate("--json", "-", rules=["{metric: exact_match, min: 60}"])
    assert code == 2
    assert json.loads(out)["error"]["kind"] == "usage"


def test_the_first_baseline_is_made_and_then_held_against(gate, tmp_path):
    rules = ["{metric: exact_match, max_drop: 0.1, test: paired}", "{check: newly_wrong, max: 0}"]
    options = ("--update-baseline", "--baseline", "runs/main")
    code, out, err = gate(*options, rules=rules)
    assert code == 0
    assert "there is no baseline yet" in out
    assert "baseline runs/main was updated: the first one" in err
    write_run(tmp_path, [True, True, True, False])
    code, out, err = gate(*options, rules=rules)
    assert code == 0
    assert "exact_match 0.5000 → 0.7500" in err
    assert "no baseline" not in out
    write_run(tmp_path, [True, True, False, False])
    before = (tmp_path / "runs/main/report.json").read_bytes()
    code, _, err = gate(*options, rules=rules)
    assert code == 1  # item 2 was right
    assert "was not updated: the gate failed" in err
    assert (tmp_path / "runs/main/report.json").read_bytes() == before
    code, _, err = gate(*options, "--force", rules=rules)
    assert code == 1  # saved, and still the verdict
    assert "exact_match 0.7500 → 0.5000" in err
    assert gate("--baseline", "runs/main", rules=rules)[0] == 0


def test_a_baseline_can_be_a_report_alone(gate, tmp_path):
    rules = ["{metric: exact_match, max_drop: 0.1}"]
    more = "baseline: main.json"
    assert gate(rules=rules, more=more)[0] == 2
    assert gate("--update-baseline", rules=rules, more=more)[0] == 0
    write_run(tmp_path, [True, False, False, False])
    assert gate(rules=rules, more=more)[0] == 1
    code, _, err = gate(rules=[RULE, "{metric: anls, test: paired}"], more=more)
    assert code == 2
    assert "the report stands alone, without its statistics" in err


def test_a_baseline_folder_of_something_else_is_left_alone(gate, tmp_path):
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "thesis.txt").write_text("x")
    code, _, err = gate("--update-baseline", "--baseline", "main")
    assert code == 2
    assert "holds something else" in err


def test_the_output_folder_must_not_be_the_baseline(gate):
    assert gate("--update-baseline", "--baseline", "main")[0] == 0
    code, _, err = gate("--baseline", "main", "--output", "main")
    assert code == 2
    assert "holds an input" in err


def test_the_output_folder_holds_all_reports(gate, tmp_path):
    assert gate("--output", "out")[0] == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"report.json", "report.md", "gate.md", "junit.xml", "samples.jsonl",
                     "scores.csv", "statistics.npz"}  # fmt: skip
    assert json.loads((tmp_path / "out/report.json").read_bytes())["kind"] == "gate"
    assert gate("--output", "out")[0] == 0  # an older report is replaced


def test_targets_of_the_configuration_are_written(gate, tmp_path):
    more = "output: {json: g.json, junit: g.xml, markdown: g.md, csv: g.csv}"
    assert gate(more=more)[0] == 0
    assert json.loads((tmp_path / "g.json").read_bytes())["kind"] == "gate"
    assert (tmp_path / "g.md").read_text().startswith("### ✅ vlmeval gate passed")
    assert ElementTree.parse(tmp_path / "g.xml")
    assert (tmp_path / "g.csv").read_text().startswith("output,metric")


def test_github_gets_annotations_and_a_summary(gate, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    code, out, err = gate("--json", "-", rules=["{metric: exact_match, min: 0.6}"])
    assert code == 1
    assert json.loads(out)
    (line,) = [line for line in err.splitlines() if line.startswith("::")]
    assert line == (
        "::error file=gate.yaml,line=5,title=vlmeval gate%3A failed::"
        "exact_match at least 0.6: 0.5 is below 0.6"
    )
    assert (tmp_path / "summary.md").read_text().startswith("### ❌ vlmeval gate failed")


def test_github_is_told_that_nothing_was_judged(gate, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    code, _, err = gate(rules=["{metric: exact_match, min: 50}"])
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith("::")]
    assert line.startswith("::error title=vlmeval gate%3A nothing was judged::gate.yaml:5: min 50")


def test_a_summary_that_cannot_be_written_changes_no_verdict(gate, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    code, _, err = gate()
    assert code == 0
    assert "the step summary cannot be written" in err


def test_nothing_is_written_for_github_elsewhere(gate, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    _, out, err = gate(rules=["{metric: exact_match, min: 0.6}"])
    assert "::error" not in out + err
    assert not (tmp_path / "summary.md").exists()


def test_score_takes_the_same_file(gate, inside):
    gate()
    code, out, _ = inside("score", "preds.jsonl", "refs.jsonl", "--config", "gate.yaml")
    assert code == 0
    assert "exact_match" in out


def test_the_schema_is_printed(inside):
    code, out, _ = inside("gate", "--config-schema")
    assert code == 0
    assert "rules" in json.loads(out)["properties"]


def test_the_command_line_wins_over_the_file(gate):
    code, out, _ = gate("--limit", "2")
    assert code == 0
    assert "1.0000" in out  # the first two are right


def test_equal_runs_give_equal_bytes(gate, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    kinds = ("json", "junit", "markdown")
    contents = []
    for _ in range(2):
        gate(*[word for kind in kinds for word in (f"--{kind}", f"g.{kind}")])
        contents.append([(tmp_path / f"g.{kind}").read_bytes() for kind in kinds])
    assert contents[0] == contents[1]


def test_the_process_ends_with_the_verdict(command, tmp_path):
    write_run(tmp_path, [True, False, False])
    write_config(tmp_path, [RULE])
    words = ("gate", "preds.jsonl", "refs.jsonl", "--config", "gate.yaml")
    failed = command(*words, cwd=tmp_path, PYTHONPATH=os.pathsep.join(sys.path))
    assert failed.returncode == 1
    write_run(tmp_path, [True, True, False])
    assert command(*words, cwd=tmp_path, PYTHONPATH=os.pathsep.join(sys.path)).returncode == 0
