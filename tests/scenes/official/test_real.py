"""The SPICE program itself, through ours, gives the official results.

One run of the program scores everything here: what takes time is its start.
"""

import gzip
import itertools
import json

import numpy as np
import pytest

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.metrics.scene_scores import scene_scores
from vlmeval_cli.metrics.spice import Spice
from vlmeval_cli.scenes.official.captions import Captions
from vlmeval_cli.scenes.official.scoring import compare_captions
from vlmeval_cli.scenes.tuples import CATEGORIES, scene_column

EVERY = 67  # of the 2,000 images, so that 30 are scored
PLAIN = Captions("a brown dog runs on the grass", ("a dog on green grass",))
ODD = ["\n", "\t", "\0", "\r\n", "\N{NO-BREAK SPACE}", " \N{DOG FACE} "]
TELLING = {  # what a metric of texts may notice: reference, a prediction, and a worse one
    "partial": ("a kid ran", "a kid xqzed", "an xqz zqxed"),
    "endings": ("two dog", "two dogs run", "two xqzs run"),
    "synonyms": ("a kid ran", "a child runs", "a xqz runs"),
    "order": ("a dog chases a kid", "a dog chases a kid", "a kid chases a dog"),
}


def lines(path, step=1):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as rows:
        return [json.loads(row) for row in itertools.islice(rows, 0, None, step)]


def flickr(shared):
    preds, refs = (
        lines(shared / "flickr8k" / f"{side}.jsonl", EVERY) for side in ("preds", "refs")
    )
    return [
        Captions(pred["prediction"], tuple(ref["references"]))
        for pred, ref in zip(preds, refs, strict=True)
    ]


def example(shared, name):
    folder = shared / "clipscore_example"
    preds, refs = (
        json.loads((folder / f"{side}.json").read_text()) for side in (f"{name}_captions", "refs")
    )
    return [Captions(text, tuple(refs[one])) for one, text in preds.items()]


@pytest.fixture(scope="module")
def found(shared, java, tmp_path_factory):
    """What the program finds of everything that is asked here, by item."""
    pytest.importorskip("pycocoevalcap")
    odd = [PLAIN._replace(prediction=PLAIN.prediction.replace(" ", mark)) for mark in ODD]
    telling = [Captions(text, (gold,)) for gold, *said in TELLING.values() for text in said]
    items = [*flickr(shared), *example(shared, "good"), *example(shared, "bad"), PLAIN, *odd]
    items += telling
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLMEVAL_SPICE_HOME", str(shared / "spice" / "oracle"))
        patch.setenv("VLMEVAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        compared = compare_captions(items, ModelPolicy(), NoProgress())
    return dict(zip(items, compared.found, strict=True))


def scores(found, items):
    return scene_scores(scene_column([found[one] for one in items]))


def test_every_score_of_an_image_is_the_official_one(found, shared):
    recorded = lines(shared / "spice" / "flickr8k_spice.jsonl.gz", EVERY)
    ours = scores(found, flickr(shared))
    for i, category in enumerate(CATEGORIES):
        expected = [item["scores"][category][2] for item in recorded]
        np.testing.assert_allclose(
            ours[:, i], np.array(expected, dtype=float), rtol=0, atol=1e-9, err_msg=category
        )


def test_tuples_and_their_marks_are_the_official_ones(found, shared):
    recorded = lines(shared / "spice" / "flickr8k_spice.jsonl.gz", EVERY)
    for item, expected in zip(flickr(shared), recorded, strict=True):
        for side, name in zip(found[item].scene, ("prediction", "reference"), strict=True):
            told = [[list(one.words), one.is_matched] for one in side]
            assert told == expected[f"{name}_tuples"]


@pytest.mark.parametrize(("name", "published"), [("good", 0.40), ("bad", 0.15)])
def test_the_published_example_scores_as_published(found, shared, name, published):
    mean = scores(found, example(shared, name))[:, 0].mean()
    assert mean == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize("mark", ODD)
def test_odd_characters_are_spaces_to_the_parser(found, mark):
    odd = PLAIN._replace(prediction=PLAIN.prediction.replace(" ", mark))
    assert found[odd].scene == found[PLAIN].scene


def test_what_it_notices_is_tried():
    assert Spice.info.sees == set(TELLING)


@pytest.mark.parametrize("sight", [*TELLING])
def test_it_notices_what_it_says(found, sight):
    gold, *said = TELLING[sight]
    near, far = scores(found, [Captions(text, (gold,)) for text in said])[:, 0]
    assert near > far
