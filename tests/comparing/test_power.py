"""``api.power`` from files to what they can show."""

import json

import numpy as np
import pytest

from vlmeval_cli import api
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.core.power import PowerPolicy

N = 200
OPTIONS = {"task": "vqa", "metrics": "exact_match", "resamples": 2000}
PARTS = ("power", "alpha", "difference", "correlation")


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def answers(path, is_right):
    rows = ({"id": f"q{i}", "prediction": "yes" if right else "no"} for i, right in is_right)
    return written(path, rows)


@pytest.fixture
def right():
    """Which items two runs get right: 120 both, 40 only one, 20 only the other, 20 neither."""
    pattern = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [120, 40, 20, 20], axis=0)
    return pattern[:, 0].astype(bool), pattern[:, 1].astype(bool)


@pytest.fixture
def files(tmp_path, right):
    """Two runs and their references."""
    refs = [{"id": f"q{i}", "question": "is it?", "answers": ["yes"]} for i in range(N)]
    return (
        answers(tmp_path / "base.jsonl", enumerate(right[0])),
        answers(tmp_path / "lora.jsonl", enumerate(right[1])),
        written(tmp_path / "refs.jsonl", refs),
    )


def shown(*paths, **options):
    policy = {name: options.pop(name) for name in PARTS if name in options}
    found = api.power(*paths, policy=PowerPolicy(**policy), **{**OPTIONS, **options})
    (output,) = found.outputs
    return output


def test_two_runs_show_their_paired_difference(files):
    base, lora, refs = files
    one = shown(base, refs, against=lora)
    assert (one.value, one.against) == (0.8, 0.7)
    assert one.difference == pytest.approx(0.1)
    # 60 of 200 items differ, by ±1 and +.1 on average: variance .3 - .01, standard error .0381.
    assert one.standard_error == pytest.approx(np.sqrt(0.29 / N), rel=0.05)
    assert one.smallest == pytest.approx(2.8016 * one.standard_error, rel=1e-4)
    assert one.items_needed == pytest.approx(N * (one.smallest / 0.1) ** 2, abs=1)


def test_one_run_shows_what_is_to_be_expected(files):
    base, _, refs = files
    one = shown(base, refs)
    # The standard error of .8 on 200 items; with a correlation of .5 that of a difference too.
    assert one.standard_error == pytest.approx(np.sqrt(0.8 * 0.2 / N), rel=0.05)
    assert (one.against, one.items_needed, one.correlation) == (None, None, 0.5)


def test_the_assumed_correlation_counts(files):
    base, _, refs = files
    half, none = (shown(base, refs, correlation=r) for r in (0.5, 0.0))
    assert none.standard_error == pytest.approx(np.sqrt(2) * half.standard_error)


def test_the_measured_correlation_taken_for_assumed_gives_what_two_runs_show(tmp_path):
    """Where both runs score as unevenly, the formula of one run is exact."""
    rng = np.random.default_rng(1)
    mine = rng.random(N) < 0.7
    theirs = np.where(rng.random(N) < 0.6, mine, rng.permutation(mine))
    refs = [{"id": f"q{i}", "question": "is it?", "answers": ["yes"]} for i in range(N)]
    base = answers(tmp_path / "base.jsonl", enumerate(mine))
    other = answers(tmp_path / "other.jsonl", enumerate(theirs))
    references = written(tmp_path / "refs.jsonl", refs)
    paired = shown(base, references, against=other)
    alone = shown(base, references, correlation=paired.correlation)
    assert alone.smallest == pytest.approx(paired.smallest, rel=0.08)


def test_items_are_told_for_the_difference_that_is_asked_for(files):
    base, _, refs = files
    one = shown(base, refs, difference=0.02)
    assert one.items_needed == pytest.approx(N * (one.smallest / 0.02) ** 2, abs=1)


def test_the_level_follows_the_confidence_unless_it_is_given(files):
    base, _, refs = files
    by_confidence = shown(base, refs, confidence=0.99).smallest
    assert by_confidence == shown(base, refs, alpha=0.01).smallest
    assert by_confidence > shown(base, refs).smallest


def test_more_power_needs_a_larger_difference(files):
    base, _, refs = files
    assert shown(base, refs, power=0.9).smallest > shown(base, refs).smallest


def test_equal_runs_say_nothing_of_their_spread(files):
    base, _, refs = files
    one = shown(base, refs, against=base)
    assert (one.smallest, one.standard_error) == (None, None)
    assert "their spread is unknown" in one.reason


def test_a_run_without_an_error_says_nothing_of_its_spread(tmp_path, files):
    perfect = answers(tmp_path / "perfect.jsonl", enumerate([True] * N))
    one = shown(perfect, files[2])
    assert one.smallest is None
    assert "all items score alike" in one.reason


def test_few_items_are_told(tmp_path, files):
    found = api.power(files[0], files[2], limit=12, **OPTIONS)
    assert [warning.code for warning in found.warnings] == ["few_items"]


def test_a_saved_report_is_a_run(tmp_path, files):
    from vlmeval_cli.cli.main import main

    base, lora, refs = map(str, files)
    saved = str(tmp_path / "saved")
    assert main(["score", base, refs, "--task", "vqa", "--output", saved, "-q"]) == 0
    assert shown(saved, refs, against=lora) == shown(base, refs, against=lora)


@pytest.mark.parametrize("option", [{"correlation": 0.5}, {"by": "kind"}, {"resamples": 0}])
def test_what_makes_no_sense_is_refused(files, option):
    base, lora, refs = files
    with pytest.raises(UsageError, match=f"^{next(iter(option))}: "):
        shown(base, refs, against=lora, **option)


@pytest.mark.parametrize(
    "values",
    [
        {"power": 1.0}, {"power": 0.0}, {"alpha": 0.0}, {"alpha": 1.0}, {"difference": 0.0},
        {"difference": -0.1}, {"difference": float("nan")}, {"difference": float("inf")},
        {"correlation": 1.0}, {"correlation": -1.1}, {"correlation": float("nan")},
    ],
)  # fmt: skip
def test_impossible_choices_are_refused(values):
    (name,) = values
    with pytest.raises(UsageError, match=f"^{name}: got"):
        PowerPolicy(**values)


def test_runs_over_other_items_are_refused(tmp_path, files):
    other = answers(tmp_path / "other.jsonl", ((i, True) for i in range(5)))
    with pytest.raises(DataError):
        shown(files[0], files[2], against=other)


def test_metrics_choose_among_what_a_saved_run_has(files, tmp_path, capfd):
    base, _, refs = files
    folder = tmp_path / "saved"
    assert main(["score", str(base), str(refs), "--output", str(folder)]) == 0
    assert shown(folder).output.name == "exact_match"


def test_runs_over_other_items_get_advice_that_power_can_follow(files, tmp_path):
    base, _, refs = files
    fewer = answers(tmp_path / "fewer.jsonl", [(i, True) for i in range(N - 5)])
    with pytest.raises(DataError, match="5 ids have no prediction") as told:
        shown(base, refs, against=fewer)
    assert "--intersect" not in told.value.hint
    assert shown(base, refs, against=fewer, missing="worst").against == (N - 5) / N
