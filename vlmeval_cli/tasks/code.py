"""Code: programs that pass their unit tests, or are like a reference solution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from vlmeval_cli.core.batch import Column, TextColumn, ValueColumn, offsets_of
from vlmeval_cli.core.config import OnBadRow, RunConfig
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.parsing.items import Items, Parsed, Place, ReferenceValues, Values
from vlmeval_cli.parsing.programs import compared_text, fenced_code, whole_program
from vlmeval_cli.parsing.reasoning import answer
from vlmeval_cli.parsing.texts import reference_texts, refused
from vlmeval_cli.parsing.unit_tests import (
    RESULT_FIELDS,
    SETUP_FIELDS,
    TEST_FIELDS,
    code_of_tests,
    flat,
    texts_in,
    verdict,
)
from vlmeval_cli.readers.json_values import described
from vlmeval_cli.resources.sandbox import Limits, Program, Ran, run_programs, told
from vlmeval_cli.tasks.base import Defaults, Facts, Task, value

ENTRY_POINT = "entry_point"
VERDICTS, PROGRAMS, SOLUTIONS = "prediction.verdicts", "programs.text", "solutions.text"
_USUAL_K = (1, 5, 10, 100)
_RUN_HINT = (
    "Pass --run-tests to run the unit tests of the references (off by default, since it runs code "
    "that a model wrote), or score files that record passed."
)
_TEXT_METRICS = ("edit_similarity", "code_exact_match", "smoothed_bleu")
_MANY_CUT = 0.1

Samples = Sequence[Any]  # of one item: texts, verdicts (bool), or None


class _Run(NamedTuple):
    """Verdicts of all samples, item after item, and what is to be told of the run."""

    verdicts: list[str]
    reasons: list[str]
    notes: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()


def read_programs(
    values: Sequence[Any], field: str, place: Place, on_bad_row: OnBadRow = "error"
) -> Values:
    """Recorded samples: texts, lists of texts, or verdicts where nothing else was recorded.

    Rows of one id, and lists in a row, are samples of one problem. Where every problem has one, it
    stands by itself, else all are lists; None is a problem without any.

    Raises:
        DataError: a sample is neither text nor a verdict.
    """
    bad: dict[int, str] = {}
    found: list[list[Any] | None] = []
    for row, recorded in enumerate(values):
        samples = [] if recorded is None else flat(recorded)
        known = [_sample(one, field) for one in samples]
        wrong = [one for one, new in zip(samples, known, strict=True) if one and new is None]
        if wrong:
            expected = "a string, a list of strings, or true or false"
            bad[row] = refused(place(row), field, wrong[0], expected, on_bad_row)
        elif recorded is not None and not any(one is not None for one in known):
            bad[row] = f'{place(row)}: field "{field}" holds no program, got {described(recorded)}'
        found.append(None if not known or row in bad else known)
    if all(samples is None or len(samples) == 1 for samples in found):
        return Values([None if samples is None else samples[0] for samples in found], bad)
    return Values(found, bad)


def _sample(recorded: object, field: str) -> str | bool | None:
    if field in RESULT_FIELDS or isinstance(recorded, bool):
        found = verdict(recorded)
        return None if found is None else found == "passed"
    return recorded if isinstance(recorded, str) else None


def read_solutions(
    values: Sequence[Any],
    field: str,
    place: Place,
    on_bad_row: OnBadRow = "error",
    *,
    empty_is_answer: bool = False,
) -> ReferenceValues:
    """Reference solutions; a row that has no field of that kind has none."""
    if field in (".", *RESULT_FIELDS):
        return ReferenceValues([[] for _ in values], {})
    return reference_texts(values, field, place, on_bad_row, empty_is_answer=empty_is_answer)


def _parse(items: Items, config: RunConfig) -> Parsed:
    is_single = not any(isinstance(one, list) for one in items.predictions)
    samples = [list(_samples(one, config)) for one in items.predictions]
    has_programs = any(isinstance(one, str) for one in chain.from_iterable(samples))
    codes = [list(_codes(own, items, i)) for i, own in enumerate(samples)]
    columns: dict[str, Column] = {}
    if has_programs:
        columns[PROGRAMS] = _programs(codes, items)
    run = _run(samples, codes, items, config) if config.parse.run_tests else None
    run = run or _recorded(samples, items)
    if run is None:
        _refuse_unknown_passes(config)
        return Parsed(_shown(codes, is_single), columns=columns)
    counts = [*map(len, samples)]
    columns[VERDICTS] = ValueColumn(run.verdicts, offsets_of(counts))
    return Parsed(
        _shown(codes if has_programs else samples, is_single),
        reasons=dict(_reasons(run.reasons, counts)),
        columns=columns,
        notes=run.notes,
        warnings=run.warnings,
    )


def _samples(recorded: Any, config: RunConfig) -> Iterator[Any]:  # noqa: ANN401  (JSON)
    """Samples of an item without reasoning, which was taken out already where there is one."""
    for one in flat(recorded) if recorded is not None else ():
        strips = isinstance(one, str) and config.parse.reasoning == "strip"
        yield answer(one).text if strips else one


def _codes(samples: Samples, items: Items, i: int) -> Iterator[Any]:
    for one in samples:
        yield fenced_code(one, _entry_point(items, i)).code if isinstance(one, str) else one


def _shown(samples: Sequence[Samples], is_single: bool) -> list[Any]:
    if is_single:
        return [own[0] if own else None for own in samples]
    return [list(own) or None for own in samples]


def _programs(codes: Sequence[Samples], items: Items) -> TextColumn:
    """Programs as texts; an item without any has an empty one, which is like nothing."""
    texts = [
        [
            compared_text(one, _prompt(items, i)) if isinstance(one, str) else ""
            for one in own or [""]
        ]
        for i, own in enumerate(codes)
    ]
    return TextColumn([*chain.from_iterable(texts)], offsets_of([*map(len, texts)]))


def _solutions(references: Sequence[Sequence[Any]], items: Items) -> Mapping[str, Column]:
    if not any(references):
        return {}
    texts = [
        [compared_text(one, _prompt(items, i)) for one in own] for i, own in enumerate(references)
    ]
    return {SOLUTIONS: TextColumn([*chain.from_iterable(texts)], offsets_of([*map(len, texts)]))}


def _text(items: Items, i: int, *names: str) -> str | None:
    """The first text of an item in one of these fields."""
    for name in names:
        column = items.fields.get(name)
        text = next(texts_in(column[i]), None) if column is not None else None
        if text:
            return text
    return None


def _prompt(items: Items, i: int) -> str | None:
    return _text(items, i, "prompt", *([items.question] if items.question else []))


def _entry_point(items: Items, i: int) -> str | None:
    return _text(items, i, ENTRY_POINT)


def _recorded(samples: Sequence[Samples], items: Items) -> _Run | None:
    """Verdicts as they were recorded; None if there are none."""
    if any(isinstance(one, bool) for one in chain.from_iterable(samples)):
        found = ["passed" if one else "failed" for own in samples for one in own]
        return _Run(found, [""] * len(found))
    name = next((name for name in RESULT_FIELDS if items.field(name) is not None), None)
    if name is None:
        return None
    verdicts: list[str] = []
    for i, own in enumerate(samples):
        verdicts += _verdicts_of(items, i, name, len(own))
    return _Run(verdicts, [""] * len(verdicts), (f'verdicts are those recorded in "{name}"',))


def _verdicts_of(items: Items, i: int, name: str, n: int) -> list[str]:
    recorded = flat(items.fields[name][i]) if n else []
    where = f'{items.place(i)}: field "{name}"'
    if len(recorded) != n:
        raise DataError(
            f"{where} holds {len(recorded)} results for {n} samples of {quoted(items.ids[i])}",
            hint="Record one result for each sample, or pass --run-tests.",
        )
    found = [verdict(one) for one in recorded]
    for one, known in zip(recorded, found, strict=True):
        if known is None:
            raise DataError(
                f"{where}, got {described(one)}, expected true, false, passed, failed or timed out",
                hint="Record a result for each sample, or pass --run-tests.",
            )
    return [known for known in found if known is not None]


def _refuse_unknown_passes(config: RunConfig) -> None:
    if any(spec.name.startswith("pass_at_") for spec in config.metrics):
        raise UsageError(
            "pass@k cannot be known: no field records results "
            f"({', '.join(RESULT_FIELDS)}), and no tests were run",
            hint=_RUN_HINT,
        )


def _run(
    samples: Sequence[Samples], codes: Sequence[Samples], items: Items, config: RunConfig
) -> _Run:
    """Verdicts of running every program with the tests of its problem."""
    if any(isinstance(one, bool) for one in chain.from_iterable(samples)):
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
    programs, n_cut = _whole_programs(codes, items)
    limits = Limits(config.parse.test_timeout, config.parse.test_memory)
    ran = run_programs(programs, limits)
    notes, warnings = _told_run(ran, limits, len(set(programs)))
    cut = f"code was taken out of prose or fences in {n_cut:,} of {len(programs):,} answers"
    if n_cut:
        notes = (*notes, cut)
    if n_cut >= _MANY_CUT * len(programs) > 0:
        warnings = (*warnings, Notice("prose_around_code", f"{cut}; official scripts run such "
        "answers as they stand, where they fail"))  # fmt: skip
    return _Run(
        [_short(one.outcome, one.name) for one in ran.verdicts],
        ["" if one.outcome == "passed" else told(one) for one in ran.verdicts],
        notes,
        warnings,
    )


def _whole_programs(codes: Sequence[Samples], items: Items) -> tuple[list[Program], int]:
    """Programs with their tests, item after item, and how many answers held more than code."""
    found: list[Program] = []
    n_cut = 0
    for i, own in enumerate(codes):
        if not own:
            continue
        prompt, name = _prompt(items, i), _entry_point(items, i)
        tests = _tests(items, i, name)
        for code, recorded in zip(own, flat(items.predictions[i]), strict=True):
            whole = whole_program(code or "", prompt, name)
            found.append(Program(whole.code, tests))
            n_cut += whole.is_cut or (isinstance(recorded, str) and code != recorded)
    return found, n_cut


def _tests(items: Items, i: int, entry_point: str | None) -> str:
    values = [items.fields[name][i] for name in TEST_FIELDS if name in items.fields]
    tests = next((one for one in values if any(texts_in(one))), None)
    setup = [items.fields[name][i] for name in SETUP_FIELDS if name in items.fields]
    return code_of_tests(setup, tests, entry_point, f"item {quoted(items.ids[i])}")


def _told_run(
    ran: Ran, limits: Limits, n_programs: int
) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    network = "without network" if ran.is_alone else "with network"
    note = (
        f"{n_programs:,} different programs were run with their tests, each for at most "
        f"{limits.seconds:g} s with {limits.mebibytes:,} MiB of memory, {network}"
    )
    if ran.is_alone:
        return (note,), ()
    message = (
        "this system lets no program be cut off from the network or be followed when it starts "
        "others: run code that you do not trust on a machine that holds nothing else"
    )
    return (note,), (Notice("network_not_cut", message),)


def _short(outcome: str, name: str) -> str:
    """A verdict as the table counts it: errors by their exception."""
    return f"{outcome}: {name}" if outcome == "error" else outcome


def _reasons(reasons: Sequence[str], counts: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Item → how its programs ended that did not pass, each different way once."""
    start = 0
    for i, count in enumerate(counts):
        different = [*dict.fromkeys(filter(None, reasons[start : start + count]))]
        start += count
        if different:
            yield i, "; ".join(different)


