"""The unit tests of a problem as one piece of code, and verdicts that were recorded."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from vlmeval_cli.core.errors import DataError, quoted

# Fields that hold tests, and code to run before them, the first that an item has.
TEST_FIELDS = ("test", "tests", "test_list")
SETUP_FIELDS = ("test_setup_code", "test_imports")
RESULT_FIELDS = ("passed", "correct", "is_correct", "result", "results")

_PASSED = frozenset({"passed", "pass", "true", "ok", "success", "correct", "1"})
_FAILED = frozenset({"failed", "fail", "false", "wrong", "incorrect", "error", "0"})
_TIMED_OUT = frozenset({"timed out", "timeout", "time out"})
# The classes are named: a program may have test cases of its own, or a load_tests of its own.
_RUN_BY_UNITTEST = """
import unittest as _unittest
_found = _unittest.TestSuite(
    _unittest.defaultTestLoader.loadTestsFromTestCase(_class)
    for _class in ({classes},) if issubclass(_class, _unittest.TestCase)
)
assert _found.countTestCases(), "no test was found"
_done = _unittest.TestResult()
_found.run(_done)
assert _done.wasSuccessful(), "a unit test failed"
"""
_DOES_NOTHING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom,
                 ast.Assign, ast.AnnAssign)  # fmt: skip


def texts_in(value: Any) -> Iterator[str]:  # noqa: ANN401  (JSON)
    """Every text in a value, however deep in lists: fields of repeated rows are lists of theirs."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def code_of_tests(setup: Any, tests: Any, entry_point: str | None, where: str) -> str:  # noqa: ANN401
    """What is run after a program, in its namespace.

    Args:
        setup: code to run before the tests; a text or a list of them.
        tests: HumanEval's ``check`` function, statements, a list of assertions (MBPP), or a
            ``unittest.TestCase``.
        entry_point: the function that ``check`` is called with.
        where: names the item in messages.

    Raises:
        DataError: there are no tests, they are no Python, or nothing would run them.
    """
    parts = dict.fromkeys([*texts_in(setup), *texts_in(tests)])
    if not any(text.strip() for text in texts_in(tests)):
        raise DataError(
            f"{where}: it has no unit tests, expected code in {_listed(TEST_FIELDS)}",
            hint="Leave the item out with --where, or give it tests.",
        )
    code = "\n".join(parts) + "\n"
    tree = _parsed(code, where)
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "check" in names and entry_point:
        return f"{code}check({entry_point})\n"
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    if any("TestCase" in _bases(node) for node in classes):
        return code + _RUN_BY_UNITTEST.format(classes=", ".join(node.name for node in classes))
    if all(isinstance(node, _DOES_NOTHING) for node in tree.body):
        called = "check, and no entry_point names what it checks" if "check" in names else "nothing"
        raise DataError(
            f"{where}: its unit tests would run {called}, so every program would pass",
            hint='Give the rows "entry_point", or tests that are assert statements.',
        )
    return code


def verdict(value: Any) -> str | None:  # noqa: ANN401  (JSON)
    """A recorded result as a verdict; None if it is none.

    >>> verdict(True), verdict("failed: list index out of range"), verdict("timed out")
    ('passed', 'failed', 'timeout')
    """
    if isinstance(value, bool | int | float):
        return "passed" if value == 1 else "failed" if value == 0 else None
    if not isinstance(value, str):
        return None
    text = value.strip().lower()
    if text in _PASSED:
        return "passed"
    if text in _TIMED_OUT:
        return "timeout"
    return "failed" if text.partition(":")[0] in _FAILED else None


def flat(value: Any) -> list[Any]:  # noqa: ANN401  (JSON)
    """A value, or the values in lists of lists, as one list."""
    if not isinstance(value, list):
        return [value]
    return [one for part in value for one in flat(part)]


def _parsed(code: str, where: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(
            f"{where}: its unit tests are no Python: {error}",
            hint="Tests of other languages cannot be run; score recorded results.",
        ) from error


def _bases(node: ast.ClassDef) -> str:
    return " ".join(ast.unparse(base) for base in node.bases)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, names))
