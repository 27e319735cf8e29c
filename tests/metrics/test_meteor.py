"""METEOR of NLTK: published vectors, golden values, NLTK live, and a plain version of the rules."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.batch import Batch, TokenColumn, Vocabulary, offsets_of
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics import meteor as module
from vlmeval_cli.metrics.meteor import Meteor
from vlmeval_cli.resources.wordnet import load_wordnet
from vlmeval_cli.text.porter import PorterStemmer

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "meteor_scores.json"
STEMMER = PorterStemmer()

# Few words, so that they repeat, with common stems and synonyms among them.
WORDS = [
    "car", "cars", "auto", "automobile", "machine", "machines", "run", "running", "Run", "big",
    "large", "bigger", "little", "small", "sofa", "couch", "rock", "stone", "stones", "a", "the",
]  # fmt: skip
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=9)
ITEMS = st.lists(st.tuples(SENTENCES, st.lists(SENTENCES, min_size=1, max_size=3)), max_size=5)


def column(sentences, item_offsets, vocabulary):
    tokens = [vocabulary[word] for sentence in sentences for word in sentence]
    return TokenColumn(
        np.array(tokens, dtype=np.int32),
        offsets_of([*map(len, sentences)]),
        item_offsets,
        vocabulary,
    )


def statistics(metric, items):
    """Statistics of (prediction tokens, tokens of each reference)."""
    vocabulary = Vocabulary()
    predictions = [prediction for prediction, _ in items]
    references = [reference for _, accepted in items for reference in accepted]
    offsets = offsets_of([len(accepted) for _, accepted in items])
    ours, theirs = metric.needs()
    batch = Batch(
        ids=[str(i) for i in range(len(items))],
        predictions=[" ".join(words) for words in predictions],
        references=[[" ".join(words) for words in accepted] for _, accepted in items],
        prepared={
            ours: column(predictions, np.arange(len(items) + 1), vocabulary),
            theirs: column(references, offsets, vocabulary),
        },
    )
    return metric.measure(batch, None)


def scores(metric, items):
    return metric.finalize(statistics(metric, items).values)["meteor"].tolist()


def score(prediction, *references, **options):
    accepted = [text.split() for text in references]
    return scores(Meteor(**options), [(prediction.split(), accepted)])[0]


C = "a dog leaps for a flying disc at the shore"
R = "a brown dog catches a frisbee on the beach"
R2 = "a dog playing with a disc on sandy ground"


@pytest.mark.parametrize(
    ("references", "options", "expected"),
    [
        ([R], {}, 0.2197802),
        ([R], {"wordnet": False}, 0.2197802),
        ([R, R2], {}, 0.3468407),
        ([R], {"alpha": 0.85, "beta": 0.2, "gamma": 0.6}, 0.1748634),
        ([R], {"alpha": 0.8, "beta": 2.5, "gamma": 0.4}, 0.2608696),
    ],
)
def test_the_worked_example(references, options, expected):
    assert score(C, *references, **options) == pytest.approx(expected, abs=5e-8)


def test_the_example_of_nltks_docstring():
    prediction = (
        "It is a guide to action which ensures that the military always obeys the commands of the "
        "party"
    )
    reference = (
        "It is a guide to action that ensures that the military will forever heed Party commands"
    )
    assert score(prediction, reference) == pytest.approx(0.6944444, abs=5e-8)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [("the dog", 0.9375), ("dog", 0.5), ("one two three four five six", 0.9976852)],
)
def test_a_perfect_sentence_stays_below_one(sentence, expected):
    assert score(sentence, sentence) == pytest.approx(expected, abs=5e-8)


def test_golden_scores_of_nltk():
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for row in golden["scores"]:
        options = {name: row[name] for name in ("alpha", "beta", "gamma") if name in row}
        found = score(row["prediction"], *row["references"], **options)
        assert found == pytest.approx(row["score"], abs=golden["tolerance"]), row


@pytest.mark.parametrize(("prediction", "reference"), [("", "a dog"), ("a dog", ""), ("", "")])
def test_an_empty_side_scores_zero(prediction, reference):
    assert score(prediction, reference) == 0.0


def test_no_match_scores_zero():
    assert score("cats", "dogs") == 0.0


def test_case_is_ignored():
    assert score("A DOG", "a dog") == score("a dog", "a dog")


def test_the_best_reference_counts_wherever_it_stands():
    assert score(C, R, R2) == score(C, R2, R) == score(C, R2)


def test_synonyms_match_only_with_wordnet():
    assert score("the sofa", "the couch") > score("the sofa", "the couch", wordnet=False)


def test_synonyms_are_looked_up_by_stem():
    # "pictures" and "photographs" have synsets in common, but their stems "pictur" and
    # "photograph" do not.
    assert score("pictures", "photographs") == 0.0


def test_a_synonym_takes_the_last_free_reference_word():
    # "auto" passes the "car" beside "the", which costs a second chunk: P = 1, R = 2/3, penalty 1/2.
    mean = (2 / 3) / (0.9 + 0.1 * 2 / 3)
    assert score("the auto", "the car car") == pytest.approx(mean / 2, abs=1e-12)


def test_empty_batch_gives_no_rows_and_an_unknown_mean():
    found = statistics(Meteor(), [])
    assert found.values.shape == (0, 2)
    assert np.isnan(Meteor().finalize(found.values.sum(axis=0))["meteor"])


def test_the_corpus_score_is_the_mean_of_the_items():
    items = [(["the", "dog"], [["the", "dog"]]), (["dog"], [["dog"]])]
    total = statistics(Meteor(), items).values.sum(axis=0)
    assert Meteor().finalize(total)["meteor"] == pytest.approx((0.9375 + 0.5) / 2, abs=1e-12)


def test_the_tokenizer_names_the_columns():
    assert Meteor(tokenizer="lower").needs() == (
        "prediction.tokens:lower",
        "references.tokens:lower",
    )


@pytest.mark.parametrize(
    "options", [{"alpha": 1.5}, {"alpha": float("nan")}, {"gamma": -0.1}, {"beta": -1.0}]
)
def test_parameters_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match=next(iter(options))):
        Meteor(**options)


@settings(deadline=None, max_examples=60)
@given(ITEMS)
def test_blocks_of_any_size_give_the_same_scores(items):
    whole = scores(Meteor(), items)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_CELLS", 7)
        assert scores(Meteor(), items) == whole


def plain_score(prediction, reference, alpha=0.9, beta=3.0, gamma=0.5):
    """METEOR word by word, as the rules are told."""
    ours = [word.lower() for word in prediction]
    theirs = [word.lower() for word in reference]
    our_stems, their_stems = [*map(STEMMER.stem, ours)], [*map(STEMMER.stem, theirs)]
    partner = {}
    for stage in ("word", "stem", "synonym"):
        for i in reversed(range(len(ours))):
            fitting = {our_stems[i]}
            if stage == "synonym":
                fitting = load_wordnet().synonyms(our_stems[i])
            for j in reversed(range(len(theirs))):
                fits = ours[i] == theirs[j] if stage == "word" else their_stems[j] in fitting
                if i not in partner and j not in partner.values() and fits:
                    partner[i] = j
    m = len(partner)
    if m == 0:
        return 0.0
    chunks = sum(i - 1 not in partner or partner[i - 1] != j - 1 for i, j in partner.items())
    precision, recall = m / len(ours), m / len(theirs)
    mean = precision * recall / (alpha * precision + (1 - alpha) * recall)
    return (1 - gamma * (chunks / m) ** beta) * mean


@settings(deadline=None, max_examples=200)
@given(ITEMS)
def test_equals_a_plain_version(items):
    expected = [max(plain_score(ours, text) for text in accepted) for ours, accepted in items]
    assert scores(Meteor(), items) == pytest.approx(expected, abs=1e-12)


class CarriedWordNet:
    """Our WordNet in the shape of NLTK's reader, whose synonyms tests/resources checks."""

    def synsets(self, word):
        names = [SimpleNamespace(name=lambda n=name: n) for name in load_wordnet().synonyms(word)]
        return [SimpleNamespace(lemmas=lambda: names)]


