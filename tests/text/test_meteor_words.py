"""Words of METEOR's normalisation, as the specification and the Java program have them."""

import pytest

from vlmeval_cli.text.meteor_words import MeteorWords

WORDS = MeteorWords(frozenset({"Mr", "vs", "i.e"}), frozenset({"No"}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A t-shirt", "a t shirt"),
        ("a-b-c", "a b-c"),
        ("the U.S. flag", "the us flag"),
        ("Mr. Smith ran.", "mr. smith ran ."),
        ("it ended. then", "it ended. then"),
        ("it ended. Then", "it ended . then"),
        ("No. 5 and No. x", "no. 5 and no. x"),
        ("No. X", "no . x"),
        ("1,000 dogs, two", "1,000 dogs , two"),
        ("a child's toy", "a child 's toy"),
        ("the dogs' toy", "the dogs ' toy"),
        ("90's", "90 's"),
        ("wait... here", "wait ... here"),
        ("“quoted” ''x''", '" quoted " " x "'),
        ("of--the", "of the"),
        ("of -- the", "of - the"),
        ("café 日本", "café 日 本"),
        ("", ""),
        ("  \n ", ""),
    ],
)
def test_texts_are_split(text, words):
    assert WORDS.split([text]) == [words.split()]


def test_texts_do_not_look_into_each_other():
    texts = ["it ended.", "then a 'b", "c'", ",", "1", ",2"]
    assert WORDS.split(texts) == [WORDS.split([text])[0] for text in texts]
