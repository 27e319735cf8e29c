"""Code is found in answers as models write them, and put together with its prompt."""

import pytest

from vlmeval_cli.core.errors import DataError
from vlmeval_cli.parsing.programs.extraction import (
    compared_text,
    fenced_code,
    is_python,
    whole_program,
)
from vlmeval_cli.parsing.programs.unit_tests import code_of_tests, verdict

PROMPT = 'import math\n\ndef helper(x):\n    return x\n\ndef f(x):\n    """Double x."""\n'
BODY = "    return helper(x) * 2\n"
WHOLE = "def f(x):\n    return helper(x) * 2\n"

ANSWERS = {
    "continuation": BODY,
    "continuation without indentation": "return helper(x) * 2\n",
    "whole function": WHOLE,
    "whole function with imports": f"import os\n\n{WHOLE}",
    "the prompt repeated": PROMPT + BODY,
    "fence": f"```python\n{WHOLE}```",
    "fence without a language": f"```\n{WHOLE}```\n",
    "fence around the body": f"```python\n{BODY}```",
    "fence and prose": f"Sure! Here it is:\n\n```py\n{WHOLE}```\n\nIt doubles x.",
    "marks of MBPP": f"[BEGIN]\n{WHOLE}[DONE]\n",
    "the last mark of MBPP alone": f"{WHOLE}[DONE]\nWrite another function",
    "a mark on the last line": f"[BEGIN]\n{WHOLE.rstrip()}[DONE]",
    "marks of Llama": f"Here it is:\n[PYTHON]\n{WHOLE}[/PYTHON]\n[TESTS]\nassert 0\n[/TESTS]",
    "tildes": f"~~~python\n{WHOLE}~~~",
    "fence never closed": f"Here:\n```python\n{WHOLE}",
    "an example in a first fence": f"Use it so:\n```\nprint(f(1))\n```\nCode:\n```\n{WHOLE}```",
    "prose before": f"Here is the function:\n\n{WHOLE}",
    "prose around": f"Here is the function:\n\n{WHOLE}\nThis doubles x. Easy!\n",
    "imports from the future": (
        "from __future__ import annotations\ndef f(x: int):\n    return 2 * x\n"
    ),
    "lambda": "f = lambda x: helper(x) * 2\n",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_code_is_found_in_any_answer(name):
    code = fenced_code(ANSWERS[name], "f").code
    space = {}
    exec(whole_program(code, PROMPT, "f").code, space)
    assert space["f"](4) == 8


@pytest.mark.parametrize(
    ("name", "is_cut"), [("continuation", False), ("whole function", False), ("prose around", True)]
)
def test_leaving_prose_out_is_told(name, is_cut):
    assert whole_program(ANSWERS[name], PROMPT, "f").is_cut is is_cut


def test_python_is_taken_as_it_stands():
    assert whole_program(BODY, PROMPT, "f").code == PROMPT + BODY


def test_a_prompt_in_words_is_no_part_of_the_program():
    assert whole_program("def g():\n    pass\n", "Write a function g.", None).code == (
        "def g():\n    pass\n"
    )


def test_what_is_no_code_stays_and_fails():
    assert not is_python(whole_program("I am not sure.", "Write it.", None).code)


@pytest.mark.parametrize("text", ["(" * 5000, "x = " + "-" * 9000 + "1", "\0", "\ud800"])
def test_hostile_text_is_no_python(text):
    assert not is_python(text)


def test_a_repeated_prompt_is_not_compared():
    assert compared_text(PROMPT + BODY, PROMPT).strip("\n") == BODY.strip("\n")
    assert compared_text(BODY, PROMPT) == BODY


RESULTS = [
    (True, "passed"), (1, "passed"), (1.0, "passed"), ("passed", "passed"), (" Pass ", "passed"),
    (False, "failed"), (0, "failed"), ("failed: list index out of range", "failed"),
    ("timed out", "timeout"), ("maybe", None), (2, None), (None, None), (float("nan"), None),
    ({"a": 1}, None),
]  # fmt: skip


@pytest.mark.parametrize(("recorded", "expected"), RESULTS, ids=str)
def test_recorded_results_are_read(recorded, expected):
    assert verdict(recorded) == expected


def passes(program, tests, entry_point=None, setup=None):
    import sys
    from types import ModuleType

    module = sys.modules["program"] = ModuleType("program")
    try:
        exec(program, module.__dict__)
        exec(code_of_tests(setup, tests, entry_point, "item"), module.__dict__)
    except AssertionError:
        return False
    finally:
        del sys.modules["program"]
    return True


TESTS = {
    "check": ("def check(candidate):\n    assert candidate(1) == 2\n", "f"),
    "assertions": ("assert f(1) == 2", None),
    "a list of assertions": (["assert f(1) == 2", "assert f(2) == 4"], None),
    "a list per sample": ([["assert f(1) == 2"], ["assert f(1) == 2"]], None),
    "unittest": (
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_f(self):\n        self.assertEqual(f(1), 2)\n", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TESTS)
def test_every_form_of_tests_is_run(name):
    tests, entry_point = TESTS[name]
    assert passes("def f(x):\n    return 2 * x", tests, entry_point)
    assert not passes("def f(x):\n    return 3 * x", tests, entry_point)


def test_only_the_test_cases_of_the_problem_are_run():
    tests, _ = TESTS["unittest"]
    own = "\nimport unittest\nclass Own(unittest.TestCase):\n    def test(self):\n        "
    assert passes(f"def f(x):\n    return 2 * x{own}self.fail()\n", tests)
    finds_nothing_wrong = (
        "\ndef load_tests(*_):\n    import unittest\n"
        "    return unittest.TestSuite([unittest.FunctionTestCase(lambda: None)])\n"
    )
    assert not passes(f"def f(x):\n    return 3 * x{finds_nothing_wrong}", tests)


def test_setup_runs_before_the_tests():
    assert passes("", "assert math.pi > 3", setup=["import math"])


NO_TESTS = [
    ("", "f", "it has no unit tests"),
    (None, "f", "it has no unit tests"),
    ([], "f", "it has no unit tests"),
    ("def test(x):\n    assert x\n", None, "would run nothing, so every program would pass"),
    ("def check(c):\n    assert c\n", None, "would run check, and no entry_point"),
    ("const x = f(1);", None, "are no Python"),
]


@pytest.mark.parametrize(("tests", "entry_point", "message"), NO_TESTS)
def test_tests_that_test_nothing_are_refused(tests, entry_point, message):
    with pytest.raises(DataError, match=message):
        code_of_tests(None, tests, entry_point, "item")
