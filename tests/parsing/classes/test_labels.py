"""The class that an answer names; awkward answers name none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.parsing.classes.labels import LabelSet, reader
from vlmeval_cli.text.labels import label_words

ANIMALS = ["cat", "dog", "lion", "sea lion", "tabby cat"]
MAIL = ["spam", "not spam"]
YES_NO = ["yes", "no"]
NUMBERS = ["0", "1", "2"]
SIGNED = ["-1", "1"]
LANGUAGES = ["C", "C++", "C#", "R"]
MOOD = ["positive", "negative", "neutral"]


def read(labels, text, how="find", are_labels=False):
    return reader(LabelSet.of(labels), how, are_labels=are_labels)(text)


@pytest.mark.parametrize(
    ("labels", "text", "label"),
    [
        # the label, in another dress
        (ANIMALS, "cat", "cat"),
        (ANIMALS, " Cat.\n", "cat"),
        (ANIMALS, "**CAT**", "cat"),
        (ANIMALS, '"cat"', "cat"),
        (ANIMALS, "A cat", "cat"),
        (ANIMALS, "the sea lion!", "sea lion"),
        (ANIMALS, "sea_lion", "sea lion"),
        (ANIMALS, "Sea-Lion", "sea lion"),
        (ANIMALS, "SeaLion", "sea lion"),
        (ANIMALS, "Ｃａｔ", "cat"),
        # the only label among other words
        (ANIMALS, "It is a cat.", "cat"),
        (ANIMALS, "The cat's tail", "cat"),
        (ANIMALS, '{"label": "cat"}', "cat"),
        (ANIMALS, '{"label": "cat", "confidence": 0.9}', "cat"),
        (ANIMALS, "cat (a cat, I am sure)", "cat"),
        (ANIMALS, "I see a sea lion on a rock", "sea lion"),
        (ANIMALS, "A tabby cat sleeps", "tabby cat"),
        # several labels: only a stated answer decides
        (ANIMALS, "cat or dog", None),
        (ANIMALS, "cat/dog", None),
        (ANIMALS, "Cat. Dog.", None),
        (ANIMALS, "A lion, maybe a sea lion", None),
        (ANIMALS, "It could be a dog or a cat. The answer is: cat.", "cat"),
        (ANIMALS, "Options: cat, dog. Answer: dog", "dog"),
        (ANIMALS, "Answer: cat or dog", None),
        (ANIMALS, "Answer: cat\nAnswer: dog", None),
        (ANIMALS, "Answer: cat. Final answer: dog", "dog"),
        (ANIMALS, "cat? dog? So \\boxed{dog}", "dog"),
        (ANIMALS, "Cat\n\nUnlike a dog it has whiskers.", "cat"),
        (ANIMALS, "It is no dog, it has whiskers.\nCat", "cat"),
        # a denied label is none
        (ANIMALS, "not a cat", None),
        (ANIMALS, "It isn't a cat", None),
        (ANIMALS, "The answer is not cat", None),
        (ANIMALS, "neither cat nor dog", None),
        (MAIL, "This is not spam", "not spam"),
        (MAIL, "This is spam", "spam"),
        (MAIL, "This isn't spam", None),
        (MOOD, "positive, not negative", None),
        (MOOD, "Sentiment: positive. Nothing negative in it.", "positive"),
        # yes and no
        (YES_NO, "Yes, there is no dog", "yes"),
        (YES_NO, "No, there is no dog", "no"),
        (YES_NO, "No, I mean yes", None),
        (YES_NO, "yes and no", None),
        (YES_NO, "There is not a dog", None),
        # numbers
        (NUMBERS, "1.0", "1"),
        (NUMBERS, "01", "1"),
        (NUMBERS, "1.00000", "1"),
        (NUMBERS, "LABEL_2", "2"),
        (NUMBERS, "class 2", "2"),
        (NUMBERS, "1 of 5", None),
        (NUMBERS, "0 or 1", None),
        (NUMBERS, "1.5 or so", None),
        (SIGNED, "-1", "-1"),
        (SIGNED, "It is 1.", "1"),
        # names that differ in marks, names of one letter
        (LANGUAGES, "C++", "C++"),
        (LANGUAGES, "It is C# code", "C#"),
        (LANGUAGES, "c", "C"),
        (LANGUAGES, "Answer: R", "R"),
        (LANGUAGES, "What a C change", None),
        (["US", "us"], "US", "US"),
        (["US", "us"], "Us", None),
        # a word that is no class of the references is a class of its own, prose is not
        (ANIMALS, "zebra", "zebra"),
        (ANIMALS, "n02391049", "n02391049"),
        (ANIMALS, "the striped zebra", None),
        (ANIMALS, "Unknown", None),
        (ANIMALS, "I cannot tell.", None),
        (ANIMALS, "?!", None),
        (ANIMALS, "", None),
        # other scripts
        (["猫", "犬"], "これは猫です", "猫"),
        (["猫", "犬"], "猫と犬", None),
        (["кот", "собака"], "Это КОТ.", "кот"),
        (["😀", "😡"], "😀", "😀"),
    ],
)
def test_awkward_answers(labels, text, label):
    found = read(labels, text)
    assert found.label == label
    assert bool(found.reason) == (label is None)


@pytest.mark.parametrize(("text", "label"), [("tiger shark", "tiger shark"), ("TIGER", "tiger")])
def test_no_label_is_looked_for_inside_a_classifiers_label(text, label):
    assert read(["tiger"], text, are_labels=True).label == label


@pytest.mark.parametrize("text", ["cat", "Cat", " cat", "a cat"])
def test_an_exact_label_is_the_text_as_it_stands(text):
    assert read(ANIMALS, text, "exact").label == text


def test_exact_reads_nothing_from_an_empty_text():
    assert read(ANIMALS, "", "exact").label is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=6, unique=True), st.text(max_size=40))
def test_what_is_found_is_a_label_or_a_single_word(labels, text):
    found = read(labels, text)
    assert found.label is None or found.label in labels or len(found.label.split()) == 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True))
def test_every_label_is_read_as_itself(labels):
    assert [read(labels, label).label for label in labels] == labels


@settings(deadline=None, max_examples=60)
@given(st.permutations(ANIMALS), st.sampled_from(["cat", "I like the sea lion", "dog, cat", "x y"]))
def test_the_order_of_labels_changes_nothing(labels, text):
    assert read(labels, text) == read(ANIMALS, text)


def test_words_keep_signs_of_numbers_and_marks_of_names():
    assert label_words("1-5, -3 + c++ (don't)") == ("1", "5", "-3", "c++", "don't")
