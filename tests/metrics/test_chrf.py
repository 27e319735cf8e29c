"""chrF and chrF++ against sacrebleu, live."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import measured

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.chrf import Chrf

R = "a brown dog catches a frisbee on the beach"
C = "a dog leaps for a flying disc at the shore"
texts = st.text(alphabet="ab .,(\u00a0日\U0001f600", max_size=12)
items = st.lists(st.tuples(texts, st.lists(texts, min_size=1, max_size=3)), min_size=1, max_size=4)


def scores(metric, found):
    values = measured(metric, found).values
    return metric.finalize(values)["chrf"], float(metric.finalize(values.sum(axis=0))["chrf"])


def assert_equal_to_sacrebleu(found, **options):
    chrf = pytest.importorskip("sacrebleu.metrics.chrf").CHRF(**options)
    ours, corpus = scores(Chrf(**options), found)
    expected = [chrf.sentence_score(text, accepted).score / 100 for text, accepted in found]
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
    longest = max(len(accepted) for _, accepted in found)
    streams = [
        [accepted[i] if i < len(accepted) else None for _, accepted in found]
        for i in range(longest)
    ]
    theirs = chrf.corpus_score([text for text, _ in found], streams).score / 100
    assert corpus == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("word_order", [0, 2])
@given(found=items)
@settings(deadline=None, max_examples=60)
def test_equals_sacrebleu(word_order, found):
    assert_equal_to_sacrebleu(found, word_order=word_order)


@pytest.mark.parametrize("options", [{"char_order": 3}, {"beta": 1}, {"beta": 3, "word_order": 1}])
def test_options_equal_sacrebleu(options):
    assert_equal_to_sacrebleu([(C, [R]), ("a dog.", ["(a dog)", "the dog"])], **options)


@pytest.mark.parametrize("word_order", [0, 2])
def test_flickr_captions_equal_sacrebleu(shared, word_order):
    sides = []
    for name in ("preds", "refs"):
        with (shared / "flickr8k" / f"{name}.jsonl").open(encoding="utf-8") as lines:
            sides.append([json.loads(line) for line, _ in zip(lines, range(400), strict=False)])
    found = [(p["prediction"], r["references"]) for p, r in zip(*sides, strict=True)]
    assert_equal_to_sacrebleu(found, word_order=word_order)


def test_textvqa_answers_equal_sacrebleu(shared):
    with gzip.open(shared / "textvqa" / "zero_shot.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = [(str(row["prediction"]), [row["answers"][0]]) for row in rows]
    assert_equal_to_sacrebleu(found, word_order=2)


def test_characters_are_counted_without_spaces():
    # "ab" and "a b" have the same characters a, b and the same pair ab.
    assert scores(Chrf(), [("a b", ["ab"])])[1] == 1.0


def test_recall_weighs_four_times_precision():
    # One of two predicted characters is right (P 1/2), all of one is found (R 1):
    # F = (1 + 4) * 1/2 * 1 / (4 * 1/2 + 1) = 5/6.
    assert scores(Chrf(char_order=1), [("ax", ["a"])])[1] == pytest.approx(5 / 6, abs=1e-15)


def test_empty_texts_score_nothing():
    assert scores(Chrf(), [("", [""]), ("", ["a dog"]), ("a dog", [""])])[0].tolist() == [0, 0, 0]


def test_the_better_reference_counts():
    assert scores(Chrf(), [("a dog", ["three cows", "a dog"])])[0].tolist() == [1.0]


@pytest.mark.parametrize(
    "options", [{"char_order": 0}, {"char_order": 10}, {"word_order": -1}, {"beta": 0}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match="option chrf:"):
        Chrf(**options)


def test_torchmetrics_averages_f_scores_of_all_orders():
    # Orders 1 and 2 of "ax" against "a": F of order 1 is 5/6 (above), "a" has no pair, so 0.
    metric = Chrf(char_order=2, variant="torchmetrics")
    assert scores(metric, [("ax", ["a"])])[1] == pytest.approx(5 / 12, abs=1e-15)


def test_torchmetrics_does_not_count_references_without_a_score():
    # "b" is not found in "zz": its two accepted characters do not lower the recall of the corpus,
    # its predicted one lowers the precision: P 1/2, R 1/1.
    metric = Chrf(char_order=1, variant="torchmetrics")
    found = scores(metric, [("a", ["a"]), ("b", ["zz"])])[1]
    assert found == pytest.approx(5 * 0.5 * 1.0 / (4 * 0.5 + 1.0), abs=1e-15)


def test_torchmetrics_keeps_line_breaks_inside_a_text():
    # Characters a, line break, b against a, b: P 2/3, R 2/2.
    metric = Chrf(char_order=1, variant="torchmetrics")
    expected = 5 * (2 / 3) * 1.0 / (4 * (2 / 3) + 1.0)
    assert scores(metric, [("a\nb", ["ab"])])[1] == pytest.approx(expected, abs=1e-15)
    assert scores(Chrf(char_order=1), [("a\nb", ["ab"])])[1] == 1.0
