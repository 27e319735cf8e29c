"""``--metrics spice_native`` as a user types it."""

import json

import pytest

NEEDS = 'pip install "vlmeval-cli[spacy]"'


@pytest.fixture
def captions(tmp_path, monkeypatch):
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache"))
    preds = [
        {"id": "1", "prediction": "A small dog runs on the grass ."},
        {"id": "2", "prediction": ""},
    ]
    refs = [
        {"id": "1", "captions": ["A little dog is on the grass ."]},
        {"id": "2", "captions": ["Two cats sit ."]},
    ]
    paths = []
    for name, rows in (("preds", preds), ("refs", refs)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        paths.append(path)
    return (*paths, "--task", "captioning", "--metrics")


def test_scores_and_tuples_are_shown(inside, captions):
    pytest.importorskip("spacy", reason=NEEDS)
    code, out, _ = inside("score", *captions, "spice_native", "--explain", "1")
    assert code == 0
    # dog, grass and (dog, small) match, (dog, run on, grass) and (dog, on, grass) do not: 3/4
    assert "spice_native of 1: 0.7500" in out
    marked = [line.split() for line in out.splitlines() if line.startswith("prediction  ")]
    assert [line[-1] for line in marked if line[1:4] == ["dog", "–", "small"]] == ["yes"]
    assert [line[-1] for line in marked if "run" in line] == ["grass"]
    assert "0.3750" in out  # the mean of .75 and of 0 for the empty prediction


def test_a_model_that_is_not_there_ends_with_4(inside, captions):
    pytest.importorskip("spacy", reason=NEEDS)
    code, _, err = inside("score", *captions, "spice_native:model=en_nothing")
    assert code == 4
    assert 'no model of spaCy called "en_nothing" is installed' in err


def test_without_spacy_it_ends_with_4_and_the_command(inside, captions, monkeypatch):
    monkeypatch.setattr("vlmeval_cli.core.optional.is_installed", lambda module: False)
    code, _, err = inside("score", *captions, "spice_native")
    assert code == 4
    assert "spice_native needs spacy" in err
    assert NEEDS in err
