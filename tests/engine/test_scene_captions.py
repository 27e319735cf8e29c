"""Columns of compared scenes: which captions are handed to what compares them."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch, TextColumn
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine import scenes
from vlmeval_cli.models.columns import Provenance

COLUMNS = {
    "prediction.text": TextColumn(["A dog, running."], np.array([0, 1])),
    "references.text": TextColumn(["The dog's ball.", "a dog"], np.array([0, 2])),
}


@pytest.fixture
def handed(monkeypatch):
    """The captions that were handed over."""
    found = []

    def compare(need, items, policy, progress):
        found.extend(items)
        return scenes._Compared(["no_reference"] * len(items), Provenance())

    monkeypatch.setattr(scenes, "COMPARERS", {scenes.SPICE: compare})
    return found


@pytest.mark.parametrize(
    ("need", "expected"),
    [
        ("pair.spice", ("A dog, running.", ("The dog's ball.", "a dog"))),
        ("pair.spice:ptb", ("a dog running", ("the dog 's ball", "a dog"))),
    ],
)
def test_captions_are_handed_over_as_they_are_or_as_tokens(handed, need, expected):
    items = Batch(["1"], ["A dog, running."], [["The dog's ball.", "a dog"]])
    scenes.Scenes().column(need, items, COLUMNS, ModelPolicy(), NoProgress())
    assert handed == [expected]
