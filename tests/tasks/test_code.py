"""Generated code: every layout of samples, what is refused, and what runs."""

import json

import pytest

from vlmeval_cli import api, score
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.config import ParsePolicy, RunConfig
from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task

PROBLEMS = [
    {
        "task_id": f"Test/{n}",
        "prompt": f"def add_{n}(x):\n",
        "entry_point": f"add_{n}",
        "canonical_solution": f"    return x + {n}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {n + 1}\n",
    }
    for n in (1, 2)
]
# Of five samples the first two pass.
COMPLETIONS = ["    return x + {n}\n", "```\ndef add_{n}(x):\n    return {n} + x\n```",
               "    return x\n", "import sys\nsys.exit(0)", "no idea"]  # fmt: skip
SAMPLES = [
    {"task_id": f"Test/{n}", "completion": text.format(n=n)} for n in (1, 2) for text in COMPLETIONS
]
PASSED = [True, True, False, False, False] * 2
RECORDED = [{**row, "passed": one} for row, one in zip(SAMPLES, PASSED, strict=True)]
LISTS = [
    {"task_id": f"Test/{n}", "completion": [text.format(n=n) for text in COMPLETIONS],
     "passed": PASSED[:5]}
    for n in (1, 2)
]  # fmt: skip
MBPP = [{"task_id": 7, "text": "Write a function to add.", "code": "def add(a, b): return a + b",
         "test_list": ["assert add(1, 2) == 3", "assert add(0, 1) == 1"]}]  # fmt: skip
ADDERS = [{"task_id": 7, "completion": text} for text in
          ("def add(a, b):\n    return a + b", "def add(a, b):\n    return 3")]  # fmt: skip


@pytest.fixture
def scored(tmp_path):
    """Score rows without intervals: predictions, then references if there are any."""

    def run(predictions, references=None, **options):
        paths = []
        for name, rows in (("preds.jsonl", predictions), ("refs.jsonl", references)):
            if rows is not None:
                paths.append(tmp_path / name)
                paths[-1].write_text("".join(json.dumps(row) + "\n" for row in rows))
        return score(*paths, resamples=0, **options)

    return run


