"""Columns of scenes: each different item is compared once, over all runs of a comparison."""

import fake_java
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import PluginError
from vlmeval_cli.engine.prepare import Preparer, Workshop

NEED = "pair.spice"
ALONE = ModelPolicy(cache=False)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine on which SPICE runs, in appearance."""
    return fake_java.pretend(tmp_path, monkeypatch)


def column(predictions, references, workshop=None):
    items = Batch([*map(str, range(len(predictions)))], predictions, references)
    return Preparer([NEED], workshop, ALONE).encode(items).columns[NEED]


def test_items_come_in_their_order(machine):
    found = column(["a dog", "cats", "dog"], [["a dog"], ["dogs"], ["dog on grass"]])
    assert found.counts[:, 0].tolist() == [[2, 0, 0], [0, 1, 1], [1, 0, 2]]


def test_equal_items_are_compared_once(machine):
    column(["a dog"] * 3, [["dogs"]] * 3)
    assert [one["captions"] for one in machine.asked] == [["a dog", "dogs"]]


def test_runs_that_share_a_workshop_share_items(machine):
    workshop = Workshop()
    column(["a dog", "x"], [["dogs"], ["dogs"]], workshop)
    found = column(["a dog", "y"], [["dogs"], ["dogs"]], workshop)
    assert [one["captions"][::2] for one in machine.asked] == [["a dog", "x"], ["y"]]
    assert found.provenance.comparable["corenlp"] == "d1gest"


def test_an_item_without_references_is_not_compared(machine):
    found = column(["a dog", "a dog"], [[], ["a dog"]])
    assert found.skips == {0: "no_reference"}
    assert found.counts[1, 0].tolist() == [2, 0, 0]


def test_a_missing_prediction_is_an_empty_one(machine):
    assert column([None], [["a dog"]]).counts[0, 0].tolist() == [0, 0, 2]


def test_halves_of_characters_are_replaced(machine):
    column(["\ud83d dog"], [["dog"]])
    assert machine.asked[0]["captions"] == ["\ufffd dog", "dog"]


def test_items_that_are_no_texts_are_refused(machine):
    with pytest.raises(PluginError, match="the items are no texts"):
        column([[1, 2]], [[[1, 2]]])


def test_no_items_are_no_scenes(machine):
    assert column([], []).counts.shape == (0, 7, 3)
    assert machine.started == []
