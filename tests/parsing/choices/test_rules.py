"""The rules of other evaluators, by the vectors of their own code, with nothing at random."""

import pytest

from vlmeval_cli.parsing.choices.options import Options
from vlmeval_cli.parsing.choices.rules import GUESSED, RULES, lmms, mmmu, read_all, vlmevalkit

COLOURS = Options.of(["red", "blue", "green", "white"])
ANIMALS = Options.of(["cat", "dog", "bird", "fish"])


# Each expectation is what mmmu/utils/eval_utils.py gives; None where it calls random.choice.
@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("(B)", "B"),
        ("B", "B"),
        ("B?!", "B"),
        ("'B.'", None),  # characters are stripped one after the other
        ("A. red", None),
        ("B: blue", None),
        ("**C**", None),
        ("b", None),
        ("", None),
        ("A cat. (B) is wrong, (C) right", "C"),
        ("(A) or (B)", "B"),
        ("I say B and then A here", "A"),
        ("A man sits here", "A"),  # an article, read as a letter
        ("it is surely a blue wall there", "B"),
        ("first red and then surely blue here", "B"),
        ("blue wall", None),  # not more than five words
    ],
)
def test_mmmu(text, letter):
    found = mmmu(text, COLOURS)
    assert found.letter == letter
    assert found.reason == ("" if letter else GUESSED)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("DNA matches", "A"),  # "A " needs no space before it
        ("A. red", "A"),  # "A." needs none behind it
        ("B: blue", None),
        ("(A) or (B)", "B"),
        ("DNA or D here", "D"),  # of several, the last that stands alone
    ],
)
def test_lmms(text, letter):
    assert lmms(text, COLOURS).letter == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("A cat is blue", "A"),
        ("A man in red", "A"),
        ("A man sits here.", "A"),
        ("I choose D because it looks like a dog barking loudly", None),
        ("A B", None),
        ("b", None),
        ("The correct answer is **C** for it is the one that flies away.", "C"),
        ("it is a bird", "C"),
        ("Failed to obtain answer via API", None),
        ("Cannot determine the answer, maybe B", None),
        ("Z", None),
    ],
)
def test_vlmevalkit(text, letter):
    assert vlmevalkit(text, ANIMALS).letter == letter


def test_every_text_is_read_once_and_missing_ones_stay_missing():
    found = read_all("mmmu", ["B", None, "B"], [COLOURS] * 3)
    assert [one and one.letter for one in found] == ["B", None, "B"]
    assert found[0] is found[2]


def test_rules_know_their_names():
    names = ["vlmeval", "mmmu", "vlmevalkit", "ms-vlmeval", "lmms", "lmms-mcq"]
    assert list(RULES) == names
