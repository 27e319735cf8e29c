"""CIDEr against coco-caption, a plain version of the formula, and the specification's vectors."""

import json
import math
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.batch import Batch, TokenColumn, Vocabulary, offsets_of
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.cider import Cider
from vlmeval_cli.resources.document_frequencies import save_document_frequencies

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "cider.json").read_text("utf-8"))
FIRST = (
    "a dog leaps for a flying disc at the shore",
    ["a brown dog catches a frisbee on the beach", "a dog playing with a disc on sandy ground"],
)
SECOND = ("a cat on a rug", ["a cat sits on a mat", "two cats on a rug"])
words = st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join)
items = st.lists(st.tuples(words, st.lists(words, min_size=1, max_size=3)), min_size=1, max_size=5)
check = settings(deadline=None, max_examples=50)


def column(per_item, vocabulary):
    flat = [text.split() for texts in per_item for text in texts]
    tokens = np.array([vocabulary[token] for text in flat for token in text], dtype=np.int32)
    lengths = offsets_of([len(text) for text in flat])
    return TokenColumn(tokens, lengths, offsets_of([len(texts) for texts in per_item]), vocabulary)


def batch_of(found, vocabulary=None):
    vocabulary = Vocabulary() if vocabulary is None else vocabulary
    predictions, references = [text for text, _ in found], [accepted for _, accepted in found]
    columns = [column([[text] for text in predictions], vocabulary), column(references, vocabulary)]
    prepared = dict(zip(Cider().needs(), columns, strict=True))
    return Batch([str(i) for i in range(len(found))], predictions, references, prepared=prepared)


def item_scores(found, metric=None):
    metric = metric or Cider()
    batch = batch_of(found)
    return metric.finalize(metric.measure(batch, metric.fit(batch)).values)["cider"]


def reference_scores(found):
    cider = pytest.importorskip("pycocoevalcap.cider.cider")
    return cider.Cider().compute_score(
        {i: references for i, (_, references) in enumerate(found)},
        {i: [prediction] for i, (prediction, _) in enumerate(found)},
    )


def grams(text, n):
    tokens = text.split()
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def plain_cider(found):
    """The formula of the paper without stemming, as directly as possible."""
    documents = Counter()
    for _, references in found:
        documents.update({g for text in references for n in (1, 2, 3, 4) for g in grams(text, n)})

    def vector(text, n):
        return {
            gram: count * math.log(len(found) / max(1, documents[gram]))
            for gram, count in grams(text, n).items()
        }

    def cosine(one, other):
        norms = math.hypot(*one.values()) * math.hypot(*other.values())
        return sum(one[gram] * other.get(gram, 0) for gram in one) / norms if norms else 0.0

    return [
        10 * np.mean([[cosine(vector(text, n), vector(r, n)) for r in refs] for n in (1, 2, 3, 4)])
        for text, refs in found
    ]


def test_one_image_is_exactly_zero_and_explained():
    assert item_scores([FIRST]).tolist() == [0.0]
    (notice,) = Cider().advise({"images": 1}, 1)
    assert "one image" in notice.message


def test_vector_of_two_images():
    expected = [0.8570157, 2.6065553]
    assert item_scores([FIRST, SECOND]) == pytest.approx(expected, abs=6e-8)


@pytest.mark.parametrize(("n_words", "best"), [(1, 2.5), (2, 5.0), (3, 7.5), (4, 10.0)])
def test_short_captions_cannot_reach_ten(n_words, best):
    caption = " ".join("abcd"[:n_words])
    found = item_scores([(caption, [caption]), ("x", ["y"])])
    assert found[0] == pytest.approx(best)


def test_an_empty_prediction_scores_zero():
    assert item_scores([("", ["a dog"]), SECOND])[0] == 0.0


def test_golden():
    found = item_scores(GOLDEN["items"])
    np.testing.assert_allclose(found, GOLDEN["per_item"], atol=GOLDEN["tolerance"])
    assert found.mean() == pytest.approx(GOLDEN["corpus"], abs=GOLDEN["tolerance"])


@check
@given(items.filter(lambda found: any(any(references) for _, references in found)))
def test_equals_pycocoevalcap(found):  # which fails when all references are empty
    np.testing.assert_allclose(item_scores(found), reference_scores(found)[1], atol=1e-10)


