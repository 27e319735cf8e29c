"""A table of synonyms that the user gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.readers.content import open_text
from vlmeval_cli.readers.json_values import MalformedJson, exact_loads

_SEPARATOR = re.compile(r"\t|,|=")
_HINT = 'Write a line such as "couch, sofa, settee": the first word is replaced by one of the rest.'


def load_synonyms(path: str) -> dict[str, tuple[str, ...]]:
    """Word in lower case → what may stand for it.

    A file of lines, ``word, synonym, synonym`` (commas, tabs or ``=``; ``#`` begins a comment), or
    a JSON object of words and their synonyms.

    Raises:
        UsageError: there is no such file.
        DataError: a line or value is none of that.
    """
    content = open_text(path).read_all()
    found: dict[str, tuple[str, ...]] = {}
    entries = _of_json(path, content) if content.lstrip()[:1] == b"{" else _of_lines(path, content)
    for where, word, others in entries:
        key = word.strip().lower()
        _check(where, key, others)
        new = [other.strip() for other in others]
        found[key] = tuple(dict.fromkeys((*found.get(key, ()), *new)))
    if not found:
        raise DataError(f"{path}: holds no synonyms", hint=_HINT)
    return found


def _of_lines(path: str, content: bytes) -> Iterator[tuple[str, str, list[str]]]:
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8", hint="Convert it with iconv.") from error
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            word, *others = _SEPARATOR.split(line)
            yield f"{path}:{number}", word, others


def _of_json(path: str, content: bytes) -> Iterator[tuple[str, str, list[str]]]:
    try:
        table: dict[str, Any] = exact_loads(content)
    except MalformedJson as error:
        raise DataError(f"{path}:{error.line}: {error}", hint=error.hint) from error
    for word, value in table.items():
        others = [value] if isinstance(value, str) else value
        if not isinstance(others, list) or not all(isinstance(other, str) for other in others):
            raise DataError(
                f"{path}: {quoted(word)} has {quoted(value)}, expected a word or a list of words"
            )
        yield f"{path}: {quoted(word)}", word, others


def _check(where: str, word: str, others: list[str]) -> None:
    if len(word) < 2 or not all(letter.isalpha() or letter in "'’-" for letter in word):
        raise DataError(
            f"{where}: got {quoted(word)}, expected a single word of letters", hint=_HINT
        )
    empty = not others or any(not other.strip() or not other.isprintable() for other in others)
    if empty or word in (other.strip().lower() for other in others):
        raise DataError(f"{where}: expected other words after {quoted(word)}", hint=_HINT)
