"""Recorded samples of code, several of a problem, and the problem that each belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from vlmeval_cli.core.batch import TextColumn, offsets_of
from vlmeval_cli.core.config import OnBadRow, Reasoning
from vlmeval_cli.parsing.items import Items, Place, ReferenceValues, Values
from vlmeval_cli.parsing.programs.extraction import Extracted, compared_text, fenced_code
from vlmeval_cli.parsing.programs.unit_tests import RESULT_FIELDS, flat, texts_in, verdict
from vlmeval_cli.parsing.reasoning import answer
from vlmeval_cli.parsing.texts import reference_texts, refused

Sample = str | bool | None  # a program, or only whether it passed, or a sample without an answer


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
    found: list[list[Sample] | None] = []
    for row, recorded in enumerate(values):
        given = [] if recorded is None else flat(recorded)
        samples = [_sample(one, field) for one in given]
        wrong = [old for old, new in zip(given, samples, strict=True) if new is None is not old]
        if wrong:
            expected = "a string, a list of strings, or true or false"
            bad[row] = refused(place(row), field, wrong[0], expected, on_bad_row)
        elif recorded is not None and all(one is None for one in samples):
            what = "result" if field in RESULT_FIELDS else "program"
            bad[row] = f'{place(row)}: field "{field}" is null or empty, expected a {what}'
        found.append(None if not samples or row in bad else samples)
    if all(samples is None or len(samples) == 1 for samples in found):
        return Values([None if samples is None else samples[0] for samples in found], bad)
    return Values(found, bad)


def _sample(recorded: object, field: str) -> Sample:
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


@dataclass(frozen=True, slots=True)
class Problem:
    """An item of code with its samples.

    Attributes:
        samples: as recorded, without reasoning.
        codes: the code in each of them.
        is_cut: whether something around the code of any sample was left out.
        prompt: what the model was to continue, or the task in words.
        entry_point: the function that is asked for.
    """

    samples: Sequence[Sample]
    codes: Sequence[Sample]
    is_cut: bool
    prompt: str | None
    entry_point: str | None


def problems(items: Items, reasoning: Reasoning) -> list[Problem]:
    """The items as problems with samples."""
    return [_problem(items, i, reasoning) for i in range(len(items))]


def _problem(items: Items, i: int, reasoning: Reasoning) -> Problem:
    recorded = items.predictions[i]
    entry_point = _text(items, i, "entry_point")
    samples = [
        answer(one).text if isinstance(one, str) and reasoning == "strip" else one
        for one in (() if recorded is None else flat(recorded))
    ]
    found = [fenced_code(one, entry_point) if isinstance(one, str) else one for one in samples]
    codes = [one.code if isinstance(one, Extracted) else one for one in found]
    is_cut = any(isinstance(one, Extracted) and one.is_cut for one in found)
    return Problem(samples, codes, is_cut, prompt_of(items, i), entry_point)


def prompt_of(items: Items, i: int) -> str | None:
    """What the model was given for item ``i``."""
    return _text(items, i, "prompt", items.question)


def _text(items: Items, i: int, *names: str | None) -> str | None:
    """The first text that an item has in one of these fields."""
    values = (items.fields[name][i] for name in names if name and name in items.fields)
    return next((text for value in values for text in texts_in(value) if text), None)


def program_texts(found: Sequence[Problem]) -> TextColumn:
    """Programs as texts; an item without any has an empty one, which is like nothing."""
    return _column(
        [
            compared_text(one, problem.prompt) if isinstance(one, str) else ""
            for one in problem.codes or [""]
        ]
        for problem in found
    )


def solution_texts(references: Sequence[Sequence[Any]], items: Items) -> TextColumn:
    """Reference solutions as texts, written like the programs."""
    return _column(
        [compared_text(one, prompt_of(items, i)) for one in own] for i, own in enumerate(references)
    )


def _column(texts: Iterator[list[str]]) -> TextColumn:
    each = list(texts)
    return TextColumn([*chain.from_iterable(each)], offsets_of([*map(len, each)]))
