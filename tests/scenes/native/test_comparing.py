"""Captions compared with spaCy's parser; skipped where it is not installed."""

import json
import os
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from vlmeval_cli.core.batch import Batch, TextColumn, offsets_of
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import MissingExtraError, ModelError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.scene_scores import scene_scores
from vlmeval_cli.metrics.spice_native import SpiceNative
from vlmeval_cli.scenes.native import comparing, parser
from vlmeval_cli.scenes.native.comparing import compare_captions
from vlmeval_cli.scenes.native.parser import DEFAULT_MODEL, Parser, model_version
from vlmeval_cli.scenes.native.rules import tuples_of
from vlmeval_cli.scenes.official.captions import Captions
from vlmeval_cli.scenes.tuples import CATEGORIES, scene_column

REASON = 'pip install "vlmeval-cli[spacy]"'
needs_spacy = pytest.mark.usefixtures("spacy")
UNKEPT = ModelPolicy(cache=False)


@pytest.fixture(scope="module")
def spacy():
    pytest.importorskip(DEFAULT_MODEL, reason=REASON)
    return pytest.importorskip("spacy", reason=REASON)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path))
    return tmp_path


class Told(NoProgress):
    def __init__(self):
        self.phases = []

    def start(self, label, total):
        self.phases.append((label, total))


def scores(items, policy=UNKEPT):
    return scene_scores(scene_column(*compare_captions(DEFAULT_MODEL, items, policy, NoProgress())))


def tuples(caption):
    return set(tuples_of(Parser.called(DEFAULT_MODEL).parse([caption])[0]))


# Official tuples of single captions of the shared results.
OFFICIAL = {
    "A child painting a picture .": {"child", "picture", "child-paint-picture"},
    "a man sits on a rock .": {"man", "rock", "man-sit on-rock"},
    "A boat on a lake .": {"boat", "lake", "boat-on-lake"},
    "A brown dog is running in the sand .": {"dog", "sand", "dog-brown", "dog-run in-sand"},
    "A girl in a helmet rides a horse .": {
        "girl", "helmet", "horse", "girl-in-helmet", "girl-ride-horse",
    },
    "A person drives in a red car .": {"person", "car", "car-red", "person-drive in-car"},
    "Two children are laughing in the grass .": {
        "child", "grass", "child-two", "child-laugh in-grass",
    },
    "A boy in yellow shorts is standing on top of a cliff .": {
        "boy", "cliff", "shorts", "top", "shorts-yellow", "boy-in-shorts",
        "boy-stand on top of-cliff",
    },
    "a brown dog running down a paved pathway": {"dog", "dog-brown", "pathway", "pathway-paved"},
}  # fmt: skip


@needs_spacy
@pytest.mark.parametrize("caption", OFFICIAL)
def test_tuples_are_the_official_ones(caption):
    assert {"-".join(one) for one in tuples(caption)} == OFFICIAL[caption]


@needs_spacy
def test_hyphenated_words_stay_whole_and_hidden_verbs_are_read():
    found = tuples("A dog in a t-shirt splashes in the water .")
    assert {("t-shirt",), ("dog", "splash in", "water"), ("dog", "in", "t-shirt")} <= found


@needs_spacy
@pytest.mark.parametrize("caption", ["", " ", "\n", ".", "!?", "😀😀", "\u0000"])
def test_captions_without_words_score_nothing(caption):
    assert scores([Captions(caption, ("A dog runs .",))])[0, 0] == 0.0
    assert scores([Captions("A dog runs .", (caption,))])[0, 0] == 0.0


@needs_spacy
def test_line_breaks_and_blanks_are_spaces():
    plain = Captions("A dog runs on the grass .", ("A dog .",))
    broken = Captions("A dog\nruns \t on\r\nthe grass .  ", ("A  dog .",))
    assert np.array_equal(scores([plain]), scores([broken]), equal_nan=True)


@needs_spacy
def test_long_captions_are_read_and_overlong_ones_skipped_with_their_reason():
    long = "A brown dog runs on the grass . " * 100
    overlong = "dog " * 6_000
    items = [
        Captions(long, ("A brown dog runs on the grass .",)),
        Captions(overlong, ("A dog .",)),
        Captions("A dog .", (overlong,)),
    ]
    found, _ = compare_captions(DEFAULT_MODEL, items, UNKEPT, NoProgress())
    assert found[0].counts[0].tolist() == [4, 0, 0]
    assert found[1:] == ["caption_too_long", "caption_too_long"]


@needs_spacy
def test_kept_captions_are_not_parsed_again(cache, monkeypatch):
    items = [Captions("A dog runs .", ("A cat sits .", "A dog runs ."))]
    told = Told()
    first, origin = compare_captions(DEFAULT_MODEL, items, ModelPolicy(), told)
    assert told.phases == [("parsing captions", 2)]  # each different caption once
    monkeypatch.setattr(Parser, "called", lambda name: pytest.fail("a parser was loaded"))
    again, same_origin = compare_captions(DEFAULT_MODEL, items, ModelPolicy(), NoProgress())
    assert again[0].counts.tolist() == first[0].counts.tolist()
    assert (again[0].scene, same_origin) == (first[0].scene, origin)


