"""Programs beside solutions give the numbers of CodeXGLUE's scripts (golden/code.json)."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from kinds.programs import batch
from rapidfuzz import fuzz

from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.edit_similarity import CodeExactMatch, EditSimilarity
from vlmeval_cli.metrics.smoothed_bleu import SmoothedBleu
from vlmeval_cli.stats.summary import item_scores

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "code.json").read_text("utf-8"))
ITEMS = [([text], golds) for text, golds in GOLDEN["pairs"]]


def items_of(metric, items):
    found = measure([metric], batch(items), NoProgress())[0].statistics
    (column,) = item_scores(metric, found, len(items)).values()
    return column


def corpus_of(metric, items):
    found = measure([metric], batch(items), NoProgress())[0].statistics
    (score,) = metric.finalize(found.values.sum(axis=0)).values()
    return float(score)


def test_edit_similarity_is_that_of_python_levenshtein():
    found = items_of(EditSimilarity(), ITEMS)
    np.testing.assert_allclose(found, GOLDEN["levenshtein_ratio"], rtol=0, atol=1e-12)


def test_fuzzywuzzy_rounds_what_we_keep():
    found = items_of(EditSimilarity(), ITEMS)
    assert [round(100 * score) for score in found.tolist()] == GOLDEN["fuzz_ratio"]


def test_edit_similarity_equals_rapidfuzz_run_live():
    rng = random.Random(1)
    texts = ["".join(rng.choices("abc ()", k=rng.randint(1, 30))).strip() or "a" for _ in range(40)]
    items = [([one], [other]) for one, other in zip(texts, reversed(texts), strict=True)]
    expected = [fuzz.ratio(one[0], other[0]) / 100 for one, other in items]
    np.testing.assert_allclose(items_of(EditSimilarity(), items), expected, rtol=0, atol=1e-12)


def test_smoothed_bleu_of_the_corpus_is_that_of_codexglue():
    assert corpus_of(SmoothedBleu(), ITEMS) == pytest.approx(GOLDEN["corpus_bleu"], abs=1e-12)


def test_smoothed_bleu_of_items_is_that_of_codexglue():
    found = items_of(SmoothedBleu(), ITEMS)
    for score, expected in zip(found.tolist(), GOLDEN["item_bleu"], strict=True):
        # Its script divides by zero where the program is empty.
        assert score == pytest.approx(0.0 if expected is None else expected, abs=1e-12)


def test_several_programs_are_several_pairs_of_the_corpus():
    several = [(["return a", "return b + c"], ["return a + b", "return b + c"])]
    apart = [([text], several[0][1]) for text in several[0][0]]
    assert corpus_of(SmoothedBleu(), several) == corpus_of(SmoothedBleu(), apart)


@pytest.mark.parametrize(
    ("program", "expected"),
    [("x  =\n 1", 1.0), ("x = 1 # one", 0.0), ("X = 1", 0.0), ("x=1", 0.0), ("", 0.0)],
)
def test_exact_match_looks_at_words(program, expected):
    assert items_of(CodeExactMatch(), [([program], ["x = 1"])]).tolist() == [expected]


def test_an_item_scores_the_mean_of_its_programs_with_the_best_solution():
    items = [(["x = 1", "y = 2", "z = 3", "x = 1"], ["x = 1", "y = 2"])]
    assert items_of(CodeExactMatch(), items).tolist() == [0.75]


def test_items_without_a_solution_are_skipped():
    for metric in (CodeExactMatch(), EditSimilarity(), SmoothedBleu()):
        found = items_of(metric, [(["x"], []), (["x"], ["x"])])
        assert np.isnan(found[0])
        assert found[1] == 1.0
