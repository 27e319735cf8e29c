"""Winners as judges, people and programs write them."""

import pytest

from vlmeval_cli.parsing.judgments.labels import is_nothing, winner

NAMES = ("lora", "base")


@pytest.mark.parametrize(
    ("recorded", "share"),
    [
        ("a", 1.0), ("B", 0.0), ("1", 1.0), ("2", 0.0), (1, 1.0), (2, 0.0),
        ("model_a", 1.0), ("model_b", 0.0), ("Model A", 1.0), ("model_2", 0.0),  # Chatbot Arena
        ("output_1", 1.0), ("Output (b)", 0.0), ("assistant_b", 0.0), ("response 1", 1.0),
        ("[[A]]", 1.0), ("[[B]]", 0.0),  # MT-bench
        ("A>>B", 1.0), ("[[B>A]]", 0.0), ("A=B", 0.5), ("B<<A", 1.0),  # Arena-Hard
        ("tie", 0.5), ("Tie", 0.5), ("tie (bothbad)", 0.5), ("both_bad", 0.5), ("draw", 0.5),
        (0, 0.5), (1.5, 0.5), ("1.5", 0.5), (1.0, 1.0), (2.0, 0.0), (1.25, 0.75), ("1.9", 0.1),
    ],
)  # fmt: skip
def test_labels_and_numbers(recorded, share):
    assert winner(recorded, NAMES).share == pytest.approx(share)
    assert winner(recorded, None).share == pytest.approx(share)


def test_names_of_the_models_come_before_labels():
    assert winner("base", NAMES).share == 0.0
    assert winner("b", ("b", "a")).share == 1.0
    assert winner(2, ("2", "1")).share == 1.0


@pytest.mark.parametrize("recorded", ["c", "lorra", "", "model_c", "-", 3, 0.5, -1, "2.1", [1]])
def test_what_is_no_winner(recorded):
    assert winner(recorded, NAMES) is None


@pytest.mark.parametrize("recorded", [True, False, float("inf"), None, {}])
def test_other_values_are_no_winner(recorded):
    assert winner(recorded, None) is None


def test_nothing_recorded():
    assert [is_nothing(value) for value in (None, "", float("nan"))] == [True] * 3
    assert not any(map(is_nothing, (0, "tie", "none")))
