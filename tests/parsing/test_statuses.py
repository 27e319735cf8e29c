import pytest

from vlmeval_cli.parsing.statuses import status


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
