"""Porter2 against NLTK's Snowball stemmer and against examples of its page."""

import pytest

from vlmeval_cli.text.porter2 import porter2


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("consigned", "consign"), ("consisting", "consist"), ("consolation", "consol"),
        ("knightly", "knight"), ("knives", "knive"), ("knocked", "knock"), ("knees", "knee"),
        ("conspicuously", "conspicu"), ("generate", "generat"), ("generically", "generic"),
        ("skies", "sky"), ("ties", "tie"), ("cries", "cri"), ("gas", "gas"), ("gaps", "gap"),
        ("kiwis", "kiwi"), ("hoping", "hope"), ("hopping", "hop"), ("by", "by"), ("say", "say"),
        ("cry", "cri"), ("dogs'", "dog"), ("'tis", "tis"), ("proceed", "proceed"),
    ],
)  # fmt: skip
def test_stems_are_those_of_the_page(word, stem):
    assert porter2(word) == stem


def test_stems_of_captions_are_nltks(shared):
    snowball = pytest.importorskip("nltk.stem.snowball")
    stem = snowball.SnowballStemmer("english").stem
    text = (shared / "flickr8k" / "refs.jsonl").read_text("utf-8").lower()
    words = sorted({word for word in text.split() if word.isalpha() and word.isascii()})
    assert {word: porter2(word) for word in words} == {word: stem(word) for word in words}
