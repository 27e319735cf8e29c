"""Excel workbooks: the first sheet that holds a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any

from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.core.optional import require
from vlmeval_cli.readers.base import Layout, Row
from vlmeval_cli.readers.content import Content
from vlmeval_cli.readers.rejects import Rejects

EXTRA = "tables"


def workbook_layout(content: Content) -> Layout:
    """Which sheet is read, and that rows count as the workbook counts them.

    Raises:
        MissingExtraError: the extra ``tables`` is not installed.
        DataError: the file is damaged, or no sheet holds a table.
    """
    with _opened(content) as workbook:
        sheet = _sheet_with_table(content, workbook)
        others = len(workbook.worksheets) - 1
        more = f" (the first table of {others + 1} sheets)" if others else ""
        return Layout("xlsx", f"an Excel workbook, sheet {quoted(sheet.title)}{more}", unit="row")


def workbook_rows(content: Content, rejects: Rejects) -> Iterator[Row]:
    """Rows of the sheet, numbered as the workbook numbers them; empty rows are passed over.

    Texts stay texts ("007", "None", and "=1+1", which Excel would compute), numbers stay numbers,
    dates become ISO text, and an empty cell is an empty text, as in CSV.
    """
    with _opened(content) as workbook:
        sheet = _sheet_with_table(content, workbook)
        header: list[str] = []
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
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
            yield Row(number, dict(zip(header, values, strict=False)))


def _header(path: str, number: int, values: Sequence[Any]) -> list[str]:
    """Names of the columns, up to the last that has one."""
    names = [str(value).strip() for value in values]
    while names and not names[-1]:
        names.pop()
    repeated = sorted({name for name in names if names.count(name) > 1})
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
    return cell if isinstance(cell, int | float) else str(cell)


@contextmanager
def _opened(content: Content) -> Iterator[Any]:
    openpyxl = require("openpyxl", extra=EXTRA, user=f"reading {content.path} (an Excel workbook)")
    try:
        # Formulas are texts here: a prediction may begin with "=".
        workbook = openpyxl.load_workbook(content.file, read_only=True, data_only=False)
    except Exception as error:  # a damaged workbook fails in many ways
        raise DataError(
            f"{content.path}: got a zip archive that is no Excel workbook, or a damaged one",
            hint="Unpack it first, or save it again; JSONL and CSV are read as they are.",
        ) from error
    try:
        yield workbook
    finally:
        workbook.close()


def _sheet_with_table(content: Content, workbook: Any) -> Any:  # noqa: ANN401
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # what files say of their size is often wrong
        first = next(sheet.iter_rows(values_only=True), ())
        if sum(cell is not None for cell in first) >= 2:
            return sheet
    raise DataError(
        f"{content.path}: no sheet of the workbook begins with a header of two columns or more",
        hint="Put the names of the columns into the first row.",
    )
