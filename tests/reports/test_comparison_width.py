"""A comparison in terminals of several widths."""

import json

import pytest

from vlmeval_cli.api import compare
from vlmeval_cli.reports.blocks import Grid
from vlmeval_cli.reports.comparison_summary import summarise_comparison
from vlmeval_cli.reports.figures import View


@pytest.fixture
def comparison(tmp_path):
    rows = [{"id": i, "question": "?", "answers": ["a"]} for i in range(40)]
    refs = tmp_path / "refs.jsonl"
    refs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs = {}
    for name, n in (("base", 10), ("lora", 30)):
        said = ["a"] * n + ["b"] * (40 - n)
        runs[name] = tmp_path / f"{name}.jsonl"
        runs[name].write_text(
            "".join(json.dumps({"id": i, "prediction": one}) + "\n" for i, one in enumerate(said))
        )
    return compare(runs, refs, metrics="exact_match")


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (None, []),
        (200, []),
        (120, ["can show"]),
        (70, ["can show", "effect", "change", "better / worse / same"]),
    ],
)
def test_a_narrow_terminal_spares_columns_and_says_which(comparison, width, left_out):
    blocks = summarise_comparison(comparison, View(width=width))
    (grid,) = [
        one for one in blocks if isinstance(one, Grid) and one.title.startswith("Differences")
    ]
    names = [heading.name for heading in grid.columns]
    assert {"run", "difference", "interval", "p", "verdict"} <= set(names)
    assert not set(left_out) & set(names)
    assert grid.title.endswith(": in a wider terminal") == bool(left_out)
    assert all(len(row) == len(grid.columns) for row in grid.rows)
    for name in left_out:
        assert name in grid.title
