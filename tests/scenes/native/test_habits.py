"""Habits of the official parser, on captions whose official tuples are in the shared results."""

from scenes.native.sentences import sentence, tuples

from vlmeval_cli.scenes.native.habits import with_habits


def test_outside_at_the_end_swallows_the_noun_before():
    # official, of "People sit near a fire outside .": outside-fire, people-sit near-outside
    found = tuples(
        "people/NNS/nsubj/1 sit/VBP/ROOT/1 near/IN/prep/1 a/DT/det/4 fire/NN/pobj/2 "
        "outside/RB/advmod/1 ././punct/1"
    )
    assert found == {
        ("people",),
        ("outside",),
        ("outside", "fire"),
        ("people", "sit near", "outside"),
    }


def test_a_garment_and_standing_are_one_noun():
    # official, of "A man in a hat standing in front of ...": standing-hat, man-in-standing
    found = tuples("man/NN/ROOT/0 in/IN/prep/0 hat/NN/pobj/1 standing=stand/VBG/acl/2 ././punct/0")
    assert found == {
        ("man",),
        ("standing",),
        ("standing", "hat"),
        ("man", "in", "standing"),
    }


def test_playing_is_a_noun_where_the_full_stop_is_missing():
    # official, of "A boy playing in mud": boy, mud, playing, playing-in-mud
    found = tuples("boy/NN/ROOT/0 playing=play/VBG/acl/0 in/IN/prep/1 mud/NN/pobj/2")
    assert found == {("boy",), ("mud",), ("playing",), ("playing", "in", "mud")}


def test_a_pair_of_colours_after_a_number_is_a_colour_and_a_noun():
    # official, of "Two brown and black dogs wrestle ...": brown, brown-two, dog, dog-black
    found = tuples(
        "two/CD/nummod/4 brown/JJ/amod/4 and/CC/cc/1 black/JJ/conj/1 dogs=dog/NNS/nsubj/5 "
        "wrestle/VBP/ROOT/5 ././punct/5"
    )
    assert {("brown",), ("brown", "two"), ("dog",), ("dog", "black")} <= found
    assert ("dog", "two") not in found


def test_after_an_article_a_pair_of_colours_is_two_attributes():
    found = tuples(
        "a/DT/det/4 brown/JJ/amod/4 and/CC/cc/1 black/JJ/conj/1 dog/NN/ROOT/4 ././punct/4"
    )
    assert found == {("dog",), ("dog", "brown"), ("dog", "black")}


def test_a_noun_before_its_verb_is_a_subject_and_no_part_of_it():
    found = tuples(
        "dog/NN/compound/1 runs=run/VBZ/ROOT/1 through/IN/prep/1 grass/NN/pobj/2 ././punct/1"
    )
    assert found == {("dog",), ("grass",), ("dog", "run through", "grass")}


def test_other_sentences_stay_as_they_are():
    plain = sentence("a/DT/det/1 dog/NN/nsubj/2 runs=run/VBZ/ROOT/2 ././punct/2")
    assert with_habits(plain) == plain
