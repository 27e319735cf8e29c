"""Rules of a gate as the configuration file has them, and every mistake with its place."""

import pytest

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.gate import GateConfig, GateRule
from vlmeval_cli.readers.config import load_config


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(text):
        (tmp_path / "gate.yaml").write_text(text, "utf-8")
        return load_config("gate.yaml").gate

    return read


def rule(load, text):
    (one,) = load(f"rules:\n  - {text}\n").rules
    return one


def test_every_key_is_read(load):
    found = load(
        "statistics: {correction: holm}\n"
        "baseline: runs/main\n"
        "fail_on: [failed, undecided]\n"
        "rules:\n"
        "  - {metric: anls, min: 0.8, max: 1}\n"
        "  - {metric: cer, by: {kind: 2}, max_drop: 0.02, max_drop_relative: 3%,"
        " test: paired, margin: 0.01}\n"
        "  - {check: unparsed, by: [kind, size], max: 5}\n"
    )
    assert found == GateConfig(
        rules=(
            GateRule(metric="anls", least=0.8, most=1.0, place="gate.yaml:5"),
            GateRule(
                metric="cer", by={"kind": "2"}, max_drop=0.02, max_drop_relative=0.03,
                is_tested=True, margin=0.01, place="gate.yaml:6",
            ),
            GateRule(check="unparsed", by={"kind": None, "size": None}, most=5.0,
                     place="gate.yaml:7"),
        ),
        baseline="runs/main",
        fail_on=("failed", "undecided"),
        correction="holm",
    )  # fmt: skip


def test_a_file_without_a_gate_has_no_rules(load):
    assert load("task: vqa\n") == GateConfig()
    assert GateConfig().fail_on == ("failed", "regressed")


@pytest.mark.parametrize(
    ("text", "value", "is_share"),
    [
        ("{check: unparsed, max: 5}", 5.0, False),
        ("{check: unparsed, max: 1}", 1.0, False),
        ("{check: unparsed, max: 1.0}", 1.0, True),
        ("{check: unparsed, max: 0.02}", 0.02, True),
        ("{check: unparsed, max: 2%}", 0.02, True),
        ("{check: missing, max: 0}", 0.0, False),
        ("{check: format_valid, min: 1}", 1.0, True),
        ("{check: format_valid, min: 95 %}", 0.95, True),
        ("{check: n, min: 500}", 500.0, False),
        ("{check: newly_wrong, max: 3}", 3.0, False),
    ],
)
def test_whole_numbers_count_and_decimals_are_shares(load, text, value, is_share):
    found = rule(load, text)
    assert (found.least if found.most is None else found.most) == value
    assert found.is_share == is_share


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{metric: anls}", "asks for nothing"),
        ("{metric: anls, test: none}", "asks for nothing"),
        ("{metric: anls, mn: 0.8}", 'unknown key "mn"'),
        ("{min: 0.8}", 'expected either the key "metric" or the key "check"'),
        ("{metric: anls, check: n, min: 1}", 'expected either the key "metric" or the key "check"'),
        ("anls > 0.8", "expected a mapping of keys to values"),
        ("{metric: anls, min: high}", '"rules[1].min" is "high", expected a number'),
        ("{metric: anls, min: true}", "expected a number"),
        ("{metric: anls, min: .nan}", "expected a number"),
        ("{metric: anls, min: 0.9, max: 0.8}", "min is above max"),
        ("{metric: anls, max_drop: -0.1}", "a number of at least 0"),
        ("{metric: anls, max_drop_relative: 2}", "a fraction between 0 and 1, such as 0.02 or 2%"),
        ("{metric: anls, max_drop_relative: x%}", "a fraction between 0 and 1"),
        ("{metric: anls, max_drop: 0.1, margin: 0.1}", "a margin needs test: paired"),
        ("{metric: anls, max_drop: 0.1, test: t}", "expected one of paired, none"),
        ("{metric: anls, by: {kind: [a]}, min: 0.1}", "expected a text"),
        ("{check: format_ok, min: 1}", "expected one of format_valid, unparsed"),
        ("{check: format_valid, max: 0.5}", "expected the key min"),
        ("{check: format_valid, min: 95}", "a share between 0 and 1"),
        ("{check: unparsed, min: 0.5}", "expected the key max"),
        ("{check: unparsed, max: 2.5}", "a whole number of items, or a share"),
        ("{check: unparsed, max: -1}", "a whole number of items, or a share"),
        ("{check: n, min: 0.5}", "a whole number of items"),
        ("{check: n, max: 5}", "expected the key min"),
        ("{check: newly_wrong, max: 2%}", "a whole number of items"),
        ("{check: n, min: 5, max: 7}", "expected the key min, and no other bound"),
    ],
)
def test_mistakes_have_their_place(load, text, message):
    with pytest.raises(UsageError) as caught:
        load(f"task: vqa\nrules:\n  - {text}\n")
    assert str(caught.value).startswith("gate.yaml:3: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: []", 'expected at least one rule'),
        ("rules: {metric: anls, min: 0.8}", "expected a list of rules"),
        ("fail_on: [passed]", "expected one of failed, regressed, undecided, equivalent, improved"),
        ("fail_on: regresed", "expected one of failed"),
        ("statistics: {correction: bh}", "expected one of none, holm"),
        ("baselin: x", "Did you mean \"baseline\"?"),
    ],
)  # fmt: skip
def test_mistakes_around_the_rules(load, text, message):
    with pytest.raises(UsageError) as caught:
        load(text)
    assert "gate.yaml:1" in str(caught.value)
    assert message in str(caught.value)