@needs_spacy
def test_other_rules_make_kept_tuples_useless(cache, monkeypatch):
    items = [Captions("A dog runs .", ("A cat .",))]
    compare_captions(DEFAULT_MODEL, items, ModelPolicy(), NoProgress())
    monkeypatch.setattr(comparing, "REVISION", 2)
    told = Told()
    compare_captions(DEFAULT_MODEL, items, ModelPolicy(), told)
    assert told.phases == [("parsing captions", 2)]


@needs_spacy
def test_the_signature_names_the_parser():
    _, origin = compare_captions(DEFAULT_MODEL, [], UNKEPT, NoProgress())
    assert origin.comparable["parser"] == f"{DEFAULT_MODEL} {model_version(DEFAULT_MODEL)}"
    assert set(origin.recorded) == {"spacy"}


@needs_spacy
def test_a_model_that_is_not_there_is_named():
    with pytest.raises(ModelError, match='no model of spaCy called "en_nothing"') as caught:
        compare_captions("en_nothing", [Captions("a", ("b",))], UNKEPT, NoProgress())
    assert "spacy download en_nothing" in caught.value.hint


@needs_spacy
def test_a_model_that_does_not_parse_is_refused(spacy, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ModelError, match="has no parser and no tagger"):
        Parser.called(str(tmp_path / "blank"))


@needs_spacy
def test_a_folder_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "meta.json").write_text('{"version": "1"}')
    with pytest.raises(ModelError, match="cannot load"):
        Parser.called(str(tmp_path))


def test_without_spacy_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("vlmeval_cli.core.optional.is_installed", lambda module: False)
    with pytest.raises(MissingExtraError, match="spice_native needs spacy") as caught:
        compare_captions(DEFAULT_MODEL, [Captions("a", ("b",))], UNKEPT, NoProgress())
    assert 'pip install "vlmeval-cli[spacy]"' in caught.value.hint


@needs_spacy
def test_the_metric_scores_texts(cache):
    captions = [("A brown dog .", ["A brown dog ."]), ("A cat .", ["A brown dog ."])]
    columns = {
        "prediction.text": TextColumn([one for one, _ in captions], np.arange(3)),
        "references.text": TextColumn(["A brown dog ."] * 2, offsets_of([1, 1])),
    }
    items = Batch(["a", "b"], *zip(*captions, strict=True), columns=columns)
    found = measure([SpiceNative()], items, NoProgress(), policy=UNKEPT)[0]
    means = SpiceNative().finalize(found.statistics.values.sum(axis=0))
    assert float(means["spice_native"]) == 0.5
    assert float(means["spice_native_color"]) == 0.5
    assert np.isnan(means["spice_native_size"])  # the references have none
    assert found.scenes.scenes[1].prediction[0].words == ("cat",)


@needs_spacy
def test_per_image_scores_agree_with_spice(official):
    """On every tenth image that the rules were not made on."""
    some = official[1000::10]
    ours = scores([one.captions for one in some])[:, 0]
    theirs = np.array([one.score for one in some])
    assert np.corrcoef(ours, theirs)[0, 1] > 0.88  # .9314 on all of them
    assert spearmanr(ours, theirs)[0] > 0.88
    assert abs(ours.mean() / theirs.mean() - 1) < 0.06


@needs_spacy
def test_references_in_another_order_change_next_to_nothing(official):
    """Merging is greedy, as the original's: where synonyms are no chain, the first come counts."""
    some = [one.captions for one in official[:100]]
    turned = [Captions(one.prediction, one.references[::-1]) for one in some]
    one_way, other_way = scores(some)[:, 0], scores(turned)[:, 0]
    assert (one_way != other_way).mean() <= 0.05
    assert abs(one_way.mean() - other_way.mean()) < 0.001


@needs_spacy
def test_corrupted_systems_are_ranked_as_spice_ranks_them(official, root, cache, monkeypatch):
    """Every second one of those that benchmarks/spice_native.py compares."""
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    from spice_systems import systems

    means = json.loads((root / "tests" / "golden" / "spice_systems.json").read_text("utf-8"))
    images = [one.captions for one in official[1000:1200]]
    others = [one.captions.prediction for one in official[1200:1400]]
    made = systems([one.prediction for one in images], others)
    accepted = [one.references for one in images]
    names = [*means][::2]
    kept = ModelPolicy()
    ours = [scores(list(map(Captions, made[name], accepted)), kept)[:, 0].mean() for name in names]
    for (our, name), (other, against) in combinations(zip(ours, names, strict=True), 2):
        difference = means[name] - means[against]
        if abs(difference) > 0.005:  # SPICE itself hardly tells the others apart
            assert (our - other) * difference > 0, (name, against)


def test_nothing_of_spacy_is_loaded_before_it_is_asked_for():
    code = "import sys, vlmeval_cli.registry as r; r.metrics(); print('spacy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_default_model_is_that_of_the_metric():
    assert SpiceNative().model == parser.DEFAULT_MODEL
    assert len(SpiceNative().outputs()) == len(CATEGORIES)
