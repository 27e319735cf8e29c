"""Base forms of verbs and nouns where spaCy's small model is wrong."""

import pytest

from vlmeval_cli.scenes.native.lemmas import base_form


@pytest.mark.parametrize(
    ("text", "parsed", "tag", "expected"),
    [
        ("rides", "rid", "VBZ", "ride"),  # what the model says, and what is right
        ("staring", "star", "VBG", "stare"),
        ("swinging", "swing", "VBG", "swing"),
        ("ran", "run", "VBD", "run"),
        ("is", "be", "VBZ", "be"),
        ("wakeboarding", "wakeboarde", "VBG", "wakeboard"),
        ("jeans", "jean", "NNS", "jeans"),
        ("dogs", "dog", "NNS", "dog"),
        ("children", "child", "NNS", "child"),
        ("red", "red", "JJ", "red"),
    ],
)
def test_base_forms(text, parsed, tag, expected):
    assert base_form(text, parsed, tag) == expected
