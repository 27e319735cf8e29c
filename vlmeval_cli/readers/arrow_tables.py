"""Parquet and Arrow tables, read some thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from vlmeval_cli.core.errors import DataError
from vlmeval_cli.core.optional import require
from vlmeval_cli.readers.base import Layout, Row
from vlmeval_cli.readers.content import Content

EXTRA = "tables"
_ROWS_AT_ONCE = 2048
_KINDS = {
    "parquet": "a Parquet table",
    "arrow": "an Arrow (Feather) table",
    "arrow_stream": "an Arrow stream",
}


def table_layout(content: Content) -> Layout:
    """Rows of such a table are counted from 1.

    Raises:
        MissingExtraError: the extra ``tables`` is not installed.
        DataError: the file is damaged.
    """
    next(_batches(content), None)
    kind = content.kind.partition("_")[0]
    return Layout(kind, _KINDS[content.kind], unit="row")


def arrow_rows(content: Content) -> Iterator[Row]:
    """Rows as JSON values: dates become ISO text, decimals text, not-a-number null.

    Columns of bytes are left out; of an image column with bytes and path the path stays.
    """
    number = 0
    for batch in _batches(content):
        columns = {
            name: [*map(_value, column.to_pylist())] for name, column in _readable(batch).items()
        }
        names = list(columns)
        for cells in zip(*columns.values(), strict=True):
            number += 1
            yield Row(number, dict(zip(names, cells, strict=True)))


def _batches(content: Content) -> Iterator[Any]:
    user = f"reading {content.path} ({_KINDS[content.kind]})"
    arrow = require("pyarrow", extra=EXTRA, user=user)
    try:
        if content.kind == "parquet":
            parquet = require("pyarrow.parquet", extra=EXTRA, user=user)
            file = parquet.ParquetFile(content.file)
            names = [field.name for field in file.schema_arrow if not _is_bytes(field.type)]
            yield from file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=names)
            return
        ipc = require("pyarrow.ipc", extra=EXTRA, user=user)
        with arrow.memory_map(str(content.file)) as source:
            if content.kind == "arrow_stream":
                yield from ipc.open_stream(source)
                return
            opened = ipc.open_file(source)
            yield from map(opened.get_batch, range(opened.num_record_batches))
    except (arrow.ArrowException, OSError) as error:
        raise DataError(
            f"{content.path}: {_KINDS[content.kind]} that is damaged or cut off ({error})",
            hint="Write or copy it again.",
        ) from error


def _readable(batch: Any) -> dict[str, Any]:  # noqa: ANN401  (a record batch)
    """Columns by name, without bytes."""
    found: dict[str, Any] = {}
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if _is_image(field.type):
            found[field.name] = column.field("path")
        elif not _is_bytes(field.type):
            found[field.name] = column
    return found


def _is_bytes(kind: Any) -> bool:  # noqa: ANN401  (an Arrow type)
    return str(kind) in ("binary", "large_binary", "binary_view")


def _is_image(kind: Any) -> bool:  # noqa: ANN401
    """Images as Hugging Face stores them: a struct of bytes and path."""
    return str(kind) == "struct<bytes: binary, path: string>"


def _value(value: Any) -> Any:  # noqa: ANN401  (JSON)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, list | tuple):
        return [*map(_value, value)]
    if isinstance(value, dict):
        return {str(key): _value(part) for key, part in value.items()}
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else None
