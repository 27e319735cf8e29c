import importlib.util
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.text.vqa_normalize import (
    CONTRACTIONS,
    m4c_normalized,
    vlmevalkit_normalized,
    vqa_normalized,
    vqa_punctuation,
    vqa_whitespace,
    vqa_words,
)

# Pieces on which the rules turn: marks, white space, digits, words of the tables, other scripts.
PIECES = st.sampled_from([
    *";/[]\"{}()=+\\_-><@`,?!.':$%&*#~|^", *" \t\n\u00a0\u2003", *"0123９½", "a", "An", "the",
    "none", "Ten", "cat", "dont", "Im", "somebody'd", "y'alld've", "straße", "İ", "日本", "é",
    "\ud800", "🙂", "1,000", "U.S.A.",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=20)


@pytest.fixture(scope="module")
def golden(root):
    return json.loads((root / "tests" / "golden" / "vqa.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def plain(root):
    """The plain evaluator that the benchmark times too."""
    path = root / "tests" / "oracles" / "vqa_plain.py"
    spec = importlib.util.spec_from_file_location("vqa_plain", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 - 2", "1000 2"),
        ("a,b", "b"),
        ("hello,world", "hello world"),
        ("3.", "3"),
        (".5", ".5"),
        ("U.S.A.", "usa"),
        ("None", "0"),
        ("a", ""),
        ("well - lit", "well lit"),
        ("10:30", "10:30"),
        ("$5", "$5"),
        ("50%", "50%"),
        ("x.y", "xy"),
        ("a.m.", "am"),
        ("twas", "'twas"),
    ],
)
def test_vectors_of_the_specification(text, expected):
    assert vqa_normalized(text) == expected
    assert vqa_words(vqa_punctuation(text)) == expected


def test_official_steps_equal_lavis(golden):
    wrong = [
        (row["text"], found, row["official"])
        for row in golden["texts"]
        if (found := vqa_words(vqa_punctuation(row["text"]))) != row["official"]
    ]
    assert not wrong


def test_m4c_rule_equals_lmms_eval(golden):
    wrong = [
        (row["text"], found, row["m4c"])
        for row in golden["texts"]
        if (found := m4c_normalized(row["text"])) != row["m4c"]
    ]
    assert not wrong


def test_table_has_120_contractions():
    assert len(CONTRACTIONS) == 120


@pytest.mark.parametrize(
    "word", ["wed", "well", "hell", "ill", "its", "lets", "were", "shell", "id"]
)
def test_words_that_are_no_contractions_stay(word):
    assert vqa_words(word) == word


def test_contraction_keys_with_a_capital_are_never_found():
    assert vqa_words("Im Ive Id've") == "im ive id've"


def test_reversed_contraction_loses_its_apostrophe():
    assert vqa_words("somebody'd") == "somebodyd"


def test_mark_beside_a_space_is_deleted_everywhere():
    assert vqa_punctuation("a-b - c") == "ab  c"


def test_only_the_original_text_decides_about_a_mark():
    # "(" becomes a space; the "-" after it does not thereby come to stand beside a space.
    assert vqa_punctuation("(-x") == "  x"


def test_digit_comma_digit_deletes_all_marks():
    assert vqa_punctuation("1,000/b-c") == "1000bc"


def test_at_most_32_periods_are_deleted():
    assert vqa_punctuation("." * 40) == "." * 8


def test_periods_before_a_digit_do_not_count_towards_the_limit():
    assert vqa_punctuation(".5" * 40 + "." * 32) == ".5" * 40


def test_non_ascii_digits_are_digits():
    assert vqa_punctuation("１,０-x") == "１０x"


def test_whitespace_step_turns_feeds_into_spaces():
    assert vqa_whitespace("\n a\tb\n") == "a b"


def test_line_feed_counts_as_a_space_beside_a_mark():
    assert vqa_normalized("well\n-lit") == "well lit"
    assert vqa_words(vqa_punctuation("well\n-lit")) == "well lit"
    assert vqa_normalized("x-y\n-") == "xy"


def test_vlmevalkit_keeps_periods_that_touch_a_digit():
    assert vlmevalkit_normalized("3.") == "3."
    assert vlmevalkit_normalized(".5") == ".5"
    assert vlmevalkit_normalized("x.y") == "xy"


def test_m4c_opens_possessives_and_drops_commas_first():
    assert m4c_normalized("Macy's, 1,000?") == "macy 's 1000"


@given(TEXTS)
@settings(deadline=None, max_examples=400)
def test_equals_the_plain_evaluator(plain, text):
    assert vqa_normalized(text) == plain.process(plain.clean(text))
    assert vqa_punctuation(text) == plain.process_punctuation(text)
    assert vqa_words(text) == plain.process_digit_article(text)