@check
@given(items)
def test_plain_cider_equals_the_formula(found):
    ours = item_scores(found, Cider(variant="plain"))
    np.testing.assert_allclose(ours, plain_cider(found), atol=1e-10)


def test_flickr_captions_equal_pycocoevalcap(shared):
    sides = []
    for name in ("preds", "refs"):
        with (shared / "flickr8k" / f"{name}.jsonl").open(encoding="utf-8") as lines:
            sides.append([json.loads(line) for line, _ in zip(lines, range(300), strict=False)])
    found = [(p["prediction"], r["references"]) for p, r in zip(*sides, strict=True)]
    np.testing.assert_allclose(item_scores(found), reference_scores(found)[1], atol=1e-10)


def test_nlg_eval_example(shared):
    folder = shared / "nlg_eval"
    lines = [(folder / f"{n}.txt").read_text("utf-8").splitlines() for n in ("hyp", "ref1", "ref2")]
    found = [(prediction, list(references)) for prediction, *references in zip(*lines, strict=True)]
    assert item_scores(found).mean() == pytest.approx(1.242192, abs=6e-7)


@pytest.mark.parametrize(("name", "expected"), [("good", 0.5637413), ("bad", 0.2790165)])
def test_clipscore_example(shared, name, expected):
    folder = shared / "clipscore_example"
    references = json.loads((folder / "refs.json").read_text("utf-8"))
    captions = json.loads((folder / f"{name}_captions.json").read_text("utf-8"))
    found = [
        (captions[i].rstrip("."), [text.rstrip(".") for text in references[i]]) for i in captions
    ]
    assert item_scores(found).mean() == pytest.approx(expected, abs=6e-8)


@check
@given(items, st.integers(0, 5))
def test_batches_give_the_same_bits(found, cut):
    parts = [part for part in (found[:cut], found[cut:]) if part]
    numbered_otherwise = Vocabulary()
    for token in "edcba":
        numbered_otherwise[token]
    batches = [batch_of(part, numbered_otherwise) for part in parts]
    context = Cider().fit(batches[-1])
    for batch in batches[:-1]:
        context = context | Cider().fit(batch)
    rows = [Cider().measure(batch, context).values for batch in batches]
    np.testing.assert_array_equal(np.concatenate(rows)[:, 0], item_scores(found))


def test_the_digest_is_of_the_references_in_any_order_of_images():
    whole = Cider().fit(batch_of([FIRST, SECOND])).digest()
    merged = Cider().fit(batch_of([SECOND])) | Cider().fit(batch_of([FIRST]))
    assert merged.digest() == whole
    other_predictions = [("x", FIRST[1]), ("y", SECOND[1])]
    assert Cider().fit(batch_of(other_predictions)).digest() == whole
    regrouped = [("x", FIRST[1][:1]), ("y", [*FIRST[1][1:], *SECOND[1]])]
    assert Cider().fit(batch_of(regrouped)).digest() != whole


def test_a_pickled_context_gives_the_same_scores():
    batch = batch_of([FIRST, SECOND])
    context = pickle.loads(pickle.dumps(Cider().fit(batch)))
    np.testing.assert_array_equal(
        Cider().measure(batch, context).values[:, 0], item_scores([FIRST, SECOND])
    )


@pytest.mark.parametrize("name", ["df.json", "df.json.gz"])
def test_saved_frequencies_of_the_references_give_the_same_scores(tmp_path, name):
    found = [FIRST, SECOND, ("a b", ["a b c d"])]
    path = tmp_path / name
    save_document_frequencies(path, (references for _, references in found))
    metric = Cider(df=str(path))
    np.testing.assert_array_equal(item_scores(found, metric), item_scores(found))
    alone = item_scores([FIRST], metric)
    assert alone[0] == item_scores(found)[0]


def test_few_images_are_told_unless_frequencies_come_from_a_file():
    facts = Cider().measure(batch_of([FIRST]), Cider().fit(batch_of([FIRST]))).facts
    assert facts == {"images": 1}
    assert "cider:df=FILE" in Cider().advise({"images": 99}, 99)[0].message
    assert not Cider().advise({"images": 100}, 100)
    assert not Cider(df="other.json").advise({}, 3)


def test_an_empty_df_is_refused():
    with pytest.raises(UsageError, match="df is empty"):
        Cider(df="")
