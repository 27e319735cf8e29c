"""Win rates by hand: ties are halves, items count once, the sign test is over items."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.win_rate import NO_VERDICT, WinRate
from vlmeval_cli.parsing.judgments.columns import JUDGMENTS, Verdict, column_of


def scored(items, models=("lora", "base", "full")):
    metric = WinRate()
    columns = {JUDGMENTS: column_of(items, list(models))}
    batch = Batch([str(i) for i in range(len(items))], [], [], columns=columns)
    (found,) = measure([metric], batch, NoProgress())
    totals = metric.finalize(found.statistics.values.sum(axis=0))
    return {name: float(value) for name, value in totals.items()}, found


def test_a_tie_is_half_a_win():
    items = [[Verdict("lora", "base", share)] for share in (1.0, 1.0, 0.5, 0.0)]
    scores, _ = scored(items)
    assert scores == {"win_rate": 0.625, "win_share": 0.5, "loss_share": 0.25}


def test_the_place_of_the_model_does_not_matter():
    scores, _ = scored([[Verdict("base", "lora", 0.0)], [Verdict("lora", "base", 1.0)]])
    assert scores["win_rate"] == 1.0


def test_an_item_counts_once_however_many_verdicts_it_has():
    many = [Verdict("lora", "base", 1.0)] * 9 + [Verdict("lora", "base", 0.0)]
    scores, _ = scored([many, [Verdict("lora", "base", 0.0)]])
    assert scores["win_rate"] == pytest.approx((0.9 + 0.0) / 2)


def test_shades_count_as_much_as_they_say():
    scores, _ = scored([[Verdict("lora", "base", 0.7)], [Verdict("lora", "base", 0.2)]])
    assert scores == pytest.approx({"win_rate": 0.45, "win_share": 0.5, "loss_share": 0.5})


def test_verdicts_on_other_models_are_not_looked_at():
    items = [[Verdict("base", "full", 1.0)], [Verdict("lora", "full", 1.0)], []]
    scores, found = scored(items)
    assert scores["win_rate"] == 1.0
    assert found.statistics.skips == {0: NO_VERDICT, 2: NO_VERDICT}
    assert found.context.compared == ("full",)


def test_the_sign_test_is_over_items():
    won, even, lost = (
        [Verdict("lora", "base", 1.0)],
        [Verdict("lora", "base", 1.0), Verdict("base", "lora", 1.0)],
        [Verdict("lora", "base", 0.0)],
    )
    _, found = scored([won] * 9 + [even] * 3 + [lost])
    table = WinRate().tables(found.statistics, found.context)["sign_test"]
    # 10 tosses, at most 1 of a kind: 2 * (1 + 10) / 1024.
    # No verdict is a tie: the items in the middle were won once and lost once.
    (row,) = table.rows
    assert row[:5] == ("lora", "base", 9, 3, 1)
    assert row[5:] == (pytest.approx(0.0, abs=1e-12), pytest.approx(22 / 1024))


def test_scores_of_other_opponents_are_not_comparable():
    digests = []
    for other in ("base", "full"):
        _, found = scored([[Verdict("lora", other, 1.0)], [Verdict("lora", other, 0.0)]])
        digests.append(found.statistics.context_digest)
    _, again = scored([[Verdict("lora", "base", 0.5)]], models=("lora", "base"))
    assert digests[0] != digests[1]
    assert again.statistics.context_digest == digests[0]


def test_means_do_not_make_a_tie_a_win():
    # 0.1 + 0.2 + … need not sum to the half exactly.
    shares = [0.1, 0.9, 0.3, 0.7, 0.2, 0.8]
    _, found = scored([[Verdict("lora", "base", share) for share in shares]])
    assert np.isclose(found.statistics.values[0, 0], 0.5)
    table = WinRate().tables(found.statistics, found.context)["sign_test"]
    assert table.rows[0][2:5] == (0, 1, 0)
