"""Both orders of two answers, by hand."""

from vlmeval_cli.core.batch import Batch, NumberColumn
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.position_bias import PositionBias
from vlmeval_cli.parsing.judgments.columns import JUDGMENTS, ORDERS, Verdict, column_of

FIRST, SECOND, TIE = 1.0, 0.0, 0.5


def rows(items):
    column = column_of(items, ["lora", "base", "full"])
    columns = {JUDGMENTS: column, ORDERS: NumberColumn(column.share, column.item_offsets)}
    batch = Batch([str(i) for i in range(len(items))], [], [], columns=columns)
    found = measure([PositionBias()], batch, NoProgress())[0].statistics
    return found.values[:, :3].tolist(), found.skips


def both(straight, turned, judge=""):
    """Verdicts on lora and base in both orders: which *place* won each time."""
    return [Verdict("lora", "base", straight, judge), Verdict("base", "lora", turned, judge)]


def test_the_cases_of_two_orders():
    found, _ = rows(
        [
            both(FIRST, SECOND),  # lora twice
            both(SECOND, FIRST),  # base twice
            both(TIE, TIE),
            both(FIRST, FIRST),
            both(SECOND, SECOND),
            both(FIRST, TIE),
            both(TIE, SECOND),
        ]
    )
    same, to_first, to_second = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
    assert found == [same, same, same, to_first, to_second, to_first, to_second]


def test_items_seen_in_one_order_are_skipped():
    found, skips = rows([[Verdict("lora", "base", 1.0)], both(FIRST, SECOND), []])
    assert found == [[0.0] * 3, [1.0, 0.0, 0.0], [0.0] * 3]
    assert set(skips) == {0, 2}


def test_two_judges_do_not_make_an_order():
    one, other = Verdict("lora", "base", 1.0, "x"), Verdict("base", "lora", 1.0, "y")
    assert set(rows([[one, other]])[1]) == {0}


def test_pairs_and_judges_of_an_item_are_averaged():
    more = [Verdict("lora", "full", 1.0, "x"), Verdict("full", "lora", 0.0, "x")]
    found, _ = rows([[*both(FIRST, FIRST, "x"), *both(FIRST, SECOND, "y"), *more]])
    assert found == [[2 / 3, 1 / 3, 0.0]]


def test_the_order_that_is_recorded_counts():
    # lora is called a both times; the second time it was shown second, and lost.
    verdicts = [Verdict("lora", "base", 1.0), Verdict("lora", "base", 0.0, shown_first=1)]
    assert rows([verdicts])[0] == [[0.0, 1.0, 0.0]]
