"""Tables: CSV and TSV with a header. Every cell is text; nothing is guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.readers.base import Row
from vlmeval_cli.readers.content import Content
from vlmeval_cli.readers.json_values import NOT_UTF8
from vlmeval_cli.readers.rejects import Rejects

if TYPE_CHECKING:
    from _csv import Reader

_SAMPLE_LINES = 400
_SAMPLE_BYTES = 1 << 16
_LONGEST_CELL = 2**31 - 1


class Dialect(NamedTuple):
    """How the cells of a table are kept apart.

    Attributes:
        name: ``csv`` or ``tsv``.
        delimiter: between cells.
        separated: the delimiter in words.
        has_quotes: whether a cell in double quotes may hold delimiters and newlines.
    """

    name: str
    delimiter: str
    separated: str
    has_quotes: bool = True


# Of dialects that fit equally well the first is taken: a tab hardly ever stands in a text.
DIALECTS = (
    Dialect("tsv", "\t", "tabs"),
    Dialect("csv", ",", "commas"),
    Dialect("csv", ";", "semicolons"),
    Dialect("csv", "|", "bars"),
    Dialect("tsv", "\t", "tabs, quotes are plain text", has_quotes=False),
)


class _Fit(NamedTuple):
    """How well a dialect fits: whether all of the sample can be read, share of whole rows."""

    is_clean: bool
    whole: float
    dialect: Dialect


def find_dialect(content: Content) -> Dialect | None:
    """The dialect whose header has several cells and whose rows have as many; None if none."""
    lines = list(islice(_text_lines(content, _SAMPLE_BYTES), _SAMPLE_LINES))
    fits = [fit for dialect in DIALECTS if (fit := _fit(dialect, lines)) is not None]
    best = max(fits, key=lambda fit: (fit.is_clean, fit.whole), default=None)
    return best.dialect if best is not None and best.whole >= 0.5 else None


def table_rows(content: Content, dialect: Dialect, rejects: Rejects) -> Iterator[Row]:
    """Rows of a table, each at the line where it begins; blank lines are passed over.

    Raises:
        DataError: the header repeats a name, or the text is not UTF-8.
    """
    reader = _reader(_text_lines(content), dialect)
    header = _header(content.path, reader)
    width = len(header)
    line = reader.line_num + 1
    while True:
        try:
            for cells in reader:
                if len(cells) == width:
                    yield Row(line, dict(zip(header, cells, strict=True)))
                elif cells:
                    rejects.add(line, f"got {len(cells)} cells, expected {width} as in the header")
                line = reader.line_num + 1
        except csv.Error as error:
            rejects.add(line, f"the quotes of this row do not match ({error})")
            line = reader.line_num + 1
            continue
        return


def _header(path: str, reader: Reader) -> list[str]:
    try:
        header = next((cells for cells in reader if cells), [])
    except csv.Error as error:
        raise DataError(f"{path}:1: the quotes of the header do not match ({error})") from error
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise DataError(
            f"{path}:{reader.line_num}: the header has {quoted(repeated[0])} "
            f"{header.count(repeated[0])} times, expected a name per column",
            hint="Rename or remove the repeated columns.",
        )
    return header


def _fit(dialect: Dialect, lines: list[str]) -> _Fit | None:
    records: list[list[str]] = []
    is_clean = True
    reader = _reader(lines, dialect)
    try:
        records.extend(cells for cells in reader if cells)
    except csv.Error:
        # The sample may end within a quoted cell; that is no fault of the table.
        is_clean = reader.line_num == len(lines) == _SAMPLE_LINES
    if not records or len(records[0]) < 2:
        return None
    width = len(records[0])
    rows = records[1:] or records
    return _Fit(is_clean, sum(len(cells) == width for cells in rows) / len(rows), dialect)


def _reader(lines: Iterable[str], dialect: Dialect) -> Reader:
    # The limit of cell length is the csv module's own and protects nobody here: lines are read
    # whole anyway, and predictions of several megabytes exist.
    csv.field_size_limit(_LONGEST_CELL)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.has_quotes else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=dialect.delimiter, quoting=quoting, strict=True)


def _text_lines(content: Content, size: int | None = None) -> Iterator[str]:
    """Lines with their ends, cut only at CR, LF and CRLF (str.splitlines knows eight more)."""
    before = 0
    for block in content.line_blocks(size) if size else content.line_blocks():
        try:
            text = block.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            line = before + block.count(b"\n", 0, error.start) + 1
            got = block[error.start : error.start + 1].hex()
            raise DataError(
                f'{content.path}:{line}: not UTF-8, got the byte "{got}"',
                hint=NOT_UTF8,
            ) from error
        before += block.count(b"\n")
        yield from io.StringIO(text, newline="")
