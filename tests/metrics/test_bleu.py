"""BLEU against coco-caption, NLTK and the vectors of the specification."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.batch import Batch, TokenColumn, Vocabulary, offsets_of
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.bleu import Bleu

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "bleu.json").read_text("utf-8"))
R = "a brown dog catches a frisbee on the beach"
C = "a dog leaps for a flying disc at the shore"
R2 = "a dog playing with a disc on sandy ground"
words = st.lists(st.sampled_from("abcd"), max_size=8).map(" ".join)
items = st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=3)), min_size=1, max_size=4)
check = settings(deadline=None, max_examples=40)


def column(per_item, vocabulary):
    flat = [text.split() for texts in per_item for text in texts]
    tokens = np.array([vocabulary[token] for text in flat for token in text], dtype=np.int32)
    lengths = offsets_of([len(text) for text in flat])
    return TokenColumn(tokens, lengths, offsets_of([len(texts) for texts in per_item]), vocabulary)


def measured(metric, found):
    vocabulary = Vocabulary()
    columns = [
        column([[prediction] for prediction, _ in found], vocabulary),
        column([references for _, references in found], vocabulary),
    ]
    return metric.measure(
        Batch(
            [str(i) for i in range(len(found))],
            [prediction for prediction, _ in found],
            [references for _, references in found],
            prepared=dict(zip(metric.needs(), columns, strict=True)),
        ),
        None,
    )


def item_scores(metric, found):
    scores = metric.finalize(measured(metric, found).values)
    return np.array([scores[output.name] for output in metric.outputs()]).T


def corpus_scores(metric, found):
    scores = metric.finalize(measured(metric, found).values.sum(axis=0))
    return [float(scores[output.name]) for output in metric.outputs()]


def nltk_metric(smoothing):
    return Bleu(variant="nltk", smoothing=smoothing)


@pytest.mark.parametrize(
    ("smoothing", "expected"),
    [
        ("method1", [0.4, 0.0666667, 0.0381571, 0.0298475]),
        ("method2", 0.1535260),
        ("method3", 0.0593420),
        ("method4", 0.0331739),
        ("method5", 0.1154701),
        ("method7", 0.1323133),
    ],
)
def test_nltk_vectors_of_the_worked_example(smoothing, expected):
    found = corpus_scores(nltk_metric(smoothing), [(C, [R])])
    assert found[-np.size(expected) :] == pytest.approx(np.atleast_1d(expected), abs=6e-8)


def test_without_smoothing_nltk_takes_the_smallest_positive_double():
    assert corpus_scores(nltk_metric("none"), [(C, [R])])[3] == pytest.approx(1.4488e-231, rel=1e-4)


def test_a_second_reference_adds_matches():
    found = corpus_scores(nltk_metric("method1"), [(C, [R, R2])])
    assert found[3] == pytest.approx(0.0561222, abs=6e-8)


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        ([R], [0.4, 6.66667e-9, 1.77110e-11, 9.43860e-13]),
        ([R, R2], [0.5, 0.2357023, 1.907857e-6, 5.612222e-9]),
    ],
)
def test_coco_vectors_of_the_worked_example(references, expected):
    assert corpus_scores(Bleu(), [(C, references)]) == pytest.approx(expected, rel=1e-5)


def test_variants_differ_on_sentences_shorter_than_four_words():
    found = [
        ("a b", ["a b"]),
        ("the cat sat on the mat today", ["the cat sat on the mat yesterday"]),
    ]
    assert corpus_scores(Bleu(), found)[3] == pytest.approx(0.8222672, abs=6e-8)
    assert corpus_scores(nltk_metric("none"), found)[3] == pytest.approx(0.7430023, abs=6e-8)


def test_one_perfect_word_in_coco():
    expected = [1.0, 1e-3, (1e-6) ** (2 / 3), (1e-6) ** 0.75]
    assert corpus_scores(Bleu(), [("dog", ["dog"])]) == pytest.approx(expected, rel=1e-6)


def test_an_empty_prediction_scores_zero_even_against_an_empty_reference():
    for metric in (Bleu(), nltk_metric("method1")):
        assert not item_scores(metric, [("", ["a dog"]), ("", [""])]).any()


def test_one_token_under_method_4_leaves_the_higher_orders_out():
    assert corpus_scores(nltk_metric("method4"), [("dog", ["dog"])])[3] == 1.0


def test_method_6_without_a_trigram_match_is_unknown():
    assert np.isnan(item_scores(nltk_metric("method6"), [(C, [R])])).all()


def test_golden_coco():
    found, golden = [tuple(item) for item in GOLDEN["items"]], GOLDEN["coco"]
    assert corpus_scores(Bleu(), found) == pytest.approx(golden["corpus"], abs=GOLDEN["tolerance"])
    np.testing.assert_allclose(
        item_scores(Bleu(), found).T, golden["items"], rtol=1e-9, atol=GOLDEN["tolerance"]
    )


@pytest.mark.parametrize("smoothing", GOLDEN["nltk"])
def test_golden_nltk_items(smoothing):
    expected = np.array(GOLDEN["nltk"][smoothing], dtype=np.float64)
    found = item_scores(nltk_metric(smoothing), GOLDEN["items"])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=GOLDEN["tolerance"])


@pytest.mark.parametrize("smoothing", GOLDEN["nltk_corpus"])
def test_golden_nltk_corpus(smoothing):
    found = corpus_scores(nltk_metric(smoothing), GOLDEN["items"])
    assert found == pytest.approx(GOLDEN["nltk_corpus"][smoothing], rel=1e-9)


@check
@given(items)
def test_coco_equals_pycocoevalcap(found):
    bleu = pytest.importorskip("pycocoevalcap.bleu.bleu")
    corpus, per_item = bleu.Bleu(4).compute_score(
        {i: references for i, (_, references) in enumerate(found)},
        {i: [prediction] for i, (prediction, _) in enumerate(found)},
        verbose=0,
    )
    np.testing.assert_allclose(item_scores(Bleu(), found).T, per_item, rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(corpus_scores(Bleu(), found), corpus, rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("method", range(8))
@check
@given(found=items)
def test_items_equal_nltk(method, found):
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    smooth = getattr(nltk.SmoothingFunction(), f"method{method}")
    weights = [(1 / n,) * n for n in (1, 2, 3, 4)]
    ours = item_scores(nltk_metric(f"method{method}"), found)
    for row, (prediction, references) in zip(ours, found, strict=True):
        accepted = [reference.split() for reference in references]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                theirs = nltk.sentence_bleu(accepted, prediction.split(), weights, smooth)
            except AssertionError:  # method6 without a trigram match
                theirs = [np.nan] * 4
        np.testing.assert_allclose(row, theirs, rtol=1e-10)


@pytest.mark.parametrize("method", range(5))
@check
@given(found=items)
def test_corpus_equals_nltk(method, found):
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = nltk.corpus_bleu(
            [[reference.split() for reference in references] for _, references in found],
            [prediction.split() for prediction, _ in found],
            [(1 / n,) * n for n in (1, 2, 3, 4)],
            getattr(nltk.SmoothingFunction(), f"method{method}"),
        )
    ours = corpus_scores(nltk_metric(f"method{method}"), found)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


@pytest.mark.parametrize("method", ["method5", "method6", "method7"])
@check
@given(found=items)
def test_corpus_equals_nltk_once_its_smoothing_sees_the_whole_corpus(method, found):
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    accepted = [[reference.split() for reference in references] for _, references in found]
    predicted = [prediction.split() for prediction, _ in found]

    fives = [
        nltk.modified_precision(references, text, 5)
        for references, text in zip(accepted, predicted, strict=True)
    ]
    sums = sum(p.numerator for p in fives), sum(p.denominator for p in fives)
    every = {n: [gram for text in predicted for gram in nltk.ngrams(text, n)] for n in (3, 4)}
    smooth = getattr(nltk.SmoothingFunction(), method)

    def smooth_the_corpus(precisions, **facts):
        with pytest.MonkeyPatch.context() as patch:  # what NLTK takes from the last sentence
            patch.setattr(
                nltk, "modified_precision", lambda *_: nltk.Fraction(*sums, _normalize=False)
            )
            patch.setattr(nltk, "ngrams", lambda _, n: every[n])
            return smooth(precisions, **facts)

    try:
        weights = [(1 / n,) * n for n in (1, 2, 3, 4)]
        theirs = nltk.corpus_bleu(accepted, predicted, weights, smooth_the_corpus)
    except AssertionError:  # method6 without a trigram match
        theirs = [np.nan] * 4
    np.testing.assert_allclose(corpus_scores(nltk_metric(method), found), theirs, rtol=1e-10)


@pytest.mark.parametrize("method", ["method5", "method6", "method7"])
def test_the_order_of_sentences_changes_nltks_corpus_score_and_not_ours(method):
    nltk = pytest.importorskip("nltk.translate.bleu_score")
    found = [("a b c d e f", ["a b c d e"]), ("a b c d a b", ["a b c b a d"]), ("c a b", ["a b"])]
    theirs = {
        nltk.corpus_bleu(
            [[text.split() for text in references] for _, references in order],
            [prediction.split() for prediction, _ in order],
            smoothing_function=getattr(nltk.SmoothingFunction(), method),
        )
        for order in (found, found[::-1])
    }
    assert len(theirs) == 2
    ours = {tuple(corpus_scores(nltk_metric(method), order)) for order in (found, found[::-1])}
    assert len(ours) == 1


@pytest.mark.parametrize(
    "options", [{}, *({"variant": "nltk", "smoothing": f"method{i}"} for i in range(5))]
)
@check
@given(found=items)
def test_max_order_selects_outputs_and_changes_none(options, found):
    longest = item_scores(Bleu(**options, max_order=6), found)
    for n in (1, 2, 4):
        metric = Bleu(**options, max_order=n)
        np.testing.assert_array_equal(item_scores(metric, found), longest[:, :n])
        assert "max_order" not in metric.changed_options()


def test_flickr_captions_equal_pycocoevalcap(shared):
    bleu = pytest.importorskip("pycocoevalcap.bleu.bleu")
    found = flickr(shared, 300)
    corpus, per_item = bleu.Bleu(4).compute_score(
        {i: references for i, (_, references) in enumerate(found)},
        {i: [prediction] for i, (prediction, _) in enumerate(found)},
        verbose=0,
    )
    np.testing.assert_allclose(item_scores(Bleu(), found).T, per_item, rtol=1e-10)
    np.testing.assert_allclose(corpus_scores(Bleu(), found), corpus, rtol=1e-10)


def flickr(shared, n):
    folder = shared / "flickr8k"
    sides = []
    for name in ("preds", "refs"):
        with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
            sides.append([json.loads(line) for line, _ in zip(lines, range(n), strict=False)])
    return [(p["prediction"], r["references"]) for p, r in zip(*sides, strict=True)]


def test_nlg_eval_example(shared):
    folder = shared / "nlg_eval"
    lines = [(folder / f"{n}.txt").read_text("utf-8").splitlines() for n in ("hyp", "ref1", "ref2")]
    found = [(prediction, list(references)) for prediction, *references in zip(*lines, strict=True)]
    expected = [0.55, 0.428174, 0.284043, 0.201143]
    assert corpus_scores(Bleu(), found) == pytest.approx(expected, abs=6e-7)


def test_clipscore_example(shared):
    folder = shared / "clipscore_example"
    references = json.loads((folder / "refs.json").read_text("utf-8"))
    expected = {"good": [0.6667, 0.4899, 0.3469, 0.0], "bad": [0.4815, 0.2404, 0.1359, 0.0]}
    for name, scores in expected.items():
        captions = json.loads((folder / f"{name}_captions.json").read_text("utf-8"))
        found = [
            (captions[i].rstrip("."), [text.rstrip(".") for text in references[i]])
            for i in captions
        ]
        assert corpus_scores(Bleu(), found) == pytest.approx(scores, abs=6e-5)


def test_default_tokens_follow_the_variant():
    assert Bleu().needs() == ("prediction.tokens:ptb", "references.tokens:ptb")
    assert Bleu(variant="nltk").needs()[0] == "prediction.tokens:whitespace"
    assert Bleu(variant="nltk", tokenizer="ptb").needs()[0] == "prediction.tokens:ptb"


def test_the_signature_names_what_defaults_stand_for():
    options = Bleu(variant="nltk").options()
    assert (options["smoothing"], options["tokenizer"]) == ("method0", "whitespace")
    assert Bleu(variant="nltk").changed_options() == {"variant": "nltk"}


@pytest.mark.parametrize(
    "options",
    [
        {"smoothing": "method1"},
        {"max_order": 0},
        {"max_order": 10},
        {"variant": "nltk", "smoothing": "method6", "max_order": 3},
    ],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(UsageError):
        Bleu(**options)


def test_unsmoothed_zeros_are_explained():
    metric = nltk_metric("none")
    facts = measured(metric, [(C, [R]), (R, [R])]).facts
    (notice,) = metric.advise(facts, 2)
    assert "1 of 2 predictions share no 4-gram" in notice.message
    assert "method1" in notice.message
    assert not Bleu().advise(facts, 2)
