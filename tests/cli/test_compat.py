"""``vlmeval score --compat`` and ``--explain-diff`` as a user types them."""

import json

import pytest

from vlmeval_cli.cli.completion import compat_names


@pytest.fixture
def answers(tmp_path):
    rows = [
        {"id": "1", "question": "q", "prediction": "Yes", "answers": ["yes"] * 10},
        {"id": "2", "question": "q", "prediction": "no", "answers": ["no"] * 10},
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_tool_and_the_rules_are_told(inside, answers):
    code, out, err = inside("score", answers, "--compat", "lmms-eval:vqav2", "--explain-diff")
    assert code == 0
    assert "vqa_accuracy[variant=lmms] (primary)  1.0000" in out
    assert "Numbers of lmms-eval (0.7.3)" in out
    assert "letter case does not count where all annotators agree" in out
    assert "note: these are the numbers of lmms-eval (0.7.3) on vqav2" in err


def test_the_report_holds_all_rows(inside, answers, tmp_path):
    inside("score", answers, "--compat", "lmms-eval:vqav2", "--explain-diff",
           "--json", tmp_path / "r.json")  # fmt: skip
    report = json.loads((tmp_path / "r.json").read_text())
    (row,) = report["tables"]["explain vqa_accuracy[variant=lmms]"]["rows"]
    assert row[:4] == ["1", 1.0, 0.0, 1.0]
    assert report["signature"]["recorded"]["compat"]["tool"] == "lmms-eval"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--compat", "pycocoevalcap"], "the task is vqa"),
        (["--compat", "coco"], "unknown tool"),
        (["--compat", "lmms-eval:docvqa"], "vqav2, textvqa"),
        (["--compat", "lmms-eval", "--metrics", "anls"], "got both"),
        (["--explain-diff"], "without --compat"),
    ],
)
def test_what_does_not_fit_is_wrong_usage(inside, answers, options, told):
    code, out, err = inside("score", answers, *options)
    assert (code, out) == (2, "")
    assert told in err


def test_a_configuration_file_names_the_tool(inside, answers, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("compat: vlmevalkit:textvqa\nexplain_diff: true\n")
    code, out, _ = inside("score", answers, "--config", config)
    assert code == 0
    assert "vqa_accuracy[variant=vlmevalkit] (primary)" in out
    code, out, _ = inside("score", answers, "--config", config, "--no-explain-diff")
    assert "our default" not in out


def test_metrics_of_the_file_beside_a_tool_are_refused(inside, answers, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("metrics: [anls]\n")
    code, _, err = inside("score", answers, "--config", config, "--compat", "lmms-eval")
    assert code == 2
    assert "got both" in err


def test_names_are_completed():
    assert compat_names("vqa") == ["vqa-official", "vqa-official:vqav2", "vqa-official:2015"]


def test_a_report_can_be_scored_again(inside, answers, tmp_path):
    inside("score", answers, "--compat", "lmms-eval:vqav2", "--json", tmp_path / "r.json")
    code, out, err = inside("verify", tmp_path / "r.json")
    assert code == 0, out + err


def test_a_comparison_takes_metrics_by_name(inside, answers, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("compat: lmms-eval\n")
    code, _, err = inside("compare", f"a={answers}", f"b={answers}", "--config", config)
    assert code == 2
    assert "takes metrics by name" in err
