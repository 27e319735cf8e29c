"""MMMU's rule for open answers: what is looked for in a text, and when a reference is in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SENTENCE = re.compile(r"\.\s(?=[A-Z])|\n")
_INDICATORS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),  # 1,000
    re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+"),  # 1.5e-3
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])"),  # also the 000 of 1,000
)
_NOTHING = (":", ",", ".", "!", "?", ";", "'")
_DECIMALS = 2

Value = str | float


def is_right_open(text: str, references: Sequence[str]) -> bool:
    """Whether a reference is part of a string found in ``text``, or a number found in it.

    >>> is_right_open("So the ratio is 0.75.", ["3/4", "0.75"])
    True
    >>> is_right_open("It is transformed by hand.", ["transform"])
    True
    """
    accepted = [value for reference in references for value in normalized(reference)]
    strings = [value for value in accepted if isinstance(value, str)]
    numbers = {value for value in accepted if not isinstance(value, str)}
    return any(
        any(string in found for string in strings) if isinstance(found, str) else found in numbers
        for found in found_in(text)
    )


def found_in(text: str) -> set[Value]:
    """Strings and numbers that may be the answer: ends of telling sentences, and all numbers.

    The text is in lower case before it is split at capitals, so that only new lines split it.
    """
    response = text.strip().strip(".").lower()
    parts = _SENTENCE.split(response)
    keys = [tail for number, part in enumerate(parts) for tail in _tail(part, number, len(parts))]
    strings: list[str] = keys or [response]
    numbers = (
        found for string in strings for pattern in _NUMBERS for found in pattern.findall(string)
    )
    return {value for string in (*strings, *numbers) for value in normalized(string)}


def _tail(part: str, number: int, n_parts: int) -> Iterable[str]:
    """The shortest text behind an indicator; "=" is one in the last part."""
    marks = (*_INDICATORS, "=") if number == n_parts - 1 else _INDICATORS
    tails = [part.rpartition(mark)[2].strip() for mark in marks if mark in part]
    shortest = ""
    for tail in tails:
        if not shortest or len(tail) < len(shortest):
            shortest = tail
    return [shortest] if shortest and shortest not in _NOTHING else []


def normalized(text: str) -> list[Value]:
    """A number rounded to two decimals, or the text in lower case; a letter with a space beside it.

    >>> normalized(" 1,000.456 "), normalized("Red"), normalized("B")
    ([1000.46], ['red'], [' b', 'b '])
    """
    text = text.strip()
    try:
        return [round(float(text.replace(",", "")), _DECIMALS)]
    except ValueError:
        lower = text.lower()
        return [f" {lower}", f"{lower} "] if len(lower) == 1 else [lower]
