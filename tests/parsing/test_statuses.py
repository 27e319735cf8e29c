from timeit import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.parsing.statuses import status, statuses


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_blank_texts_are_empty(text):
    assert status(text).outcome == "empty"


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I am unable to see the image.",
        "Sorry, I cannot tell.",
        "As an AI language model, I do not see pictures.",
        "I cannot determine the brand of the camera.",
    ],
)
def test_refusals_are_told_apart(text):
    assert status(text).outcome == "refused"


@pytest.mark.parametrize(
    "text",
    ["no", "a man is unable to lift the box", "sorry board game", "I", "cannot", "dog " * 40],
)
def test_answers_are_left_alone(text):
    assert status(text) is None


def test_a_phrase_over_and_over_is_a_loop():
    assert status("The dog runs. " + "the red ball and " * 30).outcome == "loop"


def test_long_texts_are_not_loops():
    text = " ".join(f"sentence number {i} says something else" for i in range(50))
    assert status(text) is None


@pytest.mark.parametrize("reason", ["length", "max_tokens", "LENGTH"])
def test_the_finish_reason_tells_of_a_cut_text(reason):
    assert status("a dog on", finish_reason=reason).outcome == "truncated"


def test_an_ordinary_end_is_no_cut():
    assert status("a dog", finish_reason="stop") is None


def has_loop(text):
    """The definition, tried at every place and length."""
    ending = text[-400:]
    return any(
        ending[start : start + whole - length] == ending[start + length : start + whole]
        for length in range(1, 61)
        for whole in [max(120, 4 * length)]
        for start in range(len(ending) - whole + 1)
    )


@settings(deadline=None, max_examples=100)
@given(
    st.text("abc ", max_size=300),
    st.text("abc ", min_size=1, max_size=60),
    st.integers(2, 40),
    st.text("abc ", max_size=100),
)
def test_a_loop_is_a_phrase_four_times_on_end_that_fills_120_characters(
    before, phrase, times, after
):
    text = f"x{before}{phrase * times}{after}x"
    assert (status(text) is not None) == (len(text) >= 200 and has_loop(text))


def test_long_answers_are_judged_in_microseconds():
    text = " ".join(f"sentence number {i} says something else" for i in range(50))
    assert timeit(lambda: status(text), number=100) < 0.05


def test_a_refusal_may_follow_blanks():
    assert status("\n \n I'm sorry, I cannot help.").outcome == "refused"


STARTS = [
    "",
    " ",
    "I'm sorry",
    "i cannot help",
    "Sorry, we",
    "As an AI",
    "ı am unable",
    "We are",
    "Unfortunately, I can't see",
    "dog",
    "ſorry I",
]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.builds("{}{}".format, st.sampled_from(STARTS), st.text(max_size=6))))
def test_many_texts_have_the_statuses_that_each_has_alone(texts):
    found = {text: status(text) for text in texts}
    assert statuses(texts) == {text: one for text, one in found.items() if one is not None}


def test_a_loop_is_told_apart_whatever_its_first_letter_is():
    assert statuses(["dogs and " * 60, "dogs"]).keys() == {"dogs and " * 60}
