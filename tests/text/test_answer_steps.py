"""Normalisations as sets of steps: all steps together are the normaliser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.text.answer_steps import NAMES, SQUAD, VQA, stepped
from vlmeval_cli.text.normalize import squad_normalized, stripped_lowercase, without_punctuation
from vlmeval_cli.text.vqa_normalize import m4c_normalized, vlmevalkit_normalized, vqa_normalized

TEXTS = st.text(alphabet=st.sampled_from("aAtheT two'n.,;-?! 13\t\n$éß"), max_size=20)


@pytest.mark.parametrize(
    ("steps", "normalizer"),
    [
        (VQA, vqa_normalized),
        (VQA | {"opening"}, m4c_normalized),
        (VQA | {"period"}, vlmevalkit_normalized),
        (SQUAD, squad_normalized),
        (frozenset({"ends", "case"}), stripped_lowercase),
        (frozenset({"case", "deletion"}), without_punctuation),
        (frozenset(), str),
    ],
)
@given(text=TEXTS)
def test_all_steps_are_the_normaliser(steps, normalizer, text):
    assert stepped(text, steps) == normalizer(text)


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        ("case", "Yes.", "yes."),
        ("punctuation", "Yes.", "Yes"),
        ("numbers", "two dogs", "2 dogs"),
        ("articles", "the dogs", "dogs"),
        ("contractions", "dont", "don't"),
        ("ends", " a b ", "a b"),
        ("runs", " a  b ", "a b"),
        ("deletion", "x-ray", "xray"),
    ],
)
def test_one_step_does_one_thing(step, text, expected):
    assert stepped(text, frozenset({step})) == expected


def test_every_step_is_told_in_words():
    assert {*VQA, *SQUAD, "ends", "opening", "period"} == set(NAMES)
