"""NLTK's default Porter stemmer, from the paper's examples, NLTK's departures and NLTK itself."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.text.porter import PorterStemmer

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "meteor_porter.json"
WORDNET = Path("/usr/share/wordnet")
FLICKR = Path(__file__).resolve().parents[3] / "shared" / "data" / "flickr8k" / "refs.jsonl"

# Endings that meet the rules, in any order and number, find more than words of a language do.
PIECES = [
    "alli", "y", "yy", "ing", "ed", "ied", "eed", "*d", "ies", "s", "ss", "ll", "logi", "bli",
    "fulli", "ation", "e", "a", "b", "st", "ion", "İ", "ement", "l", "o", "us", "li", "ness",
    "ful", "ize", "at", "w", "é", "ational", "tional", "iviti", "ical",
]  # fmt: skip


@pytest.fixture(scope="module")
def nltk_stem():
    return pytest.importorskip("nltk.stem.porter", reason="nltk is the oracle").PorterStemmer().stem


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("caresses", "caress"), ("ponies", "poni"), ("cats", "cat"), ("feed", "feed"),
        ("agreed", "agre"), ("plastered", "plaster"), ("bled", "bled"), ("motoring", "motor"),
        ("sing", "sing"), ("conflated", "conflat"), ("troubled", "troubl"), ("sized", "size"),
        ("hopping", "hop"), ("falling", "fall"), ("hissing", "hiss"), ("filing", "file"),
        ("happy", "happi"), ("relational", "relat"), ("conditional", "condit"),
        ("vietnamization", "vietnam"), ("hopefulness", "hope"), ("triplicate", "triplic"),
        ("electrical", "electr"), ("adoption", "adopt"), ("bowdlerize", "bowdler"),
        ("rate", "rate"), ("cease", "ceas"), ("controlling", "control"), ("rolling", "roll"),
    ],
)  # fmt: skip
def test_examples_of_the_paper(word, stem):
    assert PorterStemmer().stem(word) == stem


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("dies", "die"), ("died", "die"), ("spied", "spi"), ("fly", "fli"), ("enjoy", "enjoy"),
        ("by", "by"), ("dying", "die"), ("skies", "sky"), ("innings", "inning"),
        ("geologist", "geologist"), ("FLIES", "fli"), ("as", "as"), ("", ""),
    ],
)  # fmt: skip
def test_departures_of_nltk(word, stem):
    assert PorterStemmer().stem(word) == stem


def test_golden_stems_of_nltk():
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    stem = PorterStemmer().stem
    assert {word: stem(word) for word in golden["stems"]} == golden["stems"]


def test_every_word_of_wordnet_stems_as_in_nltk(nltk_stem):
    if not WORDNET.is_dir():
        pytest.skip("WordNet's files are not installed (Debian package wordnet-base)")
    words = {
        line.split(" ", 1)[0]
        for name in ("noun", "verb", "adj", "adv")
        for line in (WORDNET / f"index.{name}").read_text(encoding="utf-8").splitlines()
        if line[0] != " "
    }
    stem = PorterStemmer().stem
    single = [word for word in words if "_" not in word]
    assert len(single) > 80_000
    assert [word for word in single if stem(word) != nltk_stem(word)] == []


def test_every_word_of_flickr8k_stems_as_in_nltk(nltk_stem):
    if not FLICKR.is_file():
        pytest.skip("the shared flickr8k captions are not here")
    words = set(re.findall(r"[^\s\"]+", FLICKR.read_text(encoding="utf-8")))
    stem = PorterStemmer().stem
    assert [word for word in words if stem(word) != nltk_stem(word)] == []


def test_strings_made_of_suffixes_stem_as_in_nltk(nltk_stem):
    pick = random.Random(7)
    stem = PorterStemmer().stem
    words = ["".join(pick.choices(PIECES, k=pick.randint(0, 5))) for _ in range(20_000)]
    assert [word for word in words if stem(word) != nltk_stem(word)] == []


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=12))
def test_any_text_stems_as_in_nltk(nltk_stem, word):
    assert PorterStemmer().stem(word) == nltk_stem(word)


def test_asking_twice_gives_the_same_stem():
    stemmer = PorterStemmer()
    assert stemmer.stem("Running") == stemmer.stem("Running") == "run"