@pytest.fixture(scope="module")
def nltk_score():
    found = pytest.importorskip("nltk.translate.meteor_score", reason="nltk is the oracle")

    def best(prediction, references):
        return found.meteor_score(references, prediction, wordnet=CarriedWordNet())

    return best


@settings(deadline=None, max_examples=150)
@given(ITEMS)
def test_equals_nltk_on_words_with_synonyms(nltk_score, items):
    expected = [nltk_score(prediction, accepted) for prediction, accepted in items]
    assert scores(Meteor(), items) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(max_size=4), max_size=6), st.lists(st.text(max_size=4), max_size=6))
def test_equals_nltk_on_any_tokens(nltk_score, prediction, reference):
    expected = nltk_score(prediction, [reference])
    assert scores(Meteor(), [(prediction, [reference])])[0] == pytest.approx(expected, abs=1e-12)


def test_equals_nltk_on_flickr8k_captions(nltk_score, shared):
    folder = shared / "flickr8k"
    if not folder.is_dir():
        pytest.skip("the shared flickr8k captions are not here")

    def rows(name):
        with (folder / name).open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines][:300]

    accepted = {row["id"]: row["references"] for row in rows("refs.jsonl")}
    items = [
        (row["prediction"].split(), [text.split() for text in accepted[row["id"]]])
        for row in rows("preds.jsonl")
        if row["id"] in accepted
    ]
    assert len(items) > 200
    expected = [nltk_score(prediction, references) for prediction, references in items]
    np.testing.assert_allclose(scores(Meteor(), items), expected, atol=1e-12, rtol=0)
