"""Standard errors of scores and of differences, against formulas."""

import numpy as np
import pytest

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.metrics.token_f1 import TokenF1
from vlmeval_cli.stats.precision import precision

POLICY = StatisticsPolicy(resamples=4000)
METRIC = TokenF1()


def rows(scores, skipped=()):
    values = np.column_stack([scores, np.ones(len(scores))])
    values[list(skipped)] = 0.0
    return MetricStatistics(values, None, dict.fromkeys(skipped, "unread"))


def found(*runs, clusters=None):
    (own,) = precision([METRIC], [[run] for run in runs], clusters, POLICY, len(runs[0].values))
    return own["token_f1"]


@pytest.fixture
def scores():
    """Two runs whose item scores correlate."""
    rng = np.random.default_rng(0)
    shared = rng.random(400)
    return 0.7 * shared + 0.3 * rng.random(400), 0.7 * shared + 0.3 * rng.random(400)


def test_of_one_run_it_is_the_standard_error_of_its_mean(scores):
    one = found(rows(scores[0]))
    assert one.standard_error == pytest.approx(scores[0].std() / 20, rel=0.04)
    assert (one.against, one.correlation, one.n) == (None, None, 400)


def test_of_two_runs_it_is_that_of_their_paired_differences(scores):
    one = found(*map(rows, scores))
    assert one.value - one.against == pytest.approx((scores[0] - scores[1]).mean())
    assert one.standard_error == pytest.approx((scores[0] - scores[1]).std() / 20, rel=0.04)
    assert one.correlation == pytest.approx(np.corrcoef(*scores)[0, 1], abs=0.02)


def test_clusters_are_resampled_together(scores):
    one = found(rows(np.repeat(scores[0][:100], 4)), clusters=np.repeat(np.arange(100), 4))
    assert one.standard_error == pytest.approx(scores[0][:100].std() / 10, rel=0.05)


def test_only_items_that_both_runs_scored_count(scores):
    one = found(rows(scores[0], skipped=[0]), rows(scores[1], skipped=[1, 2]))
    assert one.n == 397
    assert one.value == pytest.approx(scores[0][3:].mean())
    assert one.against == pytest.approx(scores[1][3:].mean())


def test_runs_without_a_score_have_no_precision():
    one = found(rows(np.zeros(3), skipped=[0, 1, 2]))
    assert (one.value, one.standard_error) == (None, None)


def test_equal_runs_differ_by_nothing(scores):
    one = found(rows(scores[0]), rows(scores[0]))
    assert one.standard_error == 0.0
    assert one.correlation == pytest.approx(1.0)
