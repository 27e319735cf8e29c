import math

import pytest

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.text.document_compare import diff
from vlmeval_cli.text.document_rules import amount_of, plain_key, read_rules, settings_of


def agree(prediction, reference, **rule):
    rules = read_rules(settings_of({"a": rule}))
    return not diff({"a": prediction}, [{"a": reference}], rules)


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("12.50", 12.5), (12, 12.0), ("A  b", " a B "), ("true", True), ("9.90", "9.9"),
        (None, None), (0.1 + 0.2, 0.3), ("-3", -3), (10**20, str(10**20)), (math.nan, math.nan),
    ],
)  # fmt: skip
def test_values_that_are_equal_without_a_rule(prediction, reference):
    assert agree(prediction, reference)


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("007", 7), (True, 1), ("1,250", 1250), ("1e3", 1000), (None, ""), ("", None), (0, False),
        (12345678901234567, 12345678901234568), ("null", None), ("a.", "a"), ("+5", 5),
    ],
)  # fmt: skip
def test_values_that_differ_without_a_rule(prediction, reference):
    assert not agree(prediction, reference)


def test_equality_without_a_rule_is_transitive():
    assert plain_key("12.50") == plain_key(12.5) == plain_key("12.5")


@pytest.mark.parametrize(
    ("rule", "prediction", "reference", "expected"),
    [
        ({"compare": "exact"}, "a", "a", True),
        ({"compare": "exact"}, "A", "a", False),
        ({"compare": "exact"}, "1", 1, False),
        ({"compare": "exact"}, 1.0, 1, True),
        ({"compare": "exact"}, True, 1, False),
        ({"compare": "text"}, "A  B", "a b", True),
        ({"compare": "text"}, "12.50", 12.5, False),
        ({"compare": "number"}, "RM 9.90", 9.9, True),
        ({"compare": "number"}, "$1,234.50", "1234.5", True),
        ({"compare": "number"}, 9.91, 9.9, False),
        ({"compare": "number", "tolerance": 0.01}, 10.01, 10.0, True),
        ({"compare": "number", "tolerance": 0.01}, 10.02, 10.0, False),
        ({"compare": "number", "relative_tolerance": 0.1}, 110, 100, True),
        ({"compare": "number", "relative_tolerance": 0.1}, 111, 100, False),
        ({"compare": "number", "tolerance": 5}, "n/a", 3, False),
        ({"compare": "number"}, "N/A", "n/a", True),
        ({"compare": "date"}, "5 March 2018", "05/03/18", True),
        ({"compare": "date"}, "03/05/18", "2018-03-05", False),
        ({"compare": "date", "order": "month"}, "03/05/18", "2018-03-05", True),
        ({"compare": "date"}, "unknown", "Unknown", True),
        ({"compare": "anls"}, "abxy", "abcd", True),
        ({"compare": "anls", "threshold": 0.75}, "abxy", "abcd", False),
        ({"compare": "anls"}, None, "abcd", False),
        ({"compare": "set"}, ["B", "a", "a"], ["a", "b"], True),
        ({"compare": "set"}, ["a"], ["a", "b"], False),
        ({"compare": "set", "threshold": 0.5}, ["a"], ["a", "b"], True),
        ({"compare": "set"}, "a", ["A"], True),
        ({"compare": "set"}, [{"x": 1}], [{"x": "1.0"}], True),
        ({"compare": "ignore"}, 1, 2, True),
    ],
)
def test_comparisons(rule, prediction, reference, expected):
    assert agree(prediction, reference, **rule) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RM 1,234.50", 1234.5), ("$9.90", 9.9), ("9.90 EUR", 9.9), ("€5", 5), ("-5 %", -5),
        ("(12.00)", -12), ("-$3", -3), ("$-3", -3), (".5", 0.5), ("12 kg", 12), ("1,2", None),
        ("5 or 6", None), ("", None), ("abc", None), (True, None), ([1], None), ("1" * 100, None),
        (10**400, None),
    ],
)  # fmt: skip
def test_amounts(text, expected):
    assert amount_of(text) == expected


def test_a_rule_holds_for_what_stands_below_it():
    rules = read_rules(settings_of({"seller": {"compare": "ignore"}, "seller.vat": {}}))
    found = diff({"seller": {"name": "x", "vat": 1}}, [{"seller": {"name": "y", "vat": 2}}], rules)
    assert [one["path"] for one in found] == ["seller.vat"]
    rules = read_rules(settings_of({"$": {"compare": "exact"}, "b": {"compare": "text"}}))
    found = diff({"a": "X", "b": "X"}, [{"a": "x", "b": "x"}], rules)
    assert [one["path"] for one in found] == ["a"]


def test_settings_are_read_back():
    rule = {"compare": "number", "tolerance": 0.5, "weight": 2.0}
    (text,) = settings_of({"total": rule})
    assert text == '{"path":"total","compare":"number","tolerance":0.5,"weight":2.0}'
    assert settings_of({"total": {"weight": 2}}) == ('{"path":"total","weight":2.0}',)
    (found,) = read_rules((text,)).values()
    assert (found.compare, found.tolerance, found.weight) == ("number", 0.5, 2.0)


@pytest.mark.parametrize(
    ("path", "rule", "message"),
    [
        ("total", {"compare": "numbr"}, 'field_rules: "total": compare: got "numbr", expected one'),
        ("total", {"tolerence": 1}, 'unknown key "tolerence".*Did you mean "tolerance"'),
        ("total", {"compare": "number", "tolerance": "1"}, "tolerance: got .*expected a number"),
        ("total", {"compare": "number", "tolerance": -1}, "expected a number of at least 0"),
        ("total", {"compare": "number", "tolerance": True}, "expected a number"),
        ("total", {"compare": "number", "tolerance": math.inf}, "expected a number"),
        ("total", {"weight": math.nan}, "weight: got .*expected a number"),
        ("total", {"weight": None}, "weight: got .*expected a number"),
        ("total", {"compare": "anls", "threshold": 1.5}, "expected a number from 0 to 1"),
        ("total", {"compare": "text", "tolerance": 1}, "tolerance is for compare: number, got"),
        ("total", {"tolerance": 1}, 'tolerance is for compare: number, got "value"'),
        ("date", {"compare": "date", "order": "year"}, "order: got .*expected one of day, month"),
        ("items[0].price", {"compare": "number"}, r"entries of a list have one path"),
        ("items.*.price", {"compare": "number"}, r"entries of a list have one path"),
        ("total", {"compare": ("a", "b")}, "expected one of"),
    ],
)
def test_rules_that_make_no_sense_are_refused(path, rule, message):
    with pytest.raises(UsageError, match=message):
        settings_of({path: rule})


@pytest.mark.parametrize("text", ["total", "{}", "[1]", '"a"', '{"path": 5, "compare": "text"}'])
def test_settings_that_are_no_rules_are_refused(text):
    with pytest.raises(UsageError):
        read_rules((text,))
