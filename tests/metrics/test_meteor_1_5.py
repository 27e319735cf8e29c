"""METEOR 1.5 against values of the Java program, and against it live."""

import os
import random
import subprocess

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli import api
from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.meteor_1_5 import Meteor15
from vlmeval_cli.resources.meteor_index import sources

R = "a brown dog catches a frisbee on the beach"
R2 = "a dog playing with a disc on sandy ground"
C = "a dog leaps for a flying disc at the shore"

pytestmark = pytest.mark.usefixtures("with_meteor")


def rows(items):
    return measured(items, Meteor15())


def measured(items, metric):
    ids = [str(number) for number in range(len(items))]
    batch = Batch(ids, [text for text, _ in items], [list(accepted) for _, accepted in items])
    return measure([metric], batch, NoProgress())[0].statistics.values


def score(prediction, *references):
    return float(Meteor15().finalize(rows([(prediction, references)])[0])["meteor_1_5"])


@pytest.mark.parametrize(
    ("prediction", "references", "expected"),
    [
        (C, [R], 0.1253264),
        (C, [R, R2], 0.1811164),
        ("a man is riding a horse", ["a man rides a horse"], 0.4398733),
        ("two men", ["2 men"], 0.6),
        ("a child's toy", ["a child 's toy"], 0.3533499),
        (R, [R], 1.0),
        ("", [R], 0.0),
        ("a car", ["an automobile"], 0.0),
        ("dogs running", ["dog runs"], 0.0),
    ],
)
def test_scores_are_those_of_the_java_program(prediction, references, expected):
    assert score(prediction, *references) == pytest.approx(expected, abs=5e-8)


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        (
            "children are playing a baby is",
            "child plays",
            [6, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 3, 2],
        ),
        (
            "dogs chase a . a .",
            ". priest a a a dog towards them",
            [6, 8, 4, 4, 0, 0, 3, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4],
        ),
        (
            "a young woman plays a a a running",
            "woman playing with a the house with a boy is",
            [8, 10, 4, 6, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 3, 5, 5],
        ),
    ],
)
def test_synonyms_that_are_paraphrases_too_are_tried_in_the_order_of_the_words(
    prediction, reference, expected
):
    # The Java program's numbers: which of several equally good matches is tried first decides.
    assert rows([(prediction, [reference])])[0, :23].tolist() == expected


def test_the_corpus_score_comes_from_summed_statistics():
    totals = rows([("", [R]), (C, [R])]).sum(axis=0)
    assert Meteor15().finalize(totals)["meteor_1_5"] == pytest.approx(0.0679887, abs=5e-8)


def test_the_first_of_equally_good_references_counts():
    # Both match nothing; the first has three words.
    assert rows([("x", ["one two three", "four"])])[0, 1] == 3


def test_line_breaks_and_tabs_are_spaces():
    assert score("a dog\nruns\tfast\r\n", "a dog runs fast") == 1.0


def test_three_bars_are_deleted_from_predictions():
    assert score("a do|||g", "a dog") == 1.0


def test_any_character_is_scored():
    assert 0 < score("a dog\0runs \ud800", "a dog runs") < 1


def mutated(text, chance):
    """``text`` with marks, capitals and other forms at random."""
    marks = [
        "{}.",
        "{},",
        '"{}"',
        "'{}'",
        "{}'s",
        "({})",
        "{}--x",
        "{}...",
        "{}-{}",
        "U.S.",
        "{}’s",
    ]
    words = text.split()
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(words))
        word = words[place]
        words[place] = chance.choice([*marks, word.upper(), word.title()]).format(word, word)
    return " ".join(words)


def captioned(shared):
    """Predictions with four references each."""
    folder = shared / "flickr8k"
    lines = [
        [orjson.loads(line) for line in (folder / name).read_bytes().splitlines()[:300]]
        for name in ("preds.jsonl", "refs.jsonl")
    ]
    accepted = {row["id"]: row["references"] for row in lines[1]}
    return [(row["prediction"], accepted[row["id"]]) for row in lines[0] if row["id"] in accepted]


