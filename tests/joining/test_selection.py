"""Which items a condition selects."""

import pytest

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.joining.columns import Columns
from vlmeval_cli.joining.selection import Selection
from vlmeval_cli.stats.groups import group_names

VALUES = ["red", ["red", "blue"], ["blue"], "red, blue", 2014, True, None, [], [2014, ["x"]]]


def selected(wanted):
    columns = Columns("refs.jsonl", range(len(VALUES)), {"kind": VALUES}, frozenset({"kind"}))
    return list(Selection({"kind": wanted}).rows(columns, range(len(VALUES))))


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ("red", [0, 1]),
        ("blue", [1, 2]),
        ("red, blue", [1, 3]),
        ('["red", "blue"]', [1]),
        ("2014", [4, 8]),
        ("true", [5]),
        ("null", [6]),
        ("(none)", [6, 7]),
        ("x", [8]),
    ],
)
def test_a_value_is_found_as_text_as_a_member_and_as_groups_are_named(wanted, rows):
    assert selected(wanted) == rows


def test_every_name_of_a_group_selects_its_items():
    for row, name in enumerate(group_names(VALUES)):
        assert row in selected(name)


def test_values_are_listed_where_none_fits_by_the_names_of_groups():
    with pytest.raises(UsageError) as error:
        selected("green")
    assert '"red, blue"' in error.value.hint
    assert "no item of refs.jsonl has kind=green" in error.value.message
