"""Groups and side tables in as many cells as there are."""

from dataclasses import replace

import pytest

from vlmeval_cli.core.metric import Output, Table
from vlmeval_cli.core.results import Group, Score, Signature
from vlmeval_cli.reports.figures import View
from vlmeval_cli.reports.group_grid import group_grid
from vlmeval_cli.reports.summary import side_table

NAMES = ("accuracy", "anls", "f1")


def score(name, *, has_interval=True):
    bounds = (0.25, 0.75) if has_interval else (None, None)
    return Score(Output(name), name, 0.5, 10, Signature({}), *bounds)


def groups(n=2, **options):
    return [
        Group({"kind": f"k{i}"}, 10, {name: score(name, **options) for name in NAMES})
        for i in range(n)
    ]


@pytest.fixture
def run(result):
    return replace(result, primary="anls")


def heads(grid):
    return [heading.name for heading in grid.columns]


def test_the_primary_score_has_its_interval_beside_it(run):
    grid = group_grid(["kind"], groups(), run, View())
    assert heads(grid) == ["kind", "items", "accuracy", "anls", "95% interval", "f1"]
    assert grid.rows[0] == ("k0", "10", "0.5000", "0.5000", "0.2500 to 0.7500", "0.5000")


def test_without_intervals_there_is_no_column_for_them(run):
    grid = group_grid(["kind"], groups(has_interval=False), run, View())
    assert heads(grid) == ["kind", "items", "accuracy", "anls", "f1"]


def test_a_narrow_terminal_keeps_the_primary_score_and_tells_what_it_left_out(run):
    grid = group_grid(["kind"], groups(), run, View(width=50))
    assert heads(grid) == ["kind", "items", "anls", "95% interval"]
    assert grid.title == "By kind (and 2 more scores, in the JSON report)"


def test_of_many_groups_the_first_are_shown(run):
    grid = group_grid(["kind"], groups(60), run, View())
    assert len(grid.rows) == 50
    assert grid.title == "By kind (and 10 more groups, in the JSON report)"


def test_a_side_table_shows_the_columns_that_it_names():
    table = Table(
        "T", ("a", "b", "c"), [["x", 1, 2], ["y", 3, 4]], shown=1, shown_columns=("a", "c")
    )
    grid = side_table(table, View())
    assert heads(grid) == ["a", "c"]
    assert grid.rows == (("x", "2"),)
    assert grid.title == "T (and 1 more row, in the JSON report)"
