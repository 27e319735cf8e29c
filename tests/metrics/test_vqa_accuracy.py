import gzip
import importlib.util
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import measured

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.vqa_accuracy import VqaAccuracy

VARIANTS = ["official2021", "official2015", "lmms", "m4c", "vlmevalkit", "vizwiz", "simple"]
ANSWERS = st.sampled_from(
    ["yes", "Yes", "yes.", "2", "two", "a", "", "dont", "don't", "1,000", "1000", " cat\n", "cat",
     "the cat", "well-lit", "well lit", "3.", "3", "日本", "\ud800"]
)  # fmt: skip
ITEMS = st.tuples(ANSWERS, st.lists(ANSWERS, min_size=1, max_size=11))


def scores(items, **options):
    return measured(VqaAccuracy(**options), items).values[:, 0].tolist()


def score(prediction, answers, **options):
    return scores([(prediction, answers)], **options)[0]


@pytest.fixture(scope="module")
def plain(root):
    path = root / "tests" / "oracles" / "vqa_plain.py"
    spec = importlib.util.spec_from_file_location("vqa_plain", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("agreeing", "expected"), [(0, 0.0), (1, 0.3), (2, 0.6), (3, 0.9), (4, 1.0), (10, 1.0)]
)
def test_ten_annotators_give_the_official_values(agreeing, expected):
    answers = ["cat"] * agreeing + ["dog"] * (10 - agreeing)
    assert score("cat", answers) == expected


@pytest.mark.parametrize(
    ("agreeing", "expected"), [(0, 0.0), (1, 1 / 3), (2, 2 / 3), (3, 1.0), (10, 1.0)]
)
def test_simple_leaves_nobody_out(agreeing, expected):
    answers = ["cat"] * agreeing + ["dog"] * (10 - agreeing)
    assert score("cat", answers, variant="simple") == expected


@pytest.mark.parametrize(("annotators", "expected"), [(1, 0.0), (2, 1 / 3), (3, 2 / 3), (4, 1.0)])
def test_few_annotators_who_all_agree(annotators, expected):
    assert score("cat", ["cat"] * annotators) == pytest.approx(expected, abs=1e-15)


def test_exactly_one_annotator_is_left_out_of_equal_ones():
    assert score("cat", ["cat"] * 5 + ["dog"] * 5) == 1.0


@pytest.mark.parametrize("prediction", ["Yes", "yes."])
def test_unanimous_annotators_are_compared_as_they_are(prediction):
    assert score(prediction, ["yes"] * 10) == 0.0
    assert score(prediction, ["yes"] * 9 + ["no"]) == 1.0


def test_unanimity_is_decided_after_white_space_is_cleaned():
    assert score("Yes", ["yes"] * 9 + [" yes\n"]) == 0.0


def test_official2015_never_meets_a_number_word_or_article_of_an_annotator():
    assert score("two", ["two"] * 10, variant="official2015") == 0.0
    assert score("two", ["two"] * 9 + ["3"], variant="official2015") == 0.0
    assert score("Two", ["2"] * 10, variant="official2015") == 1.0


def test_normalising_variants_forgive_case_even_of_unanimous_annotators():
    for variant in ("lmms", "m4c", "vlmevalkit"):
        assert score("Yes.", ["yes"] * 10, variant=variant) == 1.0


@pytest.mark.parametrize("variant", ["official2015", "lmms", "m4c"])
def test_variants_equal_the_original_packages(root, variant):
    golden = json.loads((root / "tests" / "golden" / "vqa.json").read_text("utf-8"))
    items = [(row["prediction"], row["answers"]) for row in golden["items"]]
    expected = [row[variant] for row in golden["items"]]
    assert scores(items, variant=variant) == pytest.approx(expected, abs=golden["tolerance"])


@given(st.lists(ITEMS, min_size=1, max_size=8))
@settings(deadline=None, max_examples=120)
def test_official2021_equals_the_plain_evaluator(plain, items):
    expected = [plain.accuracy(prediction, answers) for prediction, answers in items]
    assert scores(items) == pytest.approx(expected, abs=1e-12)


@given(ITEMS)
@settings(deadline=None, max_examples=120)
def test_vlmevalkit_equals_the_plain_evaluator_with_its_period_rule(plain, item):
    def process(text):
        text = plain.clean(text).replace(".", "\0")  # keeps the periods from the official rule
        text = re.sub(r"(?<!\d)\0(?!\d)", "", plain.process_punctuation(text), count=32)
        return plain.process_digit_article(text.replace("\0", "."))

    prediction, answers = item
    expected = plain.leave_one_out(process(prediction), [process(answer) for answer in answers])
    assert score(prediction, answers, variant="vlmevalkit") == pytest.approx(expected, abs=1e-12)


