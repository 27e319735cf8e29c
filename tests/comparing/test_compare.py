"""Comparisons of runs whose right answers are known."""

import json
from pathlib import Path

import pytest

from vlmeval_cli.api import compare, score
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.config import ComparePolicy, PairPolicy
from vlmeval_cli.core.errors import DataError, UsageError

BASE = set(range(20))  # 20 of 40 right
LORA = set(range(5, 35))  # forgets 5, learns 15: 30 right
FULL = set(range(3, 38))  # 35 right


@pytest.fixture
def study(questions):
    runs = {"base": BASE, "lora": LORA, "full": FULL}
    return {name: questions.run(name, right) for name, right in runs.items()}


def of(comparison, run, against="base", output="exact_match"):
    return comparison.pair(run, against, output)


def test_scores_differences_and_counts_follow_from_the_right_answers(study, questions):
    found = compare(study, questions.references, metrics="exact_match")
    assert {run.name: run.scores["exact_match"].value for run in found.runs} == {
        "base": 0.5, "lora": 0.75, "full": 0.875,
    }  # fmt: skip
    pair = of(found, "lora")
    assert pair.found.difference == pytest.approx(0.25)
    assert (pair.found.wins, pair.found.losses, pair.found.ties) == (15, 5, 20)
    # metric-spec section 18: exact McNemar of 15 against 5
    assert pair.found.p_value == pytest.approx(0.0413895, abs=1e-7)
    assert pair.relative == pytest.approx(0.5)


def test_three_runs_are_three_pairs_corrected_by_holm(study, questions):
    found = compare(study, questions.references, metrics="exact_match")
    assert [(one.run, one.against) for one in found.pairs] == [
        ("lora", "base"), ("full", "base"), ("lora", "full"),
    ]  # fmt: skip
    # 15/5, 18/3 and 0/5 discordant answers: twice the binomial tails
    assert [one.found.p_value for one in found.pairs] == pytest.approx(
        [0.0413895, 0.0014896, 0.0625], abs=1e-6
    )
    assert [one.p_adjusted for one in found.pairs] == pytest.approx(
        [2 * 0.0413895, 3 * 0.0014896, 2 * 0.0413895], abs=1e-6
    )
    assert [one.verdict for one in found.pairs] == ["undecided", "improved", "undecided"]
    assert found.letters["exact_match"] == ["b", "ab", "a"]
    assert (found.family.correction, found.family.n_tests) == ("holm", 3)


def test_any_run_can_be_the_baseline(study, questions):
    found = compare(
        study, questions.references, metrics="exact_match", policy=ComparePolicy(baseline="lora")
    )
    assert found.baseline == "lora"
    assert found.runs[0].name == "lora"
    assert of(found, "base", "lora").found.difference == pytest.approx(-0.25)


def test_forgotten_and_learned_items_are_counted_by_group(study, questions):
    found = compare(study, questions.references, metrics="exact_match", by="kind")
    rows = {(row[0], row[1]): row[2:] for row in found.tables["forgetting"].rows}
    # of lora the items 0-4 are forgotten and 20-34 learned; even ones: 0, 2, 4 and 20, 22, …, 34
    assert rows["lora", "all"] == [40, 20, 5, 0.25, 20, 15, 0.75, 10]
    assert rows["lora", "kind=even"] == [20, 10, 3, 0.3, 10, 8, 0.8, 5]
    assert rows["lora", "kind=odd"] == [20, 10, 2, 0.2, 10, 7, 0.7, 5]


def test_items_that_one_run_alone_gets_right_are_named(study, questions):
    found = compare(study, questions.references, metrics="exact_match")
    rows = {row[0]: row[1:] for row in found.tables["only"].rows}
    assert rows["only base"] == [3, 0.075, "q0, q1, q2"]
    assert rows["only lora"] == [0, 0.0, ""]
    assert rows["only full"] == [3, 0.075, "q35, q36, q37"]
    assert rows["all runs"][0] == 15  # 5 to 19
    assert rows["no run"][0] == 2  # 38 and 39


def test_the_gap_to_full_fine_tuning_is_read(study, questions):
    found = compare(study, questions.references, metrics="exact_match")
    (row,) = found.tables["gap"].rows
    assert row[:3] == ["lora", "exact_match", pytest.approx(12.5)]
    assert row[5] == "wide: raise the rank or train longer"
    assert row[6] == pytest.approx((0.75 - 0.5) / (0.875 - 0.5))
    assert row[7] < row[6] < row[8]


