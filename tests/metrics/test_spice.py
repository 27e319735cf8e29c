"""Scores of SPICE from the counts of the official program."""

import gzip
import json

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.metrics.spice import Spice
from vlmeval_cli.scenes.tuples import CATEGORIES, Found, scene_column

NAMES = ("spice", "spice_object", "spice_relation", "spice_attribute", "spice_color",
         "spice_count", "spice_size")  # fmt: skip


def measured(found):
    column = scene_column(found)
    n = len(column.scenes)
    batch = Batch([*map(str, range(n))], [""] * n, [[""]] * n, prepared={"pair.spice": column})
    return Spice().measure(batch, None)


def scores(statistics):
    with np.errstate(all="ignore"):
        return Spice().finalize(statistics.values.sum(axis=0))


def counts(**given):
    return Found(np.array([given.get(name, (0, 0, 0)) for name in CATEGORIES]), None)


@pytest.fixture(scope="module")
def official(shared):
    with gzip.open(shared / "spice" / "flickr8k_spice.jsonl.gz", "rt") as lines:
        return [json.loads(line)["scores"] for line in lines]


def test_every_score_of_2000_images_is_the_official_one(official):
    found = [Found(np.array([item[name][3:] for name in CATEGORIES]), None) for item in official]
    items = Spice().finalize(measured(found).values)
    for name, category in zip(NAMES, CATEGORIES, strict=True):
        expected = np.array([item[category][2] for item in official], dtype=float)
        np.testing.assert_allclose(items[name], expected, rtol=0, atol=1e-12, err_msg=name)


def test_the_corpus_score_is_the_mean_that_stands_with_the_data(official):
    found = [Found(np.array([item[name][3:] for name in CATEGORIES]), None) for item in official]
    assert scores(measured(found))["spice"] == pytest.approx(0.224974536173337, abs=1e-12)


def test_a_kind_that_the_references_lack_is_left_out_of_its_mean():
    found = [counts(All=(1, 0, 0), Color=(1, 0, 1)), counts(All=(1, 0, 0), Color=(0, 3, 0))]
    assert scores(measured(found))["spice_color"] == pytest.approx(2 / 3)  # P 1, R 1/2; unknown


def test_a_kind_that_no_item_has_is_unknown():
    assert np.isnan(scores(measured([counts(All=(1, 0, 0))]))["spice_size"])


def test_references_without_tuples_score_0():
    assert scores(measured([counts(All=(0, 2, 0)), counts()]))["spice"] == 0.0


def test_a_skipped_item_is_not_0():
    statistics = measured([counts(All=(1, 0, 0)), "caption_too_long"])
    assert scores(statistics)["spice"] == 1.0
    assert statistics.skips == {1: "caption_too_long"}


def test_extra_recorded_results_are_told_once_whatever_the_batches():
    column = scene_column([counts()] * 3, facts={"extra_recorded": 2})
    parts = [column.part(start, start + 1) for start in range(3)]
    assert [part.facts for part in parts] == [{"extra_recorded": 2}, {}, {}]
    (notice,) = Spice().advise({"extra_recorded": 2}, 3)
    assert notice.message == "2 recorded results of SPICE left out: of no item"
