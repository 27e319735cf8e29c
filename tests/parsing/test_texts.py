"""Which values are texts, and what is said about those that are not."""

import pytest

from vlmeval_cli.core.errors import DataError
from vlmeval_cli.parsing.texts import prediction_texts, reference_texts


def place(row):
    return f"preds.jsonl:{row + 1}"


def predictions(*values, **choices):
    return prediction_texts(values, "prediction", place, **choices)


def references(*values, **choices):
    return reference_texts(values, "answers", place, **choices)


def test_strings_stay_byte_for_byte():
    odd = ["None", "NA", "007", "1e5", "=A1", "\x00", "😀", "\ud800", " a ", ""]
    assert predictions(*odd).values == odd


@pytest.mark.parametrize(
    ("number", "text"), [(3, "3"), (3.5, "3.5"), (-0.0, "-0.0"), (10**20, "1" + "0" * 20)]
)
def test_numbers_become_their_json_text(number, text):
    assert predictions(number, None).values == [text, None]


@pytest.mark.parametrize(
    ("value", "got"),
    [([1] * 1000, "a list of 1000"), ({"a": 1}, "an object with the keys a"), (True, "true")],
)
def test_other_predictions_are_errors_that_say_where_and_what(value, got):
    with pytest.raises(DataError) as error:
        predictions("x", value)
    assert error.value.message == (
        f'preds.jsonl:2: field "prediction", got {got}, expected a string'
    )


@pytest.mark.parametrize("value", [False, [True], ["x", False]])
def test_booleans_ask_for_words(value):
    with pytest.raises(DataError) as error:
        predictions(value)
    assert '"yes"' in error.value.hint


def test_the_number_one_is_no_boolean():
    with pytest.raises(DataError) as error:
        predictions([1])
    assert "--on-bad-row skip" in error.value.hint


def test_bad_predictions_can_be_left_out_and_are_listed():
    found = predictions("x", ["y"], on_bad_row="skip")
    assert found.values == ["x", None]
    assert list(found.bad) == [1]


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("red", ["red"]),
        (["red", "blue"], ["red", "blue"]),
        ([3, "three"], ["3", "three"]),
        (2014, ["2014"]),
        ([{"answer": "red", "answer_confidence": "yes", "answer_id": 1}], ["red"]),
        ({"text": ["France", "France"], "answer_start": [1, 1]}, ["France", "France"]),
        (["", "red"], ["", "red"]),
        (None, []), ([], []), ("", []), ([""], []), ([None], []),
    ],
)  # fmt: skip
def test_references_are_lists_of_texts(value, texts):
    assert references(value).values == [texts]


def test_the_empty_answer_stays_where_the_layout_says_so():
    assert references([""], empty_is_answer=True).values == [[""]]


@pytest.mark.parametrize("value", [{"total": 9}, [True], [["a"]], [{"total": 9}]])
def test_other_references_are_errors(value):
    with pytest.raises(DataError, match=r'preds.jsonl:1: field "answers", got .*, expected a str'):
        references(value)
    assert references(value, on_bad_row="skip").values == [[]]
