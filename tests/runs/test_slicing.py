"""Slices of a run by its fields and by what its texts show."""

import random

import pytest

from vlmeval_cli import api
from vlmeval_cli.runs.slicing import slices_of_change

KINDS = ("Is it red?", "How many dogs are there?", "What color is the car?", "Where is it?")


def rows_of(n, wrong, seed=1):
    """Questions of four kinds; ``wrong`` says how likely an answer to one is wrong."""
    chance = random.Random(seed)
    rows = []
    for i in range(n):
        kind = chance.randrange(4)
        row = {
            "id": f"q{i}", "question": KINDS[kind], "answers": ["42" if kind == 1 else "yes"],
            "light": chance.choice(["day", "night"]), "meta": {"site": chance.choice("abc")},
            "serial": 10_000 + i, "image_width": chance.choice([640, 480]), "image_height": 480,
        }  # fmt: skip
        row["prediction"] = "no" if chance.random() < wrong(row) else row["answers"][0]
        rows.append(row)
    return rows


def found_in(table):
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_a_planted_slice_of_two_fields_is_found(score):
    rows = rows_of(1_200, lambda r: 0.6 if r["light"] == "night" and r["meta"]["site"] == "b"
                   else 0.1)  # fmt: skip
    table = score(rows, metrics="exact_match", slices=True).tables["slices"]
    (one,) = found_in(table)
    assert one["slice"] == "light = night and meta.site = b"
    assert one["difference"] < -0.3
    assert one["p corrected"] <= 0.01
    assert "Slices in which exact_match differs from the rest" in table.title


def test_a_derived_column_finds_the_type_of_question(score):
    rows = rows_of(900, lambda r: 0.6 if "How many" in r["question"] else 0.1)
    first, *_ = found_in(score(rows, metrics="exact_match", slices=True).tables["slices"])
    # all of these hold the same items here
    assert first["slice"] in (
        "question type = how many", "number in the reference = yes",
        "script of the reference = no letters",
    )  # fmt: skip
    assert first["difference"] < -0.3


def test_no_slice_is_invented(score):
    table = score(rows_of(600, lambda r: 0.2), metrics="exact_match", slices=True).tables["slices"]
    assert "differs in none from the rest; the furthest are listed" in table.title
    assert all(row["p corrected"] > 0.05 for row in found_in(table))


def test_columns_are_fields_and_what_texts_show(score):
    columns = score(rows_of(200, lambda r: 0.2), slices=True).items.slices
    assert columns["question type"][:200].count("yes/no") > 20
    assert set(columns["image aspect"]) == {"square", "wide"}
    assert {"light", "meta.site", "question length (words)", "number in the reference"} <= set(
        columns
    )
    assert "serial" not in columns  # numbers the items
    assert "answers" not in columns
    assert "question" not in columns


def test_a_column_that_is_the_score_itself_is_left_out(score):
    rows = [
        {**row, "correct": row["prediction"] in row["answers"]}
        for row in rows_of(300, lambda r: 0.3)
    ]
    result = score(rows, metrics="exact_match", slices=True)
    assert "not sliced by what is the score itself: correct" in result.notes
    assert not any("correct" in row["slice"] for row in found_in(result.tables["slices"]))


def test_lists_are_sliced_by_what_they_hold(score):
    rows = rows_of(600, lambda r: 0.1)
    for i, row in enumerate(rows):
        row["tags"] = ["night", "crowd"][: i % 3]
        if len(row["tags"]) == 2 and i % 2:
            row["prediction"] = "no"
    table = score(rows, metrics="exact_match", slices=True).tables["slices"]
    assert found_in(table)[0]["slice"] == "tags: crowd = yes"


def test_few_items_have_no_slices(score):
    result = score(rows_of(30, lambda r: 0.2), slices=True)
    assert "slices" not in result.tables
    assert "no slices to tell apart: none has 20 items" in result.notes


def test_slices_are_not_looked_for_unless_asked(score):
    result = score(rows_of(200, lambda r: 0.2))
    assert not result.items.slices
    assert "slices" not in result.tables


def test_of_an_error_the_worst_slice_has_the_highest_score(score):
    chance = random.Random(3)
    rows = [
        {"id": f"i{i}", "third": str(i % 3),
         "logprobs": [-chance.random() - (1.0 if i % 3 == 0 else 0.0) for _ in range(5)]}
        for i in range(300)
    ]  # fmt: skip
    table = score(rows, metrics="loss", slices=True).tables["slices"]
    first, *others = found_in(table)
    assert (first["slice"], first["items"]) == ("third = 0", 100)
    assert 0.9 < first["difference"] < 1.1
    assert not others


@pytest.fixture
def change(score):
    def change(before, after):
        return slices_of_change(
            score(after, metrics="exact_match", slices=True),
            score(before, metrics="exact_match", slices=True),
            ("lora", "base"),
        )

    return change


def test_a_slice_that_a_change_hurts_is_found(change):
    before = rows_of(800, lambda r: 0.3)
    after = [
        {**row, "prediction": "no"} if row["light"] == "night" and i % 3 == 0 else row
        for i, row in enumerate(before)
    ]
    table = change(before, after[::-1]).tables["slices"]  # items are matched by their ids
    first, *_ = found_in(table)
    assert first["slice"] == "light = night"
    assert first["rest"] == 0.0
    assert first["score"] == pytest.approx(
        sum((b["prediction"] in b["answers"]) * -1 for a, b in zip(after, before, strict=True)
            if a is not b) / sum(row["light"] == "night" for row in before)
    )  # fmt: skip
    assert "the change of exact_match, lora - base," in table.title


def test_runs_that_do_not_differ_have_no_slices(change):
    rows = rows_of(200, lambda r: 0.3)
    found = change(rows, rows)
    assert found.tables == {}
    assert found.notes[0] == "no slices to tell apart: all items score the same"


def test_a_run_without_columns_is_told(score):
    rows = rows_of(60, lambda r: 0.3)
    found = slices_of_change(score(rows, slices=True), score(rows))
    assert found.notes == ("no slices: the run was saved without them; score it with --slices",)


SAMPLES = (
    "captioning", "vqa", "docqa", "grounding", "freeform", "text", "classification", "choice",
    "code", "language_modeling", "rationality",
)  # fmt: skip


@pytest.mark.parametrize("task", SAMPLES)
def test_slices_change_no_score(root, task):
    files = sorted((root / "sample_data" / task).glob("*.jsonl"))
    plain, sliced = (api.score(*files, resamples=0, slices=slices) for slices in (False, True))
    assert {name: one.value for name, one in plain.scores.items()} == {
        name: one.value for name, one in sliced.scores.items()
    }
    assert plain.signature.comparable == sliced.signature.comparable
    assert plain.groups == sliced.groups
    assert len(sliced.items.slices) >= 1
