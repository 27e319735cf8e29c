import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import measured

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics.exact_match import ExactMatch
from vlmeval_cli.text.normalize import NORMALIZERS

ANSWERS = st.sampled_from(
    ["The cat", "cat", "cat.", "CAT ", "a", "", "the-cat", "two", "2", "\ud800"]
)
ITEMS = st.tuples(ANSWERS, st.lists(ANSWERS, min_size=1, max_size=4))


def scores(items, **options):
    return measured(ExactMatch(**options), items).values[:, 0].tolist()


@pytest.mark.parametrize(
    ("prediction", "answer", "expected"),
    [
        ("the cat sat", "cat sat down", 0.0),
        ("a", "the", 1.0),
        ("The Cat!", "cat", 1.0),
        ("the-cat", "cat", 0.0),
        ("$5.00", "500", 1.0),
        ("", "cat", 0.0),
        ("", "", 1.0),
    ],
)
def test_squad_vectors(prediction, answer, expected):
    assert scores([(prediction, [answer])]) == [expected]
    assert scores([(prediction, [answer])], version="v1") == [expected]


def test_any_accepted_answer_will_do():
    assert scores([("dog", ["cat", "a dog"]), ("cow", ["cat", "dog"])]) == [1.0, 0.0]


def test_v2_leaves_out_answers_that_normalise_to_nothing_if_there_are_others():
    items = [("the", ["a", "cat"]), ("the", ["a", "an"])]
    assert scores(items, version="v2") == [0.0, 1.0]
    assert scores(items, version="v1") == [1.0, 1.0]


def test_none_is_the_case_sensitive_rule_of_gqa():
    items = [("Yes", ["yes"]), ("yes", ["yes"]), ("yes ", ["yes"])]
    assert scores(items, normalize="none") == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("normalize", "prediction", "expected"),
    [
        ("lower", " YES\n", 1.0),
        ("lower", "yes.", 0.0),
        ("gqa-lmms", "Yes.", 1.0),
        ("gqa-lmms", "yes ", 0.0),
        ("vqa", "Yes.", 1.0),
    ],
)
def test_other_normalisations(normalize, prediction, expected):
    assert scores([(prediction, ["yes"])], normalize=normalize) == [expected]


def test_vqa_normalisation_reads_number_words():
    assert scores([("Two", ["2"])], normalize="vqa") == [1.0]


@pytest.mark.parametrize("normalize", ["squad", "none", "lower", "gqa-lmms", "vqa"])
@given(items=st.lists(ITEMS, min_size=1, max_size=6))
@settings(deadline=None, max_examples=40)
def test_equals_a_plain_comparison(normalize, items):
    rule = NORMALIZERS[normalize]
    expected = [
        float(any(rule(answer) == rule(prediction) for answer in answers))
        for prediction, answers in items
    ]
    assert scores(items, normalize=normalize) == expected


@given(items=st.lists(ITEMS, min_size=2, max_size=6), place=st.integers(1, 5))
@settings(deadline=None, max_examples=60)
def test_neither_batches_nor_the_order_of_items_or_answers_matter(items, place):
    whole = scores(items)
    assert scores(items[:place]) + scores(items[place:]) == whole
    assert scores([(p, answers[::-1]) for p, answers in items[::-1]])[::-1] == whole


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_squad_v2_predictions_of_bert_get_the_official_score(shared, version):
    gold = json.loads((shared / "squad" / "gold_v2_dev_1407.json").read_text("utf-8"))
    found = json.loads((shared / "squad" / "bert.json").read_text("utf-8"))
    items = [
        (found[question["id"]], [answer["text"] for answer in question["answers"]] or [""])
        for article in gold["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]
    metric = ExactMatch(version=version)
    total = metric.finalize(measured(metric, items).values.sum(axis=0))["exact_match"]
    assert 100 * float(total) == pytest.approx(75.55081734, abs=5e-9)


@pytest.mark.parametrize(("file", "expected"), [("zero_shot", 0.7262), ("finetuned", 0.7826)])
def test_textvqa_outputs_get_the_value_an_outside_script_gave(shared, file, expected):
    with gzip.open(shared / "textvqa" / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    items = [(row["prediction"], row["answers"]) for row in rows]
    values = measured(ExactMatch(), items).values
    assert round(float(values[:, 0].mean()), 6) == expected


def test_item_without_answers_is_skipped_with_a_reason():
    found = measured(ExactMatch(), [("cat", []), ("cat", ["cat"])])
    assert found.values.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert found.skips == {0: "no_reference"}


def test_advice_tells_of_answers_that_vanish():
    found = measured(ExactMatch(), [("A", ["A"]), ("cat", ["cat", "a"]), ("", ["cat"])])
    (notice,) = ExactMatch().advise(found.facts, 3)
    assert notice.code == "vanished_answers"
    assert "in 1 of 3 items" in notice.message


def test_no_advice_where_nothing_vanishes():
    found = measured(ExactMatch(), [("cat", ["cat", "a"])])
    assert ExactMatch().advise(found.facts, 1) == ()


@pytest.mark.parametrize("options", [{"normalize": "nothing"}, {"version": "v3"}])
def test_unknown_choices_are_refused(options):
    with pytest.raises(UsageError, match="expected one of"):
        ExactMatch(**options)


def test_a_missing_prediction_is_wrong_even_where_an_empty_one_is_right():
    assert scores([("", ["a"])]) == [1.0]
    assert ExactMatch().worst_row().tolist() == [0.0, 1.0]