@given(ITEMS)
@settings(deadline=None, max_examples=80)
def test_vizwiz_normalises_the_prediction_alone(plain, item):
    prediction, answers = item
    expected = plain.leave_one_out(plain.process(plain.clean(prediction)), answers)
    assert score(prediction, answers, variant="vizwiz") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("variant", VARIANTS)
@given(items=st.lists(ITEMS, min_size=2, max_size=8), place=st.integers(1, 7))
@settings(deadline=None, max_examples=40)
def test_neither_batches_nor_the_order_of_items_or_annotators_matter(variant, items, place):
    metric = VqaAccuracy(variant=variant)
    whole = measured(metric, items).values
    halves = [measured(metric, part).values for part in (items[:place], items[place:]) if part]
    assert np.array_equal(np.concatenate(halves), whole)
    backwards = [(prediction, answers[::-1]) for prediction, answers in items[::-1]]
    assert np.array_equal(measured(metric, backwards).values[::-1], whole)
    assert ((whole[:, 0] >= 0) & (whole[:, 0] <= 1)).all()


@pytest.mark.parametrize(("file", "expected"), [("zero_shot", 0.6858), ("finetuned", 0.745267)])
def test_textvqa_outputs_get_the_accuracy_an_outside_script_gave(shared, file, expected):
    with gzip.open(shared / "textvqa" / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    metric = VqaAccuracy(variant="simple", normalize="squad")
    values = measured(metric, [(row["prediction"], row["answers"]) for row in rows]).values
    total = metric.finalize(values.sum(axis=0))["vqa_accuracy"]
    assert round(float(total), 6) == expected


def test_item_without_answers_is_skipped_with_a_reason():
    found = measured(VqaAccuracy(), [("cat", []), ("cat", ["cat"] * 10), ("dog", [])])
    assert found.values.tolist() == [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    assert found.skips == {0: "no_reference", 2: "no_reference"}


def test_no_items_have_no_score():
    found = measured(VqaAccuracy(), [])
    assert found.values.shape == (0, 2)
    assert np.isnan(VqaAccuracy().finalize(found.values.sum(axis=0))["vqa_accuracy"])


def test_finalize_works_on_many_totals_at_once():
    totals = np.array([[[3.0, 4.0], [0.0, 2.0]]])
    assert VqaAccuracy().finalize(totals)["vqa_accuracy"].tolist() == [[0.75, 0.0]]


def test_advice_tells_what_few_annotators_do():
    found = measured(VqaAccuracy(), [("cat", ["cat"])] * 3 + [("cat", ["cat"] * 10)])
    notices = VqaAccuracy().advise(found.facts, 4)
    assert [notice.code for notice in notices] == ["few_annotators", "uneven_annotators"]
    assert "3 of 4 questions have fewer than ten answers" in notices[0].message
    assert "only answer scores 0.00, with both of two 0.33" in notices[0].message
    assert "1 to 10 answers (3 of 4 have 1)" in notices[1].message


def test_advice_counts_what_full_agreement_costs():
    """Of these only "Yes" and "The cat." would be right if their annotators disagreed."""
    items = [
        ("Yes", ["yes"] * 10),
        ("The cat.", ["cat"] * 10),
        ("yes", ["yes"] * 10),
        ("no", ["yes"] * 10),
        ("Yes", ["yes"] * 9 + ["no"]),
    ]
    found = measured(VqaAccuracy(), items)
    (notice,) = VqaAccuracy().advise(found.facts, 5)
    assert notice.code == "unanimous_answers"
    assert "2 of 5 predictions score 0" in notice.message
    assert "vqa_accuracy:variant=m4c" in notice.message


@pytest.mark.parametrize("variant", ["lmms", "m4c", "vlmevalkit", "vizwiz", "simple"])
def test_variants_that_treat_all_items_alike_need_no_such_advice(variant):
    metric = VqaAccuracy(variant=variant)
    assert metric.advise(measured(metric, [("Yes", ["yes"] * 10)]).facts, 1) == ()


def test_advice_for_simple_speaks_of_its_own_formula():
    metric = VqaAccuracy(variant="simple")
    (notice,) = metric.advise(measured(metric, [("cat", ["cat"])]).facts, 1)
    assert "only answer scores 0.33" in notice.message


def test_ten_annotators_everywhere_need_no_advice():
    found = measured(VqaAccuracy(), [("cat", ["cat"] * 10)] * 2)
    assert VqaAccuracy().advise(found.facts, 2) == ()


@pytest.mark.parametrize(
    "options", [{"variant": "official"}, {"normalize": "x"}, {"normalize": "squad"}]
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(UsageError):
        VqaAccuracy(**options)
