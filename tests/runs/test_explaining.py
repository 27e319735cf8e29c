"""``--explain-diff``: the items on which a tool differs from our default, and the rule of each."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measuring import measured

from vlmeval_cli import api
from vlmeval_cli.metrics.exact_match import ExactMatch
from vlmeval_cli.metrics.vqa_accuracy import VqaAccuracy
from vlmeval_cli.runs.answer_trials import score as item_score
from vlmeval_cli.runs.answer_trials import way_of


def explained(score, items, output, **options):
    """Items that differ as {id: rule}, and rules as {rule: (items, points)}."""
    tables = score(items, explain_diff=True, **options).tables
    rules = {row[0]: row[1:] for row in tables[f"explain {output} rules"].rows}
    items = tables.get(f"explain {output}")
    return {row[0]: row[4] for row in items.rows} if items else {}, rules


def question(number, prediction, answers):
    return {"id": str(number), "question": "q", "prediction": prediction, "answers": answers}


WHERE = " where all annotators agree"


def test_a_step_that_official_code_leaves_out_where_all_agree_is_named(score):
    items = [
        question(1, "Yes", ["yes"] * 10),
        question(2, "yes.", ["yes"] * 10),
        question(3, "the cat", ["cat"] * 10),
        question(4, "two", ["2"] * 10),
        question(5, "dont", ["don't"] * 10),
        question(6, "The two.", ["2"] * 10),
        question(7, "Yes", ["yes"] * 5 + ["no"] * 5),  # normalised by both
        question(8, "no", ["yes"] * 10),  # wrong for both
    ]
    output = "vqa_accuracy[variant=lmms]"
    by_item, rules = explained(score, items, output, compat="lmms-eval:vqav2")
    assert by_item == {
        "1": f"letter case does not count{WHERE}",
        "2": f"punctuation does not count{WHERE}",
        "3": f"articles do not count{WHERE}",
        "4": f"number words are numbers (two is 2){WHERE}",
        "5": f"contractions get their apostrophe (dont is don't){WHERE}",
        "6": f"several steps at once{WHERE}",
    }
    # Six of eight items go from 0 to 1: one eighth of 100 points each.
    assert all(counts == (1, pytest.approx(12.5)) for counts in rules.values())
    assert len(rules) == 6


def test_the_side_that_is_treated_otherwise_is_named(score):
    # Until 2021 the annotators' "two" stayed, while the prediction became "2".
    items = [question(1, "two", ["two"] * 6 + ["three"] * 4)]
    by_item, _ = explained(
        score, items, "vqa_accuracy[variant=official2015]", compat="vqa-official:2015"
    )
    assert by_item == {"1": "number words are words in the accepted answers"}


def test_rules_sum_to_the_difference(score):
    items = [question(i, p, ["yes"] * 10) for i, p in enumerate(["Yes", "yes!", "yes", "no"])]
    found = score(items, compat="lmms-eval:vqav2", explain_diff=True)
    ((_, theirs, _, ours, points, differing),) = found.tables["explain"].rows
    assert (theirs, ours, points, differing) == (0.75, 0.25, pytest.approx(50.0), 2)
    rules = found.tables["explain vqa_accuracy[variant=lmms] rules"].rows
    assert sum(row[2] for row in rules) == pytest.approx(points)


def test_exact_match_names_the_step(score):
    items = [
        {"id": "1", "question": "q", "prediction": "the cat", "answer": "cat"},
        {"id": "2", "question": "q", "prediction": "a  cat", "answer": "a cat"},
        {"id": "3", "question": "q", "prediction": "cat", "answer": "cat"},
    ]
    by_item, _ = explained(
        score, items, "exact_match[normalize=gqa-lmms]", compat="lmms-eval:gqa", task="vqa"
    )
    assert by_item == {"1": "articles count", "2": "every space counts"}


def test_reasoning_and_spaces_are_rules_too(score):
    items = [
        {"id": "1", "question": "q", "prediction": "<think>x</think> cat", "answers": ["cat"]},
        {"id": "2", "question": "q", "prediction": "abcd    ", "answers": ["abxy"]},
        {"id": "3", "question": "q", "prediction": "cat", "answers": ["cat"]},
    ]
    by_item, _ = explained(score, items, "anls", task="docqa", compat="anls-rrc")
    assert by_item == {"1": "reasoning in the prediction"}
    # Half of "abcd" is right; with four spaces more the divisor is 8, and 1 - 2/8 is .75.
    by_item, rules = explained(score, items, "anls", task="docqa", compat="lmms-eval:docvqa")
    assert by_item == {"2": "white space at the ends of the prediction"}
    assert rules[by_item["2"]] == (1, pytest.approx(100 * (0.5 - 0.75) / 3))


def test_scores_that_are_no_means_show_what_each_rule_does_to_the_corpus(score):
    items = [
        {"id": str(i), "prediction": text, "references": ["the cat sat on the mat", "a cat sat"]}
        for i, text in enumerate(["the cat sat on the red mat", "the cat sat in a hat", "dogs run"])
    ]
    output = "sacrebleu[reference_length=first,smoothing=none]"
    tables = score(items, task="text", compat="torchmetrics", explain_diff=True).tables
    table = tables[f"explain {output} rules"]
    assert "no mean of item scores" in table.title
    assert "no smoothing: an order without a match makes the score 0" in {
        row[0] for row in table.rows
    }


def test_what_was_read_explains_choices(score):
    item = {"A": "red", "B": "blue", "answer": "B"}
    items = [
        {"id": "1", "prediction": "b", **item},  # no letter for VLMEvalKit
        {"id": "2", "prediction": "Answer: B", **item},
    ]
    output = "choice_accuracy[variant=vlmevalkit]"
    by_item, _ = explained(score, items, output, task="choice", compat="vlmevalkit")
    assert by_item == {"1": "vlmevalkit finds no option, our rule does"}


def test_average_precision_has_rules_and_no_items(score):
    # The true box has half the area of a segment that is said to be large.
    true = {"bbox": [0, 0, 30, 30], "label": "a", "area": 9000.0}
    mine = {"bbox": [0, 0, 30, 30], "label": "a", "score": 0.5}
    preds, refs = [{"id": "1", "prediction": [mine]}], [{"id": "1", "boxes": [true]}]
    found = score(
        preds, refs, task="grounding", compat="torchmetrics", explain_diff=True,
        reference_field="boxes", box_format="pixels",
    )  # fmt: skip
    tables = {name: table for name, table in found.tables.items() if name.startswith("explain m")}
    assert all(row[1] is None for table in tables.values() for row in table.rows)


def test_nothing_differs_where_the_tool_does_what_we_do(score):
    found = score([question(1, "yes", ["yes"] * 10)], compat="vqa-official", explain_diff=True)
    assert [name for name in found.tables if name.startswith("explain")] == ["explain"]
    assert found.tables["explain"].rows[0][4:] == (0.0, 0)


def test_an_option_of_our_default_that_the_tool_has_not_is_a_rule_too(score, tmp_path):
    # SQuAD v2 leaves "the" out of the accepted answers, since there is another one.
    gold = {"version": "v2.0", "data": [{"paragraphs": [{"qas": [{
        "id": "1", "question": "q", "is_impossible": False,
        "answers": [{"text": "the"}, {"text": "cat"}]}]}]}]}  # fmt: skip
    (tmp_path / "gold.json").write_text(json.dumps(gold))
    (tmp_path / "preds.json").write_text(json.dumps({"1": "a"}))
    found = api.score(
        tmp_path / "preds.json", tmp_path / "gold.json", compat="torchmetrics", resamples=0,
        explain_diff=True,
    )  # fmt: skip
    (row,) = found.tables["explain exact_match"].rows
    assert row == ("1", 1.0, 0.0, 1.0, "answers that normalise to nothing count")


WORDS = st.sampled_from(
    ["yes", "Yes.", "the", "a", "two", "Two", "2", "dont", "U.S.", "3.", ".5", "1,000", "?",
     "x-ray", "macy's", "\tcat", "cat ", "", "(red)", "an apple", "line\nend"]
)  # fmt: skip
TEXTS = st.lists(WORDS, min_size=0, max_size=3).map(" ".join)
METRICS = [
    *(VqaAccuracy(variant=name) for name in
      ("official2021", "official2015", "lmms", "m4c", "vlmevalkit", "vizwiz")),
    *(ExactMatch(normalize=name) for name in ("none", "lower", "gqa-lmms", "squad")),
]  # fmt: skip


@pytest.mark.parametrize("metric", METRICS, ids=str)
@given(st.data())
def test_the_slow_way_scores_as_the_metric_does(metric, data):
    prediction = data.draw(TEXTS)
    answers = data.draw(st.lists(TEXTS, min_size=1, max_size=10))
    found = measured(metric, [(prediction, answers)])
    assert item_score(way_of(metric), prediction, answers) == pytest.approx(
        found.values[0, 0], abs=1e-12
    )
