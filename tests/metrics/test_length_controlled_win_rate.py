"""The win rate at equal length, against scikit-learn's logistic regression without a penalty."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch, NumberColumn
from vlmeval_cli.core.metric import Rows
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.length_controlled_win_rate import LengthControlledWinRate
from vlmeval_cli.parsing.judgments.columns import JUDGMENTS, LENGTHS, Verdict, column_of

NAME = "length_controlled_win_rate"


def statistics(items):
    column = column_of(items, ["lora", "base"])
    columns = {JUDGMENTS: column, LENGTHS: NumberColumn(column.length_a, column.item_offsets)}
    batch = Batch([str(i) for i in range(len(items))], [], [], columns=columns)
    return measure([LengthControlledWinRate()], batch, NoProgress())[0]


def score(items):
    found = statistics(items).statistics
    rows = Rows(found.values, found.item)
    return float(LengthControlledWinRate().combine(rows, np.ones((1, len(items))))[NAME][0])


def verdict(share, mine, theirs):
    return Verdict("lora", "base", share, length_a=mine, length_b=theirs)


def drawn(seed, n=200, quality=0.2, longer=1.5):
    """Verdicts of a judge who likes quality and length, ties and shades among them."""
    rng = np.random.default_rng(seed)
    mine, theirs = rng.integers(50, 400, n), rng.integers(20, 300, n)
    apart = mine - theirs
    chance = 1 / (1 + np.exp(-(quality + longer * np.tanh(apart / apart.std(ddof=1)))))
    share = np.where(rng.random(n) < 0.15, 0.5, rng.random(n) < chance)
    share = np.where(rng.random(n) < 0.1, rng.random(n).round(3), share)
    return share, mine, theirs


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_logistic_regression_of_scikit_learn_at_no_difference(seed):
    linear = pytest.importorskip("sklearn.linear_model")
    share, mine, theirs = drawn(seed)
    apart = (mine - theirs).astype(float)
    x = np.tanh(apart / apart.std(ddof=1))
    model = linear.LogisticRegression(
        C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky"
    )
    rows, outcomes = np.concatenate([x, x])[:, None], np.repeat([1, 0], len(x))
    model.fit(rows, outcomes, np.concatenate([share, 1 - share]))
    found = score([[verdict(*one)] for one in zip(share, mine, theirs, strict=True)])
    assert found == pytest.approx(model.predict_proba([[0.0]])[0, 1], abs=1e-6)


def test_it_finds_the_win_rate_that_length_hides():
    share, mine, theirs = drawn(9, n=20_000, quality=0.0)
    found = score([[verdict(*one)] for one in zip(share, mine, theirs, strict=True)])
    assert share.mean() > 0.56
    assert found == pytest.approx(0.5, abs=0.02)


def test_both_orders_of_an_item_weigh_as_one():
    share, mine, theirs = drawn(3)
    once = [[verdict(*one)] for one in zip(share, mine, theirs, strict=True)]
    turned = [
        [own[0], Verdict("base", "lora", 1 - s, length_a=t, length_b=m)]
        for own, s, m, t in zip(once, share, mine, theirs, strict=True)
    ]
    assert score(turned) == pytest.approx(score(once), abs=1e-9)


def test_answers_of_one_length_have_the_plain_win_rate():
    items = [[verdict(share, 40, 40)] for share in (1.0, 1.0, 0.5, 0.0)]
    assert score(items) == 0.625


@pytest.mark.parametrize(
    "items",
    [
        [(1.0, 10, 5), (1.0, 5, 9), (1.0, 7, 7)],  # one side always wins
        [(1.0, 10, 5), (0.0, 5, 9), (1.0, 9, 7), (0.0, 3, 5)],  # the longer answer always wins
        [(1.0, 10, 5), (0.0, 9, 4), (0.5, 7, 2)],  # all differ by 5
    ],
)
def test_what_has_no_finite_fit_is_unknown(items):
    assert np.isnan(score([[verdict(*one)] for one in items]))
    assert "no finite fit" in LengthControlledWinRate().unknown(NAME, {})


def test_verdicts_without_lengths_are_skipped():
    found = statistics([[verdict(1.0, 5, np.nan)], [verdict(1.0, 5, 3)], []]).statistics
    assert sorted(found.skips) == [0, 2]
    assert found.item.tolist() == [1]


def test_the_table_says_what_length_does():
    share, mine, theirs = [1.0, 0.0, 1.0, 0.0], [9, 5, 4, 6], [4, 8, 5, 6]
    found = statistics([[verdict(*one)] for one in zip(share, mine, theirs, strict=True)])
    table = LengthControlledWinRate().tables(found.statistics, found.context)["length"]
    values = [value for _, value in table.rows]
    # The longer answer wins the first two of the three that differ: 5, -3, -1 and 0 apart.
    assert values[0] == pytest.approx(2 / 3)
    assert values[1] == pytest.approx(0.25)
    assert values[2] == pytest.approx(np.std([5, -3, -1, 0], ddof=1))
