"""ROUGE against coco-caption, rouge-score and the specification's vectors."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.batch import Batch, TextColumn, TokenColumn, Vocabulary, offsets_of
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.engine.prepare import Preparer
from vlmeval_cli.metrics.rouge import Rouge, RougeL
from vlmeval_cli.text.porter import PorterStemmer

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "rouge.json").read_text("utf-8"))
R = "a brown dog catches a frisbee on the beach"
C = "a dog leaps for a flying disc at the shore"
R2 = "a dog playing with a disc on sandy ground"
words = st.lists(st.sampled_from(["a", "b", "dogs", "dog", "running"]), max_size=8).map(" ".join)
items = st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=3)), min_size=1, max_size=4)
check = settings(deadline=None, max_examples=40)


def column(per_item, split, vocabulary):
    flat = [split(text) for texts in per_item for text in texts]
    tokens = np.array([vocabulary[token] for text in flat for token in text], dtype=np.int32)
    lengths = offsets_of([len(text) for text in flat])
    return TokenColumn(tokens, lengths, offsets_of([len(texts) for texts in per_item]), vocabulary)


def stemmed(text):
    stem = PorterStemmer().stem
    return [stem(word) if len(word) > 3 else word for word in text.split()]


def measured(metric, found, split=str.split):
    vocabulary = Vocabulary()
    predictions, references = [text for text, _ in found], [accepted for _, accepted in found]
    sides = [[text] for text in predictions], references
    prepared = dict(
        zip(metric.needs(), (column(side, split, vocabulary) for side in sides), strict=False)
    )
    for name, side in zip(("prediction.text", "references.text"), sides, strict=True):
        flat = [text for texts in side for text in texts]
        prepared[name] = TextColumn(flat, offsets_of([len(texts) for texts in side]))
    ids = [str(i) for i in range(len(found))]
    return metric.measure(Batch(ids, predictions, references, prepared=prepared), None)


def coco(found):
    return RougeL().finalize(measured(RougeL(), found).values)["rouge_l"]


@pytest.mark.parametrize("references", [[R], [R, R2]])
def test_coco_vectors_of_the_worked_example(references):
    assert coco([(C, references)]) == pytest.approx(0.4250871, abs=6e-8)


def test_coco_takes_precision_and_recall_from_different_references():
    found = coco([("a b x", ["a b c d e f g h", "a"])])
    assert found == pytest.approx(0.8299320, abs=6e-8)


def test_coco_empty_against_empty_is_one_and_against_words_is_zero():
    assert coco([("", [""]), ("", ["a dog"]), ("a dog", [""])]).tolist() == [1.0, 0.0, 0.0]


def test_golden_coco():
    found = coco(GOLDEN["items"])
    np.testing.assert_allclose(found, GOLDEN["coco"]["items"], atol=GOLDEN["tolerance"])
    assert found.mean() == pytest.approx(GOLDEN["coco"]["corpus"], abs=GOLDEN["tolerance"])


@check
@given(items)
def test_coco_equals_pycocoevalcap(found):
    rouge = pytest.importorskip("pycocoevalcap.rouge.rouge")
    expected = rouge.Rouge().compute_score(
        {i: references for i, (_, references) in enumerate(found)},
        {i: [prediction] for i, (prediction, _) in enumerate(found)},
    )[1]
    np.testing.assert_allclose(coco(found), expected, atol=1e-12)


def test_flickr_captions_equal_pycocoevalcap(shared):
    rouge = pytest.importorskip("pycocoevalcap.rouge.rouge")
    sides = []
    for name in ("preds", "refs"):
        with (shared / "flickr8k" / f"{name}.jsonl").open(encoding="utf-8") as lines:
            sides.append([json.loads(line) for line, _ in zip(lines, range(300), strict=False)])
    found = [(p["prediction"], r["references"]) for p, r in zip(*sides, strict=True)]
    expected = rouge.Rouge().compute_score(
        {i: references for i, (_, references) in enumerate(found)},
        {i: [prediction] for i, (prediction, _) in enumerate(found)},
    )[1]
    np.testing.assert_allclose(coco(found), expected, atol=1e-12)


def test_nlg_eval_example(shared):
    folder = shared / "nlg_eval"
    lines = [(folder / f"{n}.txt").read_text("utf-8").splitlines() for n in ("hyp", "ref1", "ref2")]
    found = [(prediction, list(references)) for prediction, *references in zip(*lines, strict=True)]
    assert coco(found).mean() == pytest.approx(0.522104, abs=6e-7)


@pytest.mark.parametrize(("name", "expected"), [("good", 0.4280105), ("bad", 0.3121105)])
def test_clipscore_example(shared, name, expected):
    folder = shared / "clipscore_example"
    references = json.loads((folder / "refs.json").read_text("utf-8"))
    captions = json.loads((folder / f"{name}_captions.json").read_text("utf-8"))
    found = [
        (captions[i].rstrip("."), [text.rstrip(".") for text in references[i]]) for i in captions
    ]
    assert coco(found).mean() == pytest.approx(expected, abs=6e-8)


def test_rouge_score_vectors_of_the_worked_example():
    scores = Rouge().finalize(measured(Rouge(), [(C, [R])], stemmed).values)
    assert scores["rouge_1_f1"] == scores["rouge_l_f1"] == pytest.approx(8 / 19)
    assert scores["rouge_2_f1"] == 0.0


def test_each_type_takes_its_own_best_reference():
    scores = Rouge().finalize(measured(Rouge(), [(C, [R, R2])], stemmed).values)
    assert scores["rouge_2_f1"] == pytest.approx(0.1176471, abs=6e-8)
    assert scores["rouge_l_f1"] == pytest.approx(0.4210526, abs=6e-8)


@pytest.mark.parametrize("stemmer", [False, True])
def test_golden_rouge_score(stemmer):
    metric = Rouge(types=("rouge_1", "rouge_2", "rouge_3", "rouge_l"), stemmer=stemmer)
    split = stemmed if stemmer else str.split
    scores = metric.finalize(measured(metric, GOLDEN["items"], split).values)
    for name, expected in GOLDEN["rouge_score"][f"stemmer={stemmer}"].items():
        ours = scores[f"rouge_{name.removeprefix('rouge').lower()}_f1"]
        np.testing.assert_allclose(ours, expected, atol=GOLDEN["tolerance"])


@pytest.mark.parametrize("stemmer", [False, True])
@check
@given(found=items)
def test_equals_rouge_score(stemmer, found):
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(
        ["rouge1", "rouge2", "rougeL"], use_stemmer=stemmer
    )
    metric = Rouge(stemmer=stemmer)
    scores = metric.finalize(measured(metric, found, stemmed if stemmer else str.split).values)
    theirs = [scorer.score_multi(references, prediction) for prediction, references in found]
    for name in ("1", "2", "l"):
        expected = [score[f"rouge{name.upper()}"].fmeasure for score in theirs]
        np.testing.assert_allclose(scores[f"rouge_{name}_f1"], expected, atol=1e-12)


def test_texts_whose_letters_all_vanish_are_counted_and_told():
    def latin(text):
        return text.split() if text.isascii() else []

    found = [("日本", ["日本", "a dog"]), ("...", ["a dog"])]
    facts = measured(Rouge(), found, latin).facts
    assert facts == {"texts_without_latin_letters": 2}
    assert "2 texts have letters" in Rouge().advise(facts, 2)[0].message
    assert not Rouge().advise({"texts_without_latin_letters": 0}, 2)


def test_only_the_types_asked_for_are_given():
    metric = Rouge(types=("rouge_l",))
    assert [output.name for output in metric.outputs()] == ["rouge_l_f1"]
    assert measured(metric, [(C, [R])], stemmed).values.shape == (1, 2)
    assert metric.changed_options() == {}  # so that the output keeps its plain name


@pytest.mark.parametrize("types", [(), ("rouge_1", "rouge_1"), ("rouge_0",), ("rougeL",)])
def test_unknown_or_repeated_types_are_refused(types):
    with pytest.raises(UsageError, match="rouge"):
        Rouge(types=types)


LSUM = Rouge(types=("rouge_l", "rouge_lsum"))
lines = st.lists(words, max_size=4).map("\n".join)
summaries = st.lists(
    st.tuples(lines, st.lists(lines, min_size=1, max_size=3)), min_size=1, max_size=4
)


def assert_lsum_equals_rouge_score(found):
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(
        ["rougeLsum"], use_stemmer=True
    )
    batch = Batch([str(i) for i in range(len(found))], *zip(*found, strict=True))
    prepared = Preparer(LSUM.needs()).prepare(batch)
    ours = LSUM.finalize(LSUM.measure(prepared, None).values)["rouge_lsum_f1"]
    expected = [
        scorer.score_multi(accepted, text)["rougeLsum"].fmeasure for text, accepted in found
    ]
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)


@settings(deadline=None, max_examples=200)
@given(found=summaries)
def test_lsum_equals_rouge_score(found):
    assert_lsum_equals_rouge_score(found)


def test_lsum_of_captions_as_sentences_equals_rouge_score(shared):
    with (shared / "flickr8k" / "refs.jsonl").open(encoding="utf-8") as rows:
        accepted = [json.loads(row)["references"] for row, _ in zip(rows, range(600), strict=False)]
    found = [
        ("\n".join(mine[:2] + other[:1]), ["\n".join(mine[2:] + other[1:2])])
        for mine, other in zip(accepted, accepted[1:] + accepted[:1], strict=True)
    ]
    assert_lsum_equals_rouge_score(found)


def test_lsum_is_the_union_over_sentences():
    # Lin 2004: reference w1..w5, candidates "w1 w2 w6 w7 w8" and "w1 w3 w8 w9 w5" have the union
    # w1 w2 w3 w5, so R = 4/5, P = 4/10 and F1 = 2 * .8 * .4 / 1.2.
    found = [("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", ["w1 w2 w3 w4 w5"])]
    batch = Preparer(LSUM.needs()).prepare(Batch(["a"], [found[0][0]], [found[0][1]]))
    scores = LSUM.finalize(LSUM.measure(batch, None).values)
    assert scores["rouge_lsum_f1"] == pytest.approx(8 / 15, abs=1e-12)