def _defaults(facts: Facts) -> Defaults:
    texts = _TEXT_METRICS if {PROGRAMS, SOLUTIONS} <= facts.columns else ()
    if VERDICTS in facts.columns:
        ks = "+".join(str(k) for k in _USUAL_K if k <= facts.least_predictions)
        return Defaults((f"pass_at_k:k={ks}", *texts), primary="pass_at_1")
    if texts:
        note = f"nothing was run, so whether the programs work is not known. {_RUN_HINT}"
        return Defaults(texts, primary="edit_similarity", note=note)
    raise UsageError(
        "nothing can be scored: no field records results "
        f"({', '.join(RESULT_FIELDS)}), there are no reference solutions, and no tests were run",
        hint=_RUN_HINT,
    )


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    found = []
    first = value(scores, "pass_at_1")
    tries = {k: value(scores, f"pass_at_{k}") for k in (5, 10, 100)}
    k, best = max(((k, one) for k, one in tries.items() if one is not None), default=(0, None))
    if first is not None and best is not None and best > first + 0.15:
        found.append(
            Diagnosis(
                pattern=f"pass@{k} ({best:.2f}) is far above pass@1 ({first:.2f})",
                meaning="the model finds right programs, but not at the first try",
                advice="sample several and choose among them (by tests of your own, a vote, or a "
                "re-ranker), or lower the temperature",
            )
        )
    similar = value(scores, "edit_similarity")
    if first is not None and similar is not None and similar > 0.8 and first < 0.5:
        found.append(
            Diagnosis(
                pattern=f"edit similarity is high ({similar:.2f}) and pass@1 low ({first:.2f})",
                meaning="the programs look like the solutions and do not work",
                advice="look at the reasons of the lowest items (--worst 20): one small error may "
                "repeat",
            )
        )
    return found


TASK = Task(
    name="code",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=(),
    diagnose=_diagnose,
    fields=(ENTRY_POINT, "prompt", *TEST_FIELDS, *SETUP_FIELDS, *RESULT_FIELDS),
    needs_references=False,
    repeats="list",
    read_predictions=read_programs,
    read_references=read_solutions,
    parse=_parse,
    reference_columns=_solutions,
)
