"""The study of noise: what each run keeps, and corruption errors worked out by hand."""

import json
from math import exp

import pytest

from vlmeval_cli import api
from vlmeval_cli.cli.main import main
from vlmeval_cli.comparing.robustness import reading
from vlmeval_cli.core.config import ComparePolicy
from vlmeval_cli.metrics.corruption_error import ALEXNET
from vlmeval_cli.stats.retention import Bounded

ITEMS = 20


@pytest.fixture
def folder(tmp_path):
    """Writes runs of so many right answers of 20; the first items are those that are right."""
    refs = tmp_path / "refs.jsonl"
    refs.write_text("".join(json.dumps({"id": i, "label": "cat"}) + "\n" for i in range(ITEMS)))

    def make(runs):
        for name, right in runs.items():
            path = tmp_path / "runs" / f"{name}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [{"id": i, "prediction": "cat" if i < right else "dog"} for i in range(ITEMS)]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return tmp_path / "runs"

    return make


def study(folder, **policy):
    compared = api.compare(
        [str(folder)],
        folder.parent / "refs.jsonl",
        policy=ComparePolicy(study="robustness", **policy),
        task="classification",
        metrics="accuracy",
        resamples=200,
    )
    return compared, compared.tables


def rows_of(table):
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_each_run_is_compared_with_the_clean_one(folder):
    compared, tables = study(folder({"clean": 16, "typos-1": 16, "typos-3": 12, "case": 15}))
    assert compared.baseline == "clean"
    rows = {row["run"]: row for row in rows_of(tables["robustness"])}
    assert list(rows) == ["case", "typos-1", "typos-3"]
    worst = rows["typos-3"]
    assert (worst["noise"], worst["severity"], worst["items"]) == ("typos", 3, 20)
    assert worst["score"] == pytest.approx(0.6)
    assert worst["clean"] == pytest.approx(0.8)
    assert worst["change"] == pytest.approx(-0.2)
    assert worst["kept"] == pytest.approx(0.75)
    assert worst["reading"].startswith("brittle")
    assert worst["low"] <= -0.2 <= worst["high"]
    assert rows["typos-1"]["kept"] == 1.0
    assert rows["typos-1"]["reading"] == "kept"
    pair = compared.pair("typos-3", "clean", "accuracy")
    assert (worst["low"], worst["p (corrected)"]) == (pair.found.low, pair.p_adjusted)


def test_kinds_are_summed_up_over_their_severities(folder):
    _, tables = study(folder({"clean": 16, "typos/1": 14, "typos/2": 10, "case/1": 16}))
    rows = {row["noise"]: row for row in rows_of(tables["robustness_kinds"])}
    assert list(rows) == ["case", "typos", "all"]
    assert rows["typos"]["mean score"] == pytest.approx(0.6)  # (14 + 10) / 40
    assert rows["typos"]["kept"] == pytest.approx(0.75)
    assert rows["typos"]["severities"] == "1, 2"
    assert (rows["typos"]["worst run"], rows["typos"]["worst kept"]) == ("typos/2", 0.625)
    assert rows["all"]["kept"] == pytest.approx((14 + 10 + 16) / 48)


def test_the_limit_of_brittleness_is_an_option_and_named_in_a_warning(folder):
    runs = folder({"clean": 20, "typos": 17})
    compared, tables = study(runs)
    (notice,) = [one for one in compared.warnings if one.code == "brittle"]
    assert "less than 90% of the clean score is kept under typos (85%)" in notice.message
    compared, tables = study(runs, brittle_below=0.8)
    assert not [one for one in compared.warnings if one.code == "brittle"]
    assert rows_of(tables["robustness"])[0]["reading"].startswith("kept")


def test_without_a_clean_name_the_baseline_is_clean(folder):
    _, tables = study(folder({"base": 20, "typos": 10}), baseline="base")
    (row,) = rows_of(tables["robustness"])
    assert (row["run"], row["kept"]) == ("typos", 0.5)


def test_corruption_errors_are_relative_to_the_baseline_model(folder):
    runs = folder(
        {
            "base/clean": 18, "base/fog/1": 16, "base/fog/2": 12, "base/snow/1": 10,
            "lora/clean": 19, "lora/fog/1": 18, "lora/fog/2": 16, "lora/snow/1": 15,
        }
    )  # fmt: skip
    _, tables = study(runs, baseline="base/clean")
    found = {(row["model"], row["noise"]): row for row in rows_of(tables["corruption_errors"])}
    fog, snow = found["lora", "fog"], found["lora", "snow"]
    assert fog["error"] == pytest.approx(6 / 40)  # 2 and 4 wrong of 20
    assert fog["CE"] == pytest.approx((2 + 4) / (4 + 8))
    assert snow["CE"] == pytest.approx(5 / 10)
    # less the clean errors: 1 of 20, and 2 of 20 of the baseline model
    assert fog["relative CE"] == pytest.approx((1 + 3) / (2 + 6))
    assert snow["relative CE"] == pytest.approx(4 / 8)
    mean = found["lora", "mean over noise"]
    assert mean["CE"] == pytest.approx((0.5 + 0.5) / 2)
    assert found["base", "fog"]["CE"] == pytest.approx(1.0)
    rows = {row["run"]: row for row in rows_of(tables["robustness"])}
    assert rows["lora/fog/2"]["clean"] == pytest.approx(19 / 20)


