"""Rules that hold a run against a saved one."""

import json
import shutil

import pytest

from vlmeval_cli.api import gate
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.errors import DataError, UsageError


def only(result):
    (one,) = result.rules
    return one


def answers(right, n):
    return [True] * right + [False] * (n - right)


@pytest.mark.parametrize(
    ("rule", "verdict", "bound"),
    [
        ("max_drop: 0.1", "passed", 0.7),  # 0.8 − 0.7 is the drop that is allowed
        ("max_drop: 0.09", "regressed", 0.71),
        ("max_drop: 0", "regressed", 0.8),
        ("max_drop_relative: 0.125", "passed", 0.7),  # 0.125 × 0.8 = 0.1
        ("max_drop_relative: 12%", "regressed", 0.704),
        ("max_drop: 0.2, max_drop_relative: 5%", "regressed", 0.76),  # the stricter one
    ],
)
def test_an_untested_drop_is_measured_at_the_point(place, rule, verdict, bound):
    place.refs(10)
    folder = place.saved("base", answers(8, 10))
    found = only(place.judge([f"{{metric: exact_match, {rule}}}"], answers(7, 10), baseline=folder))
    assert found.verdict == verdict
    assert (found.value, found.baseline) == (0.7, 0.8)
    assert found.bound == pytest.approx(bound)
    assert found.change == pytest.approx(-0.1)


def test_an_absolute_bound_goes_before_a_drop(place):
    place.refs(10)
    folder = place.saved("base", answers(8, 10))
    rule = "{metric: exact_match, min: 0.75, max_drop: 0.2}"
    found = only(place.judge([rule], answers(7, 10), baseline=folder))
    assert (found.verdict, found.bound) == ("failed", 0.75)


def test_worse_follows_the_direction_of_the_metric(place):
    rows = [{"id": i, "logprobs": {"content": [{"token": "a", "logprob": -1.0}]}} for i in range(4)]
    worse = [{**row, "logprobs": {"content": [{"token": "a", "logprob": -2.0}]}} for row in rows]
    paths = [
        place.write(name, "".join(json.dumps(row) + "\n" for row in own))
        for name, own in (("low.jsonl", rows), ("high.jsonl", worse))
    ]
    rules = place.write(
        "ppl.yaml", "task: language_modeling\nrules: [{metric: perplexity, max_drop: 1.0}]\n"
    )
    verdicts = []
    for base, new in (paths, paths[::-1]):
        assert main(["score", base, "--task", "language_modeling", "--quiet", "--output",
                     str(place.folder / "base")]) == 0  # fmt: skip
        verdicts.append(only(gate(new, config=rules, baseline=place.folder / "base")).verdict)
    assert verdicts == ["regressed", "passed"]  # e² against e, and the other way round


def test_every_group_has_its_own_baseline(place):
    place.refs(8, kinds=("a", "b"))
    folder = place.saved("base", [True] * 8)  # not scored by kind: its items are
    new = [True, False] * 4
    found = place.judge(["{metric: exact_match, by: kind, max_drop: 0.1}"], new, baseline=folder)
    assert {one.by["kind"]: (one.verdict, one.value, one.baseline) for one in found.rules} == {
        "a": ("passed", 1.0, 1.0),
        "b": ("regressed", 0.0, 1.0),
    }


def test_the_order_of_the_items_does_not_matter(place):
    place.refs(8, kinds=("a", "b"))
    folder = place.saved("base", [True, False] * 4)
    lines = (place.folder / "refs.jsonl").read_text().splitlines()
    place.write("refs.jsonl", "\n".join(reversed(lines)) + "\n")
    rules = ["{metric: exact_match, by: kind, test: paired}", "{check: newly_wrong, max: 0}"]
    found = place.judge(rules, [True, False] * 4, baseline=folder)
    assert [one.change for one in found.rules[:2]] == [0.0, 0.0]
    assert [*found.newly_wrong] == []
    assert found.verdict == "passed"