def test_no_share_is_recovered_of_a_gain_that_is_not_shown(questions):
    runs = {"base": questions.run("base", BASE), "lora": questions.run("lora", {*BASE, 20}),
            "full": questions.run("full", {*BASE, 21})}  # fmt: skip
    (row,) = compare(runs, questions.references, metrics="exact_match").tables["gap"].rows
    assert row[5:] == ["no gap", None, None, None, "full is not shown to be better than base"]


def test_moves_list_the_items_that_changed_most(study, questions):
    found = compare(
        study, questions.references, metrics="exact_match", policy=ComparePolicy(moves=2)
    )
    moves = [row[1:6] for row in found.tables["moves"].rows if row[0] == "lora"]
    assert moves == [
        ["better", "q34", 0.0, 1.0, 1.0], ["better", "q33", 0.0, 1.0, 1.0],
        ["worse", "q0", 1.0, 0.0, -1.0], ["worse", "q1", 1.0, 0.0, -1.0],
    ]  # fmt: skip


def test_equivalence_needs_a_margin(questions):
    runs = {"a": questions.run("a", BASE), "b": questions.run("b", BASE)}
    assert of(compare(runs, questions.references), "b", "a").verdict == "undecided"
    found = compare(runs, questions.references, pairs=PairPolicy(margin=0.01))
    assert of(found, "b", "a").verdict == "equivalent"


def test_saved_runs_compare_as_fresh_ones(study, questions, capfd):
    folders = {}
    for name, path in study.items():
        folders[name] = str(questions.folder / "saved" / name)
        assert main(["score", path, questions.references, "--output", folders[name]]) == 0
    fresh = compare(study, questions.references)
    saved = compare(folders)
    mixed = compare({**study, "lora": folders["lora"]}, questions.references)
    assert [one.found for one in saved.pairs] == [one.found for one in fresh.pairs]
    assert [one.found for one in mixed.pairs] == [one.found for one in fresh.pairs]
    assert saved.tables["forgetting"] == fresh.tables["forgetting"]


def test_runs_over_other_items_are_refused(questions):
    runs = {"a": questions.run("a", BASE), "b": questions.run("b", BASE, n=30)}
    with pytest.raises(DataError, match="10 ids have no prediction") as told:
        compare(runs, questions.references)
    assert "--intersect" in told.value.hint


def test_intersect_compares_what_all_have_and_says_so(questions):
    runs = {"a": questions.run("a", BASE), "b": questions.run("b", LORA, n=30)}
    found = compare(
        runs, questions.references, metrics="exact_match", policy=ComparePolicy(intersect=True)
    )
    assert found.policy == {"intersect": "10 items left out, not in all runs"}
    assert found.runs[0].scores["exact_match"].n == 30
    assert found.runs[0].scores["exact_match"].value == pytest.approx(20 / 30)
    assert of(found, "b", "a").found.difference == pytest.approx(5 / 30)


def test_saved_runs_over_other_items_meet_in_what_both_have(questions, capfd):
    refs, folder = questions.references, questions.folder
    a, b = questions.run("a", BASE), questions.run("b", LORA)
    assert main(["score", a, refs, "--output", str(folder / "A")]) == 0
    assert main(["score", b, refs, "--output", str(folder / "B"), "--limit", "30"]) == 0
    with pytest.raises(DataError, match=r"over different items: all share 30; .*10 items more"):
        compare({"a": str(folder / "A"), "b": str(folder / "B")})
    found = compare(
        {"a": str(folder / "A"), "b": str(folder / "B")}, policy=ComparePolicy(intersect=True)
    )
    assert of(found, "b", "a").found.difference == pytest.approx(5 / 30)


def test_other_references_are_refused_unless_forced(questions, capfd):
    refs, folder = questions.references, questions.folder
    a, b = questions.run("a", BASE), questions.run("b", LORA)
    other = folder / "other.jsonl"
    other.write_text(Path(refs).read_text("utf-8").replace('["a7"]', '["changed"]'))
    assert main(["score", a, refs, "--output", str(folder / "A")]) == 0
    assert main(["score", b, str(other), "--output", str(folder / "B")]) == 0
    runs = {"a": str(folder / "A"), "b": str(folder / "B")}
    with pytest.raises(DataError, match='"a" and "b" were not scored alike: references: '):
        compare(runs)
    found = compare(runs, policy=ComparePolicy(force=True))
    assert found.policy["force"].startswith("b: references: ")


def test_other_options_are_refused_and_named(questions, capfd):
    refs, folder = questions.references, questions.folder
    a, b = questions.run("a", BASE), questions.run("b", LORA)
    assert main(["score", a, refs, "--output", str(folder / "A")]) == 0
    changed = ["-m", "anls:threshold=0.3:as=x,anls"]
    assert main(["score", b, refs, "--output", str(folder / "B"), *changed]) == 0
    found = compare({"a": str(folder / "A"), "b": str(folder / "B")})
    assert [*found.runs[0].scores] == ["anls"]
    assert "not in all runs, so left out: exact_match, token_f1, anls[x]" in found.notes


