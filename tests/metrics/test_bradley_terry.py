"""Strengths as a metric: the model against the others, tables, and why there are none."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.metric import Rows
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.bradley_terry import BradleyTerry
from vlmeval_cli.parsing.judgments.columns import JUDGMENTS, Verdict, column_of

# Agresti 2002, page 448: (cited, citing, citations); the cited journal wins.
JOURNALS = ["Biometrika", "Comm Statist", "JASA", "JRSS-B"]
CITATIONS = [[0, 730, 498, 221], [33, 0, 68, 17], [320, 813, 0, 142], [284, 276, 325, 0]]


def measured(items, models):
    batch = Batch(
        [str(i) for i in range(len(items))], [], [], columns={JUDGMENTS: column_of(items, models)}
    )
    return measure([BradleyTerry()], batch, NoProgress())[0]


def scores(found, n):
    rows = Rows(found.statistics.values, found.statistics.item)
    combined = BradleyTerry().combine(rows, np.ones((1, n)))
    return {name: float(values[0]) for name, values in combined.items()}


def games(*results):
    """Items of one verdict: "ab" is a win of a over b, "a=b" a tie."""
    return [
        [Verdict(text[0], text[-1], 0.5 if "=" in text else 1.0)]
        for text in results
    ]  # fmt: skip


def test_the_ranking_of_journals_is_the_published_one():
    items = [
        [Verdict(cited, citing, 1.0)]
        for cited, row in zip(JOURNALS, CITATIONS, strict=True)
        for citing, count in zip(JOURNALS, row, strict=True)
        for _ in range(count)
    ]
    found = measured(items, JOURNALS)
    table = BradleyTerry().tables(found.statistics, found.context)["bradley_terry"]
    ranking = {row[0]: row[1] for row in table.rows}
    assert list(ranking) == ["JRSS-B", "Biometrika", "JASA", "Comm Statist"]
    against = {name: own - ranking["Biometrika"] for name, own in ranking.items()}
    # Turner and Firth 2012, as BradleyTerry2 prints them.
    published = {"Comm Statist": -2.94907, "JASA": -0.47957, "JRSS-B": 0.26895}
    assert against == pytest.approx({"Biometrika": 0.0, **published}, abs=5e-6)
    elo = {row[0]: row[4] for row in table.rows}
    assert np.mean([*elo.values()]) == pytest.approx(1000.0)
    # 400 points are odds of ten to one.
    expected = 400 * 0.26895 / np.log(10)
    assert elo["JRSS-B"] - elo["Biometrika"] == pytest.approx(expected, abs=1e-3)


def test_two_models_have_their_win_rate():
    items = games("ab", "ab", "a=b", "ba")
    found = scores(measured(items, ["a", "b"]), 4)
    assert found["bradley_terry_win_rate"] == pytest.approx(0.625, abs=1e-9)
    assert found["bradley_terry_strength"] == pytest.approx(np.log(0.625 / 0.375), abs=1e-9)


def test_equal_models_are_nothing_apart():
    found = scores(measured(games("ab", "bc", "ca"), ["a", "b", "c"]), 3)
    assert found == {"bradley_terry_strength": 0.0, "bradley_terry_win_rate": pytest.approx(0.5)}


def test_verdicts_of_one_item_on_one_pair_are_averaged():
    once = games("ab", "ba", "ab", "bc", "ca", "cb")
    many = [[*once[0]] * 7, *once[1:]]
    assert scores(measured(many, ["a", "b", "c"]), 6) == pytest.approx(
        scores(measured(once, ["a", "b", "c"]), 6)
    )


@pytest.mark.parametrize(
    ("results", "why"),
    [
        (["ab", "ba", "cd", "dc"], 'no verdict connects "a", "b" with "c", "d"'),
        (["ab", "ac", "bc", "cb"], '"a" has won every comparison with the others'),
        (["ab", "ba", "ac", "bc"], '"a", "b" have won every comparison with the others'),
    ],
)
def test_models_that_are_not_connected_say_why(results, why):
    found = measured(games(*results), sorted({*"".join(results)}))
    assert all(np.isnan(value) for value in scores(found, len(results)).values())
    assert why in BradleyTerry().unknown("bradley_terry_strength", found.statistics.facts)
    (warning,) = BradleyTerry().advise(found.statistics.facts, 4)
    assert why in warning.message
    assert "bradley_terry" not in BradleyTerry().tables(found.statistics, found.context)


def test_a_tie_connects():
    found = measured(games("a=b", "bc", "cb"), ["a", "b", "c"])
    assert BradleyTerry().unknown("bradley_terry_strength", found.statistics.facts) is None
    assert np.isfinite(scores(found, 3)["bradley_terry_strength"])


def test_every_pair_stands_in_a_table_with_its_sign_test():
    found = measured(games(*["ab"] * 5, "a=b", "bc", "ca"), ["a", "b", "c"])
    table = BradleyTerry().tables(found.statistics, found.context)["head_to_head"]
    assert table.rows == [
        ("a", "b", pytest.approx(5.5 / 6), 5, 1, 0, pytest.approx(2 / 32)),
        ("a", "c", 0.0, 0, 0, 1, 1.0),
        ("b", "c", 1.0, 1, 0, 0, 1.0),
    ]
