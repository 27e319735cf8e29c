"""Expected calibration error and Brier score against plain loops and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds.labels import batch
from sklearn.metrics import brier_score_loss

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.calibration import Calibration
from vlmeval_cli.stats.pooled import pooled_scores, rows_of


def scores(confidences, rights, bins=15):
    items = [
        ("a" if right else "b", ["a"], confidence)
        for confidence, right in zip(confidences, rights, strict=True)
    ]
    metric = Calibration(bins=bins)
    (found,) = measure([metric], batch(items), NoProgress())
    return pooled_scores(metric, rows_of(found.statistics), len(items)), found


def plain_ece(confidences, rights, bins):
    """Guo et al. 2017, equation 3: bins that hold their upper edge."""
    edges, total = np.linspace(0, 1, bins + 1), 0.0
    for i in range(bins):
        own = [
            (c, r)
            for c, r in zip(confidences, rights, strict=True)
            if edges[i] < c <= edges[i + 1] or (i == 0 and c == 0)
        ]
        if own:
            mean, share = (sum(part) / len(own) for part in zip(*own, strict=True))
            total += len(own) / len(rights) * abs(mean - share)
    return total


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 20),
)
def test_ece_is_that_of_a_plain_loop(pairs, bins):
    confidences, rights = zip(*pairs, strict=True)
    found, _ = scores(confidences, rights, bins)
    assert found["ece"] == pytest.approx(plain_ece(confidences, rights, bins), abs=1e-12)


def test_ece_by_hand():
    # two bins: (.4 wrong, .2 right) |.3 - .5| = .2; (.9 right, .7 wrong) |.8 - .5| = .3; mean .25
    found, _ = scores([0.4, 0.2, 0.9, 0.7], [False, True, True, False], bins=2)
    assert found["ece"] == pytest.approx(0.25)


def test_brier_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    confidences, rights = rng.random(200), rng.random(200) < 0.7
    found, _ = scores(confidences, rights)
    assert found["brier"] == pytest.approx(brier_score_loss(rights, confidences), abs=1e-12)


def test_items_without_a_confidence_are_skipped_and_counted():
    found, measured = scores([0.5, float("nan")], [True, True])
    assert found["brier"] == pytest.approx(0.25)
    assert measured.statistics.skips == {1: "no_confidence"}


def test_ece_has_no_interval_and_brier_has():
    assert [output.has_interval for output in Calibration().outputs()] == [False, True]


@pytest.mark.parametrize("bins", [0, -1, 1001])
def test_impossible_bins_are_refused(bins):
    with pytest.raises(UsageError, match=r"calibration:bins: got .*expected from 1 to"):
        Calibration(bins=bins)


@pytest.mark.parametrize(("wrong", "codes"), [(10, ["confident_and_wrong"]), (1, [])])
def test_sure_and_wrong_predictions_are_told(wrong, codes):
    _, measured = scores([0.95] * 30, [i >= wrong for i in range(30)])
    notices = Calibration().advise(measured.statistics.facts, 30)
    assert [notice.code for notice in notices] == codes
