"""Metrics over batches: statistics in item order, and nothing measured twice."""

import numpy as np

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.metric import Statistics
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure, merge
from vlmeval_cli.metrics.anls import Anls

ITEMS = Batch(["a", "b", "c"], ["one", "two", "three"], [["one"], ["to"], ["tree"]])


def test_a_metric_that_is_named_twice_is_measured_once(monkeypatch):
    sizes = []
    measured = Anls.measure
    monkeypatch.setattr(
        Anls,
        "measure",
        lambda self, batch, none: sizes.append(len(batch)) or measured(self, batch, none),
    )
    one, other, third = measure([Anls(), Anls(), Anls(threshold=0.0)], ITEMS, NoProgress())
    assert one is other
    assert third is not one
    assert sizes == [3, 3]


def test_rows_skips_and_owners_count_on_from_batch_to_batch():
    parts = [
        Statistics(np.array([[1.0], [2.0], [3.0]]), np.array([0, 0, 1]), {1: "bad"}, {"seen": 1}),
        Statistics(np.array([[4.0]]), np.array([2]), {0: "odd"}, {"seen": 2}),
    ]
    found = merge(parts, [2, 3], "d")
    assert found.values.ravel().tolist() == [1, 2, 3, 4]
    assert found.item.tolist() == [0, 0, 1, 4]
    assert found.skips == {1: "bad", 2: "odd"}
    assert (found.facts, found.context_digest) == ({"seen": 3}, "d")
