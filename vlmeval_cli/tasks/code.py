"""Code: programs that pass their unit tests, or are like a reference solution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vlmeval_cli.core.batch import Column
from vlmeval_cli.core.config import ParsePolicy, RunConfig
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.parsing.programs.samples import (
    Problem,
    problems,
    program_texts,
    read_programs,
    read_solutions,
    solution_texts,
)
from vlmeval_cli.parsing.programs.unit_tests import RESULT_FIELDS, SETUP_FIELDS, TEST_FIELDS
from vlmeval_cli.parsing.programs.verdicts import recorded_verdicts, run_verdicts
from vlmeval_cli.tasks.base import Defaults, Facts, Task, adding
from vlmeval_cli.tasks.patterns.code import PATTERNS

VERDICTS, PROGRAMS, SOLUTIONS = "prediction.verdicts", "programs.text", "solutions.text"
_TEXT_METRICS = ("edit_similarity", "code_exact_match", "smoothed_bleu")
_USUAL_K = (1, 5, 10, 100)
_RUN_HINT = (
    "Pass --run-tests to run the unit tests of the references (off by default, since it runs code "
    "that a model wrote), or score files that record passed."
)
_NO_TESTS_HINT = (
    "Pass the file of the problems, which has the tests: vlmeval score PREDS PROBLEMS --run-tests "
    "(it runs code that a model wrote); or score files that record passed."
)


def _parse(items: Items, config: RunConfig) -> Parsed:
    found = problems(items, config.parse.reasoning)
    columns: dict[str, Column] = {}
    if any(isinstance(one, str) for problem in found for one in problem.codes):
        columns[PROGRAMS] = program_texts(found)
    runs = config.parse.run_tests
    judged = run_verdicts(found, items, config.parse) if runs else recorded_verdicts(found, items)
    if judged is None:
        _refuse_unknown_passes(config)
        return Parsed(_values(found, items), helped=_helped(found), columns=columns)
    return Parsed(
        _values(found, items),
        reasons=judged.reasons,
        helped=_helped(found) if runs else None,  # recorded verdicts are of an unknown reading
        columns={**columns, VERDICTS: judged.verdicts},
        notes=judged.notes,
        warnings=judged.warnings,
        decided={"verdicts": _how_judged(config.parse)},
    )


def _helped(found: Sequence[Problem]) -> dict[int, str] | None:
    """Programs that stood in a fence or prose; None where problems have several programs."""
    if any(len(one.codes) > 1 for one in found):
        return None
    return {i: "taken out of a fence or prose" for i, one in enumerate(found) if one.is_cut}


def _how_judged(policy: ParsePolicy) -> str:
    if not policy.run_tests:
        return "as recorded"
    return (
        f"by running the tests, up to {policy.test_timeout:g} s and {policy.test_memory} MiB each"
    )


def _values(found: Sequence[Problem], items: Items) -> list[Any]:
    """The code of each item as it was recorded: alone, or as a list of samples."""
    return [
        None
        if recorded is None
        else list(problem.codes)
        if isinstance(recorded, list)
        else problem.codes[0]
        for problem, recorded in zip(found, items.predictions, strict=True)
    ]


def _solutions(references: Sequence[Sequence[Any]], items: Items) -> Mapping[str, Column]:
    return {SOLUTIONS: solution_texts(references, items)} if any(references) else {}


def _refuse_unknown_passes(config: RunConfig) -> None:
    if any(spec.name.startswith("pass_at_") for spec in config.metrics):
        raise UsageError(
            "pass@k cannot be known: no field records results "
            f"({', '.join(RESULT_FIELDS)}), and no tests were run",
            hint=_RUN_HINT,
        )


def _defaults(facts: Facts) -> Defaults:
    texts = _TEXT_METRICS if {PROGRAMS, SOLUTIONS} <= facts.columns else ()
    if VERDICTS in facts.columns:
        ks = "+".join(str(k) for k in _USUAL_K if k <= facts.least_predictions)
        return Defaults((f"pass_at_k:k={ks}", *texts), primary="pass_at_1")
    if texts:
        note = f"nothing was run, so whether the programs work is not known. {_RUN_HINT}"
        return Defaults(texts, primary="edit_similarity", note=note)
    has_tests = not facts.fields.isdisjoint(TEST_FIELDS)
    tests = "no tests were run" if has_tests else f"no unit tests ({', '.join(TEST_FIELDS)})"
    raise UsageError(
        "nothing can be scored: no field records results "
        f"({', '.join(RESULT_FIELDS)}), there are no reference solutions, and {tests}",
        hint=_RUN_HINT if has_tests else _NO_TESTS_HINT,
    )


TASK = Task(
    name="code",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=(),
    diagnose=PATTERNS,
    reads=frozenset({"run_tests", "test_timeout", "test_memory"}),
    fields=("entry_point", "prompt", *TEST_FIELDS, *SETUP_FIELDS, *RESULT_FIELDS),
    needs_references=False,
    repeats="list",
    read_predictions=read_programs,
    read_references=read_solutions,
    parse=_parse,
    with_references=adding(_solutions),
)