# 400 items, right or wrong; the change of the mean has a standard error that is counted by hand.
@pytest.mark.parametrize(
    ("lost", "won", "rule", "verdict"),
    [
        # 60 lost, 0 won: worse by 0.15 ± 0.018, far above 0.02
        (60, 0, "max_drop: 0.02, test: paired", "regressed"),
        # 12 lost, 4 won: worse by 0.02 ± 0.01: the bounds are about 0.004 and 0.036
        (12, 4, "max_drop: 0.02, test: paired", "undecided"),
        (12, 4, "max_drop: 0.05, test: paired", "passed"),
        (12, 4, "max_drop: 0.05, test: paired, margin: 0.04", "equivalent"),
        (12, 4, "max_drop: 0.05, test: paired, margin: 0.03", "passed"),
        # 4 lost, 60 won: better by 0.14
        (4, 60, "max_drop: 0.02, test: paired", "improved"),
        (0, 0, "test: paired", "passed"),
        (0, 0, "test: paired, margin: 0.01", "equivalent"),
        # with no worsening allowed: 60 against 0 is beyond chance, 3 against 0 is not (1/8)
        (60, 0, "test: paired", "regressed"),
    ],
)
def test_a_tested_rule_looks_at_the_bounds(place, lost, won, rule, verdict):
    place.refs(400)
    base = answers(200, 400)
    new = [False] * lost + [True] * (200 - lost) + [True] * won + [False] * (200 - won)
    folder = place.saved("base", base)
    found = only(place.judge([f"{{metric: exact_match, {rule}}}"], new, baseline=folder))
    assert found.verdict == verdict
    assert found.change == pytest.approx((won - lost) / 400)
    assert found.test
    assert found.n == 400
    error = (((lost + won) / 400 - ((won - lost) / 400) ** 2) / 400) ** 0.5
    if error:
        width = (found.change_high - found.change_low) / 2
        assert width == pytest.approx(1.96 * error, rel=0.15)


def test_an_undecided_rule_says_how_many_items_would_decide(place):
    place.refs(400)
    folder = place.saved("base", answers(200, 400))
    new = [False] * 14 + [True] * 186 + [True] * 4 + [False] * 196  # worse by 0.025
    rule = "{metric: exact_match, max_drop: 0.02, test: paired}"
    found = only(place.judge([rule], new, baseline=folder))
    assert found.verdict == "undecided"
    # distance 0.005, standard error √(18/400 − 0.025²)/20 = 0.01053 at 400 items:
    # 400 × ((1.645 + 0.842) × 0.01053 / 0.005)² ≈ 11,000
    assert found.n_needed == pytest.approx(11_000, rel=0.15)
    assert f"about {found.n_needed:,} items would decide it" in found.reason
    passing = place.judge([rule], new, baseline=folder)
    failing = place.judge([rule], new, baseline=folder, more="fail_on: [undecided]")
    assert (passing.verdict, failing.verdict) == ("passed", "failed")


def test_few_items_that_differ_are_no_proof(place):
    place.refs(200)
    folder = place.saved("base", [True] * 200)
    found = only(
        place.judge(
            ["{metric: exact_match, test: paired}"], [False] * 3 + [True] * 197, baseline=folder
        )
    )
    assert found.verdict != "regressed"  # 3 of 3 one way happens by chance 1 time in 8


def test_newly_wrong_items_are_listed(place):
    place.refs(6, kinds=("a", "b"))
    folder = place.saved("base", [True, True, True, True, False, False])
    new = [True, False, "", True, False, True]  # 1 is wrong now, 2 has no answer
    found = place.judge(["{check: newly_wrong, max: 1}"], new, baseline=folder)
    assert only(found).verdict == "failed"
    assert [*only(found).ids] == ["q1", "q2"]
    assert [(one.id, one.outcome, one.prediction, one.before) for one in found.newly_wrong] == [
        ("q1", "wrong", "no", "yes"),
        ("q2", "empty", "", "yes"),
    ]
    by_kind = place.judge(["{check: newly_wrong, by: {kind: a}, max: 1}"], new, baseline=folder)
    assert only(by_kind).ids == ["q2"]
    assert by_kind.verdict == "passed"


def test_newly_wrong_needs_right_and_wrong(place, root):
    config = place.write("c.yaml", "task: captioning\nrules: [{check: newly_wrong, max: 0}]\n")
    with pytest.raises(UsageError, match="captioning has none"):
        gate("p", "r", config=config, baseline=place.folder)


