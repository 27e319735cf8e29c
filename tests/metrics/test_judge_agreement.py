"""Agreement against scikit-learn, Krippendorff's own example, and his definition written out."""

from itertools import permutations

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch, NumberColumn
from vlmeval_cli.core.metric import Rows
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.judge_agreement import JudgeAgreement
from vlmeval_cli.parsing.judgments.columns import JUDGES, JUDGMENTS, Verdict, column_of
from vlmeval_cli.stats.agreement import krippendorff_alpha

LOST, TIED, WON = 0, 1, 2


def measured(said, level="nominal"):
    """``said[judge][item]`` is 0 lost, 1 tied, 2 won, None not judged."""
    items = [
        [
            Verdict("a", "b", own / 2, f"judge {judge}")
            for judge, own in enumerate(column)
            if own is not None
        ]
        for column in zip(*said, strict=True)
    ]
    judges = [f"judge {judge}" for judge in range(len(said))]
    column = column_of(items, ["a", "b"], judges)
    columns = {JUDGMENTS: column, JUDGES: NumberColumn(column.share, column.item_offsets)}
    batch = Batch([str(i) for i in range(len(items))], [], [], columns=columns)
    metric = JudgeAgreement(level=level)
    return metric, measure([metric], batch, NoProgress())[0], len(items)


def scores(said, level="nominal"):
    metric, found, n = measured(said, level)
    with np.errstate(all="ignore"):
        rows = Rows(found.statistics.values, found.statistics.item)
        combined = metric.combine(rows, np.ones((1, n)))
    return {name: float(values[0]) for name, values in combined.items()}


def drawn(seed, judges, n=60, missing=0.2):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    noisy = [np.where(rng.random(n) < 0.6, truth, rng.integers(0, 3, n)) for _ in range(judges)]
    return [
        [None if rng.random() < missing else int(own) for own in one] for one in noisy
    ]  # fmt: skip


def by_definition(said, level):
    """Alpha as 1 - observed / expected disagreement, summed over pairs of values."""
    units = [[own for own in unit if own is not None] for unit in zip(*said, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = [own for unit in units for own in unit]
    counts = [values.count(way) for way in range(3)]

    def apart(one, other):
        if level == "nominal":
            return float(one != other)
        low, high = sorted((one, other))
        return (sum(counts[low : high + 1]) - (counts[low] + counts[high]) / 2) ** 2

    n = len(values)
    observed = sum(
        apart(*pair) / (len(unit) - 1) for unit in units for pair in permutations(unit, 2)
    )
    expected = sum(apart(*pair) for pair in permutations(values, 2)) / (n - 1)
    return 1 - observed / expected


def test_two_observers_of_krippendorffs_example():
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", binary data: 0.095.
    meg = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    owen = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    found = scores([[2 * own for own in meg], [2 * own for own in owen]])
    assert found["judge_alpha"] == pytest.approx(0.095, abs=5e-4)
    assert found["judge_agreement"] == 0.6


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
@pytest.mark.parametrize("judges", [2, 3, 5])
def test_alpha_is_its_definition_with_verdicts_missing(judges, level):
    said = drawn(judges, judges)
    assert scores(said, level)["judge_alpha"] == pytest.approx(by_definition(said, level), abs=1e-9)


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_alpha_is_that_of_the_statistics_module(level):
    said = drawn(7, 4)
    codes = np.array([[-1 if own is None else own for own in one] for one in said])
    expected = krippendorff_alpha(codes, level).value
    assert scores(said, level)["judge_alpha"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_kappa_of_two_judges_is_that_of_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    said = drawn(seed, 2, missing=0.0)
    assert scores(said)["judge_kappa"] == pytest.approx(metrics.cohen_kappa_score(*said), abs=1e-9)


def test_kappa_is_of_two_judges_alone():
    assert np.isnan(scores(drawn(1, 3))["judge_kappa"])
    metric, found, _ = measured(drawn(1, 3, missing=0.0))
    table = metric.tables(found.statistics, found.context)["judges"]
    assert [row[:3] for row in table.rows] == [
        ("judge 0", "judge 1", 60), ("judge 0", "judge 2", 60), ("judge 1", "judge 2", 60),
    ]  # fmt: skip


def test_one_kind_of_verdict_alone_is_no_agreement_beyond_chance():
    found = scores([[WON, WON, WON], [WON, WON, WON]])
    assert found["judge_agreement"] == 1.0
    assert np.isnan([found["judge_alpha"], found["judge_kappa"]]).all()


def test_what_one_judge_saw_is_skipped():
    _, found, _ = measured([[WON, LOST, None], [WON, None, None]])
    assert set(found.statistics.skips) == {1, 2}


def test_a_judge_who_changes_with_the_order_says_tie():
    both = [Verdict("a", "b", 1.0, "x"), Verdict("b", "a", 1.0, "x"), Verdict("a", "b", 0.5, "y")]
    column = column_of([both], ["a", "b"], ["x", "y"])
    columns = {JUDGMENTS: column, JUDGES: NumberColumn(column.share, column.item_offsets)}
    batch = Batch(["1"], [], [], columns=columns)
    found = measure([JudgeAgreement()], batch, NoProgress())[0].statistics
    assert found.values[:, 2].tolist() == [TIED, TIED]
