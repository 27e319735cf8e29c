"""Options, right answers and rotations as files record them."""

from itertools import pairwise

import numpy as np
import pytest

from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.parsing.choices.columns import parse, reference_columns, reference_note
from vlmeval_cli.parsing.choices.letters import read_choice
from vlmeval_cli.parsing.choices.options import Options
from vlmeval_cli.parsing.items import Items

COLOURS = ["red", "blue", "green"]


def items(predictions, labels=(), role=None, **fields):
    n = len(predictions)
    return Items(
        ids=[f"q{i}" for i in range(n)],
        predictions=predictions,
        fields=fields,
        place=lambda i: f"preds.jsonl:{i + 1}",
        labels=lambda: sorted(labels),
        options=role,
    )


def letters(column):
    named = [None if np.isnan(code) else "ABCDEFGHIJ"[int(code)] for code in column.numbers]
    ends = column.item_offsets
    return [named[start:stop] for start, stop in pairwise(ends)]


def golds(references, given):
    return letters(reference_columns(references, given)["references.choice"])


@pytest.mark.parametrize(
    "options",
    [
        ["red", "blue"],
        {"A": "red", "B": "blue"},
        {"(a)": "red", "(b)": "blue"},
        '["red", "blue"]',
        "['red', 'blue']",
        {"text": ["red", "blue"], "label": ["A", "B"]},
        {"text": ["blue", "red"], "label": ["B", "A"]},
        {"text": ["red", "blue"], "label": ["1", "2"]},
        ["A. red", "B. blue"],
        ["(A) red", "(B) blue"],
        {"A": "A) red", "B": "B) blue"},
    ],
    ids=str,
)
def test_options_are_read_however_they_are_written(options):
    found = parse(items(["blue"], options=[options]))
    assert list(found.values) == ["B"]
    assert found.columns["options.count"].numbers.tolist() == [2]


def test_options_in_columns_may_end_early_or_have_gaps():
    fields = {"A": ["red", "red"], "B": ["blue", None], "C": ["", "green"]}
    found = parse(items(["C", "C"], role="A", **fields))
    assert list(found.values) == [None, "C"]
    assert found.unparsed == {0: "names C, and the options are A, B"}
    assert found.columns["options.count"].numbers.tolist() == [2, 2]


def test_options_that_are_numbers_are_texts():
    assert list(parse(items(["It is 12."], options=[[2, 12]])).values) == ["B"]


@pytest.mark.parametrize("options", ["red", 3, [["red"]], {"first": "red"}], ids=str)
def test_what_is_no_options_is_refused(options):
    with pytest.raises(DataError, match=r'item "q0": the options are .*expected a list of texts'):
        parse(items(["A"], options=[options]))


def test_more_options_than_letters_are_refused():
    with pytest.raises(DataError, match="got 27 options, expected at most 26"):
        parse(items(["A"], options=[[str(i) for i in range(27)]]))


@pytest.mark.parametrize(
    ("gold", "letter"),
    [
        ("B", "B"), ("b", "B"), ("(B)", "B"), ("B.", "B"), ("blue", "B"), (" Blue ", "B"),
        ("B. blue", "B"), ("D", None), ("purple", None), ("B. red", None), ("AB", None),
    ],
)  # fmt: skip
def test_the_right_option_is_a_letter_or_a_text(gold, letter):
    found = golds([[gold]], items(["A"], options=[COLOURS]))
    assert found == [[letter] if letter else []]


def test_several_right_options():
    assert golds([["A", "green"]], items(["A"], options=[COLOURS])) == [["A", "C"]]


def test_indices_count_from_0_where_one_is_0_and_from_1_where_one_is_the_number_of_options():
    three = items(["A"] * 3, options=[COLOURS] * 3)
    assert golds([["0"], ["1"], ["2"]], three) == [["A"], ["B"], ["C"]]
    assert golds([["3"], ["1"], ["2"]], three) == [["C"], ["A"], ["B"]]


def test_indices_that_could_count_from_0_or_1_are_refused():
    with pytest.raises(UsageError, match="counted from 0, or counted from 1"):
        golds([["1"], ["2"]], items(["A"] * 2, options=[COLOURS] * 2))


def test_numbers_are_texts_where_they_are_no_indices():
    options = [["7", "12", "9"]] * 2
    assert golds([["12"], ["9"]], items(["A"] * 2, options=options)) == [["B"], ["C"]]


def test_numbers_that_could_be_texts_or_indices_are_refused():
    with pytest.raises(UsageError, match="the texts of options, or counted from 0"):
        golds([["0"], ["1"]], items(["A"] * 2, options=[["1", "0"]] * 2))


def test_predicted_indices_count_like_the_references():
    found = parse(items(["2", "1", None, "7"], labels="012", options=[COLOURS] * 4))
    assert list(found.values) == ["C", "B", None, None]
    assert found.unparsed == {3: "the index is that of no option"}


