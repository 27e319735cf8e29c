"""The metric bleurt over the ratings of a small network."""

import shutil

import numpy as np
import pytest
from neural import tiny_bleurt

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.prepare import Workshop
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.bleurt import Bleurt
from vlmeval_cli.models.bleurt import Bleurt as Network

CPU = ModelPolicy(device="cpu", cache=False)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The folder of a small checkpoint like BLEURT-20."""
    config = tiny_bleurt.config()
    folder = tmp_path_factory.mktemp("bleurt-20")
    return tiny_bleurt.save(folder, config, tiny_bleurt.weights(config))


@pytest.fixture
def rated(monkeypatch):
    """The numbers of pairs that went through the network, run by run."""
    from vlmeval_cli.models import bleurt as module

    found = []
    forward = module.regress

    def counting(weights, shape, ids, segments, lengths):
        found.append(len(ids))
        return forward(weights, shape, ids, segments, lengths)

    monkeypatch.setattr(module, "regress", counting)
    return found


def measured(checkpoint, pairs, workshop=None, **options):
    metric = Bleurt(model=str(checkpoint), **options)
    items = Batch([*map(str, range(len(pairs)))], [p for p, _ in pairs], [r for _, r in pairs])
    (found,) = measure([metric], items, NoProgress(), workshop=workshop, policy=CPU)
    return metric, found


ITEMS = [
    ("a dog runs", ["a dog runs in the park", "two men ride horses"]),
    ("a cat", ["a bird"]),
    ("a dog runs", ["two men ride horses"]),
    ("a bird", []),
]


def test_several_references_give_the_best_or_the_mean(checkpoint):
    one, other, third = Network.called(str(checkpoint), CPU).scores(
        ["a dog runs in the park", "two men ride horses", "a bird"],
        ["a dog runs", "a dog runs", "a cat"],
    ).scores  # fmt: skip
    _, best = measured(checkpoint, ITEMS)
    _, mean = measured(checkpoint, ITEMS, multi_reference="mean")
    np.testing.assert_allclose(
        best.statistics.values[:, 0], [max(one, other), third, other, 0], atol=1e-6
    )
    np.testing.assert_allclose(
        mean.statistics.values[:, 0], [(one + other) / 2, third, other, 0], atol=1e-6
    )
    assert best.statistics.values[:, 1].tolist() == [1, 1, 1, 0]
    assert best.statistics.skips == {3: "no_reference"}


def test_equal_pairs_are_rated_once_over_all_runs_of_a_comparison(checkpoint, rated):
    workshop = Workshop()
    measured(checkpoint, ITEMS, workshop)
    assert sum(rated) == 3  # of four pairs
    measured(checkpoint, [*ITEMS, ("a cat", ["a bird", "a cat"])], workshop)
    assert sum(rated) == 4


def test_the_weights_stand_in_the_signature(checkpoint, tmp_path):
    other = shutil.copytree(checkpoint, tmp_path / "other")
    tiny_bleurt.change(other, lambda weights: weights["classifier.bias"].fill(1.0))
    digests = [
        measured(folder, ITEMS)[1].provenance.comparable["weights"]
        for folder in (checkpoint, checkpoint, other)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_cut_pairs_are_told(checkpoint):
    long = " ".join(["a dog runs in the park"] * 5)
    metric, found = measured(checkpoint, [(long, [long, "a dog"]), ("a dog", ["a dog"])])
    (notice,) = metric.advise(found.statistics.facts, 2)
    assert notice.code == "bleurt_cut"
    assert notice.message.startswith("2 of 3 pairs of prediction and reference are longer than")
    assert not metric.advise({"cut_pairs": 0, "pairs": 3}, 2)


def test_scores_that_are_not_finite_are_skipped(checkpoint, tmp_path):
    other = shutil.copytree(checkpoint, tmp_path / "other")
    tiny_bleurt.change(other, lambda weights: weights["classifier.bias"].fill(np.nan))
    _, found = measured(other, ITEMS[:1])
    assert found.statistics.skips == {0: "not_finite"}
    assert found.statistics.values.tolist() == [[0.0, 0.0]]
