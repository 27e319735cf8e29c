"""Which items ``--by`` scores together."""

import pytest

from vlmeval_cli.core.errors import UsageError

ROWS = [
    {"id": f"i{i}", "question": "?", "prediction": "a" if i % 4 else "b", "answers": ["a"],
     "gender": "fm"[i % 2], "age": 18 + i, "a,b": "xy"[i // 30], "tags": [["t"], ["t", "u"]][i % 2],
     "meta": {"light": ["day", "night"][i // 20 % 2]}}
    for i in range(60)
]  # fmt: skip


def groups_of(result):
    return {tuple(group.by.items()): group.n for group in result.groups}


def test_several_groupings_stand_beside_each_other(score):
    found = groups_of(score(ROWS, by=["gender", "meta.light"]))
    assert found == {
        (("gender", "f"),): 30,
        (("gender", "m"),): 30,
        (("meta.light", "day"),): 40,
        (("meta.light", "night"),): 20,
    }


@pytest.mark.parametrize("by", ["gender,meta.light", "gender , meta.light"])
def test_a_comma_crosses_fields(score, by):
    found = groups_of(score(ROWS, by=by))
    assert found == {
        (("gender", "f"), ("meta.light", "day")): 20,
        (("gender", "f"), ("meta.light", "night")): 10,
        (("gender", "m"), ("meta.light", "day")): 20,
        (("gender", "m"), ("meta.light", "night")): 10,
    }
    assert groups_of(score(ROWS, by=[("gender", "meta.light")])) == found


def test_a_field_whose_name_holds_the_comma_wins(score):
    assert groups_of(score(ROWS, by="a,b")) == {(("a,b", "x"),): 30, (("a,b", "y"),): 30}


def test_many_numbers_are_scored_in_ranges_and_that_is_told(score):
    result = score(ROWS, by="age")
    assert groups_of(result) == {
        (("age", name),): 15 for name in ("18 to 32", "33 to 47", "48 to 62", "63 to 77")
    }
    assert 'by "age": 60 different numbers are scored in 4 ranges' in result.notes
    assert result.items.groups["age"][0] == "18 to 32"


def test_an_item_counts_in_the_group_of_each_value_of_a_list(score):
    result = score(ROWS, by="tags")
    assert groups_of(result) == {(("tags", "t"),): 60, (("tags", "u"),): 30}
    assert result.items.groups["tags"][:2] == ["t", "t, u"]


def test_groups_have_the_scores_of_their_items(score):
    result = score(ROWS, by=[["gender", "a,b"]], metrics="exact_match")
    values = {tuple(one.by.values()): one.scores["exact_match"].value for one in result.groups}
    # an item is wrong where its number is a multiple of four, which only "f" has: 8 of 15, 7 of 15
    assert values == {
        ("f", "x"): pytest.approx(7 / 15),
        ("f", "y"): pytest.approx(8 / 15),
        ("m", "x"): 1.0,
        ("m", "y"): 1.0,
    }


@pytest.mark.parametrize("by", ["gender,", ",", "gender,,age"])
def test_a_missing_name_is_told(score, by):
    with pytest.raises(UsageError, match="expected a field, or fields that are crossed"):
        score(ROWS, by=by)


def test_an_unknown_field_of_a_crossing_is_told(score):
    with pytest.raises(UsageError, match='no item has a value in a field "lihgt"'):
        score(ROWS, by="gender,lihgt")
