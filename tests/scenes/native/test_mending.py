"""Captions whose verb was read as a noun."""

import pytest
from scenes.native.sentences import sentence

from vlmeval_cli.scenes.native.mending import hidden_verb, is_mended, mended, progressive


def test_a_verb_after_a_noun_is_found_and_written_anew():
    given = sentence("a/DT/det/3 brown/JJ/amod/3 dog/NN/compound/3 splashes/NNS/ROOT/3 ././punct/3")
    assert hidden_verb(given) == 3
    assert mended(given, 3) == "a brown dog is splashing ."


def test_a_plural_subject_has_are():
    given = sentence("two/CD/nummod/1 dogs=dog/NNS/compound/2 wrestle/NN/ROOT/2 ././punct/2")
    assert mended(given, hidden_verb(given)) == "two dogs are wrestling ."


@pytest.mark.parametrize(
    "text",
    [
        "dog/NN/nsubj/1 runs=run/VBZ/ROOT/1",  # it has a verb
        "swim/NN/compound/1 shorts/NNS/ROOT/1 ././punct/1",  # rarely a verb
        "a/DT/det/2 white/JJ/amod/2 shirts=shirt/NNS/ROOT/2 ././punct/2",  # after an adjective
        "dog/NN/compound/1 splashes=splash/NNS/compound/2 water/NN/ROOT/2",  # before a noun
        "splashes=splash/NNS/ROOT/0",  # no subject
        "",
    ],
)
def test_other_nouns_are_left(text):
    assert hidden_verb(sentence(text)) is None


def test_it_is_mended_where_the_verb_is_the_root():
    anew = sentence("a/DT/det/1 dog/NN/nsubj/3 is=be/VBZ/aux/3 splashing=splash/VBG/ROOT/3")
    assert is_mended(anew, 2)
    assert not is_mended(anew, 1)
    assert not is_mended(anew, 3)


@pytest.mark.parametrize(
    ("verb", "form"),
    [("lie", "lying"), ("ride", "riding"), ("swim", "swimming"), ("wait", "waiting"),
     ("row", "rowing"), ("dye", "dyeing"), ("climb", "climbing"), ("agree", "agreeing")],
)  # fmt: skip
def test_progressive_forms_are_those_of_english(verb, form):
    assert progressive(verb) == form
