"""Bounds that a score or a share of items has to keep, without a baseline."""

import pytest

from vlmeval_cli.api import gate
from vlmeval_cli.core.errors import UsageError


def only(result):
    (one,) = result.rules
    return one


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [("min: 0.7", "passed"), ("min: 0.71", "failed"),
     ("max: 0.7", "passed"), ("max: 0.6", "failed"),
     ("min: 0.6, max: 0.8", "passed"), ("min: 0.1, max: 0.2", "failed")],
)  # fmt: skip
def test_a_score_keeps_its_bounds_or_fails(place, bound, verdict):
    place.refs(10)
    found = only(place.judge([f"{{metric: exact_match, {bound}}}"], [True] * 7 + [False] * 3))
    assert found.value == 0.7  # 7 of 10
    assert found.verdict == verdict


def test_a_mean_that_is_the_bound_on_paper_passes(place):
    place.refs(10)  # 0.1 + 0.1 + … is a hair off in floating point
    answers = [True] * 8 + [False] * 2
    assert place.judge(["{metric: exact_match, min: 0.8}"], answers).verdict == "passed"


def test_what_fails_the_build_is_what_fail_on_names(place):
    place.refs(4)
    rule, answers = "{metric: exact_match, min: 0.9}", [True, True, False, False]
    assert place.judge([rule], answers).verdict == "failed"
    assert place.judge([rule], answers, more="fail_on: regressed").verdict == "passed"
    assert place.judge([rule], answers, more="fail_on: []").verdict == "passed"


def test_a_rule_of_one_group_looks_at_its_items_alone(place):
    place.refs(8, kinds=("a", "b"))  # a: items 0 2 4 6, b: 1 3 5 7
    answers = [True, False, True, False, True, False, False, True]
    found = place.judge(["{metric: exact_match, by: {kind: b}, min: 0.5}"], answers)
    assert only(found).value == 0.25  # item 7 of 1 3 5 7
    assert only(found).by == {"kind": "b"}
    assert only(found).verdict == "failed"


def test_a_field_alone_gives_every_group_a_verdict(place):
    place.refs(8, kinds=("a", "b"))
    answers = [True, False, True, False, True, False, False, True]
    found = place.judge(["{metric: exact_match, by: kind, min: 0.5}"], answers)
    assert {one.by["kind"]: (one.value, one.verdict) for one in found.rules} == {
        "a": (0.75, "passed"),
        "b": (0.25, "failed"),
    }


def test_several_fields_are_crossed(place):
    place.refs(8, kinds=("a", "b"))  # first half: items 0 to 3
    answers = [True, False, True, False, True, True, False, True]
    found = place.judge(["{metric: exact_match, by: {kind: a, half: second}, min: 0.6}"], answers)
    assert only(found).value == 0.5  # items 4 and 6
    every = place.judge(["{metric: exact_match, by: [kind, half], min: 0.6}"], answers)
    assert {tuple(one.by.values()): one.value for one in every.rules} == {
        ("a", "first"): 1.0,
        ("a", "second"): 0.5,
        ("b", "first"): 0.0,
        ("b", "second"): 1.0,
    }


ANSWERS = [True, False, "", "", "I'm sorry, but I can't help with that.", True, True, True]


@pytest.mark.parametrize(
    ("rule", "value", "verdict"),
    [
        ("{check: empty, max: 2}", 2, "passed"),
        ("{check: empty, max: 1}", 2, "failed"),
        ("{check: empty, max: 0.25}", 0.25, "passed"),
        ("{check: empty, max: 24%}", 0.25, "failed"),
        ("{check: empty, max: 0}", 2, "failed"),
        ("{check: refused, max: 1}", 1, "passed"),
        ("{check: unparsed, max: 0}", 0, "passed"),
        ("{check: truncated, max: 0}", 0, "passed"),
        ("{check: loop, max: 0}", 0, "passed"),
        ("{check: format_valid, min: 62%}", 0.625, "passed"),  # 5 of 8 can be read
        ("{check: format_valid, min: 0.95}", 0.625, "failed"),
        ("{check: n, min: 8}", 8, "passed"),
        ("{check: n, min: 9}", 8, "failed"),
    ],
)
def test_checks_count_items(place, rule, value, verdict):
    place.refs(8)
    found = only(place.judge([rule], ANSWERS))
    assert (found.value, found.verdict) == (value, verdict)


