import pytest
from kinds.documents import batch

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.field_f1 import FieldF1
from vlmeval_cli.text.document_rules import settings_of

RECEIPT = {"shop": "Tea House", "total": 12.5, "items": [{"name": "tea"}, {"name": "milk"}]}


def found(items, **options):
    return measure([FieldF1(**options)], batch(items), NoProgress())[0].statistics


def scores(items, **options):
    totals = FieldF1(**options).finalize(found(items, **options).values.sum(axis=0))
    return {name.removeprefix("field_"): float(value) for name, value in totals.items()}


def table(items, **options):
    made = FieldF1(**options).tables(found(items, **options), None)["fields"]
    return {row[0]: dict(zip(made.columns[1:], row[1:], strict=True)) for row in made.rows}


def test_scores_by_hand():
    # 3 of 4 predicted and of 4 expected fields are right, then 1 of 1 and of 3.
    items = [
        ({**RECEIPT, "total": 13}, [RECEIPT]),
        ({"a": 1}, [{"a": 1, "b": 2, "c": 3}]),
        ({"a": "X"}, [{"a": "x"}]),
    ]
    assert scores(items) == pytest.approx(
        {
            "f1": 2 * 5 / (6 + 8),
            "precision": 5 / 6,
            "recall": 5 / 8,
            "f1_macro": (3 / 4 + 1 / 2 + 1) / 3,
            "accuracy": 1 / 3,
        }
    )


def test_an_unreadable_prediction_misses_every_field():
    assert set(scores([(None, [RECEIPT])]).values()) == {0.0}
    assert found([(None, [RECEIPT])]).values.tolist() == [[0, 0, 4, 0, 0, 1]]


def test_an_empty_prediction_of_an_empty_document_is_perfect():
    assert set(scores([({}, [{}])]).values()) == {1.0}


def test_added_fields_cost_precision():
    assert scores([({"a": 1, "b": 2}, [{}])])["precision"] == 0.0
    assert scores([({"a": 1, "b": 2}, [{"a": 1}])])["precision"] == 0.5


def test_nulls_are_values_unless_said_otherwise():
    items = [({"a": 1}, [{"a": 1, "b": None}])]
    assert scores(items)["recall"] == 0.5
    assert scores(items, nulls="absent")["accuracy"] == 1.0
    assert scores([({"a": 1, "b": None}, [{"a": 1}])], nulls="absent")["accuracy"] == 1.0


def test_weights_and_rules_come_from_settings():
    rules = settings_of({"total": {"compare": "number", "tolerance": 1, "weight": 3}})
    items = [({"total": 13, "name": "x"}, [{"total": 12.5, "name": "y"}])]
    assert scores(items, rules=rules)["f1"] == 3 / 4
    assert FieldF1(rules=rules).changed_options() == {}


def test_items_without_a_reference_are_skipped():
    assert found([({}, []), ({}, [{}])]).skips == {0: "no_reference"}


def test_the_table_counts_what_became_of_the_fields_of_each_path():
    items = [
        ({"a": "x", "b": 1, "new": 5}, [{"a": "x", "b": 2, "c": "z"}]),
        ({"a": "w", "b": "many", "c": "u", "new": 5}, [{"a": "u", "b": 2, "c": "z"}]),
        ({"a": "x", "c": "z"}, [{"a": "x"}]),
    ]
    rows = table(items)
    assert list(rows) == ["a", "b", "c", "new"]
    counts = ("reference", "right", "wrong", "missing", "wrong type", "swapped", "extra",
              "hallucinated")  # fmt: skip
    assert [[rows[path][name] for name in counts] for path in rows] == [
        [3, 2, 1, 0, 0, 0, 0, 0],
        [2, 0, 1, 0, 1, 0, 0, 0],
        [2, 0, 0, 1, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 0, 0, 2],
    ]
    assert (rows["a"]["precision"], rows["a"]["recall"]) == (2 / 3, 2 / 3)
    assert (rows["c"]["precision"], rows["c"]["F1"]) == (0.0, 0.0)
    assert rows["new"]["recall"] is None


def test_kinds_add_up_to_the_fields_of_the_reference():
    for own in table([(None, [RECEIPT]), ({"shop": 12.5, "items": "tea"}, [RECEIPT])]).values():
        kinds = ("right", "wrong", "missing", "wrong type", "swapped")
        assert own["reference"] == sum(own[kind] for kind in kinds)


def test_a_path_of_any_reference_is_not_hallucinated():
    items = [({"a": 1, "b": 2}, [{"a": 1}, {"b": 3, "c": 4, "d": 5}])]
    rows = table(items)
    assert (rows["b"]["extra"], rows["b"]["hallucinated"]) == (1, 0)
    assert rows["c"]["reference"] == 0


def test_many_made_up_paths_are_summed_up():
    rows = table([({f"k{i:03}": i for i in range(250)}, [{"a": 1}])])
    assert len(rows) == 1 + 200 + 1
    assert rows["(50 other paths)"]["hallucinated"] == 50


def test_a_rule_for_a_path_that_no_field_has_is_told():
    rules = settings_of({"totl": {"weight": 2}, "items": {"weight": 2}, "x": {"compare": "ignore"}})
    statistics = found([(RECEIPT, [RECEIPT])], rules=rules)
    (notice,) = FieldF1(rules=rules).advise(statistics.facts, 1)
    assert "no field stands at totl;" in notice.message
    assert FieldF1().advise(statistics.facts, 1) == ()


def test_scores_of_nothing_are_told():
    rules = settings_of({"$": {"compare": "ignore"}})
    statistics = found([({"a": 1}, [RECEIPT])], rules=rules)
    (notice,) = FieldF1(rules=rules).advise(statistics.facts, 1)
    assert "no reference has a field that is compared" in notice.message
    assert FieldF1().advise({}, 0) == ()


def test_rules_that_are_none_are_refused():
    with pytest.raises(UsageError, match="expected an object such as"):
        FieldF1(rules=("total",))
