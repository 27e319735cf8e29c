"""BERTScore's arithmetic, on vectors made without an encoder."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import sentence_vectors, token_vectors

from vlmeval_cli.core.batch import Batch, offsets_of, singles
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.bert_score import BertScore
from vlmeval_cli.metrics.similarity import SemanticSimilarity
from vlmeval_cli.metrics.token_rarity import TokenFrequencies

CLS, SEP = token_vectors.CLS, token_vectors.SEP
WORDS = ("a", "dog", "cat", "runs", "on", "sand", "snow", "two")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)
ITEMS = st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=3)), min_size=1, max_size=6)


def rows(items, **options):
    """Statistics of (prediction, references) pairs."""
    metric, batch = BertScore(**options), token_vectors.batch(items)
    batch = Batch(batch.ids, batch.predictions, batch.references, prepared=batch.columns)
    return metric.measure(batch, metric.fit(batch))


def scores(items, **options):
    values = rows(items, **options).values
    return np.where(values[:, 3:] > 0, values[:, :3], np.nan)


def weights_of(ids, frequencies, n):
    if frequencies is None:
        return [0.0 if one in (CLS, SEP) else 1.0 for one in ids]
    return [math.log((n + 1) / (frequencies.get(one, 0) + 1)) for one in ids]


def plain(prediction, reference, frequencies=None, n=0, hide=False):
    """P, R and F1 of one pair in float64, written as the paper does; hide as torchmetrics does."""
    (ours, mine), (theirs, other) = map(token_vectors.tokens_of, (prediction, reference))
    if not prediction or not reference:
        return 0.0, 0.0, 0.0
    mine, other = (vectors.astype(np.float32).astype(np.float64) for vectors in (mine, other))
    mine = mine / np.linalg.norm(mine, axis=1, keepdims=True)
    other = other / np.linalg.norm(other, axis=1, keepdims=True)
    if hide:  # torchmetrics multiplies the vectors of [CLS] and [SEP] by the mask, which is 0 there
        mine[[0, -1]] = other[[0, -1]] = 0.0
    cosines = np.maximum(mine @ other.T, 0.0)  # nothing alike is no match
    found = []
    for best, ids in ((cosines.max(axis=1), ours), (cosines.max(axis=0), theirs)):
        weights = weights_of(ids, frequencies, n)
        total = sum(weights)
        found.append(
            sum(w * b for w, b in zip(weights, best, strict=True)) / total if total else math.nan
        )
    precision, recall = found
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else math.nan
    return precision, recall, 0.0 if math.isnan(f1) else f1


def frequencies_of(items):
    references = [text for _, accepted in items for text in accepted]
    found = {}
    for text in references:
        for one in set(token_vectors.tokens_of(text)[0]):
            found[one] = found.get(one, 0) + 1
    return found, len(references)


@settings(max_examples=40, deadline=None)
@given(ITEMS, st.booleans(), st.booleans())
def test_scores_are_those_of_a_plain_loop(items, idf, hide):
    frequencies, n = frequencies_of(items) if idf else (None, 0)
    expected = [
        np.max([plain(made, text, frequencies, n, hide) for text in accepted], axis=0)
        for made, accepted in items
    ]
    kept = "torchmetrics" if hide else "bert-score"
    found = scores(items, idf=idf, special_tokens=kept)
    np.testing.assert_allclose(found, expected, atol=2e-6)


@settings(max_examples=25, deadline=None)
@given(ITEMS, st.randoms())
def test_neither_order_nor_company_changes_a_score(items, shuffle):
    order = list(range(len(items)))
    shuffle.shuffle(order)
    whole = rows(items).values
    np.testing.assert_array_equal(rows([items[i] for i in order]).values, whole[order])
    alone = np.vstack([rows([item]).values for item in items])
    np.testing.assert_array_equal(alone, whole)


@settings(max_examples=25, deadline=None)
@given(TEXTS.filter(bool))
def test_a_text_and_itself_score_one(text):
    np.testing.assert_allclose(scores([(text, [text])]), 1.0, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(ITEMS)
def test_scores_stay_within_their_range(items):
    found = scores(items)
    assert np.all(found <= 1.0)
    assert np.all(found >= 0.0)


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_several_references_give_the_highest_of_each(prediction, references):
    apart = scores([(prediction, [text]) for text in references])
    np.testing.assert_array_equal(scores([(prediction, references)])[0], apart.max(axis=0))


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_coherent_takes_all_three_from_the_reference_of_the_best_f1(prediction, references):
    apart = scores([(prediction, [text]) for text in references])
    found = scores([(prediction, references)], multi_reference="coherent")[0]
    np.testing.assert_array_equal(found, apart[np.argmax(apart[:, 2])])


def test_precision_and_recall_change_places_with_the_texts():
    (one,), (other,) = (
        scores([("a dog", ["two dog runs"])]),
        scores([("two dog runs", ["a dog"])]),
    )
    np.testing.assert_allclose(one, other[[1, 0, 2]], atol=1e-7)


def test_an_empty_text_scores_zero_and_is_counted():
    found = rows([("", ["a dog"]), ("a dog", [""]), ("", [""]), ("a dog", ["a cat"])])
    assert found.values[:3].tolist() == [[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]] * 3
    assert found.values[3, 0] > 0
    assert found.facts["empty_texts"] == 4
    (notice,) = BertScore().advise(found.facts, 4)
    assert "4 predictions or references are empty" in notice.message


def test_idf_of_one_reference_leaves_recall_unknown_and_f1_zero():
    """As bert-score: each token of it is in 1 of 1 references, and ln(2 / 2) = 0."""
    found = rows([("a cat", ["a dog"])], idf=True)
    assert found.values[0, 1:].tolist() == [0.0, 0.0, 1.0, 0.0, 1.0]
    assert found.facts["unknown_recall"] == 1
    reason = BertScore(idf=True).unknown("bert_score_recall", found.facts)
    assert "occurs in all references" in reason
    assert [notice.code for notice in BertScore(idf=True).advise(found.facts, 1)] == [
        "bert_score_unknown"
    ]


def test_idf_weights_are_those_of_the_definition():
    """Two references: "a" is in both, "dog" in one, "cat" in none."""
    batch = token_vectors.batch([("a", ["a dog", "a"])])
    column = batch.columns[BertScore().needs()[1]]
    found = TokenFrequencies.of_texts(column.which, column.found)
    a, dog, cat = (token_vectors.tokens_of(word)[0][1] for word in ("a", "dog", "cat"))
    weights = found.weights(40000)
    assert weights[[CLS, SEP, a]].tolist() == [0.0, 0.0, 0.0]
    assert weights[dog] == pytest.approx(math.log(3 / 2))
    assert weights[cat] == pytest.approx(math.log(3))


def test_a_reference_given_twice_counts_twice_in_idf():
    batch = token_vectors.batch([("a", ["a dog", "a dog", "a"])])
    column = batch.columns[BertScore().needs()[1]]
    found = TokenFrequencies.of_texts(column.which, column.found)
    dog = token_vectors.tokens_of("dog")[0][1]
    assert found.n_texts == 3
    assert found.weights(40000)[dog] == pytest.approx(math.log(4 / 3))


def test_frequencies_of_parts_add_up():
    one, two, both = (
        TokenFrequencies.of_texts(column.which, column.found)
        for column in (
            token_vectors.column(texts, singles(len(texts)))
            for texts in (["a dog", "a"], ["a cat"], ["a dog", "a", "a cat"])
        )
    )
    assert (one | two).digest() == both.digest() == (two | one).digest()
    assert one.digest() != both.digest()


def test_cut_texts_are_counted_and_told():
    batch = token_vectors.batch([("a dog", ["a cat"])])
    columns = dict(batch.columns)
    name = BertScore().needs()[0]
    columns[name] = token_vectors.column(["a dog"], singles(1), n_cut=[7])
    batch = Batch(batch.ids, batch.predictions, batch.references, prepared=columns)
    facts = BertScore().measure(batch, None).facts
    (notice,) = BertScore().advise(facts, 1)
    assert "1 text truncated, 7 tokens lost" in notice.message


def test_an_item_without_references_is_skipped():
    found = rows([("a dog", []), ("a dog", ["a dog"])])
    assert found.skips == {0: "no reference"}
    assert found.values[0].tolist() == [0.0] * 6


def test_the_layer_is_the_one_that_bert_score_recommends():
    assert BertScore().needs()[0] == "prediction.token_vectors:roberta-large@17"
    assert BertScore(model="FacebookAI/roberta-large").used_layer() == 17
    assert BertScore(model="microsoft/deberta-xlarge-mnli").used_layer() == 40
    assert BertScore(model="minilm").used_layer() == 6
    assert BertScore(model="minilm", layer=3).used_layer() == 3


@pytest.mark.parametrize("layer", [None, 6])
def test_the_signature_says_which_layer_is_compared(layer):
    """And the name of the score only where it is another than usual."""
    metric = BertScore(model="minilm", layer=layer)
    assert metric.options()["layer"] == 6
    assert metric.changed_options() == {"model": "minilm"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "./my-bert"}, "layer=N"),
        ({"model": "nobody/bert"}, "recommends no layer"),
        ({"model": "nobody/bert"}, "which is not on disk"),
        ({"model": "robreta-large"}, 'Did you mean "roberta-large"?'),
        ({"model": "mini-lm"}, 'Did you mean "minilm"?'),
        ({"model": "bad name!!"}, "no folder and no name of the hub"),
        ({"model": ""}, "expected an encoder"),
        ({"layer": -1}, "from 0 up"),
        ({"language": "zz"}, "language=zz changes nothing without rescale=true"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, told):
    with pytest.raises(UsageError) as error:
        BertScore(**options)
    assert told in str(error.value)


def test_long_texts_are_matched_too():
    long, short = "a dog runs on sand " * 60, "two cat"
    expected = plain(long, short)
    np.testing.assert_allclose(scores([(long, [short])])[0], expected, atol=2e-6)


def cosine(one, two):
    one, two = sentence_vectors.vector_of(one), sentence_vectors.vector_of(two)
    return float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two)))


def similarity(items, **options):
    metric, batch = SemanticSimilarity(**options), sentence_vectors.batch(items)
    batch = Batch(batch.ids, batch.predictions, batch.references, prepared=batch.columns)
    return metric.measure(batch, None)


def test_similarity_is_the_cosine_with_the_best_reference_or_their_mean():
    items = [("a dog", ["a cat", "two dog runs"])]
    apart = [cosine("a dog", text) for text in items[0][1]]
    assert similarity(items).values[0, 0] == pytest.approx(max(apart), abs=1e-6)
    found = similarity(items, multi_reference="mean").values[0, 0]
    assert found == pytest.approx(sum(apart) / 2, abs=1e-6)


def test_similarity_with_an_empty_text_is_zero_and_counted():
    found = similarity([("", ["a dog"]), ("a dog", [""])])
    assert found.values.tolist() == [[0.0, 1.0], [0.0, 1.0]]
    assert found.facts["empty_texts"] == 2


def test_offsets_of_no_items_measure_nothing():
    assert rows([]).values.shape == (0, 6)
    assert offsets_of([]).tolist() == [0]
