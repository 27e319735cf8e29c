"""Values of fields as the texts that captioning and question answering compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from math import isfinite
from typing import Any

from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.errors import DataError
from vlmeval_cli.joining.references import accepted
from vlmeval_cli.parsing.items import Place, ReferenceValues, Values
from vlmeval_cli.readers.json_values import described

# What stands beside the text of an answer in VQAv2, VizWiz and SQuAD.
_BESIDE_ANSWER = frozenset(
    {"answer", "answer_confidence", "answer_id", "raw_answer", "text", "answer_start"}
)


def prediction_texts(
    values: Sequence[Any], field: str, place: Place, on_bad_row: OnBadRow = "error"
) -> Values:
    """Predictions as text: strings stay, numbers become their JSON text, null is missing.

    Args:
        values: the column as it was read.
        field: its name, for messages.
        place: row → ``file:line``.
        on_bad_row: "error" raises at the first bad value, "skip" leaves it out and lists it.

    Raises:
        DataError: a prediction is a boolean, a list or an object.
    """
    if set(map(type, values)) <= {str, type(None)}:
        return Values(list(values), {})
    bad: dict[int, str] = {}
    texts: list[Any] = []
    for row, value in enumerate(values):
        text = None if value is None else _text(value)
        if text is None and value is not None:
            bad[row] = refused(place(row), field, value, "a string", on_bad_row)
        texts.append(text)
    return Values(texts, bad)


def reference_texts(
    values: Sequence[Any],
    field: str,
    place: Place,
    on_bad_row: OnBadRow = "error",
    *,
    empty_is_answer: bool = False,
) -> ReferenceValues:
    """Accepted answers as texts; no text at all means that there is no reference.

    Args:
        values: the column as it was read: a string, a list of strings, or answer objects such as
            ``[{"answer": "red", "answer_confidence": "yes"}]``.
        field: its name, for messages.
        place: row → ``file:line``.
        on_bad_row: as in :func:`prediction_texts`.
        empty_is_answer: whether "" is the right answer, as SQuAD v2 has it.

    Raises:
        DataError: a reference is a boolean, an object or a list inside a list.
    """
    if _are_text_lists(values) and (empty_is_answer or all(map(any, values))):
        return ReferenceValues(list(values), {})
    bad: dict[int, str] = {}
    found: list[list[Any]] = []
    for row, value in enumerate(values):
        answers = _answer_texts(value)
        if answers is None:
            expected = "a string or a list of strings"
            bad[row] = refused(place(row), field, value, expected, on_bad_row)
            answers = []
        found.append(answers if empty_is_answer or any(answers) else [])
    return ReferenceValues(found, bad)


def _are_text_lists(values: Sequence[Any]) -> bool:
    """Whether every value is a list of strings, as the join leaves them: nothing to convert."""
    return set(map(type, values)) == {list} and set(map(type, chain.from_iterable(values))) == {str}


def answers_in(value: Any) -> list[Any]:  # noqa: ANN401  (JSON)
    """The references in a field's value; answer objects give their texts.

    >>> answers_in([{"answer": "red", "answer_id": 1}, {"answer": "blue", "answer_id": 2}])
    ['red', 'blue']
    >>> answers_in({"text": ["France"], "answer_start": [159]})
    ['France']
    >>> answers_in({"company": "ACME"})
    [{'company': 'ACME'}]
    """
    if type(value) is str:
        return [value]
    if isinstance(value, list) and value and all(map(_is_answer, value)):
        return [answer for part in value for answer in accepted(_answer_of(part))]
    if _is_answer(value):
        return accepted(_answer_of(value))
    return accepted(value)


def _is_answer(value: object) -> bool:
    if not isinstance(value, dict) or not value.keys() <= _BESIDE_ANSWER:
        return False
    return "answer" in value or {"text", "answer_start"} <= value.keys()


def _answer_of(value: dict[str, Any]) -> object:
    return value["answer"] if "answer" in value else value["text"]


def _answer_texts(value: object) -> list[str] | None:
    """Texts, or None if one of the answers is none."""
    answers = answers_in(value)
    if set(map(type, answers)) <= {str}:
        return answers
    texts = [text for answer in answers if (text := _text(answer)) is not None]
    return texts if len(texts) == len(answers) else None


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return json.dumps(value)
    return None


def refused(
    where: str,
    field: str,
    value: object,
    expected: str,
    on_bad_row: OnBadRow,
    got: str | None = None,
) -> str:
    """What is wrong with a value that is none of the task's; ``got`` may say it in words.

    Raises:
        DataError: with that message, where bad rows are errors.
    """
    message = f'{where}: field "{field}", got {got or described(value)}, expected {expected}'
    if on_bad_row == "error":
        parts = value if isinstance(value, list) else [value]
        raise DataError(
            message,
            hint='Write booleans as the words of the answers, such as "yes" and "no".'
            if any(isinstance(part, bool) for part in parts)
            else "Name another field, or leave such rows out with --on-bad-row skip.",
        )
    return message
