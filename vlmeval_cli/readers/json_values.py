"""JSON values as they were written: fast where that is exact, careful where it is not.

orjson rejects lone surrogates, ``NaN``, ``Infinity``, ``1e400``, raw control characters and deep
nesting; the standard library reads them. Integers past 64 bits it turns into floats without a
word, so texts that hold such a number are found beforehand and never given to it. Of keys that
are repeated within one object both readers keep the last.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from vlmeval_cli.core.errors import quoted

# 64 bits hold every positive integer of 19 digits and every negative one of 18.
_LONG_NUMBER = re.compile(rb"(?:^|[\s:,\[])(?:-[0-9]{19}|[0-9]{20})")
_STRIDE = 6  # 19 digits in a row cover at least three neighbours of any six-step grid
_DOUBLING = (1, 2, 4, 8, 3)  # 1 digit and so many more are 19
_SHORT_TEXT = 4096  # below this the expression is faster than the grid
_DECODER = json.JSONDecoder(strict=False)
_EXCERPT = 40

NOT_UTF8 = "Convert it: iconv -f WINDOWS-1252 -t UTF-8 FILE > FILE.utf8"
_CUT = "The file may be incomplete: write or copy it again."
_NOT_JSON = "Check it with: python -m json.tool FILE. Rows without a list stand one a line (JSONL)."

fast_loads = orjson.loads


class MalformedJson(ValueError):
    """A text that is not JSON.

    Attributes:
        line: line of the text, from 1.
        hint: what the user can do.
    """

    def __init__(self, message: str, line: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.hint = hint


def exact_loads(text: bytes) -> Any:  # noqa: ANN401  (JSON)
    """Any JSON value, unchanged.

    Raises:
        MalformedJson: the text is not JSON in UTF-8.
    """
    if not _holds_long_number(text):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    return careful_loads(text)


def careful_loads(text: bytes, decoder: json.JSONDecoder = _DECODER) -> Any:  # noqa: ANN401  (JSON)
    """Any JSON value, by the standard library.

    Raises:
        MalformedJson: the text is not JSON in UTF-8.
    """
    try:
        # Surrogates that someone encoded one by one are kept like escaped ones.
        string = text.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        got = text[error.start : error.start + 1].hex()
        raise MalformedJson(f'not UTF-8, got the byte "{got}"', line, NOT_UTF8) from error
    try:
        return decoder.decode(string.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise _explained(error) from error
    except RecursionError as error:
        raise MalformedJson("the JSON is nested too deeply") from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise MalformedJson(f"the JSON cannot be read: {error}") from error


def object_pairs(text: bytes) -> list[tuple[str, Any]]:
    """Keys and values of a JSON object, repeated keys included.

    Raises:
        MalformedJson: the text is not JSON in UTF-8.
    """
    outermost: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal outermost
        outermost = pairs  # the outermost object is closed last
        return dict(pairs)

    careful_loads(text, json.JSONDecoder(strict=False, object_pairs_hook=keep))
    return outermost


def may_hold_long_number(text: bytes) -> bool:
    """Whether 19 digits stand in a row; numbers of text and of numbers alike.

    >>> may_hold_long_number(b'{"id": 12345678901234567890}')
    True
    >>> may_hold_long_number(b'{"id": 391895}')
    False
    """
    octets = np.frombuffer(text, dtype=np.uint8)
    grid = _are_digits(octets[::_STRIDE])
    if not (grid[:-2] & grid[1:-1] & grid[2:]).any():
        return False
    runs = _are_digits(octets)
    for step in _DOUBLING:  # after each step longer runs of digits begin where it is true
        runs = runs[:-step] & runs[step:]
    return bool(runs.any())


def _are_digits(octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    # Unsigned: everything below "0" wraps round to above 9.
    return octets - np.uint8(ord("0")) < 10


def _holds_long_number(text: bytes) -> bool:
    if len(text) > _SHORT_TEXT and not may_hold_long_number(text):
        return False
    return _LONG_NUMBER.search(text) is not None


def literal(text: str) -> object:
    """The value that a text spells in JSON or in Python; None if it spells none.

    Tables hold only text, so lists stand in their cells in one of these ways. Nothing is run.

    >>> literal('["a", "b"]'), literal("['a', 'b']"), literal("a, b")
    (['a', 'b'], ['a', 'b'], None)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python, about backslashes in somebody else's text
        for loads in (json.loads, ast.literal_eval):
            try:
                return loads(text)
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                pass
    return None


def described(value: object, limit: int = 80) -> str:
    """What a value is, for "got …" in an error message.

    >>> described([1, 2]), described({"a": 1}), described(True), described("x")
    ('a list of 2', 'an object with the keys a', 'true', '"x"')
    """
    if isinstance(value, str):
        return quoted(value, limit)
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        keys = ", ".join(map(str, value))
        return f"an object with the keys {keys[:limit]}" if keys else "an empty object"
    text = json.dumps(value)
    return f"{text[:limit]}…" if len(text) > limit else text


def _explained(error: json.JSONDecodeError) -> MalformedJson:
    if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string"):
        end = quoted(error.doc.rstrip()[-_EXCERPT:])
        return MalformedJson(f"the JSON is cut off after {end}", error.lineno, _CUT)
    got = quoted(error.doc[error.pos : error.pos + _EXCERPT], _EXCERPT - 1)
    message = f"not JSON, got {got} at column {error.colno} ({error.msg})"
    return MalformedJson(message, error.lineno, _NOT_JSON)