LAYOUTS = {
    "rows of one id": (RECORDED, None, False),
    "rows of one id with problems": (RECORDED, PROBLEMS, False),
    "lists in a row": (LISTS, None, False),
    "verdicts alone": (
        [{"task_id": row["task_id"], "passed": row["passed"]} for row in RECORDED], None, False,
    ),
    "verdicts beside problems": (
        [{"task_id": row["task_id"], "passed": row["passed"]} for row in RECORDED],
        PROBLEMS, False,
    ),
    "results in words": (
        [{**row, "passed": "passed" if row["passed"] else "failed: no"} for row in RECORDED],
        None, False,
    ),
    "tests run, two files": (SAMPLES, PROBLEMS, True),
    "tests run, one file": (
        [{**PROBLEMS[i // 5], **row} for i, row in enumerate(SAMPLES)], None, True,
    ),
    "tests run, lists in a row": (
        [{"task_id": row["task_id"], "completion": row["completion"]} for row in LISTS],
        PROBLEMS, True,
    ),
    "tests run although recorded": (
        [{**row, "passed": True} for row in SAMPLES], PROBLEMS, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_scores(scored, layout):
    predictions, references, run_tests = LAYOUTS[layout]
    found = scored(predictions, references, run_tests=run_tests)
    assert found.task == "code"
    assert found.primary == "pass_at_1"
    assert found["pass_at_1"] == pytest.approx(2 / 5)
    assert found["pass_at_5"] == 1.0


def test_mbpp_problems_are_recognised_and_run(scored):
    found = scored(ADDERS, MBPP, run_tests=True)
    assert found.task == "code"
    assert found["pass_at_1"] == 0.5
    assert found["code_exact_match"] == 0.5


def test_without_results_only_texts_are_scored_and_that_is_told(scored):
    found = scored(SAMPLES[::5], PROBLEMS)
    assert found.primary == "edit_similarity"
    assert found["edit_similarity"] == found["code_exact_match"] == 1.0
    assert any("--run-tests" in note for note in found.notes)


def test_samples_tell_how_their_programs_ended(scored):
    found = scored(SAMPLES, PROBLEMS, run_tests=True)
    sample = found.items.sample(0)
    assert sample.outcome == "partial"
    assert "failed: AssertionError" in sample.reason
    assert "error: SystemExit: 0" in sample.reason
    assert found.items.sample(0).prediction[1] == "def add_1(x):\n    return 1 + x\n"


def test_nothing_is_run_unless_it_is_asked_for(scored, monkeypatch):
    from vlmeval_cli.resources import sandbox

    monkeypatch.setattr(sandbox, "_check_canaries", lambda crew: pytest.fail("it ran"))
    scored(SAMPLES, PROBLEMS)
    scored(RECORDED, PROBLEMS)


class Phases:
    """A listener that keeps what it is told: phase → steps of how many."""

    def __init__(self):
        self.steps = {}

    def start(self, label, total):
        self.label = label
        self.steps[label] = [0, total]

    def advance(self, n):
        self.steps[self.label][0] += n

    def done(self):
        pass

    def tell(self, line):
        pass


def test_running_tests_tells_how_far_it_is(root):
    files = [root / "sample_data" / "code" / name for name in ("preds.jsonl", "refs.jsonl")]
    phases = Phases()
    api.run_score(*files, RunConfig(parse=ParsePolicy(run_tests=True)), phases)
    done, total = phases.steps["running unit tests"]
    assert done == total > 1


def test_what_ran_and_with_which_limits_must_be_the_same_to_compare(scored):
    ran = scored(SAMPLES, PROBLEMS, run_tests=True).signature.comparable
    assert ran["verdicts"] == "by running the tests, up to 10 s and 1024 MiB each"
    assert scored(RECORDED).signature.comparable["verdicts"] == "as recorded"


def test_missing_problems_count_as_failed_where_asked_for(scored):
    found = scored(RECORDED[:5], PROBLEMS, missing="worst")
    assert found["pass_at_1"] == pytest.approx(1 / 5)
    assert found.outcomes["missing"] == 1


def test_a_problem_without_a_solution_still_has_its_pass_rate(scored):
    found = scored(SAMPLES, with_first(PROBLEMS, canonical_solution=None), run_tests=True)
    assert found.scores["pass_at_1"].n == 2
    assert found["pass_at_1"] == pytest.approx(2 / 5)
    assert found.scores["edit_similarity"].skipped == {"no_reference": 1}


def test_tests_with_assertions_are_evidence_of_code(scored):
    tests = [{"id": 7, "prompt": "Write a function to add.", "tests": ["assert add(1, 2) == 3"]}]
    rows = [{"id": 7, "prediction": row["completion"]} for row in ADDERS]
    found = scored(rows, tests, run_tests=True)
    assert found.task_reason == 'the rows have "tests" with assert statements'
    assert found["pass_at_1"] == 1.0


def test_a_sample_without_an_answer_is_a_sample_that_failed(scored):
    rows = [SAMPLES[0], {"task_id": "Test/1", "completion": None}, SAMPLES[5], SAMPLES[6]]
    assert scored(rows, PROBLEMS, run_tests=True)["pass_at_1"] == pytest.approx(3 / 4)


def test_reasoning_is_taken_out_of_every_sample(scored):
    rows = [
        {**row, "completion": f"<think>def add_1(x): ...</think>\n```\n{PROBLEMS[0]['prompt']}"
         "    return x + 1\n```"} for row in SAMPLES[:2]
    ]  # fmt: skip
    assert scored(rows, PROBLEMS[:1], run_tests=True)["pass_at_1"] == 1.0


def test_recorded_samples_agree_with_running_them(root):
    files = [root / "sample_data" / "code" / name for name in ("preds.jsonl", "refs.jsonl")]
    recorded, ran = (score(*files, resamples=0, run_tests=runs) for runs in (False, True))
    assert (recorded.items.scores["pass_at_1"] == ran.items.scores["pass_at_1"]).all()


def without(rows, *names):
    return [{key: value for key, value in row.items() if key not in names} for row in rows]


def with_first(rows, **fields):
    return [{**rows[0], **fields}, *rows[1:]]


RUN = {"run_tests": True}
BROKEN = {
    "no results and no solutions": (SAMPLES, None, {}, "no field records results"),
    "pass@k without results": (
        SAMPLES, PROBLEMS, {"metrics": "pass_at_k"}, "pass@k cannot be known",
    ),
    "no tests to run": (SAMPLES, None, RUN, "no row has unit tests"),
    "one problem without tests": (
        SAMPLES, with_first(PROBLEMS, test=None), RUN, 'item "Test/1": it has no unit tests',
    ),
    "tests of another language": (
        SAMPLES, with_first(PROBLEMS, test="const x = f(1);"), RUN,
        'item "Test/1": its unit tests are no Python',
    ),
    "tests that test nothing": (
        SAMPLES, with_first(PROBLEMS, test="def run():\n    assert False\n"), RUN,
        "so every program would pass",
    ),
    "verdicts to run": (
        without(RECORDED, "completion"), PROBLEMS, RUN, "there are no programs to run",
    ),
    "a program that is a number": (
        with_first(RECORDED, completion=7), None, {},
        r'preds.jsonl:1: field "completion", got 7, expected a string, a list of strings',
    ),
    "a program that is an object": (
        with_first(RECORDED, completion={"code": "x"}), None, {}, "preds.jsonl:1: field",
    ),
    "a number among the samples": (
        with_first(LISTS, completion=["a", 3, "b", "c", "d"]), None, {}, "got 3, expected",
    ),
    "an unknown result": (
        with_first(RECORDED, passed="perhaps"), None, {},
        r'preds.jsonl:1: field "passed", got "perhaps", expected true, false',
    ),
    "a result that is null": (
        with_first(RECORDED, passed=None), None, {}, r'field "passed", got null',
    ),
    "more results than samples": (
        with_first(LISTS, passed=[True]), None, {},
        'field "passed" holds 1 results, expected 5',
    ),
    "an empty list of samples": (
        with_first(LISTS, completion=[], passed=[]), None, {}, "has no prediction|is null or empty",
    ),
    "no program at all": (
        [{"task_id": "Test/1", "completion": None, "passed": False}, *RECORDED[5:]], None, {},
        'preds.jsonl:1: field "completion" is null or empty, expected a program',
    ),
    "a result alone that is null": (
        [{"task_id": "Test/1", "passed": None}, {"task_id": "Test/2", "passed": True}], None, {},
        'preds.jsonl:1: field "passed" is null or empty, expected a result',
    ),
    "programs alone": (SAMPLES, None, {}, r"no unit tests \(test, tests, test_list\)"),
    "a problem without samples": (RECORDED[:5], PROBLEMS, {}, "1 id has no prediction"),
    "no id in common": (
        [{**row, "task_id": f"Other/{i}"} for i, row in enumerate(RECORDED)], PROBLEMS, {},
        "no id of",
    ),
    "k of 0": (RECORDED, None, {"metrics": "pass_at_k:k=0"}, "different whole numbers from 1"),
    "k that is no number": (RECORDED, None, {"metrics": "pass_at_k:k=few"}, "pass_at_k:k"),
    "texts without solutions": (
        RECORDED, None, {"metrics": "edit_similarity"}, "reads solutions.text",
    ),
    "a metric of captions": (RECORDED, PROBLEMS, {"metrics": "cider"}, "cider reads"),
    "solutions that are objects": (
        RECORDED, with_first(PROBLEMS, canonical_solution={"a": 1}), {}, "refs.jsonl:1: field",
    ),
    "no rows": ([], None, {}, "the file is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken_input_is_told(scored, case):
    predictions, references, options, message = BROKEN[case]
    with pytest.raises(VlmevalError, match=message) as caught:
        scored(predictions, references, **options)
    assert caught.value.exit_code in (2, 3)


def test_too_few_samples_for_k_are_told_and_not_zero(scored):
    found = scored(RECORDED, metrics="pass_at_k:k=1+10")
    assert found["pass_at_10"] is None
    assert found.scores["pass_at_10"].reason == "2 problems have fewer than 10 samples"


def test_syntax_errors_and_prose_are_warnings(scored):
    codes = {notice.code for notice in scored(SAMPLES, PROBLEMS, run_tests=True).warnings}
    assert {"many_syntax_errors", "prose_around_code"} <= codes


def test_the_command_line_runs_tests_only_when_told(tmp_path, capsys):
    for name, rows in (("p.jsonl", SAMPLES), ("r.jsonl", PROBLEMS)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = [str(tmp_path / "p.jsonl"), str(tmp_path / "r.jsonl")]
    assert main(["score", *files, "--run-tests"]) == 0
    assert "pass_at_1 (primary)  0.4000" in capsys.readouterr().out
    assert main(["score", *files, "--metrics", "pass_at_1"]) == 2
    assert "Pass --run-tests" in capsys.readouterr().err


def patterns(**values):
    scores = {
        name: Score(Output(name), name, value, 9, Signature({})) for name, value in values.items()
    }
    return [found.pattern for found in task("code").diagnose(scores)]


def test_sampling_that_helps_is_told():
    assert patterns(pass_at_1=0.3, pass_at_10=0.7) == ["pass@10 (0.70) is far above pass@1 (0.30)"]
    assert patterns(pass_at_1=0.3, pass_at_10=0.4) == []


def test_programs_that_look_right_and_fail_are_told():
    assert patterns(pass_at_1=0.2, edit_similarity=0.9) == [
        "edit similarity is high (0.90) and pass@1 low (0.20)"
    ]
