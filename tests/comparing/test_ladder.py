"""The ladder of outcomes of several runs, worked out by hand."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import made

from vlmeval_cli import api
from vlmeval_cli.comparing.attribution import Attribution, Shared
from vlmeval_cli.comparing.findings import findings
from vlmeval_cli.comparing.ladder import ANY_FAILURE, Change, ladder, outcome_table
from vlmeval_cli.comparing.ladder_words import ladder_findings, part_in
from vlmeval_cli.core.metric import Output


@pytest.fixture
def runs(tmp_path):
    """Results by name, from the answers of each run to the same questions."""

    def runs(references, /, task, **answers):
        options = answers.pop("options", {})
        refs = tmp_path / "refs.jsonl"
        refs.write_text("".join(json.dumps(row) + "\n" for row in references), encoding="utf-8")
        results = {}
        for name, rows in answers.items():
            path = tmp_path / f"{name}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            results[name] = api.score(path, refs, task=task, resamples=0, **options)
        return results

    return runs


N = 40
REFS = [{"id": str(i), "question": "which colour?", "answers": ["red"]} for i in range(N)]


def answers(*parts):
    """Rows of ``(how many, text, finish_reason)``."""
    texts = [(text, reason) for n, text, reason in parts for _ in range(n)]
    assert len(texts) == N
    return [
        {"id": str(i), "prediction": text, "finish_reason": reason}
        for i, (text, reason) in enumerate(texts)
    ]


RIGHT, WRONG, CUT = ("red", "stop"), ("blue", "stop"), ("the colour of", "length")
BASE = answers((30, *RIGHT), (10, *WRONG))
LORA = answers((12, *CUT), (26, *RIGHT), (2, *WRONG))  # cut off where the base is right


@pytest.fixture
def result(runs):
    return runs(REFS, "vqa", base=BASE, lora=LORA)


def test_outcomes_stand_beside_each_other_as_counts_and_shares(result):
    table = outcome_table(result)
    assert table.columns == ("outcome", "base", "base (share)", "lora", "lora (share)")
    assert [tuple(row) for row in table.rows] == [
        ("truncated", 0, 0.0, 12, 0.3),
        ("wrong", 10, 0.25, 2, 0.05),
        ("right", 30, 0.75, 26, 0.65),
    ]


def test_a_change_is_tested_and_split_by_hand(result):
    (rung,) = ladder(result).rungs
    assert (rung.outcome, rung.count, rung.against_count) == ("truncated", 12, 0)
    assert (rung.gained, rung.lost) == (12, 0)
    assert rung.p_value == pytest.approx(2 * 0.5**12)
    assert rung.explained == pytest.approx(-12 / 40)  # the base is right on all of them
    change = ladder(result).totals["lora"]
    assert change.value == pytest.approx(26 / 40 - 30 / 40)
    assert change.output.name == "exact_match"


def test_the_sentence_says_what_it_costs(result):
    (found,) = ladder_findings(ladder(result))
    assert found.pattern == (
        "lora is cut off (truncated) on 30.0% of the items, base on 0.0%: +30.0 points "
        "(p = 0.0005, exact McNemar, Holm over 1 test)"
    )
    assert found.meaning == (
        "that costs 30.0 points of exact_match, more than the whole loss of 10.0"
    )
    assert "max_new_tokens" in found.advice


def test_a_difference_that_may_be_chance_is_in_the_table_and_not_told(runs):
    few = answers((3, *CUT), (27, *RIGHT), (10, *WRONG))  # p = 2 × 0.5³ = 0.25
    found = ladder(runs(REFS, "vqa", base=BASE, lora=few))
    assert found.rungs[0].p_value == pytest.approx(0.25)
    assert ladder_findings(found) == ()


def test_holm_counts_rungs_of_all_pairs(runs):
    empty = answers((6, "", "stop"), (6, *CUT), (20, *RIGHT), (8, *WRONG))
    found = ladder(runs(REFS, "vqa", base=BASE, lora=LORA, full=empty))
    p = {(one.run, one.outcome): one.p_adjusted for one in found.rungs if one.p_value is not None}
    assert found.n_tests == 3
    # Ascending: 2 × 0.5¹² × 3, then 2 × 0.5⁶ × 2 for both others (the third is not below it).
    assert p["lora", "truncated"] == pytest.approx(6 * 0.5**12)
    assert p["full", "empty"] == pytest.approx(4 * 0.5**6)
    assert p["full", "truncated"] == pytest.approx(4 * 0.5**6)
    uncorrected = ladder(runs(REFS, "vqa", base=BASE, full=empty), "none")
    assert [one.p_adjusted for one in uncorrected.rungs[:2]] == [2 * 0.5**6] * 2


def test_all_failures_together_are_the_sum_of_the_rungs(runs):
    mixed = answers((5, "", "stop"), (7, *CUT), (20, *RIGHT), (8, *WRONG))
    *rungs, whole = ladder(runs(REFS, "vqa", base=BASE, lora=mixed)).rungs
    assert [one.outcome for one in rungs] == ["empty", "truncated"]
    assert (whole.outcome, whole.count, whole.p_value) == (ANY_FAILURE, 12, None)
    assert whole.explained == pytest.approx(sum(one.explained for one in rungs))


def test_items_that_fail_in_both_runs_explain_nothing(runs):
    other = answers((12, "", "stop"), (26, *RIGHT), (2, *WRONG))
    found = ladder(runs(REFS, "vqa", base=LORA, lora=other))
    assert {one.explained for one in found.rungs} == {0.0}


def test_a_cure_is_told_as_a_gain(runs):
    (found,) = ladder_findings(ladder(runs(REFS, "vqa", base=LORA, full=BASE)))
    assert found.pattern.startswith("full is cut off (truncated) on 0.0% of the items, base on 30")
    assert found.meaning.startswith(
        "that earns 30.0 points of exact_match, more than the whole gain"
    )
    assert found.advice == "nothing to do; base does it more often"


def test_runs_are_matched_by_id_whatever_their_order(runs):
    turned = [REFS[i] for i in reversed(range(N))]
    one = runs(REFS, "vqa", base=BASE)["base"]
    other = runs(turned, "vqa", lora=LORA)["lora"]
    (rung,) = ladder({"base": one, "lora": other}).rungs
    assert rung.explained == pytest.approx(-12 / 40)


FRACTION = Output("exact_match")
LOSS = Output("loss", higher_is_better=False, range=(0.0, None), unit="nats")


@pytest.mark.parametrize(
    ("output", "total", "explained", "told"),
    [
        (FRACTION, -0.092, -0.081,
         "of the loss of 9.2 points in exact_match, 8.1 are explained by it"),
        (FRACTION, 0.092, 0.081,
         "of the gain of 9.2 points in exact_match, 8.1 are explained by it"),
        (FRACTION, 0.02, -0.081,
         "that costs 8.1 points of exact_match, which rises by 2.0 all the same"),
        (FRACTION, 0.0, -0.081,
         "that costs 8.1 points of exact_match, which does not change all the same"),
        (FRACTION, -0.02, 0.081,
         "that earns 8.1 points of exact_match, which falls by 2.0 all the same"),
        (FRACTION, -0.02, -0.081,
         "that costs 8.1 points of exact_match, more than the whole loss of 2.0"),
        (FRACTION, -0.02, 0.0001, "that does not move exact_match"),
        (LOSS, 0.5, 0.25, "of the loss of 0.5 nats in loss, 0.25 are explained by it"),
    ],
)  # fmt: skip
def test_the_part_in_the_score_is_worded_by_its_sign(output, total, explained, told):
    assert part_in(Change(output, total, None), explained) == told


def test_an_unknown_part_says_why():
    assert part_in(Change(None, None, "the runs have none"), None) == (
        "what it does to the primary score is unknown: the runs have none"
    )


DOCUMENT = {"a": "x", "b": "y", "c": "z"}


def test_fields_of_all_documents_together_are_split_by_swapping_documents(runs):
    refs = [{"id": str(i), "references": [DOCUMENT]} for i in range(N)]
    good, half = '{"a": "x", "b": "y", "c": "z"}', '{"a": "x"}'
    base = [{"id": str(i), "prediction": good} for i in range(N)]
    lora = [{"id": str(i), "prediction": "no" if i < 10 else half} for i in range(N)]
    found = ladder(runs(refs, "freeform", base=base, lora=lora))
    # Base: 120 of 120. LoRA: 30 right, 30 predicted, 120 expected: 60 / 150 = 0.4.
    assert found.totals["lora"].value == pytest.approx(0.4 - 1.0)
    (rung,) = found.rungs
    # Had the 10 been as in the base: 60 right, 60 predicted, 120 expected: 120 / 180.
    assert (rung.outcome, rung.explained) == ("unparsed", pytest.approx(0.4 - 120 / 180))


def test_a_pooled_score_has_no_parts(runs):
    refs = [{"id": str(i), "label": "cat" if i % 2 else "dog"} for i in range(N)]
    base = [{"id": str(i), "prediction": "cat" if i % 2 else "dog"} for i in range(N)]
    lora = [{**row, "prediction": ""} if i < 12 else row for i, row in enumerate(base)]
    options = {"metrics": "f1_macro"}
    found = ladder(runs(refs, "classification", base=base, lora=lora, options=options))
    assert (found.rungs[0].outcome, found.rungs[0].explained) == ("empty", None)
    (told,) = ladder_findings(found)
    assert told.meaning.startswith(
        "what it does to the primary score is unknown: the score is made"
    )


def test_runs_without_failures_have_no_table_of_them(runs):
    result = runs(REFS, "vqa", base=BASE, lora=answers((30, *RIGHT), (10, "green", "stop")))
    told = findings(result)
    assert [*told.tables] == ["outcomes", "lengths"]
    assert told.diagnosis == ()


def test_findings_have_all_tables_and_the_failures_first(result):
    told = findings(result)
    assert [*told.tables] == ["outcomes", "failures", "format_cost", "lengths"]
    assert told.tables["failures"].rows[0][:6] == ("lora", "truncated", 0.3, 0.0, 0.3, 12)
    assert told.diagnosis[0].pattern.startswith("lora is cut off")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_the_parts_of_any_split_of_the_items_sum_to_the_change(items):
    base, run = made([a for a, _, _ in items]), made([b for _, b, _ in items])
    parts = Attribution.of(base, run, Shared.of(base, run))
    some = np.array([c for _, _, c in items])
    whole = parts.part(np.ones(len(items), dtype=bool))
    assert whole == pytest.approx(
        run.scores["exact_match"].value - base.scores["exact_match"].value
    )
    assert parts.part(some) + parts.part(~some) == pytest.approx(whole)


def test_what_several_runs_do_better_is_one_sentence(runs):
    found = ladder_findings(ladder(runs(REFS, "vqa", base=LORA, full=BASE, lora=BASE)))
    # 12 items are cut off in the base alone: 2 × 0.5¹², Holm × 2
    assert [one.pattern for one in found] == [
        "base is cut off (truncated) on 30.0% of the items, and 2 runs do so on fewer: full 0.0%, "
        "lora 0.0% (p ≤ 0.0010, exact McNemar, Holm over 2 tests)"
    ]
    # one that does worse keeps its own sentence
    bad = answers((30, *CUT), (8, *RIGHT), (2, *WRONG))
    several = runs(REFS, "vqa", base=LORA, full=BASE, lora=BASE, bad=bad)
    found = ladder_findings(ladder(several))
    assert len(found) == 2
    assert {one.pattern.split()[0] for one in found} == {"base", "bad"}


def test_runs_with_the_same_answers_are_told(runs):
    told = findings(runs(REFS, "vqa", base=BASE, lora=BASE, full=LORA)).diagnosis
    assert [one.pattern for one in told if "same answers" in one.pattern] == [
        "lora gives the same answers as base on all 40 items"
    ]


def test_a_few_equal_answers_are_no_slip(runs):
    results = runs(REFS[:5], "vqa", base=BASE[:5], lora=BASE[:5])
    assert not [one for one in findings(results).diagnosis if "same answers" in one.pattern]
