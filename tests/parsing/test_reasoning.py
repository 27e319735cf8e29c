import pytest

from vlmeval_cli.parsing.reasoning import answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>is it a dog?</think>a cat", "a cat"),
        ("<THINK>hm</THINK>\n\na cat", "a cat"),
        ("<think>one</think><think>two</think> a cat", "a cat"),
        ("it meows, so\n</think>\n\na cat", "a cat"),
        ("<think>hm</think><answer>a cat</answer>", "a cat"),
        ("<answer> a cat </answer>", "a cat"),
    ],
)
def test_reasoning_is_taken_out(text, expected):
    found = answer(text)
    assert found.text == expected
    assert found.is_stripped


@pytest.mark.parametrize(
    "text", ["a cat", " a <b> c ", "1 < 2 > 0", "", "think of a cat", "</thin>"]
)
def test_other_texts_stay_as_they_are(text):
    assert answer(text) == (text, False, False)


def test_reasoning_without_an_end_has_no_answer():
    assert answer("<think>it may be") == ("<think>it may be", False, True)
