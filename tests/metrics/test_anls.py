import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import measured

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.anls import Anls

TEXTS = st.text(alphabet="abAB \t.ßİ日\ud800", max_size=9)
ITEMS = st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))


def scores(items, **options):
    return measured(Anls(**options), items).values[:, 0].tolist()


def plain_distance(left, right):
    """Levenshtein distance by its recurrence."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def plain_score(prediction, answers, variant, threshold):
    best = 0.0
    for answer in answers:
        if variant == "official":
            left, right = " ".join(prediction.lower().split()), " ".join(answer.lower().split())
            longer = max(len(prediction.upper()), len(answer.upper()))
        else:
            left, right = prediction.strip().lower(), answer.strip().lower()
            longer = max(len(left), len(right))
        distance = plain_distance(left, right) / longer if longer else 0.0
        counts = distance < 1 - threshold if variant == "paper" else 1 - distance >= threshold
        best = max(best, 1 - distance if counts else 0.0)
    return best


@pytest.mark.parametrize(
    ("variant", "expected"), [("official", 0.5), ("normalized", 0.5), ("paper", 0.0)]
)
def test_similarity_of_exactly_one_half(variant, expected):
    assert scores([("abcd", ["abxy"])], variant=variant) == [expected]


def test_padding_raises_the_official_score_only():
    items = [("  ab  ", ["abcd"])]
    assert scores(items) == pytest.approx([2 / 3], abs=1e-15)
    assert scores(items, variant="normalized") == [0.5]


def test_official_length_is_taken_in_uppercase():
    assert scores([("straße", ["strase"])]) == [1 - 1 / 7]


def test_case_does_not_count():
    assert scores([("ITC Limited", ["itc limited"])]) == [1.0]


@pytest.mark.parametrize("variant", ["official", "normalized", "paper"])
def test_two_empty_texts_are_alike(variant):
    assert scores([("", [""]), ("", ["a"]), ("a", [""])], variant=variant) == [1.0, 0.0, 0.0]


def test_the_best_answer_counts():
    assert scores([("abc", ["xyz", "abd", "ab"])]) == pytest.approx([2 / 3], abs=1e-15)


def test_threshold_is_an_option():
    items = [("abcde", ["abxyz"])]
    assert scores(items) == [0.0]
    assert scores(items, threshold=0.4) == [0.4]
    assert scores(items, threshold=0.0) == [0.4]


def test_a_long_prediction_costs_nothing():
    assert scores([("x" * 5_000_000, ["cat", "dog"])]) == [0.0]


def test_official_equals_lmms_eval(root):
    golden = json.loads((root / "tests" / "golden" / "vqa.json").read_text("utf-8"))
    items = [(row["prediction"], row["answers"]) for row in golden["items"]]
    expected = [row["anls"] for row in golden["items"]]
    assert scores(items) == pytest.approx(expected, abs=golden["tolerance"])


@pytest.mark.parametrize("variant", ["official", "normalized", "paper"])
@given(
    items=st.lists(ITEMS, min_size=1, max_size=5), threshold=st.sampled_from([0.0, 0.3, 0.5, 1.0])
)
@settings(deadline=None, max_examples=100)
def test_equals_the_plain_definition(variant, items, threshold):
    expected = [plain_score(*item, variant, threshold) for item in items]
    found = scores(items, variant=variant, threshold=threshold)
    assert found == pytest.approx(expected, abs=1e-12)


@given(items=st.lists(ITEMS, min_size=2, max_size=6), place=st.integers(1, 5))
@settings(deadline=None, max_examples=60)
def test_neither_batches_nor_the_order_of_items_or_answers_matter(items, place):
    whole = scores(items)
    assert scores(items[:place]) + scores(items[place:]) == whole
    assert scores([(p, answers[::-1]) for p, answers in items[::-1]])[::-1] == whole
    assert all(0 <= score <= 1 for score in whole)


@pytest.mark.parametrize(
    ("file", "strict", "kept"),
    [
        ("qwen2_vl_7b_instruct", 0.890164, 0.894164),
        ("qwen2_vl_2b_instruct", 0.668224, 0.674224),
        ("llama_scout", 0.394034, 0.396534),
    ],
)
def test_docvqa_outputs_get_the_values_an_outside_script_gave(shared, file, strict, kept):
    with gzip.open(shared / "docvqa" / f"{file}.json.gz", "rt", encoding="utf-8") as text:
        items = [(row["predicted_answer"], row["ground_truth"]) for row in json.load(text)]
    for variant, expected in (("paper", strict), ("normalized", kept)):
        found = scores(items, variant=variant)
        assert round(sum(found) / len(found), 6) == expected


def test_item_without_answers_is_skipped_with_a_reason():
    found = measured(Anls(), [("cat", []), ("cat", ["cat"])])
    assert found.values.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert found.skips == {0: "no_reference"}


def test_advice_counts_the_items_that_padding_changed():
    found = measured(Anls(), [("  ab  ", ["abcd"]), (" cat ", ["cat"]), ("dog", ["dogs"])])
    (notice,) = Anls().advise(found.facts, 3)
    assert notice.code == "padded_answers"
    assert "in 1 of 3 items" in notice.message
    assert Anls(variant="normalized").advise({}, 3) == ()


@pytest.mark.parametrize("options", [{"variant": "rrc"}, {"threshold": 1.5}, {"threshold": -0.1}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(UsageError):
        Anls(**options)
