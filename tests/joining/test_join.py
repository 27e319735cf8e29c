"""How predictions and references meet, and what is said about those that do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.config import JoinPolicy
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.joining import (
    Fields,
    IdPair,
    Roles,
    Selection,
    collect,
    join,
    join_one_file,
)
from vlmeval_cli.readers.base import Layout, Row

SKIP = JoinPolicy(missing="skip")
FIX = JoinPolicy(missing="skip", fix_ids=True)


class Rows:
    """A source of made rows."""

    def __init__(self, path, rows):
        self.path = path
        self.layout = Layout("jsonl", "an object a line")
        self._rows = rows

    def rows(self):
        for line, fields in enumerate(self._rows, 1):
            yield Row(line, fields)


def meet(predictions, references, *, ids=("id",), question=None, extra=(), **choices):
    if ids and isinstance(ids[0], str):
        ids = [(name, name) for name in ids]
    pairs = tuple(IdPair(*pair) for pair in ids)
    mine = Roles("prediction", question=question)
    theirs = Roles("references", question=question)
    rows = collect(Rows("preds.jsonl", predictions), [*mine.names(), *(p[0] for p in pairs)])
    golds = collect(
        Rows("refs.jsonl", references), [*theirs.names(), *(p[1] for p in pairs), *extra]
    )
    return join(rows, golds, Fields(pairs, mine, theirs), **choices)


def preds(*ids):
    return [{"id": text, "prediction": f"guess {text}"} for text in ids]


def refs(*ids):
    return [{"id": text, "references": [f"gold {text}"]} for text in ids]


def test_items_come_in_the_order_of_the_references_with_their_lines():
    data = meet(preds("b", "a"), refs("a", "b")).dataset
    assert data.ids == ["a", "b"]
    assert data.predictions == ["guess a", "guess b"]
    assert data.references == [["gold a"], ["gold b"]]
    assert list(data.lines) == [1, 2]
    assert list(data.prediction_lines) == [2, 1]


def test_missing_predictions_are_an_error_that_counts_and_names_them():
    with pytest.raises(DataError) as error:
        meet(preds("a"), refs("a", "a17", "b03"))
    assert error.value.message == (
        'preds.jsonl has 1 item, refs.jsonl has 3; 2 ids have no prediction: "a17", "b03"'
    )
    assert "--missing skip" in error.value.hint


def test_missing_predictions_stay_as_none_where_that_is_allowed():
    met = meet(preds("a"), refs("a", "b"), policy=SKIP)
    assert met.dataset.predictions == ["guess a", None]
    assert (met.report.matched, met.report.missing) == (1, 1)
    assert met.report.examples["missing"] == ("b",)
    assert met.report.policy["missing"] == "skip"


def test_null_is_missing_and_an_empty_string_is_empty():
    rows = [{"id": "a", "prediction": None}, {"id": "b", "prediction": ""}]
    report = meet(rows, refs("a", "b"), policy=SKIP).report
    assert (report.matched, report.missing, report.empty) == (1, 1, 1)
    assert report.examples["empty"] == ("b",)


def test_white_space_alone_is_empty():
    """As it is among the outcomes."""
    rows = [{"id": "a", "prediction": " \n"}, {"id": "b", "prediction": "."}]
    report = meet(rows, refs("a", "b"), policy=SKIP).report
    assert (report.matched, report.empty) == (2, 1)
    assert report.examples["empty"] == ("a",)


def test_extra_predictions_are_counted_and_told():
    met = meet(preds("a", "x", "y"), refs("a"))
    assert met.report.extra == 2
    assert met.report.examples["extra"] == ("x", "y")
    assert any('"x", "y"' in told for told in met.warnings)


def test_items_without_references_are_left_out_and_counted():
    golds = [*refs("a"), {"id": "b", "references": None}, {"id": "c", "references": []}]
    met = meet(preds("a", "b"), golds)
    assert met.dataset.ids == ["a"]
    assert met.report.no_reference == 2
    assert met.report.examples["no_reference"] == ("b", "c")
    assert met.report.extra == 0


def test_examples_of_each_kind_stop_at_five():
    report = meet(preds("a"), refs("a", *"bcdefgh"), policy=SKIP).report
    assert report.examples["missing"] == tuple("bcdef")


def test_integers_and_integral_floats_meet_decimal_text_with_a_notice():
    met = meet([{"id": 7.0, "prediction": "x"}, {"id": 8, "prediction": "y"}], refs("7", 8))
    assert met.dataset.predictions == ["x", "y"]
    assert any("7.0" in note for note in met.notes)


def test_padded_numbers_in_text_are_other_ids_until_they_are_repaired():
    with pytest.raises(DataError, match=r"no id of preds\.jsonl is in refs\.jsonl") as error:
        meet(preds("007", "008"), refs("7", "8"))
    assert "--fix-ids" in error.value.hint
    assert "2 of 2" in error.value.hint
    met = meet(preds("007", "008"), refs("7", "8"), policy=FIX)
    assert met.dataset.ids == ["7", "8"]
    assert met.dataset.predictions == ["guess 007", "guess 008"]
    assert met.report.repair.applied
    assert met.report.policy["ids"] == "strip zero padding"


@pytest.mark.parametrize("bad", [True, None, ["a"], {"a": 1}, 1.5, float("nan")])
def test_values_that_cannot_be_ids_are_errors_with_their_line(bad):
    rows = [*preds("a"), {"id": bad, "prediction": "x"}]
    with pytest.raises(DataError, match=r'preds.jsonl:2: field "id", got .*, expected a string'):
        meet(rows, refs("a"))


def test_rows_with_bad_ids_can_be_left_out_and_are_listed():
    rows = [*preds("a"), {"id": None, "prediction": "x"}]
    report = meet(rows, refs("a"), policy=JoinPolicy(on_bad_row="skip")).report
    assert report.bad_rows == 1
    assert report.examples["bad_rows"][0].startswith("preds.jsonl:2:")


def test_repeated_predictions_are_an_error_with_both_lines():
    with pytest.raises(DataError, match=r'preds.jsonl:3: id "a" repeats line 1'):
        meet(preds("a", "b", "a"), refs("a", "b"))


def test_repeated_predictions_of_most_ids_suggest_that_the_files_are_swapped():
    with pytest.raises(DataError) as error:
        meet(preds("a", "a", "b", "b"), refs("a", "b"))
    assert "vlmeval score refs.jsonl preds.jsonl" in error.value.hint


def test_several_predictions_of_an_id_are_a_list_where_the_task_takes_them():
    met = meet(preds("a", "b", "a"), refs("a", "b"), repeats="list")
    assert met.dataset.predictions == [["guess a", "guess a"], ["guess b"]]


def test_reference_rows_of_one_id_merge_if_their_questions_agree():
    golds = [{"id": "a", "question": "?", "references": text} for text in ("x", ["y", "z"])]
    rows = [{"id": "a", "question": "?", "prediction": "p"}]
    met = meet(rows, golds, question="question")
    assert met.dataset.references == [["x", "y", "z"]]
    assert any("1 id repeats" in note for note in met.notes)


def test_reference_rows_with_other_questions_get_a_composite_id():
    golds = [{"image": "i", "question": q, "references": q} for q in ("a?", "b?")]
    rows = [{"image": "i", "question": q, "prediction": q} for q in ("b?", "a?")]
    met = meet(rows, golds, ids=("image",), question="question")
    assert met.dataset.ids == ["i | a?", "i | b?"]
    assert met.dataset.predictions == ["a?", "b?"]


def test_reference_rows_with_other_questions_are_an_error_without_questions_in_both():
    golds = collect(
        Rows("refs.jsonl", [{"id": 1, "q": "a?", "r": "x"}, {"id": 1, "q": "b?", "r": "y"}]),
        ["id", "q", "r"],
    )
    rows = collect(Rows("preds.jsonl", [{"id": 1, "p": "x"}]), ["id", "p"])
    fields = Fields((IdPair("id", "id"),), Roles("p"), Roles("r", question="q"))
    with pytest.raises(DataError, match=r'refs.jsonl:2: id "1" repeats line 1 with another "q"'):
        join(rows, golds, fields)


def test_the_id_that_matches_more_rows_wins():
    golds = [{"id": n + 900, "image_id": n, "references": "x"} for n in range(4)]
    rows = [{"id": n, "image_id": n, "prediction": f"{n}"} for n in (3, 2, 1, 0)]
    met = meet(rows, golds, ids=("id", "image_id"))
    assert met.dataset.predictions == ["0", "1", "2", "3"]


def test_of_ids_that_match_equally_the_more_unique_one_wins():
    golds = [{"image_id": n // 2, "question_id": n, "references": "x"} for n in range(4)]
    rows = [{"image_id": n // 2, "question_id": n, "prediction": f"{n}"} for n in range(4)]
    assert len(meet(rows, golds, ids=("image_id", "question_id")).dataset) == 4


def test_an_image_that_repeats_is_not_preferred_when_predictions_are_missing():
    golds = [
        {"image_id": n // 5, "question_id": n, "question": f"{n}?", "references": "x"}
        for n in range(20)
    ]
    rows = [
        {"image_id": n // 5, "question_id": n, "question": f"{n}?", "prediction": f"{n}"}
        for n in range(18)
    ]
    met = meet(rows, golds, ids=("image_id", "question_id"), question="question", policy=SKIP)
    assert met.dataset.ids[:3] == ["0", "1", "2"]
    assert met.report.missing == 2


def test_ids_that_pair_the_same_rows_are_no_tie():
    golds = [{"id": n, "question_id": n, "references": "x"} for n in range(3)]
    rows = [{"id": n, "question_id": n, "prediction": "x"} for n in range(3)]
    met = meet(rows, golds, ids=("question_id", "id"))
    assert len(met.dataset) == 3
    assert met.ids == ("question_id", "question_id")  # the first of equals


@pytest.mark.parametrize("n_rows", [20, 19])
def test_ids_that_pair_different_rows_are_undecidable(n_rows):
    golds = [{"id": n, "question_id": f"q{n}", "references": "x"} for n in range(20)]
    rows = [{"id": n, "question_id": f"q{19 - n}", "prediction": "x"} for n in range(n_rows)]
    with pytest.raises(UsageError, match="pair different rows") as error:
        meet(rows, golds, ids=("id", "question_id"))
    assert "--id-field id" in error.value.hint
    assert "--id-field question_id" in error.value.hint


def test_pairs_of_different_names_are_tried_when_no_common_name_matches():
    golds = [{"id": 900, "image_id": "a", "references": "x"}]
    rows = [{"id": "a", "prediction": "y"}]
    pairs = [("id", "id"), ("id", "image_id")]
    assert meet(rows, golds, ids=pairs).dataset.predictions == ["y"]


def test_no_common_ids_show_both_sides():
    with pytest.raises(DataError) as error:
        meet(preds("cat", "dog"), refs("x1", "x2"))
    assert '"cat", "dog"' in error.value.message
    assert '"x1", "x2"' in error.value.message
    assert "--id-field" in error.value.hint


def test_predictions_without_any_usable_id_are_told():
    rows = [{"id": True, "prediction": "x"}]
    with pytest.raises(DataError, match=r'got none in "id", expected ids such as "a"'):
        meet(rows, refs("a"), policy=JoinPolicy(on_bad_row="skip"))


def test_selection_comes_before_counting():
    golds = [{**row, "split": split} for row, split in zip(refs(*"abcd"), "xyxy", strict=True)]
    choices = {"extra": ["split"], "selection": Selection({"split": "x"}, limit=2)}
    met = meet(preds("a", "b", "c"), golds, **choices)
    assert met.dataset.ids == ["a", "c"]
    assert (met.report.missing, met.report.extra) == (0, 0)
    assert met.report.policy["where split"] == "x"
    assert met.dataset.fields["split"] == ["x", "x"]


def test_limit_takes_the_first_reference_items():
    met = meet(preds("a"), refs("a", "b"), selection=Selection(limit=1))
    assert met.dataset.ids == ["a"]


def test_numbers_are_selected_by_their_text():
    golds = [
        {**row, "year": year} for row, year in zip(refs("a", "b"), (2014, "2015"), strict=True)
    ]
    met = meet(preds("a", "b"), golds, extra=["year"], selection=Selection({"year": "2014"}))
    assert met.dataset.ids == ["a"]


def test_selecting_by_an_unknown_field_lists_the_fields():
    with pytest.raises(UsageError, match='no field "splt"') as error:
        meet(preds("a"), refs("a"), extra=["splt"], selection=Selection({"splt": "x"}))
    assert "id, references" in error.value.hint


def test_selecting_a_value_that_no_item_has_lists_the_values():
    golds = [{**refs("a")[0], "split": "val"}]
    with pytest.raises(UsageError, match="no item") as error:
        meet(preds("a"), golds, extra=["split"], selection=Selection({"split": "x"}))
    assert '"val"' in error.value.hint


def test_fields_come_from_the_references_first_and_then_from_the_predictions():
    rows = collect(
        Rows("p", [{"id": 1, "p": "x", "kind": "mine", "finish_reason": "length"}]),
        ["id", "p", "kind", "finish_reason"],
    )
    golds = collect(Rows("r", [{"id": 1, "r": "y", "kind": "theirs"}]), ["id", "r", "kind"])
    data = join(rows, golds, Fields((IdPair("id", "id"),), Roles("p"), Roles("r"))).dataset
    assert data.fields["kind"] == ["theirs"]
    assert data.fields["finish_reason"] == ["length"]


def test_a_field_that_neither_file_has_is_no_field_of_the_items():
    rows = collect(Rows("p", [{"id": 1, "p": "x"}]), ["id", "p", "finish_reason"])
    golds = collect(Rows("r", [{"id": 1, "r": "y"}]), ["id", "r", "finish_reason"])
    data = join(rows, golds, Fields((IdPair("id", "id"),), Roles("p"), Roles("r"))).dataset
    assert set(data.fields) == {"id"}


def one_file(rows, ids=("id",), question=None, **choices):
    roles = (Roles("prediction", question), Roles("references", question))
    names = [*ids, "prediction", "references", *([question] if question else [])]
    pairs = tuple(IdPair(name, name) for name in ids)
    return join_one_file(collect(Rows("f.jsonl", rows), names), Fields(pairs, *roles), **choices)


def test_one_file_has_nothing_to_join_but_null_predictions_are_missing():
    rows = [{"id": n, "prediction": p, "references": "x"} for n, p in enumerate(["y", None])]
    met = one_file(rows, policy=SKIP)
    assert met.dataset.ids == ["0", "1"]
    assert (met.report.matched, met.report.missing, met.report.extra) == (1, 1, 0)
    with pytest.raises(DataError, match=r"f\.jsonl has 2 items; 1 id has no prediction"):
        one_file(rows)


def test_one_file_with_repeated_ids_is_numbered_by_question_or_row():
    rows = [{"id": 1, "q": q, "prediction": "y", "references": "x"} for q in ("a?", "b?")]
    assert one_file(rows, question="q").dataset.ids == ["1 | a?", "1 | b?"]
    met = one_file([rows[0], rows[0]], question="q")
    assert met.dataset.ids == ["row 1", "row 2"]
    assert any("rows are numbered" in note for note in met.notes)


def test_one_file_needs_no_id():
    assert one_file([{"prediction": "y", "references": "x"}], ids=()).dataset.ids == ["row 1"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=20),
    st.lists(st.text(min_size=1), unique=True, max_size=20),
    st.randoms(use_true_random=False),
)
def test_a_join_is_what_a_dictionary_says(common, others, random):
    """Oracle: one dictionary look-up per reference."""
    others = [text for text in others if text not in common]
    mine, theirs = [*common, *others[::2]], [*common, *others[1::2]]
    random.shuffle(mine)
    random.shuffle(theirs)
    found = {text: f"guess {text}" for text in mine}
    met = meet(preds(*mine), refs(*theirs), policy=SKIP)
    assert met.dataset.predictions == [found.get(text) for text in theirs]
    assert met.report.matched == sum(text in found for text in theirs)
    assert met.report.extra == len(set(mine) - set(theirs))


@pytest.mark.parametrize(
    ("mine", "told"),
    [
        (("a", "b"), 'preds.jsonl: 1 prediction has no reference: "b"'),
        (("a", "b", "c"), 'preds.jsonl: 2 predictions have no reference: "b", "c"'),
    ],
)
def test_predictions_without_a_reference_are_told_in_their_number(mine, told):
    assert meet(preds(*mine), refs("a")).warnings == (told,)
