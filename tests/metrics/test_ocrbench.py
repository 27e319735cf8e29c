"""OCRBench's rules against a plain script of the specification."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import measured
from rapidfuzz.distance import Levenshtein

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.engine.prepare import Preparer
from vlmeval_cli.metrics.ocrbench import OcrBench

TEXTS = st.text(alphabet="aAbB 1\n１Ａ", max_size=14)
ITEMS = st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=3)), min_size=1, max_size=5)


def points(items, **options):
    return measured(OcrBench(**options), items).values[:, 0].tolist()


def plain_points(prediction, answers, *, is_formula=False, v2=False):
    """The rule of metric-spec §9.6, as a loop."""
    best = 0.0
    for answer in answers:
        if is_formula:
            one, other = (
                t.strip().replace("\n", " ").replace(" ", "") for t in (answer, prediction)
            )
        else:
            one, other = (t.lower().strip().replace("\n", " ") for t in (answer, prediction))
        if v2 and len(one.split()) >= 5:
            similarity = 1 - Levenshtein.distance(one, other) / max(len(one), len(other))
            best = max(best, similarity if similarity >= 0.5 else 0.0)
        elif one in other:
            best = 1.0
    return best


@given(items=ITEMS)
@settings(deadline=None, max_examples=100)
def test_official_rule(items):
    assert points(items) == [plain_points(*item) for item in items]


@given(items=ITEMS)
@settings(deadline=None, max_examples=60)
def test_formulas_keep_their_case_and_lose_their_spaces(items):
    found = points(items, spelling="formula")
    assert found == [plain_points(*item, is_formula=True) for item in items]


@given(items=ITEMS)
@settings(deadline=None, max_examples=100)
def test_v2_compares_long_answers_by_similarity(items):
    found = points(items, variant="v2")
    assert found == pytest.approx([plain_points(*item, v2=True) for item in items], abs=1e-12)


def test_v2_similarity_of_one_half_counts_and_less_does_not():
    # Of ten characters 5 and 7 have to change: similarities 0.5 and 0.3.
    items = [("a b cyyyyy", ["a b c d e"]), ("a byyyyyyy", ["a b c d e"])]
    assert points(items, variant="v2") == [0.5, 0.0]


def test_an_answer_inside_a_sentence_is_found():
    assert points([("The total is $12.50.", ["$12.50"]), ("It is 12", ["$12.50"])]) == [1.0, 0.0]


def test_full_width_letters_are_folded_by_name_only():
    items = [("Ｎｏ．１２", ["no.12"])]
    assert points(items) == [0.0]
    assert points(items, variant="lmms") == [1.0]


def test_only_items_of_hme100k_are_formulas():
    items = Batch(
        ["a", "b"], ["x ^ 2", "x ^ 2"], [["x^2"], ["x^2"]],
        fields={"dataset": ["HME100k", "docVQA"]},
    )  # fmt: skip
    metric = OcrBench()
    found = metric.measure(Preparer(metric.needs()).prepare(items), None)
    assert found.values[:, 0].tolist() == [1.0, 0.0]


def test_empty_answers_are_counted():
    found = measured(OcrBench(), [("anything", ["", "x"]), ("x", ["x"])])
    assert found.values[:, 0].tolist() == [1.0, 1.0]
    (notice,) = OcrBench().advise(found.facts, 2)
    assert "in 1 of 2 items" in notice.message


def test_an_empty_prediction_holds_nothing():
    assert points([("", ["cat"])]) == [0.0]


def test_item_without_answers_is_skipped_with_a_reason():
    assert measured(OcrBench(), [("cat", [])]).skips == {0: "no_reference"}


@pytest.mark.parametrize("options", [{"variant": "v3"}, {"spelling": "maths"}])
def test_unknown_options_are_refused(options):
    with pytest.raises(UsageError, match="option ocrbench:"):
        OcrBench(**options)