def test_outputs_that_no_two_runs_share_are_refused(questions, capfd):
    refs, folder = questions.references, questions.folder
    a = questions.run("a", BASE)
    assert main(["score", a, refs, "--output", str(folder / "A"), "-m", "anls"]) == 0
    assert main(["score", a, refs, "--output", str(folder / "B"), "-m", "exact_match"]) == 0
    with pytest.raises(DataError, match="no output in common"):
        compare({"a": str(folder / "A"), "b": str(folder / "B")})


def test_a_report_alone_cannot_be_compared(questions, capfd):
    report = questions.folder / "report.json"
    a = questions.run("a", BASE)
    assert main(["score", a, questions.references, "--json", str(report)]) == 0
    with pytest.raises(UsageError, match="cannot be compared item by item"):
        compare({"a": str(report), "b": a}, questions.references)


def test_one_file_a_run_needs_no_references(questions):
    def whole(name, right):
        path = questions.folder / f"{name}.jsonl"
        rows = [
            {"id": f"q{i}", "question": "?", "prediction": f"a{i}" if i in right else "no",
             "answers": [f"a{i}"]}
            for i in range(40)
        ]  # fmt: skip
        order = rows if name == "a" else rows[::-1]
        path.write_text("".join(json.dumps(row) + "\n" for row in order))
        return str(path)

    runs = {"a": whole("a", BASE), "b": whole("b", LORA)}
    found = compare(runs, metrics="exact_match")
    assert (of(found, "b", "a").found.wins, of(found, "b", "a").found.losses) == (15, 5)


@pytest.mark.parametrize(
    ("policy", "told"),
    [({"baseline": "bas"}, 'baseline: no run is called "bas"'),
     ({"full": "ful"}, 'full: no run is called "ful"')],
)  # fmt: skip
def test_names_of_no_run_are_refused(study, questions, policy, told):
    with pytest.raises(UsageError, match=told):
        compare(study, questions.references, policy=ComparePolicy(**policy))


def test_one_run_is_no_comparison(study, questions):
    with pytest.raises(UsageError, match="two runs at least, got 1"):
        compare({"a": study["base"]}, questions.references)


def test_each_run_scores_what_it_scores_alone(study, questions):
    found = compare(study, questions.references)
    for run in found.runs:
        alone = score(study[run.name], questions.references)
        assert {name: (one.value, one.ci_low, one.ci_high) for name, one in run.scores.items()} == {
            name: (one.value, one.ci_low, one.ci_high) for name, one in alone.scores.items()
        }


def test_seeds_are_averaged_and_their_spread_told(questions):
    runs = {
        "base": questions.run("base", BASE),
        "lora": [questions.run(f"s{k}", set(range(5, 35 + k))) for k in range(3)],
    }
    found = compare(runs, questions.references, metrics="exact_match")
    lora = found.run("lora")
    # 30, 31 and 32 of 40 right: mean 31/40, sample deviation 1/40
    assert lora.seeds.means["exact_match"] == pytest.approx((31 / 40, 1 / 40))
    assert lora.scores["exact_match"].value == pytest.approx(31 / 40)
    pair = of(found, "lora")
    assert pair.found.difference == pytest.approx(11 / 40)
    assert pair.found.test.startswith("t test over seeds and items")
    assert pair.found.low < 11 / 40 < pair.found.high
    assert found.tables["seeds"].rows == [
        ["lora", "exact_match", 3, pytest.approx(31 / 40), pytest.approx(1 / 40), 0.75, 0.775, 0.8]
    ]


def test_people_chance_and_the_most_frequent_answer(tmp_path):
    # Of each item's three answers two agree: left out in turn, 2 of 3 people agree with another.
    refs = tmp_path / "refs.jsonl"
    preds = tmp_path / "preds.jsonl"
    rows = [{"id": i, "question": "?", "answers": ["yes", "yes", f"a{i}"]} for i in range(30)]
    refs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    preds.write_text("".join(json.dumps({"id": i, "prediction": "no"}) + "\n" for i in range(30)))
    found = compare({"a": str(preds), "b": str(preds)}, str(refs), metrics="exact_match")
    rows = {row[0]: row[1:3] for row in found.tables["floors"].rows}
    assert rows["people"] == [30, pytest.approx(2 / 3)]
    assert rows["chance"] == [30, 1.0]
    assert rows["most frequent"] == [30, 1.0]


