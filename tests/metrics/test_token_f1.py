import collections
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measuring import measured

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.metrics import token_f1
from vlmeval_cli.metrics.token_f1 import TokenF1
from vlmeval_cli.text.normalize import squad_normalized

TEXTS = st.lists(st.sampled_from(["no", "yes", "the", "2", "cat,", "\ud800"]), max_size=5).map(
    " ".join
)
ITEMS = st.tuples(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))


def scores(items, **options):
    return measured(TokenF1(**options), items).values[:, 0].tolist()


def plain_f1(prediction, answer, version):
    """F1 of one pair, by counting."""
    found, gold = squad_normalized(prediction).split(), squad_normalized(answer).split()
    if version == "v2" and not (found and gold):
        return float(found == gold)
    common = sum((collections.Counter(found) & collections.Counter(gold)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(found), common / len(gold)
    return 2 * precision * recall / (precision + recall)


def plain_score(prediction, answers, version):
    if version == "v2":
        answers = [answer for answer in answers if squad_normalized(answer)] or [""]
    return max(plain_f1(prediction, answer, version) for answer in answers)


@pytest.mark.parametrize(
    ("prediction", "answer", "version", "expected"),
    [
        ("the cat sat", "cat sat down", "v2", 0.8),
        ("the cat sat", "cat sat down", "v1", 0.8),
        ("a", "the", "v2", 1.0),
        ("a", "the", "v1", 0.0),
        ("", "cat", "v2", 0.0),
        ("cat", "", "v2", 0.0),
        ("no no yes", "no yes yes", "v2", 2 / 3),
    ],
)
def test_vectors(prediction, answer, version, expected):
    assert scores([(prediction, [answer])], version=version) == pytest.approx([expected], abs=1e-15)


def test_the_best_answer_counts():
    assert scores([("big cat", ["dog", "cat", "big cat house"])]) == [0.8]


def test_v2_leaves_out_answers_that_normalise_to_nothing_if_there_are_others():
    assert scores([("", ["the", "cat"]), ("", ["the", "a"])], version="v2") == [0.0, 1.0]


@pytest.mark.parametrize("version", ["v1", "v2"])
@given(items=st.lists(ITEMS, min_size=1, max_size=6))
@settings(deadline=None, max_examples=80)
def test_equals_counting_words_one_pair_at_a_time(version, items):
    expected = [plain_score(prediction, answers, version) for prediction, answers in items]
    assert scores(items, version=version) == pytest.approx(expected, abs=1e-12)


@given(items=st.lists(ITEMS, min_size=2, max_size=6), place=st.integers(1, 5))
@settings(deadline=None, max_examples=60)
def test_neither_batches_nor_the_order_of_items_or_answers_matter(items, place):
    whole = scores(items)
    assert scores(items[:place]) + scores(items[place:]) == whole
    assert scores([(p, answers[::-1]) for p, answers in items[::-1]])[::-1] == whole


def test_blocks_of_words_change_nothing(monkeypatch):
    items = [(f"a b c {n} c", [f"c b {n}", f"x {n % 7} c c", "c c c"]) for n in range(50)]
    whole = scores(items)
    monkeypatch.setattr(token_f1, "_TOKENS_AT_A_TIME", 16)
    assert scores(items) == whole


def test_squad_v2_predictions_of_bert_get_the_official_score(shared):
    gold = json.loads((shared / "squad" / "gold_v2_dev_1407.json").read_text("utf-8"))
    found = json.loads((shared / "squad" / "bert.json").read_text("utf-8"))
    items = [
        (found[question["id"]], [answer["text"] for answer in question["answers"]] or [""])
        for article in gold["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]
    total = TokenF1().finalize(measured(TokenF1(), items).values.sum(axis=0))["token_f1"]
    assert 100 * float(total) == pytest.approx(78.83251405, abs=5e-9)


@pytest.mark.parametrize(("file", "expected"), [("zero_shot", 0.771826), ("finetuned", 0.810370)])
def test_textvqa_outputs_get_the_value_an_outside_script_gave(shared, file, expected):
    with gzip.open(shared / "textvqa" / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    items = [(row["prediction"], row["answers"]) for row in rows]
    values = measured(TokenF1(version="v1"), items).values
    assert round(float(values[:, 0].mean()), 6) == expected


def test_item_without_answers_is_skipped_with_a_reason():
    found = measured(TokenF1(), [("cat", []), ("cat", ["cat"])])
    assert found.values.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert found.skips == {0: "no_reference"}


def test_advice_tells_of_answers_that_vanish():
    found = measured(TokenF1(), [("The", ["a"])])
    assert [notice.code for notice in TokenF1().advise(found.facts, 1)] == ["vanished_answers"]


def test_unknown_version_is_refused():
    with pytest.raises(UsageError, match="v1, v2, torchmetrics"):
        TokenF1(version="v3")


@pytest.mark.parametrize(("version", "expected"), [("v1", 0.0), ("v2", 0.0), ("torchmetrics", 1.0)])
def test_answers_of_nothing_but_articles_agree_in_torchmetrics_alone(version, expected):
    # v2 leaves "the" out, since the item has another answer; v1 gives two empty sides 0.
    assert measured(TokenF1(version=version), [("a", ["the", "cat"])]).values[0, 0] == expected
