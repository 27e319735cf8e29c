import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import measured

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.relaxed_accuracy import RelaxedAccuracy

TEXTS = st.sampled_from(
    ["0", "0.0", "-0", "10", "10.5", "9.5", "10.6", "5%", "0.05", "5 %", "50", "nan", "inf", "-inf",
     "1e3", "1,000", "1_000", "Yes", "yes", " yes", "", "%", "%%", "1e309", "１０", "\ud800"]
)  # fmt: skip
ITEMS = st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))


def score(prediction, *answers, **options):
    return float(measured(RelaxedAccuracy(**options), [(prediction, answers)]).values[0, 0])


def plain_number(text):
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def plain_score(prediction, answers):
    def is_right(answer):
        found, gold = plain_number(prediction), plain_number(answer)
        if found is not None and gold:
            return abs(found - gold) / abs(gold) <= 0.05
        return prediction.lower() == answer.lower()

    return float(any(map(is_right, answers)))


@pytest.mark.parametrize(
    ("prediction", "answer", "expected"),
    [
        ("10.4", "10", 1.0),
        ("10.6", "10", 0.0),
        ("1.05", "1", 0.0),  # 1.05 - 1 is a little above 0.05 in binary
        ("21", "20", 1.0),
        ("-9.6", "-10", 1.0),
        ("0", "0", 1.0),
        ("0.0", "0", 0.0),
        ("50%", "50", 0.0),
        ("50%", "0.5", 1.0),
        ("1,000", "1000", 0.0),
        ("1e3", "1000", 1.0),
        ("nan", "nan", 0.0),
        ("inf", "inf", 0.0),
        ("Yes", "yes", 1.0),
        ("yes ", "yes", 0.0),
        ("", "", 1.0),
    ],
)
def test_rules_of_the_specification(prediction, answer, expected):
    assert score(prediction, answer) == expected


def test_the_best_answer_counts():
    assert score("10", "yes", "20", "10.2") == 1.0


def test_tolerance_is_an_option():
    assert score("11", "10") == 0.0
    assert score("11", "10", tolerance=0.1) == 1.0
    assert score("10", "10", tolerance=0.0) == 1.0


def test_strip_takes_spaces_off_the_prediction_only():
    assert score("yes\n", "yes", strip=True) == 1.0
    assert score("yes", "yes ", strip=True) == 0.0
    assert score("5% ", "0.05", strip=True) == 1.0


def test_equals_lmms_eval(root):
    golden = json.loads((root / "tests" / "golden" / "vqa.json").read_text("utf-8"))
    items = [(row["prediction"], row["answers"]) for row in golden["items"]]
    expected = [float(row["relaxed"]) for row in golden["items"]]
    assert measured(RelaxedAccuracy(), items).values[:, 0].tolist() == expected


@given(st.lists(ITEMS, min_size=1, max_size=6))
@settings(deadline=None, max_examples=200)
def test_equals_the_plain_definition(items):
    expected = [plain_score(*item) for item in items]
    assert measured(RelaxedAccuracy(), items).values[:, 0].tolist() == expected


@given(items=st.lists(ITEMS, min_size=2, max_size=6), place=st.integers(1, 5))
@settings(deadline=None, max_examples=60)
def test_neither_batches_nor_the_order_of_items_or_answers_matter(items, place):
    def scores(some):
        return measured(RelaxedAccuracy(), some).values[:, 0].tolist()

    whole = scores(items)
    assert scores(items[:place]) + scores(items[place:]) == whole
    assert scores([(p, answers[::-1]) for p, answers in items[::-1]])[::-1] == whole


def test_item_without_answers_is_skipped_with_a_reason():
    found = measured(RelaxedAccuracy(), [("1", []), ("1", ["1"])])
    assert found.values.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert found.skips == {0: "no_reference"}


def test_advice_counts_predictions_that_only_spaces_make_wrong():
    found = measured(RelaxedAccuracy(), [("yes ", ["yes"]), ("no ", ["yes"]), ("1 ", ["1"])])
    (notice,) = RelaxedAccuracy().advise(found.facts, 3)
    assert notice.code == "padded_predictions"
    assert notice.message.startswith("1 of 3 predictions")


def test_no_advice_where_spaces_change_nothing():
    assert RelaxedAccuracy().advise(measured(RelaxedAccuracy(), [("1", ["1"])]).facts, 1) == ()


@pytest.mark.parametrize("tolerance", [-0.1, float("nan")])
def test_tolerance_must_not_be_negative(tolerance):
    with pytest.raises(UsageError):
        RelaxedAccuracy(tolerance=tolerance)
