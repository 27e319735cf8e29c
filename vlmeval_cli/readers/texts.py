"""Layouts of summaries and translations: CNN/DailyMail, XSum, WMT, COMET, lines of plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from vlmeval_cli.core.errors import DataError
from vlmeval_cli.readers.base import Layout, Row
from vlmeval_cli.readers.content import Content
from vlmeval_cli.readers.documents import ROW_KEYS
from vlmeval_cli.readers.json_values import NOT_UTF8
from vlmeval_cli.readers.rules import Fields, RowRule

_LONGEST_LANGUAGE = 7  # "pt", "deu", "zh-Hans"
# A segment a line: what translation tools write, with the language as the ending, or .ref and .hyp.
_ENDINGS = frozenset({".txt", ".ref", ".refs", ".hyp", ".hyps", ".out", ".pred", ".sys", ".tgt"})

LINES = Layout(
    "lines",
    "plain text: a segment a line, numbered",
    task="text",
    roles={"id": "line", "prediction": "text", "references": "text"},
)


def is_translations(value: object) -> bool:
    """Whether a value holds a sentence in several languages.

    >>> is_translations({"de": "ein Hund", "en": "a dog"}), is_translations({"total": 3})
    (True, False)
    """
    return (
        isinstance(value, dict)
        and len(value) > 1
        and all(len(key) <= _LONGEST_LANGUAGE for key in value)
        and all(isinstance(text, str) for text in value.values())
    )


def _has_languages(rows: Sequence[Fields]) -> bool:
    return all(is_translations(row["translation"]) for row in rows)


ROWS = (
    RowRule(
        "cnn_dailymail",
        frozenset({"article", "highlights"}),
        "CNN/DailyMail: rows of article and highlights",
        task="text",
        roles={"id": "id", "references": "highlights"},
        side="references",
    ),
    RowRule(
        "wmt",
        frozenset({"translation"}),
        "WMT: rows of a translation in several languages",
        test=_has_languages,
        task="text",
        roles={"id": "id", "references": "translation"},
        side="references",
    ),
    RowRule(
        "comet",
        frozenset({"src", "ref"}),
        "rows of src and ref, as COMET takes them",
        task="text",
        roles={"prediction": "mt", "references": "ref"},
    ),
)


def are_lines(content: Content) -> bool:
    """Whether a file of plain text holds a segment a line, by its name and its first line.

    Commas stand in sentences and in tables; a table has a name of a field in its header.
    """
    endings = [ending.lower() for ending in PurePath(content.path).suffixes if ending != ".gz"]
    is_language = bool(endings) and len(endings[-1]) == 3 and endings[-1][1:].isalpha()
    if not endings or (endings[-1] not in _ENDINGS and not is_language):
        return False
    first = next(_lines(content), (1, ""))[1]
    return ROW_KEYS.isdisjoint(cell.strip(' "') for cell in re.split(r"[\t,;|]", first))


def line_rows(content: Content) -> Iterator[Row]:
    """A row per line, also of empty ones: they are segments without a text.

    Raises:
        DataError: a line is not UTF-8.
    """
    for number, text in _lines(content):
        yield Row(number, {"line": number, "text": text})


def _lines(content: Content) -> Iterator[tuple[int, str]]:
    number = 0
    for block in content.line_blocks():
        for line in block.removesuffix(b"\n").split(b"\n"):
            number += 1
            try:
                yield number, line.removesuffix(b"\r").decode("utf-8", "surrogatepass")
            except UnicodeDecodeError as error:
                got = line[error.start : error.start + 1].hex()
                raise DataError(
                    f'{content.path}:{number}: not UTF-8, got the byte "{got}"', hint=NOT_UTF8
                ) from error
