"""Excel workbooks: the first sheet that holds a table."""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from typing import Any
from zipfile import BadZipFile, ZipFile

from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.optional import require
from vlmeval_cli.readers.base import Layout, Row
from vlmeval_cli.readers.content import Content
from vlmeval_cli.readers.rejects import Rejects

EXTRA = "tables"
_ROWS_AT_ONCE = 512
# How workbooks write characters that XML cannot hold, and a text that looks like such a one.
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# What openpyxl raises at a damaged workbook; errors of XML are syntax errors.
_DAMAGED = (
    AttributeError, BadZipFile, EOFError, LookupError, NotImplementedError, OSError, SyntaxError,
    TypeError, ValueError, zlib.error,
)  # fmt: skip


def workbook_layout(content: Content) -> Layout:
    """Which sheet is read, and that rows count as the workbook counts them.

    Raises:
        MissingExtraError: the extra ``tables`` is not installed.
        UsageError: there is no sheet of the name that was given.
        DataError: the file is damaged, or no sheet holds a table.
    """
    with _opened(content) as workbook:
        title = _sheet_with_table(content, workbook).title
        others = [sheet.title for sheet in workbook.worksheets if sheet.title != title]
        notes = []
        if others and content.part is None:
            listed = ", ".join(map(quoted, others))
            notes.append(
                f"sheet {quoted(title)} was read, not {listed}; {content.path}#NAME chooses another"
            )
        if _has_merged_cells(content):
            notes.append("of merged cells only the first holds the value, the others are empty")
        reason = f"an Excel workbook, sheet {quoted(title)}"
        return Layout("xlsx", reason, unit="row", note="; ".join(notes))


def workbook_rows(content: Content, rejects: Rejects) -> Iterator[Row]:
    """Rows of the sheet, numbered as the workbook numbers them; empty rows are passed over.

    Texts stay texts ("007", "None", and "=1+1", which Excel would compute), numbers stay numbers,
    dates become ISO text, and an empty cell is an empty text, as in CSV. Columns without a name,
    such as the index that pandas writes, are left out.
    """
    with _opened(content) as workbook:
        header: list[str] = []
        for number, cells in _cells(_sheet_with_table(content, workbook)):
            values = [*map(_value, cells)]
            if not any(value != "" for value in values):
                continue
            if not header:
                header = _header(content.path, number, values)
                continue
            beyond = [value for value in values[len(header) :] if value != ""]
            if beyond:
                rejects.add(number, f"got {quoted(beyond[0])} beyond the columns of the header")
                continue
            values += [""] * (len(header) - len(values))
            named = zip(header, values, strict=False)
            yield Row(number, {name: value for name, value in named if name})


def _cells(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:  # noqa: ANN401  (openpyxl is untyped)
    """Numbered rows; what openpyxl warns of, such as styles it drops, is nothing to a reader."""
    rows = enumerate(sheet.iter_rows(values_only=True), start=1)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            some = list(islice(rows, _ROWS_AT_ONCE))
        if not some:
            return
        yield from some


def _header(path: str, number: int, values: Sequence[Any]) -> list[str]:
    """Names of the columns, up to the last that has one."""
    names = [str(value).strip() for value in values]
    while names and not names[-1]:
        names.pop()
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{path}: row {number}: the header has {quoted(repeated[0])} "
            f"{names.count(repeated[0])} times, expected a name per column",
            hint="Rename or remove the repeated columns.",
        )
    return names


def _value(cell: Any) -> Any:  # noqa: ANN401  (what a cell holds)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()  # as Excel shows it
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, int | float):
        return cell
    text = cell if isinstance(cell, str) else getattr(cell, "text", None) or str(cell)
    return _ESCAPED.sub(_unescaped, text) if "_x" in text else text


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


@contextmanager
def _opened(content: Content) -> Iterator[Any]:
    openpyxl = require("openpyxl", extra=EXTRA, user=f"reading {content.path} (an Excel workbook)")
    try:
        # A file, not its name, by which openpyxl would judge it. Formulas are texts here: a
        # prediction may begin with "=".
        with content.file.open("rb") as file:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                workbook = openpyxl.load_workbook(file, read_only=True, data_only=False)
            try:
                yield workbook
            finally:
                workbook.close()
    except _DAMAGED as error:
        raise DataError(
            f"{content.path}: got a zip archive that is no Excel workbook, or a damaged one",
            hint="Unpack or save it again. JSONL and CSV are read as they are.",
        ) from error


def _sheet_with_table(content: Content, workbook: Any) -> Any:  # noqa: ANN401
    """The sheet that was named, or the first that begins with a header."""
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # what files say of their size is often wrong
        first = next(sheet.iter_rows(values_only=True), ())
        is_table = sum(cell is not None for cell in first) >= 2
        if sheet.title == content.part or (content.part is None and is_table):
            return sheet
    titles = ", ".join(quoted(sheet.title) for sheet in workbook.worksheets)
    if content.part is not None:
        raise UsageError(
            f"{content.path}: the workbook has no sheet {quoted(content.part)}",
            hint=f"Its sheets: {titles}.",
        )
    raise DataError(
        f"{content.path}: no sheet of the workbook ({titles}) begins with a header of two columns "
        "or more",
        hint="Put the names of the columns into the first row.",
    )


def _has_merged_cells(content: Content) -> bool:
    with ZipFile(content.file) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return any(b"<mergeCell " in archive.read(name) for name in sheets)
