"""The tables of gaps between groups."""

import pytest


def row(i, *, group, right):
    return {
        "id": f"i{i}", "question": "?", "prediction": "a" if right else "b", "answers": ["a"],
        "skin": group, "parity": str(i // 10 % 2),
    }  # fmt: skip


# 200 light with 180 right, 150 dark with 105 right, 12 others
ROWS = [row(i, group="light", right=i % 10 != 0) for i in range(200)]
ROWS += [row(200 + i, group="dark", right=i % 10 >= 3) for i in range(150)]
ROWS += [row(350 + i, group="other", right=True) for i in range(12)]


def cells(table, *, score="exact_match", by="skin"):
    """Column → cell of the row of one score and grouping."""
    rows = [dict(zip(table.columns, one, strict=True)) for one in table.rows]
    return [one for one in rows if (one["score"], one["by"]) == (score, by)]


@pytest.fixture
def result(score):
    return score(ROWS, by=["skin", "parity"], metrics="exact_match,anls", resamples=400)


def test_the_worst_group_its_gap_and_its_ratio(result):
    (row,) = cells(result.tables["gaps"])
    assert (row["groups"], row["best"], row["worst"]) == (2, "light", "dark")
    assert (row["best score"], row["worst score"]) == (0.9, 0.7)
    assert row["gap"] == pytest.approx(0.2)
    assert row["ratio"] == pytest.approx(7 / 9)
    assert row["gap low"] > 0.05
    assert row["ratio high"] < 0.95
    assert row["p corrected"] <= 0.01


def test_a_field_that_does_not_matter_is_no_gap(result):
    (row,) = cells(result.tables["gaps"], by="parity")
    assert row["p corrected"] > 0.05


def test_each_group_stands_beside_the_rest(result):
    rows = {one["group"]: one for one in cells(result.tables["group_gaps"])}
    assert set(rows) == {"light", "dark"}
    assert rows["dark"]["items"] == 150
    # the rest are 200 light and 12 others, of which 192 are right
    assert rows["dark"]["difference"] == pytest.approx(0.7 - 192 / 212)
    assert rows["dark"]["high"] < 0.0


def test_small_groups_are_told_apart(result):
    assert 'by skin: fewer than 20 items, not compared: "other"' in result.notes


def test_only_the_primary_score_is_shown_and_files_have_all(result):
    table = result.tables["gaps"]
    assert [one[1] for one in table.rows[: table.shown]] == ["exact_match"] * 2
    assert len(table.rows) == 4
    assert "p corrected for 2 groupings and 2 scores" in table.title


def test_the_free_groups_of_a_task_are_not_compared(score):
    rows = [{**one, "answer_type": one["skin"]} for one in ROWS]
    result = score(rows, task="vqa", resamples=100)
    assert [group.by for group in result.groups]
    assert "gaps" not in result.tables


def test_without_intervals_the_gaps_stand_alone(score):
    (row,) = cells(score(ROWS, by="skin", metrics="exact_match").tables["gaps"])
    assert row["gap"] == pytest.approx(0.2)
    assert row["gap low"] is row["p"] is row["p corrected"] is None


def test_one_group_is_not_compared(score):
    result = score(ROWS[:200], by="skin", metrics="exact_match")
    assert "gaps" not in result.tables
    assert "by skin: fewer than two groups have 20 items, so none is compared" in result.notes


def test_a_group_of_few_images_is_told(score):
    rows = [{**one, "image": f"im{i % 3 if one['skin'] == 'dark' else i}"}
            for i, one in enumerate(ROWS)]  # fmt: skip
    result = score(rows, by="skin", metrics="exact_match", resamples=100)
    assert 'by skin: "dark" is not compared' in " ".join(result.notes)
    assert "gaps" not in result.tables


CAPTIONS = [
    {"id": f"c{i}", "prediction": f"a {kind} on the road", "kind": kind,
     "captions": [f"a {kind} on a road", f"the {kind} stands there"]}
    for i, kind in enumerate(["dog", "cat", "horse", "dog", "cat"] * 5)
]  # fmt: skip


def test_cider_of_a_group_has_the_document_frequencies_of_all_items(score):
    whole = score(CAPTIONS, by="kind", metrics="cider")
    (group,) = [one for one in whole.groups if one.by == {"kind": "horse"}]
    items = [i for i, one in enumerate(CAPTIONS) if one["kind"] == "horse"]
    # the mean of what the items score among all; alone, every caption is alike and scores nothing
    assert group.scores["cider"].value == pytest.approx(whole.items.scores["cider"][items].mean())
    assert group.scores["cider"].value > 1.0
    alone = score(CAPTIONS, where={"kind": "horse"}, metrics="cider")
    assert alone["cider"] == pytest.approx(0.0)


def test_the_report_says_so(score):
    said = "words are weighted by their document frequencies in the references of all items"
    assert any(said in note for note in score(CAPTIONS, by="kind", metrics="cider").notes)
    assert not any(said in note for note in score(CAPTIONS, metrics="cider").notes)
    assert not any(said in note for note in score(CAPTIONS, by="kind", metrics="bleu").notes)