def sample(shared):
    """Predictions with four references, and mutated pairs."""
    items = captioned(shared)
    chance = random.Random(5)
    pairs = [
        (mutated(text, chance), [mutated(chance.choice(own), chance)])
        for text, own in items
        for _ in range(2)
    ]
    return items + pairs


def of_the_program(java, items, beam=40):
    """The lines of statistics that the program answers, as arrays."""
    lines = [" ||| ".join(["SCORE", *own, text]) + "\n" for text, own in items]
    command = [java, "-jar", "-Xmx1G", "meteor-1.5.jar", "-", "-", "-stdio", "-l", "en", "-norm"]
    command += ["-x", str(beam)]
    done = subprocess.run(
        command,
        input="".join(lines).encode(),
        capture_output=True,
        check=True,
        cwd=sources().program.parent,
        env=os.environ,
    )
    return np.array([line.split() for line in done.stdout.decode().splitlines()], dtype=float)


def test_statistics_are_those_of_the_java_program_live(shared, java):
    if sources() is None:
        pytest.skip("pycocoevalcap is not installed")
    items = sample(shared)
    np.testing.assert_array_equal(rows(items)[:, :23], of_the_program(java, items))


@pytest.mark.parametrize("beam", [40, 1])
def test_statistics_of_long_texts_are_those_of_the_java_program_live(
    shared, java, beam, monkeypatch
):
    # A beam of 1 shows the order in which matches are tried, which a wide one seldom does.
    if sources() is None:
        pytest.skip("pycocoevalcap is not installed")
    monkeypatch.setattr("vlmeval_cli.text.meteor_beam.BEAM", beam)
    monkeypatch.setattr("vlmeval_cli.text.meteor_beam._NARROW", beam)
    chance = random.Random(7)
    known, items = captioned(shared), []
    for captions in (2, 5, 9, 20):
        for _ in range(20):
            images = [(text, *own) for text, own in chance.sample(known, captions)]
            texts = [" ".join(map(chance.choice, images)) for _ in range(3)]
            items.append((texts[0], texts[1:]))
    np.testing.assert_array_equal(rows(items)[:, :23], of_the_program(java, items, beam))


WORDS = st.lists(
    st.sampled_from(
        ["a", "the", "dog", "dogs", "runs", "running", "car", "automobile", "is", "are", "small"]
    ),
    max_size=14,
).map(" ".join)


@settings(deadline=None, max_examples=60)
@given(WORDS, WORDS)
def test_scores_are_between_0_and_1_and_1_for_itself(one, other):
    assert 0 <= score(one, other) <= 1
    assert score(one, one) == (1.0 if one else 0.0)


def test_nothing_is_known_of_no_items():
    assert np.isnan(Meteor15().finalize(np.zeros(25))["meteor_1_5"])


@pytest.mark.parametrize(("kind", "expected"), [("good", 0.3444), ("bad", 0.1861)])
def test_on_ptb_tokens_it_is_that_of_published_tables(shared, kind, expected):
    """The README of CLIPScore prints what pycocoevalcap gave."""
    folder = shared / "clipscore_example"
    result = api.score(
        folder / f"{kind}_captions.json", folder / "refs.json", task="captioning", resamples=0,
        metrics=["meteor_1_5:tokenizer=ptb"],
    )  # fmt: skip
    assert result["meteor_1_5[tokenizer=ptb]"] == pytest.approx(expected, abs=5e-5)


def test_ptb_tokens_have_no_marks():
    marked, plain = ("A dog, running.", ["a dog running"]), ("a dog running", ["a dog running"])
    found = measured([marked, plain], Meteor15(tokenizer="ptb"))
    assert (found[0] == found[1]).all()
    assert score(*[marked[0], *marked[1]]) < 1.0
