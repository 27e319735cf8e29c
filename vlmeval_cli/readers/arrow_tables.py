"""Parquet and Arrow tables, read some thousand rows at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from vlmeval_cli.core.errors import DataError, quoted
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
# The numbers of rows that pandas keeps beside the columns.
_INDEX = re.compile(r"__index_level_\d+__")


def table_layout(content: Content) -> Layout:
    """Rows of such a table are counted from 1; columns of bytes are named, as they are not read.

    Raises:
        MissingExtraError: the extra ``tables`` is not installed.
        DataError: the file is damaged, or two of its columns have one name.
    """
    schema = _schema(content)
    with_bytes = [
        quoted(field.name)
        for field in schema
        if _holds_bytes(field.type) and not _is_image(field.type)
    ]
    if with_bytes and len(with_bytes) == len(schema):
        raise DataError(
            f"{content.path}: holds only columns of bytes: {', '.join(with_bytes)}",
            hint="Write texts as strings: bytes are taken for images and not read.",
        )
    note = f"columns of bytes are not read: {', '.join(with_bytes)}" if with_bytes else ""
    kind = content.kind.partition("_")[0]
    return Layout(kind, _KINDS[content.kind], unit="row", note=note)


def arrow_rows(content: Content) -> Iterator[Row]:
    """Rows as JSON values: dates become ISO text, decimals text, not-a-number null.

    Columns of bytes and the index of pandas are left out; of an image column with bytes and path
    the path stays, and the bytes are not loaded.
    """
    number = 0
    for batch in _batches(content):
        columns = {name: _values(column) for name, column in _readable(batch).items()}
        for cells in zip(*columns.values(), strict=True):
            number += 1
            yield Row(number, dict(zip(columns, cells, strict=True)))


def _schema(content: Content) -> Any:  # noqa: ANN401  (pyarrow is untyped)
    for schema in _opened(content, schema_only=True):
        names = schema.names
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is None:
            return schema
        raise DataError(
            f"{content.path}: {names.count(repeated)} columns are called {quoted(repeated)}, "
            "expected a name per column",
            hint="Rename or remove the repeated columns.",
        )
    raise AssertionError  # every table has a schema


def _batches(content: Content) -> Iterator[Any]:
    return _opened(content, schema_only=False)


def _opened(content: Content, *, schema_only: bool) -> Iterator[Any]:
    """The record batches of a table, or its schema alone."""
    user = f"reading {content.path} ({_KINDS[content.kind]})"
    arrow = require("pyarrow", extra=EXTRA, user=user)
    try:
        if content.kind == "parquet":
            parquet = require("pyarrow.parquet", extra=EXTRA, user=user)
            with parquet.ParquetFile(content.file) as file:
                yield from [file.schema_arrow] if schema_only else _parquet_batches(file)
            return
        ipc = require("pyarrow.ipc", extra=EXTRA, user=user)
        with arrow.memory_map(str(content.file)) as source:
            is_stream = content.kind == "arrow_stream"
            opened = ipc.open_stream(source) if is_stream else ipc.open_file(source)
            if schema_only:
                yield opened.schema
            elif is_stream:
                yield from opened
            else:
                yield from map(opened.get_batch, range(opened.num_record_batches))
    except (arrow.ArrowException, OSError) as error:
        raise DataError(
            f"{content.path}: {_KINDS[content.kind]} that is damaged or cut off ({error})",
            hint="Write or copy it again.",
        ) from error


def _parquet_batches(file: Any) -> Iterator[Any]:  # noqa: ANN401
    """Some rows at a time, of the columns that are read; of images only the paths."""
    names = [
        f"{field.name}.path" if _is_image(field.type) else field.name
        for field in file.schema_arrow
        if _is_image(field.type) or not _holds_bytes(field.type)
    ]
    yield from file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=names)


def _readable(batch: Any) -> dict[str, Any]:  # noqa: ANN401  (a record batch)
    """Columns by name, without bytes and without the index of pandas."""
    found: dict[str, Any] = {}
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if _is_image(field.type):
            found[field.name] = column.flatten()[field.type.get_field_index("path")]
        elif not _holds_bytes(field.type) and not _INDEX.fullmatch(field.name):
            found[field.name] = column
    return found


def _holds_bytes(kind: Any) -> bool:  # noqa: ANN401  (an Arrow type)
    """Whether values of a type are bytes, or have bytes inside."""
    return re.search(r"\b(fixed_size_|large_)?binary(_view)?\b", str(kind)) is not None


def _is_image(kind: Any) -> bool:  # noqa: ANN401
    """Images as Hugging Face stores them: a struct of bytes and path, or what was read of it."""
    return str(kind) in (
        "struct<bytes: binary, path: string>",
        "struct<path: string, bytes: binary>",
        "struct<path: string>",
    )


def _values(column: Any) -> list[Any]:  # noqa: ANN401  (an Arrow array)
    kind = str(column.type)
    if kind in ("string", "large_string", "int64", "int32", "bool"):  # JSON as they are
        return list(column.to_pylist())
    if "[ns" in kind:  # Python's times have no nanoseconds
        column = column.cast(_in_microseconds(column.type), safe=False)
    return [*map(_value, column.to_pylist())]


def _in_microseconds(kind: Any) -> Any:  # noqa: ANN401  (an Arrow type)
    """The type with times of microseconds in place of nanoseconds, inside lists and structs too."""
    arrow = require("pyarrow", extra=EXTRA, user="reading times")
    types = arrow.types
    if types.is_timestamp(kind):
        return arrow.timestamp("us", kind.tz)
    if types.is_duration(kind):
        return arrow.duration("us")
    if types.is_time64(kind):
        return arrow.time64("us")
    if types.is_list(kind):
        return arrow.list_(_in_microseconds(kind.value_type))
    if types.is_struct(kind):
        return arrow.struct([(part.name, _in_microseconds(part.type)) for part in kind])
    return kind


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
    return value.isoformat() if isinstance(value, date | time) else str(value)