def test_a_bare_report_allows_absolute_and_relative_rules(place):
    place.refs(10, kinds=("a", "b"))
    folder = place.saved("base", answers(8, 10), "--by", "kind")
    bare = str(shutil.copy(f"{folder}/report.json", place.folder / "bare.json"))
    rules = [
        "{metric: exact_match, max_drop: 0.05}",
        "{metric: exact_match, by: kind, max_drop: 0}",
    ]
    found = place.judge(rules, answers(7, 10), baseline=bare)
    assert found.rules[0].verdict == "regressed"
    # base: a 0 2 4 6 right of five, b 1 3 5 7; new: item 7 (b) is lost
    assert {one.by["kind"]: one.verdict for one in found.rules[1:]} == {
        "a": "passed",
        "b": "regressed",
    }
    assert found.baseline.bare == "statistics.npz is not beside the report"
    assert any("absolute and relative rules only" in note for note in found.notes)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("{metric: exact_match, test: paired}", "test: paired"),
        ("{check: newly_wrong, max: 0}", "newly_wrong"),
    ],
)  # fmt: skip
def test_a_bare_report_allows_no_test(place, rule, key):
    place.refs(4)
    folder = place.saved("base", answers(3, 4))
    bare = str(shutil.copy(f"{folder}/report.json", place.folder / "bare.json"))
    with pytest.raises(UsageError, match="needs the baseline's items") as caught:
        place.judge([rule], answers(3, 4), baseline=bare)
    assert "gate.yaml:5" in str(caught.value)
    assert "is not beside the report" in str(caught.value)
    assert key in caught.value.hint


@pytest.mark.parametrize("file", ["statistics.npz", "samples.jsonl"])
def test_altered_statistics_are_as_good_as_none(place, file):
    place.refs(4)
    folder = place.saved("base", answers(3, 4))
    with (place.folder / "base" / file).open("ab") as target:
        target.write(b"\n")
    with pytest.raises(UsageError, match=f"{file} was altered after the report was written"):
        place.judge(["{metric: exact_match, test: paired}"], answers(3, 4), baseline=folder)


def test_a_bare_report_without_the_groups_is_refused(place):
    place.refs(4)
    folder = place.saved("base", answers(3, 4))
    bare = str(shutil.copy(f"{folder}/report.json", place.folder / "bare.json"))
    with pytest.raises(UsageError, match="has no scores by kind"):
        place.judge(["{metric: exact_match, by: kind, max_drop: 0}"], answers(3, 4), baseline=bare)


def test_a_baseline_that_is_not_there_is_a_usage_error(place):
    place.refs(2)
    with pytest.raises(UsageError, match="is not there") as caught:
        place.judge(["{metric: exact_match, max_drop: 0}"], [True, True], baseline="runs/main")
    assert "--update-baseline" in caught.value.hint


def test_other_references_are_refused(place):
    place.refs(4)
    folder = place.saved("base", answers(3, 4))
    place.refs(5)
    rules = ["{metric: exact_match, max_drop: 0.5}", "{check: newly_wrong, max: 0}"]
    with pytest.raises(
        DataError, match=r"not comparable with this run \(there against here\): references: "
    ) as caught:
        place.judge(rules, answers(4, 5), baseline=folder)
    assert "--force" in caught.value.hint
    found = place.judge(rules, answers(4, 5), baseline=folder, force=True)
    assert found.verdict == "passed"
    assert found.baseline.unequal
    assert [one.code for one in found.warnings] == ["forced"]


def test_other_options_are_refused_only_for_metrics_of_the_rules(place):
    place.refs(4)
    folder = place.saved("base", answers(3, 4), metrics="exact_match,anls:threshold=0.6:as=lax")
    drop = "max_drop: 0.5"
    allowed = place.judge([f"{{metric: exact_match, {drop}}}"], answers(3, 4), baseline=folder)
    assert allowed.verdict == "passed"
    other = "task: vqa\nmetrics: [exact_match, {name: anls, threshold: 0.5, as: lax}]\n"
    config = place.write("own.yaml", f"{other}rules: [{{metric: anls, {drop}}}]\n")
    with pytest.raises(DataError, match=r"metrics anls\[lax\] threshold: 0.6 against 0.5"):
        gate(place.folder / "new.jsonl", place.folder / "refs.jsonl", config=config,
             baseline=folder)  # fmt: skip


def test_a_score_that_the_baseline_lacks_is_refused(place):
    place.refs(4)
    folder = place.saved("base", answers(3, 4))
    config = place.write(
        "own.yaml", "task: vqa\nmetrics: [exact_match, token_f1]\n"
        "rules: [{metric: token_f1, test: paired}]\n",
    )  # fmt: skip
    paths = (place.preds("n.jsonl", answers(3, 4)), place.folder / "refs.jsonl")
    with pytest.raises(DataError, match="score token_f1: absent"):
        gate(*paths, config=config, baseline=folder)
    found = gate(*paths, config=config, baseline=folder, force=True)
    assert only(found).verdict == "undecided"


