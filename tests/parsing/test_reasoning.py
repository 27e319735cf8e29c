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
        ("a <think>one</think>b<reasoning>two</reasoning>c", "a bc"),
        ("<think>\n<think>opened twice, closed once</think> a cat", "a cat"),
        ("<think>one<thought>two</thought>three</think>a cat", "a cat"),
        ("it <think>meows</think> so</think> a cat", "a cat"),
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


@pytest.mark.parametrize("text", ["<think>it may be", "<think>a</think>a cat<think>or", "a<think>"])
def test_reasoning_without_an_end_has_no_answer(text):
    assert answer(text) == (text, False, True)


def test_a_loop_of_tags_is_read_in_one_pass():
    loop = "<think>" * 300_000
    assert answer(loop).is_unfinished
    assert answer(f"{loop}</think>a cat").text == "a cat"