def test_predicted_numbers_are_texts_of_options_first():
    found = parse(items(["3", "2"], labels="AB", options=[["2", "3"]] * 2))
    assert list(found.values) == ["B", "A"]


def test_open_questions_keep_their_text_and_have_no_right_option():
    mixed = items(["B", "12 m"], options=[COLOURS, None], question_type=["multiple-choice", "open"])
    found = parse(mixed)
    assert list(found.values) == ["B", "12 m"]
    assert not found.unparsed
    assert "--where question_type=open" in found.notes[0]
    assert golds([["B"], ["C"]], mixed) == [["B"], []]


def test_without_options_a_note_says_what_cannot_be_read():
    found = parse(items(["B", "blue"]))
    assert list(found.values) == ["B", None]
    assert "no options are recorded" in found.notes[0]


TURNED = [["red", "blue"], ["blue", "red"]]


@pytest.mark.parametrize(
    "fields",
    [
        {"index": [7, 1_000_007]},
        {"index": ["7", "1000007"]},
        {"id": ["x", "x"]},
        {"g_index": [7, 7]},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_rotations_are_recognised_by_what_is_recorded(fields):
    found = parse(items(["A", "B"], options=TURNED, **fields))
    assert found.columns["circular.choice"].values == ["A", "B"]
    assert found.columns["circular.choice"].item_offsets.tolist() == [0, 2, 2]
    assert "2 items are rotations of 1 questions" in found.notes[-1]


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"index": [7, 1_000_008]}, TURNED),
        ({"index": [7, 1_000_007]}, [["red", "blue"], ["red", "blue"]]),
        ({"id": ["x", "x"]}, [["red", "blue"], ["blue", "green"]]),
        ({"id": ["x", "y"]}, TURNED),
    ],
)
def test_rows_that_do_not_rotate_options_are_questions_of_their_own(fields, options):
    assert "circular.choice" not in parse(items(["A", "B"], options=options, **fields)).columns


@pytest.mark.parametrize(
    "form", ["{l}", "({l})", "{l}. {t}", "{t}", "The answer is {l}.", "{l}: {t}"]
)
@pytest.mark.parametrize("letter", ["A", "C", "D"])
def test_the_quick_way_reads_what_the_slow_way_reads(form, letter):
    options = COLOURS
    text = form.format(l=letter, t=dict(zip("ABC", options, strict=True)).get(letter, "pink"))
    slow = read_choice(text, Options.of(options)).letter
    assert list(parse(items([text], options=[options])).values) == [slow]


def test_options_keep_what_is_no_letter_of_their_own():
    names = ["A. Smith", "C. Jones"]
    assert list(parse(items(["A. Smith"], options=[names])).values) == ["A"]
    found = parse(items(["Jones", "C. Jones"], options=[names, names]))
    assert list(found.values) == [None, "B"]


ONE_TO_THREE = {"text": COLOURS, "label": ["1", "2", "3"]}


@pytest.mark.parametrize(
    ("answer", "letter"),
    [("2", "B"), ("(2)", "B"), ("The answer is 2.", "B"), ("blue", "B"), ("B", "B"), ("4", None)],
)
def test_options_are_named_by_the_labels_that_their_question_gives_them(answer, letter):
    given = items([answer, "C"], choices=[ONE_TO_THREE, COLOURS], role="choices")
    assert list(parse(given).values) == [letter, "C"]
    assert golds([["3"], ["A"]], given) == [["C"], ["A"]]


def test_a_label_that_is_the_text_of_another_option_is_ambiguous():
    counts = {"text": ["2", "1", "3"], "label": ["1", "2", "3"]}
    found = parse(items(["2", "3"], choices=[counts, counts], role="choices"))
    assert list(found.values) == [None, "C"]
    assert found.unparsed[0] == "names several options: A, B"
    assert golds([["2"], ["3"]], items(["2", "3"], choices=[counts, counts])) == [["B"], ["C"]]


def test_indices_beside_references_that_count_otherwise_are_refused():
    given = items(["1", "3"], labels=["0", "2"], options=[COLOURS] * 2)
    with pytest.raises(UsageError, match="seem to count from 1"):
        parse(given)


@pytest.mark.parametrize(
    ("references", "note"),
    [
        (["0", "2"], "numbers of options, counted from 0"),
        (["1", "3"], "numbers of options, counted from 1"),
        (["5", "7"], "texts of options"),
        (["A", "B"], None),
    ],
)
def test_how_numbers_among_the_references_are_read_is_told(references, note):
    options = [["3", "5", "7"]] * 2 if "7" in references else [COLOURS] * 2
    told = reference_note([[one] for one in references], items(["A", "B"], options=options))
    assert told is None if note is None else told.endswith(f"are read as {note}")
