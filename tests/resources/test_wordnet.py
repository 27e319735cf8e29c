"""Synonyms as NLTK finds them: from golden values, and from NLTK itself on every word."""

import io
import json
import random
import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from vlmeval_cli.resources import build_wordnet, wordnet
from vlmeval_cli.resources.wordnet import load_wordnet

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "meteor_wordnet.json"
DATA = Path(wordnet.__file__).parent / "data"
DEBIAN = Path("/usr/share/wordnet")
ENDINGS = ["s", "ses", "ves", "ies", "men", "es", "ed", "ing", "er", "est", "xes", "ches", "", "y"]


@pytest.fixture(scope="module")
def debian():
    if not (DEBIAN / "data.noun").is_file():
        pytest.skip("WordNet's files are not installed (Debian package wordnet-base)")
    return DEBIAN


@pytest.fixture(scope="module")
def nltk_wordnet(debian, tmp_path_factory):
    """NLTK's reader of the Debian files."""
    nltk = pytest.importorskip("nltk", reason="nltk is the oracle")
    root = tmp_path_factory.mktemp("nltk_data")
    corpus = root / "corpora" / "wordnet"
    corpus.mkdir(parents=True)
    for path in debian.iterdir():
        if path.stem in {"index", "data"} or path.suffix == ".exc":
            shutil.copy(path, corpus)
    rows = [f"{number:02d}\tname{number}\t1\n" for number in range(45)]
    (corpus / "lexnames").write_text("".join(rows))
    nltk.data.path.append(str(root))  # NLTK reads nothing outside its path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells that other languages are not there
        reader = nltk.corpus.reader.WordNetCorpusReader(str(corpus), None)
    yield reader
    nltk.data.path.remove(str(root))


@pytest.fixture(scope="module")
def nltk_synonyms(nltk_wordnet):
    """The query, and the names that METEOR's third stage takes and a lowercased token can equal."""

    def synonyms(query):
        names = {name for found in nltk_wordnet.synsets(query) for name in found.lemma_names()}
        return {name for name in names if "_" not in name and name == name.lower()} | {query}

    return synonyms


def test_golden_synonyms_of_nltk():
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["synonyms"]
    synonyms = load_wordnet().synonyms
    assert {word: synonyms(word) for word in golden} == {
        word: {word, *names} for word, names in golden.items()
    }


def test_an_unknown_word_has_only_itself():
    assert load_wordnet().synonyms("xyzzy") == {"xyzzy"}


def test_an_empty_word_has_only_itself():
    assert load_wordnet().synonyms("") == {""}


def test_names_with_capitals_and_several_words_are_left_out():
    assert load_wordnet().synonyms("london") == {"london"}
    assert "motorcar" in load_wordnet().synonyms("car")
    assert not any("_" in name for name in load_wordnet().synonyms("car"))


def test_an_irregular_form_does_not_follow_the_rules():
    # "axes" is listed for ax and axis, so the rule that would take off its "s" for "axe" rests.
    assert {"axis", "ax"} <= load_wordnet().synonyms("axes")


def test_the_index_is_read_once():
    assert load_wordnet() is load_wordnet()


def test_the_licence_lies_beside_the_index():
    notice = (DATA / "WORDNET-LICENSE.txt").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved." in notice
    assert "Permission to use, copy, modify and distribute" in notice


def test_the_index_is_smaller_than_four_megabytes():
    assert (DATA / "wordnet-3.0.npy").stat().st_size < 4_000_000


def test_wordnets_files_give_the_index_that_is_carried(debian):
    stream = io.BytesIO((DATA / "wordnet-3.0.npy").read_bytes())
    for built in build_wordnet.build_index(debian):
        np.testing.assert_array_equal(built, np.load(stream))
    assert not stream.read()


def test_an_index_can_be_written_and_read(tmp_path, monkeypatch):
    for name, lemmas, synsets, exceptions in [
        ("noun", "disc n 1 0 1 0 00000001", "00000001 06 n 02 disc 0 disk(p) 0 000 | x", "a b c"),
        ("verb", "", "", ""),
        ("adj", "", "", ""),
        ("adv", "", "", ""),
    ]:
        (tmp_path / f"index.{name}").write_text(f"  1 a licence\n{lemmas}\n".rstrip("\n") + "\n")
        (tmp_path / f"data.{name}").write_text(f"  1 a licence\n{synsets}\n".rstrip("\n") + "\n")
        (tmp_path / f"{name}.exc").write_text(exceptions)
    output = tmp_path / "index.npy"
    monkeypatch.setattr("sys.argv", ["build", str(tmp_path), "--output", str(output)])
    build_wordnet.main()
    monkeypatch.setattr(wordnet, "get_data", lambda *_: output.read_bytes())
    loaded = load_wordnet.__wrapped__()
    assert loaded.synonyms("discs") == {"discs", "disc", "disk"}
    assert loaded.exceptions[0] == {"a": "b c"}


def queries(nltk_wordnet):
    """Some of WordNet's lemmas and irregular forms, and the same with other endings."""
    pick = random.Random(3)
    words = pick.sample(sorted(set(nltk_wordnet.all_lemma_names())), 4_000)
    for exceptions in nltk_wordnet._exception_map.values():
        words += pick.sample(sorted(exceptions), min(len(exceptions), 500))
    words += [word + pick.choice(ENDINGS) for word in words]
    words += [re.sub(r"(s|e|y|f)$", "", word) + pick.choice(ENDINGS) for word in words[:4_000]]
    return words


def test_any_word_has_the_synonyms_that_nltk_finds(nltk_wordnet, nltk_synonyms):
    synonyms = load_wordnet().synonyms
    words = queries(nltk_wordnet)
    assert len(words) > 12_000
    assert [word for word in words if synonyms(word) != nltk_synonyms(word)] == []


def test_phrasal_verbs_are_those_of_the_files(debian):
    assert build_wordnet.verb_phrases(debian) == (DATA / "wordnet-3.0-verb-phrases.txt").read_text(
        "utf-8"
    )


def test_phrasal_verbs_share_synsets_with_verbs_that_mean_the_same():
    # WordNet 3.0, data.verb: "chase chase_after trail tail tag give_chase dog go_after track"
    phrases = wordnet.load_verb_phrases()
    assert phrases["chase_after"] & phrases["chase"] & phrases["go_after"]
    assert not phrases["chase_after"] & phrases["shake_off"]
    assert "chair" not in phrases