def test_a_check_of_a_group_counts_its_items(place):
    place.refs(8, kinds=("a", "b"))
    found = place.judge(["{check: empty, by: kind, max: 0}"], ANSWERS)  # items 2 (a) and 3 (b)
    assert {one.by["kind"]: one.value for one in found.rules} == {"a": 1, "b": 1}
    assert all(one.n == 4 for one in found.rules)


@pytest.mark.parametrize("missing", ["worst", "skip"])
def test_missing_predictions_are_counted(place, missing):
    place.refs(8)
    answers = [True] * 5 + [None] * 3
    more = f"join: {{missing: {missing}}}"
    found = place.judge(
        ["{check: missing, max: 2}", "{check: missing, max: 40%}"], answers, more=more
    )
    assert [(one.value, one.verdict) for one in found.rules] == [(3, "failed"), (0.375, "passed")]
    shares = place.judge(["{check: format_valid, min: 0.5}"], answers, more=more)
    assert only(shares).value == 0.625  # 5 of the 8 that were asked for


def test_a_rule_on_missing_needs_a_policy(place):
    place.refs(2)
    with pytest.raises(UsageError, match=r"needs join\.missing: worst or skip"):
        place.judge(["{check: missing, max: 2}"], [True, True])


def test_missing_by_group_needs_the_items(place):
    place.refs(2)
    with pytest.raises(UsageError, match=r"needs join\.missing: worst"):
        place.judge(
            ["{check: missing, by: kind, max: 2}"], [True, None], more="join: {missing: skip}"
        )


def test_a_metric_without_a_score_cannot_pass(place):
    place.refs(2)
    rule = "rules: [{metric: cohen_kappa, max: 1}]\n"  # undefined where all is one class
    config = place.write("own.yaml", f"task: classification\nmetrics: classification\n{rule}")
    predictions = place.write("own.jsonl", '{"id": 1, "prediction": "cat", "label": "cat"}\n')
    found = only(gate(predictions, config=config))
    assert found.value is None
    assert found.verdict == "failed"
    assert found.reason.startswith("no score: ")


def test_a_plain_name_finds_its_only_variant(place):
    place.refs(2)
    rule = "rules: [{metric: exact_match, min: 1}]\n"
    config = place.write("own.yaml", f"task: vqa\nmetrics: exact_match:normalize=lower\n{rule}")
    found = only(
        gate(place.preds("p.jsonl", [True, True]), place.folder / "refs.jsonl", config=config)
    )
    assert found.output.name.startswith("exact_match[")
    assert found.verdict == "passed"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{metric: anlz, min: 0.8}", r'gate.yaml:5: the run has no score "anlz"'),
        ("{metric: exact_match, min: 80}", "min 80 lies outside the scale of exact_match, 0 to 1"),
        ("{metric: exact_match, by: {kind: z}, min: 0.8}", "no item is in the group kind=z"),
        ("{metric: exact_match, by: kynd, min: 0.8}", 'no item has a value in a field "kynd"'),
        ("{metric: exact_match, max_drop: 0.1}", "needs a baseline"),
        ("{check: newly_wrong, max: 0}", "needs a baseline"),
    ],
)
def test_rules_that_can_say_nothing_are_usage_errors(place, rule, message):
    place.refs(4)
    with pytest.raises(UsageError, match=message):
        place.judge([rule], [True] * 4)


def test_a_gate_without_rules_is_a_usage_error(place):
    place.refs(1)
    config = place.write("none.yaml", "task: vqa\n")
    with pytest.raises(UsageError, match="a gate needs rules"):
        gate(place.preds("p.jsonl", [True]), place.folder / "refs.jsonl", config=config)
