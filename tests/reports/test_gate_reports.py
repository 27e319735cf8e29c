"""A gate as JSON, Markdown, JUnit XML and marks for GitHub."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from vlmeval_cli.core.comparison import Family
from vlmeval_cli.core.gate import GateBaseline, GateResult, GateRule, NewlyWrong, RuleResult
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import ItemScores, JoinReport, RunResult, Signature
from vlmeval_cli.reports.figures import View
from vlmeval_cli.reports.gate_json import gate_json
from vlmeval_cli.reports.gate_markdown import gate_markdown
from vlmeval_cli.reports.gate_summary import headline, rules_grid
from vlmeval_cli.reports.github import annotation_lines, append_summary
from vlmeval_cli.reports.json_report import Provenance
from vlmeval_cli.reports.junit import junit_xml

ORIGIN = Provenance("1.2.3", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "vlmeval gate p r")
RUN = RunResult(
    task="vqa", task_reason="", inputs=(), fields={}, join=JoinReport(2), outcomes={}, scores={},
    primary=None, items=ItemScores([], [], [], [], [], {}), signature=Signature({}), statistics={},
    statistics_options={},
)  # fmt: skip
ANLS = Output("anls")
PASSED = RuleResult(
    GateRule(metric="anls", least=0.5, place="gate.yaml:3"), {}, "passed", False, 0.7512, 0.5,
    output=ANLS, n=2,
)  # fmt: skip
FAILED = RuleResult(
    GateRule(metric="anls", by={"kind": "a"}, least=0.8, place="gate.yaml:4"), {"kind": "a"},
    "failed", True, 0.75, 0.8, output=ANLS, n=2, reason="0.75 is below 0.8",
)  # fmt: skip
UNDECIDED = RuleResult(
    GateRule(metric="anls", max_drop=0.1, is_tested=True, place="gate.yaml:5"), {}, "undecided",
    False, 0.75, 0.65, baseline=0.75, output=ANLS, n=2, p_value=0.25, test="exact McNemar",
    n_needed=400, reason="worse by 0.05",
)  # fmt: skip
SHARE = RuleResult(
    GateRule(check="unparsed", most=0.02, is_share=True, place="gate.yaml:6"), {}, "passed", False,
    0.0, 0.02, n=2, reason="0 of 2",
)  # fmt: skip
ATTACK = "x\x1b[31m\x00<b>&\"'|`]]>\ud800\n::error::forged %0A"


def result(*rules, **changes):
    plain = GateResult(
        rules=rules, run=RUN, baseline=None, fail_on=("failed", "regressed"),
        family=Family("none", 1), alpha=0.05,
    )  # fmt: skip
    return replace(plain, **changes)


def attacked():
    """A gate in which every text of the user is hostile."""
    rule = GateRule(metric="anls", by={ATTACK: ATTACK}, least=0.8, place=f"{ATTACK}.yaml:4")
    failed = replace(FAILED, rule=rule, by={ATTACK: ATTACK}, reason=ATTACK, ids=(ATTACK,))
    return result(
        failed,
        baseline=GateBaseline(ATTACK, "2026", "1", ATTACK, (ATTACK,)),
        newly_wrong=[NewlyWrong(ATTACK, "wrong", ATTACK, ATTACK)],
        notes=(ATTACK,),
    )


def test_the_headline_is_the_verdict():
    assert headline(result(PASSED, FAILED)) == "gate failed: 1 of 2 rules"
    assert headline(result(PASSED)) == "gate passed: 1 rule"
    assert headline(result(PASSED, UNDECIDED)) == "gate passed: 2 rules, 1 undecided"


def test_the_table_shows_scores_shares_and_points():
    rows = rules_grid(result(PASSED, SHARE), View()).rows
    assert rows[0][:6] == ("anls at least 0.5", "passed", "passes", "0.7512", "0.5000", "-")
    assert rows[1][:6] == ("unparsed at most 2 %", "passed", "passes", "0 %", "2 %", "-")
    percent = rules_grid(result(PASSED), View(percent=True)).rows
    assert percent[0][3:5] == ("75.12", "50.00")


def test_json_has_the_fields_of_the_schema():
    found = json.loads(gate_json(result(FAILED, UNDECIDED), ORIGIN))
    assert (found["kind"], found["schema_version"], found["verdict"]) == ("gate", 1, "failed")
    assert found["report"]["kind"] == "score"
    first, second = found["rules"]
    assert first["rule"] == "anls (kind=a) at least 0.8"
    assert first["by"] == {"kind": "a"}
    assert (first["verdict"], first["fails_build"], first["value"]) == ("failed", True, 0.75)
    assert (second["bound"], second["baseline"], second["p_value"]) == (0.65, 0.75, 0.25)
    assert second["n_needed"] == 400


def test_junit_has_a_case_for_each_rule():
    root = ElementTree.fromstring(junit_xml(result(PASSED, FAILED, UNDECIDED), ORIGIN))
    (suite,) = root
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    assert suite.get("timestamp") == "2026-01-02T03:04:05"
    passed, failed, undecided = suite.findall("testcase")
    assert [child.tag for child in passed] == ["system-out"]
    assert failed.get("name") == "anls (kind=a) at least 0.8"
    assert failed.find("failure").get("message") == "failed: 0.75 is below 0.8"
    assert failed.find("failure").get("type") == "failed"
    assert undecided.find("skipped").get("message").startswith("undecided: worse by 0.05")
    properties = {one.get("name"): one.get("value") for one in suite.find("properties")}
    assert properties["verdict"] == "failed"
    assert (properties["3.value"], properties["3.bound"]) == ("0.75", "0.65")
    assert (properties["3.baseline"], properties["3.p_value"]) == ("0.75", "0.25")


def test_undecided_that_fails_the_build_is_a_failure_in_junit():
    failing = replace(UNDECIDED, fails_build=True)
    root = ElementTree.fromstring(junit_xml(result(failing), ORIGIN))
    assert root.find(".//failure").get("type") == "undecided"
    assert root.find(".//skipped") is None


# What Jenkins' junit-10.xsd says of elements: attributes, required attributes, children.
TEXT = ((), ())
SCHEMA = {
    "testsuites": (("name", "time", "tests", "failures", "errors"), (), ("testsuite",)),
    "testsuite": (
        ("name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp",
         "hostname", "id", "package", "file", "log", "url"),
        ("name", "tests", "failures", "errors"),
        ("testsuite", "properties", "testcase", "system-out", "system-err"),
    ),
    "properties": ((), (), ("property",)),
    "property": (("name", "value"), ("name", "value"), ()),
    "testcase": (
        ("name", "time", "classname", "group"), ("name",),
        ("skipped", "error", "failure", "system-out", "system-err"),
    ),
    "failure": (("type", "message"), (), ()),
    "skipped": (("type", "message"), (), ()),
    "system-out": (*TEXT, ()),
}  # fmt: skip


@pytest.mark.parametrize("gate", [result(PASSED, FAILED, UNDECIDED), attacked(), result(SHARE)])
def test_junit_keeps_to_the_schema_of_jenkins(gate):
    for element in ElementTree.fromstring(junit_xml(gate, ORIGIN)).iter():
        allowed, required, children = SCHEMA[element.tag]
        assert set(required) <= set(element.attrib) <= set(allowed)
        assert {child.tag for child in element} <= set(children)


def test_junit_holds_no_control_characters():
    content = junit_xml(attacked(), ORIGIN).decode("utf-8")
    assert not [mark for mark in content if ord(mark) < 32 and mark not in "\n\t\r"]
    assert "&#0;" not in content
    root = ElementTree.fromstring(content)
    assert "<b>&\"'|`]]>" in root.find(".//testcase").get("name")


def test_json_and_markdown_hold_hostile_text():
    assert json.loads(gate_json(attacked(), ORIGIN))["newly_wrong"][0]["id"]
    page = gate_markdown(attacked(), View()).decode("utf-8")
    assert "<b>" not in page.replace("\\<b\\>", "")
    assert "\x1b" not in page
    assert len(page.split("<details>")) == 3  # none is opened or closed by the user's text


def test_markdown_puts_failing_rules_first():
    page = gate_markdown(result(PASSED, UNDECIDED, FAILED), View()).decode("utf-8")
    assert page.startswith("### ❌ vlmeval gate failed: 1 of 3 rules\n")
    signs = [line[2] for line in page.splitlines() if line.startswith(("| ❌", "| ✅", "| ⚠"))]
    assert signs == ["❌", "✅", "⚠"]
    assert gate_markdown(result(PASSED), View()).decode().startswith("### ✅ vlmeval gate passed")


def test_a_long_list_of_newly_wrong_items_is_cut_in_markdown_and_not_in_json():
    many = [NewlyWrong(f"q{i}", "wrong", "no", "yes") for i in range(1000)]
    page = gate_markdown(result(PASSED, newly_wrong=many), View()).decode()
    assert "1,000 items, the first 20; all in the JSON report" in page.replace("\\", "")
    assert len(page) < 65_536  # what a comment on GitHub may hold
    found = json.loads(gate_json(result(PASSED, newly_wrong=many), ORIGIN))
    assert len(found["newly_wrong"]) == 1000


def test_annotations_stand_at_the_rule():
    assert [*annotation_lines(result(PASSED, UNDECIDED, FAILED))] == [
        "::error file=gate.yaml,line=4,title=vlmeval gate%3A failed::"
        "anls (kind=a) at least 0.8: 0.75 is below 0.8",
        "::warning file=gate.yaml,line=5,title=vlmeval gate%3A undecided::"
        "anls worse by at most 0.1, paired test: worse by 0.05; p 0.2500 of no change, "
        "exact McNemar, 2 items",
    ]


def test_an_annotation_is_one_line_with_escaped_marks():
    (line,) = annotation_lines(attacked())
    assert "\n" not in line
    assert "\r" not in line
    properties, message = line.split("title=vlmeval gate%3A failed::")
    assert properties.startswith("::error file=")
    assert "::" not in properties.removeprefix("::error ")
    assert "%0A" not in message.replace("%250A", "")  # the user's own %0A stays text
    from_stdin = replace(FAILED, rule=replace(FAILED.rule, place="-:4"))
    (plain,) = annotation_lines(result(from_stdin))
    assert plain.startswith("::error title=")


def test_the_step_summary_is_added_to(tmp_path):
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    assert append_summary(str(path), b"after\n")
    assert path.read_text() == "before\nafter\n"
    assert not append_summary(str(tmp_path), b"x")