def test_items_that_would_tell_are_more_than_there_are(questions):
    # 13 against 5 discordant answers of 40: p = 0.0963; the standard error of the mean of 13 ones,
    # 5 minus ones and 22 zeros is sqrt((18/40 - 0.2²) / 40) = 0.1012, by the bootstrap about that.
    runs = {"base": questions.run("base", BASE),
            "lora": questions.run("lora", set(range(5, 33)))}  # fmt: skip
    alone = of(compare(runs, questions.references, metrics="exact_match"), "lora")
    assert alone.items_needed == pytest.approx(40 * (2.8016 * 0.1012 / 0.2) ** 2, rel=0.15)
    three = compare(runs, questions.references, metrics="exact_match,token_f1,anls")
    # at a level of 0.05 / 3 the quantiles are 2.3940 and 0.8416
    many = of(three, "lora")
    assert many.items_needed == pytest.approx(40 * (3.2356 * 0.1012 / 0.2) ** 2, rel=0.15)
    uncorrected = compare(
        runs, questions.references, metrics="exact_match,anls", pairs=PairPolicy(correction="none")
    )
    assert of(uncorrected, "lora").items_needed == alone.items_needed


def test_no_number_of_items_is_told_that_is_there_already(questions):
    # 5 against 0 of 40: exact p = 0.0625, though 5/40 is 2.4 standard errors
    runs = {"base": questions.run("base", BASE), "lora": questions.run("lora", set(range(26)))}
    for metrics in ("exact_match", "exact_match,anls,token_f1"):
        pair = of(compare(runs, questions.references, metrics=metrics), "lora")
        assert pair.verdict in ("undecided", "improved")
        assert pair.items_needed is None or pair.items_needed > 40


def test_a_run_without_references_asks_for_refs(study):
    with pytest.raises(UsageError, match="looks like references") as told:
        compare(study)
    assert "--refs" in told.value.hint
    assert "vlmeval score" not in told.value.hint


def test_what_was_cut_off_cannot_be_compared_with_runs_that_do_not_tell(questions):
    def run(name, **more):
        said = [{"id": f"q{i}", "prediction": "no", **more} for i in range(40)]
        path = questions.folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in said))
        return str(path)

    cut, done, silent = (
        run("cut", finish_reason="length"), run("done", finish_reason="stop"), run("silent"),
    )  # fmt: skip
    found = compare({"cut": cut, "done": done, "silent": silent}, questions.references)
    (told,) = [one for one in found.warnings if one.code == "finish_reason_missing"]
    assert told.message.startswith("silent: no finish_reason is recorded")
    for runs in ({"cut": cut, "done": done}, {"done": done, "silent": silent}):
        codes = {one.code for one in compare(runs, questions.references).warnings}
        assert "finish_reason_missing" not in codes


def test_a_seed_that_is_named_twice_is_a_slip(questions):
    base, seed = questions.run("base", BASE), questions.run("s1", LORA)
    with pytest.raises(UsageError, match=r'run "lora" has "\S+s1.jsonl" twice'):
        compare({"base": base, "lora": [seed, seed]}, questions.references)


def test_moves_show_the_answer_that_could_not_be_read(tmp_path):
    rows = [
        {"id": i, "question": "?", "options": ["red", "blue"], "answer": "A"} for i in range(30)
    ]
    refs = tmp_path / "refs.jsonl"
    refs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs = {}
    for name, said in (("base", "A"), ("lora", "I like cats")):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(
            "".join(json.dumps({"id": i, "prediction": said}) + "\n" for i in range(30))
        )
        runs[name] = str(path)
    found = compare(runs, str(refs), task="choice")
    row = dict(zip(found.tables["moves"].columns, found.tables["moves"].rows[0], strict=True))
    assert (row["base said"], row["run said"]) == ("A", "I like cats")


def test_what_was_recognised_otherwise_is_told_in_words(tmp_path):
    box = [10, 20, 1500, 1400]
    rows = [{"id": i, "bbox": box, "width": 2000, "height": 1500} for i in range(30)]
    refs = tmp_path / "refs.jsonl"
    refs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs = {}
    for name, said in (("base", str(box)), ("lora", "<box>(5,13),(750,933)</box>")):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(
            "".join(json.dumps({"id": i, "prediction": said}) + "\n" for i in range(30))
        )
        runs[name] = str(path)
    found = compare(runs, str(refs), task="grounding")
    (told,) = [one.message for one in found.warnings if one.code == "recorded_difference"]
    assert told.startswith("lora: inferred is box_format ")
    assert "{" not in told
