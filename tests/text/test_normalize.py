import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.text.normalize import (
    NORMALIZERS,
    single_spaced_lowercase,
    single_spaced_lowercase_all,
    squad_normalized,
    squad_normalized_all,
    stripped_lowercase,
    without_punctuation,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the-cat", "thecat"),
        ("“The cat”", "“ cat”"),
        ("$5.00", "500"),
        ("A  man,\nan apple, the end.", "man apple end"),
        ("a", ""),
        ("the", ""),
        ("Athe", "athe"),
        (string.punctuation, ""),
        ("", ""),
    ],
)
def test_squad_rule(text, expected):
    assert squad_normalized(text) == expected


@given(st.text(max_size=30))
@settings(deadline=None, max_examples=200)
def test_squad_rule_equals_its_four_steps(text):
    kept = [letter for letter in text.lower() if letter not in string.punctuation]
    words = re.split(r"\s+", re.sub(r"\b(a|an|the)\b", " ", "".join(kept)).strip())
    # str.split and \s part ways at four control characters, where str.split is the official rule.
    expected = " ".join(" ".join(words).split())
    assert squad_normalized(text) == expected


def test_stripped_lowercase_keeps_inner_spaces_and_marks():
    assert stripped_lowercase("  T-Shirt  Red.\n") == "t-shirt  red."


def test_without_punctuation_keeps_spaces():
    assert without_punctuation(" T-Shirt, Red. ") == " tshirt red "


def test_single_spaced_lowercase():
    assert single_spaced_lowercase("  Two \n Dogs ") == "two dogs"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", " The Cat. "),
        ("case", " the cat. "),
        ("lower", "the cat."),
        ("gqa-lmms", " the cat "),
        ("squad", "cat"),
        ("vqa", "cat"),
    ],
)
def test_normalisers_by_name(name, expected):
    assert NORMALIZERS[name](" The Cat. ") == expected


@given(
    texts=st.lists(
        st.text(alphabet="aAnthe \n\t\x0b\x1f\x85.,'-_“”éΣσİß日\ud800", max_size=14), max_size=6
    )
)
@settings(deadline=None, max_examples=300)
def test_normalisation_of_all_texts_is_that_of_each(texts):
    assert squad_normalized_all(texts) == [squad_normalized(text) for text in texts]
    expected = [single_spaced_lowercase(text) for text in texts]
    assert single_spaced_lowercase_all(texts) == expected