def test_a_severity_that_the_baseline_model_lacks_leaves_no_ratio(folder):
    runs = folder(
        {"base/clean": 18, "base/fog/1": 16, "lora/clean": 19, "lora/fog/1": 18, "lora/fog/2": 16}
    )
    _, tables = study(runs, baseline="base/clean")
    found = {(row["model"], row["noise"]): row for row in rows_of(tables["corruption_errors"])}
    assert found["lora", "fog"]["CE"] is None


def test_one_model_under_imagenet_c_is_compared_with_alexnet(folder):
    runs = {f"{name}/{s}": 20 - 2 * s for name in ALEXNET for s in range(1, 6)}
    _, tables = study(folder({"clean": 20, **runs}))
    found = {row["noise"]: row for row in rows_of(tables["corruption_errors"])}
    error = (2 + 4 + 6 + 8 + 10) / 100
    assert found["fog"]["CE"] == pytest.approx(error / 0.819324)
    expected = sum(error / alexnet for alexnet in ALEXNET.values()) / 15
    assert found["mean over noise"]["CE"] == pytest.approx(expected)


def test_some_of_imagenet_c_give_no_mean_corruption_error(folder):
    runs = {f"fog/{s}": 20 - 2 * s for s in range(1, 6)} | {f"snow/{s}": 15 for s in range(1, 6)}
    _, tables = study(folder({"clean": 20, **runs}))
    found = {row["noise"]: row for row in rows_of(tables["corruption_errors"])}
    assert found["fog"]["CE"] is not None
    assert found["mean over noise"]["CE"] is None
    assert found["mean over noise"]["error"] == pytest.approx((0.3 + 0.25) / 2)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (Bounded(0.80, 0.75, 0.85), "brittle"),
        (Bounded(0.85, 0.80, 0.92), "brittle, uncertain"),
        (Bounded(0.95, 0.91, 0.99), "kept"),
        (Bounded(0.93, 0.88, 0.97), "kept, uncertain"),
        (Bounded(0.90, None, None), "kept"),
        (Bounded(0.89, None, None), "brittle"),
    ],
)
def test_what_a_share_means(kept, expected):
    assert reading(kept, 0.9) == expected


def test_an_unknown_share_says_why():
    assert reading(Bounded(None, None, None), 0.9).startswith("unknown")


def test_lower_is_better_is_worse_when_it_rises(tmp_path):
    paths = {}
    for name, logprob in (("clean", -0.5), ("typos", -1.0)):
        paths[name] = tmp_path / f"{name}.jsonl"
        rows = [{"id": i, "token_logprobs": [logprob] * 3} for i in range(5)]
        paths[name].write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = api.compare(
        paths,
        policy=ComparePolicy(study="robustness"),
        task="language_modeling",
        metrics="perplexity",
        resamples=100,
    )
    (row,) = rows_of(found.tables["robustness"])
    assert found.primary == "loss"
    assert (row["score"], row["clean"], row["kept"]) == pytest.approx((1.0, 0.5, 0.5))
    assert row["reading"] == "brittle"
    (kept,) = rows_of(found.tables["robustness_outputs"])
    assert kept["perplexity"] == pytest.approx(exp(0.5) / exp(1.0))


def test_the_command_prints_the_study(folder, capsys):
    runs = folder({"clean": 16, "typos-1": 15, "typos-2": 10})
    refs = runs.parent / "refs.jsonl"
    assert main(["compare", str(runs), "--refs", str(refs), "--study", "robustness",
                 "--task", "classification"]) == 0  # fmt: skip
    out, told = capsys.readouterr()
    assert "What noise costs by accuracy" in out
    assert "is kept under typos-2" in told


def test_noise_of_each_model_is_tested_against_its_own_clean_run(folder):
    compared, tables = study(
        folder({"base/clean": 10, "base/typos": 8, "lora/clean": 16, "lora/typos": 9})
    )
    pairs = [one for one in compared.pairs if one.output.name == "accuracy"]
    assert [(one.run, one.against) for one in pairs] == [
        ("lora/clean", "base/clean"), ("base/typos", "base/clean"), ("lora/typos", "lora/clean"),
    ]  # fmt: skip
    rows = {row["run"]: row for row in rows_of(tables["robustness"])}
    # exact McNemar of 6, 2 and 7 items: 2⁻⁵, 1/2, 2⁻⁶
    assert [one.found.p_value for one in pairs] == [2**-5, 0.5, 2**-6]
    assert rows["lora/typos"]["p (corrected)"] == pairs[2].p_adjusted >= 2**-6
    assert rows["base/typos"]["p (corrected)"] == pairs[1].p_adjusted >= 0.5
