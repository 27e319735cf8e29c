"""sacrebleu's BLEU against the package."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.batch import Batch, TokenColumn, Vocabulary, offsets_of
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.sacrebleu import SacreBleu

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "bleu.json").read_text("utf-8"))
R = "a brown dog catches a frisbee on the beach"
C = "a dog leaps for a flying disc at the shore"
words = st.lists(st.sampled_from("abcd"), max_size=8).map(" ".join)
items = st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=3)), min_size=1, max_size=4)


def column(per_item, vocabulary):
    flat = [text.split() for texts in per_item for text in texts]
    tokens = np.array([vocabulary[token] for text in flat for token in text], dtype=np.int32)
    lengths = offsets_of([len(text) for text in flat])
    return TokenColumn(tokens, lengths, offsets_of([len(texts) for texts in per_item]), vocabulary)


def measured(metric, found):
    vocabulary = Vocabulary()
    predictions, references = [text for text, _ in found], [accepted for _, accepted in found]
    columns = [column([[text] for text in predictions], vocabulary), column(references, vocabulary)]
    prepared = dict(zip(metric.needs(), columns, strict=True))
    ids = [str(i) for i in range(len(found))]
    return metric.measure(Batch(ids, predictions, references, prepared=prepared), None)


def scores(metric, found):
    values = measured(metric, found).values
    items = metric.finalize(values)["sacrebleu"]
    return items, float(metric.finalize(values.sum(axis=0))["sacrebleu"])


@pytest.mark.parametrize(
    ("smoothing", "expected"),
    [("exp", 0.059342), ("floor", 0.029847), ("add-k", 0.153526), ("none", 0.0)],
)
def test_vectors_of_the_worked_example(smoothing, expected):
    found = scores(SacreBleu(smoothing=smoothing, effective_order=True), [(C, [R])])[1]
    assert found == pytest.approx(expected, abs=6e-7)


def test_short_sentences_lower_no_denominator():
    found = [
        ("a b", ["a b"]),
        ("the cat sat on the mat today", ["the cat sat on the mat yesterday"]),
    ]
    assert scores(SacreBleu(), found)[1] == pytest.approx(0.822267, abs=6e-7)


@pytest.mark.parametrize("golden", GOLDEN["sacrebleu"], ids=lambda g: g["smoothing"])
def test_golden(golden):
    metric = SacreBleu(smoothing=golden["smoothing"], effective_order=golden["effective_order"])
    per_item, corpus = scores(metric, GOLDEN["items"])
    assert corpus * 100 == pytest.approx(golden["corpus"], abs=1e-9)
    np.testing.assert_allclose(per_item * 100, golden["items"], atol=1e-9)


@pytest.mark.parametrize("effective_order", [False, True])
@pytest.mark.parametrize("smoothing", ["exp", "floor", "add-k", "none"])
@settings(deadline=None, max_examples=30)
@given(found=items)
def test_equals_the_package(smoothing, effective_order, found):
    package = pytest.importorskip("sacrebleu")
    reference = package.BLEU(
        tokenize="none", smooth_method=smoothing, effective_order=effective_order
    )
    reference.sentence_score = silent(reference)
    per_item, corpus = scores(
        SacreBleu(smoothing=smoothing, effective_order=effective_order), found
    )
    expected = [reference.sentence_score(text, accepted) for text, accepted in found]
    np.testing.assert_allclose(per_item * 100, expected, atol=1e-9)
    most = max(len(accepted) for _, accepted in found)
    streams = [[a[i] if i < len(a) else None for _, a in found] for i in range(most)]
    theirs = reference.corpus_score([text for text, _ in found], streams).score
    assert corpus * 100 == pytest.approx(theirs, abs=1e-9)


def silent(bleu):
    """``sentence_score`` without its advice on effective order."""

    def score(text, references):
        return bleu.corpus_score([text], [[reference] for reference in references]).score

    return score


@pytest.mark.parametrize("options", [{"max_order": 0}, {"floor": -1.0}, {"k": float("nan")}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match="sacrebleu"):
        SacreBleu(**options)


def test_a_zero_without_smoothing_is_explained():
    metric = SacreBleu(smoothing="none")
    facts = measured(metric, [(C, [R])]).facts
    assert "smoothing=exp" in metric.advise(facts, 1)[0].message
    assert not SacreBleu().advise(facts, 1)


def test_of_references_equally_close_torchmetrics_takes_the_first():
    # Four words against references of five and of three: exp(1 - 5/4), or no penalty at all.
    found = [("a b c d", ["a b c d e", "a b c"])]
    metric = SacreBleu(smoothing="none", reference_length="first")
    assert scores(metric, found)[1] == pytest.approx(np.exp(1 - 5 / 4), abs=1e-15)
    assert scores(SacreBleu(smoothing="none"), found)[1] == pytest.approx(1.0, abs=1e-15)
    turned = [("a b c d", ["a b c", "a b c d e"])]
    assert scores(metric, turned)[1] == pytest.approx(1.0, abs=1e-15)
