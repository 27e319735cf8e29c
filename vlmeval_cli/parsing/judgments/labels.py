"""What a recorded winner says: which of two answers, how clearly, or neither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite, isnan
from typing import NamedTuple

TIES = frozenset(
    {"tie", "tied", "draw", "both", "equal", "same", "neither", "tie_bothbad", "tie_both_bad",
     "bothbad", "both_bad", "a=b", "b=a"}
)  # fmt: skip
_OF_A = frozenset({"a", "1", "first", "a>b", "a>>b", "b<a", "b<<a"})
_OF_B = frozenset({"b", "2", "second", "b>a", "b>>a", "a<b", "a<<b"})
_NOUNS = re.compile(r"(?:model|output|answer|response|assistant|option)_?(?=[ab12]$)")
_NO_LETTERS = re.compile(r"[\[\]()'\"]")
_SPACES = re.compile(r"[\s_-]+")

EXPECTED = '"a", "b", "model_a", "model_b", 1, 2 or "tie"'


class Winner(NamedTuple):
    """How far answer a won, from 0 to 1; ``is_label`` where a name of the place says it."""

    share: float
    is_label: bool = True


def is_nothing(recorded: object) -> bool:
    """Whether no verdict was recorded: null, an empty text, or a table's NaN."""
    return recorded is None or recorded == "" or (isinstance(recorded, float) and isnan(recorded))


def winner(recorded: object, names: Sequence[str] | None) -> Winner | None:
    """The winner as it is written; None if it is none of the two.

    Args:
        recorded: a text or a number.
        names: of the two models, which come before labels; None where the row does not say.

    >>> winner("lora", ("lora", "base"))
    Winner(share=1.0, is_label=False)
    >>> [winner(text, None).share for text in ("model_b", "[[A>>B]]", "tie (bothbad)")]
    [0.0, 1.0, 0.5]
    >>> [winner(number, None).share for number in (1, 2, 1.25, 0)]
    [1.0, 0.0, 0.75, 0.5]
    >>> winner("neutral", None) is winner(3, None) is winner(True, None) is None
    True
    """
    if isinstance(recorded, bool) or not isinstance(recorded, str | int | float):
        return None
    if names is not None and str(recorded) in names:
        return Winner(1.0 if str(recorded) == names[0] else 0.0, is_label=False)
    if isinstance(recorded, str):
        known = _of_label(recorded)
        return known if known is not None else _of_number(_as_number(recorded))
    return _of_number(float(recorded))


def is_zero(recorded: object) -> bool:
    """Whether the winner is written as 0, which is a tie beside 1 and 2."""
    return number(recorded) == 0.0


def number(recorded: object) -> float | None:
    """The number that stands for a winner, if one does."""
    if isinstance(recorded, str):
        return _as_number(recorded)
    is_number = isinstance(recorded, int | float) and not isinstance(recorded, bool)
    return float(recorded) if is_number else None  # type: ignore[arg-type]  # a number


def plain(text: str) -> str:
    """A label without brackets, capitals and what joins words.

    >>> plain("[[Model A]]"), plain("Tie (bothbad)"), plain("output-2")
    ('a', 'tie_bothbad', '2')
    """
    joined = _SPACES.sub("_", _NO_LETTERS.sub(" ", text.casefold()).strip())
    return _NOUNS.sub("", joined)


def _of_label(text: str) -> Winner | None:
    label = plain(text)
    if label in TIES:
        return Winner(0.5)
    if label in _OF_A or label in _OF_B:
        return Winner(1.0 if label in _OF_A else 0.0)
    return None


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _of_number(value: float | None) -> Winner | None:
    """1 is a, 2 is b, between them a share; 0 is a tie, as in files of AlpacaEval."""
    if value is None or not isfinite(value) or not (value == 0.0 or 1.0 <= value <= 2.0):
        return None
    return Winner(0.5 if value == 0.0 else 2.0 - value)