def test_an_unknown_policy_of_missing_predictions_is_named(place):
    place.refs(4)
    folder = place.saved("base", answers(3, 4), "--missing", "worst")
    with pytest.raises(DataError, match="join missing: worst against error"):
        place.judge(["{metric: exact_match, max_drop: 0}"], answers(3, 4), baseline=folder)


def test_holm_holds_the_level_of_all_rules_together(place):
    # 8 lost and 1 won of 400: one-sided p about 0.01; with eight rules 0.08
    place.refs(400)
    folder = place.saved("base", answers(200, 400))
    new = [False] * 9 + [True] * 191 + [True] * 1 + [False] * 199
    one = "{metric: exact_match, test: paired}"
    alone = place.judge([one], new, baseline=folder)
    assert only(alone).verdict == "regressed"
    eight = [one] * 8
    plain = place.judge(eight, new, baseline=folder)
    assert {rule.verdict for rule in plain.rules} == {"regressed"}
    assert plain.family.n_tests == 8
    assert any("each at its own level" in note for note in plain.notes)
    together = place.judge(eight, new, baseline=folder, more="statistics: {correction: holm}")
    assert {rule.verdict for rule in together.rules} == {"undecided"}
    assert all(rule.p_adjusted > 0.05 for rule in together.rules)
    assert together.verdict == "passed"


def test_a_gate_folder_is_the_next_baseline(place):
    place.refs(6)
    folder = place.saved("base", answers(4, 6))
    config = place.config(["{metric: exact_match, max_drop: 0.2, test: paired}"])
    words = ["gate", place.preds("n.jsonl", answers(5, 6)), str(place.folder / "refs.jsonl"),
             "--config", config, "--quiet"]  # fmt: skip
    assert main([*words, "--baseline", folder, "--output", str(place.folder / "next")]) == 0
    assert main([*words, "--baseline", str(place.folder / "next")]) == 0


def test_tests_need_resamples(place):
    place.refs(2)
    folder = place.saved("base", [True, True])
    with pytest.raises(UsageError, match="needs resamples"):
        place.judge(
            ["{metric: exact_match, test: paired}"], [True, True], baseline=folder,
            more="statistics: {resamples: 0}",
        )  # fmt: skip


def test_right_and_wrong_by_another_metric_are_not_compared(place):
    place.refs(4)
    folder = place.saved("base", answers(3, 4), metrics="anls,exact_match")
    with pytest.raises(DataError, match="primary metric: anls against exact_match"):
        place.judge(["{check: newly_wrong, max: 0}"], answers(3, 4), baseline=folder)
    rule = "{check: newly_wrong, max: 0}"
    forced = place.judge([rule], answers(3, 4), baseline=folder, force=True)
    assert only(forced).verdict == "undecided"
    found = place.judge(["{metric: anls, max_drop: 0.5}"], answers(2, 4), baseline=folder)
    assert [*found.newly_wrong] == []


def test_absolute_rules_do_not_care_for_a_baseline(place):
    place.refs(4)
    folder = place.saved("base", answers(3, 4))
    place.refs(5)
    found = place.judge(["{metric: exact_match, min: 0.5}"], answers(4, 5), baseline=folder)
    assert found.verdict == "passed"
    assert found.baseline is None


def test_a_baseline_of_other_items_decides_nothing_by_force(place):
    place.refs(4)
    folder = place.saved("base", answers(3, 4))
    rows = (place.folder / "refs.jsonl").read_text().replace('"q', '"other')
    place.write("refs.jsonl", rows)
    place.write("new.jsonl", '{"id": "other0", "prediction": "yes"}\n')
    config = place.config(
        ["{metric: exact_match, test: paired}", "{check: newly_wrong, max: 0}",
         "{metric: exact_match, by: kind, max_drop: 0}"],
        "join: {missing: worst}",
    )  # fmt: skip
    paths = (place.folder / "new.jsonl", place.folder / "refs.jsonl")
    with pytest.raises(DataError, match="not comparable"):
        gate(*paths, config=config, baseline=folder)
    found = gate(*paths, config=config, baseline=folder, force=True)
    assert [one.verdict for one in found.rules] == ["undecided"] * 3
