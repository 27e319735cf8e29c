"""From a path to a source: which layout a file has, by its content alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.errors import DataError
from vlmeval_cli.readers import (
    coco,
    completions,
    generations,
    harnesses,
    nested,
    side_by_side,
    squad,
    texts,
    vqa,
)
from vlmeval_cli.readers.base import BadRow, Chunk, ChunkedRows, Layout, Row
from vlmeval_cli.readers.content import Content, open_content
from vlmeval_cli.readers.documents import (
    Document,
    general_layout,
    is_empty,
    is_row,
    load_document,
    load_pairs,
)
from vlmeval_cli.readers.json_values import MalformedJson, exact_loads
from vlmeval_cli.readers.jsonl import jsonl_rows
from vlmeval_cli.readers.rejects import BadRowError, Rejects
from vlmeval_cli.readers.rules import DocumentRule, Fields, RowRule
from vlmeval_cli.readers.tabular import find_dialect, table_rows

# The first rule that fits counts: the narrower ones stand first.
ROW_RULES: tuple[RowRule, ...] = (
    *coco.ROWS,
    *vqa.ROWS,
    *harnesses.ROWS,
    *completions.ROWS,
    *generations.ROWS,
    *squad.ROWS,
    *nested.ROWS,
    *texts.ROWS,
)
DOCUMENT_RULES: tuple[DocumentRule, ...] = (
    *coco.DOCUMENTS,
    *squad.DOCUMENTS,
    *vqa.DOCUMENTS,
    *side_by_side.DOCUMENTS,
)

_HEAD_ROWS = 100
_HEAD_LINES = 12
_HEAD_BLOCK = 1 << 16

Reading = Callable[[Rejects], Iterator[Row]]
Part = TypeVar("Part", Row, Chunk)


class FileSource:
    """A file that was recognised; see :class:`~vlmeval_cli.readers.base.Source`."""

    def __init__(
        self,
        content: Content,
        layout: Layout,
        reading: Reading,
        on_bad_row: OnBadRow,
        *,
        may_be_empty: bool = False,
    ) -> None:
        """A file of a layout and the way to read it."""
        self._content = content
        self._layout = layout
        self._reading = reading
        self._on_bad_row = on_bad_row
        self._may_be_empty = may_be_empty
        self._bad_rows: tuple[BadRow, ...] = ()

    @property
    def path(self) -> str:
        """The name the user gave, ``<stdin>`` for standard input."""
        return self._content.path

    @property
    def layout(self) -> Layout:
        """What was recognised."""
        return self._layout

    @property
    def bad_rows(self) -> Sequence[BadRow]:
        """Rows left out by the last complete pass over :meth:`rows`, where they may be skipped."""
        return self._bad_rows

    def rows(self) -> Iterator[Row]:
        """All rows, from the first, streamed.

        Raises:
            DataError: a row is malformed and bad rows are errors, or no row can be read.
        """
        rejects = Rejects(self.path, self._layout, self._on_bad_row)
        rows = self._reading(rejects)
        if isinstance(rows, ChunkedRows):
            return ChunkedRows(self._watched(rows.chunks(), rejects))
        return self._watched(rows, rejects)

    def _watched(self, parts: Iterator[Part], rejects: Rejects) -> Iterator[Part]:
        """The parts of a file, at least one; when all are read its bad rows are known."""
        first = next(parts, None)
        if first is None and self._may_be_empty:
            return
        if first is None:
            raise DataError(_without_rows(self.path, rejects.found))
        yield first
        del first
        yield from parts
        self._bad_rows = tuple(rejects.found)

    def sha256(self) -> str:
        """Digest of the file's bytes as they are on disk."""
        return self._content.sha256()


def open_source(
    path: str, *, on_bad_row: OnBadRow = "error", if_empty: Layout | None = None
) -> FileSource:
    """Recognise a file and make it ready to be read.

    Args:
        path: a file, plain or gzip, or ``-`` for standard input.
        on_bad_row: what happens to malformed rows: "error" raises, "skip" leaves them out and
            lists them in ``bad_rows``.
        if_empty: layout of a file that is empty, or an empty list, where that says something;
            None: such a file is an error.

    Returns:
        The source; its rows are read when asked for.

    Raises:
        UsageError: there is no such file, or it is a folder.
        DataError: the file is empty, no text, or of no known layout.
    """
    content = open_content(path)
    if content.kind != "text":
        return FileSource(content, *_binary_table(content), on_bad_row)
    head = _head(content)
    if if_empty is not None and b"".join(head) in (b"", b"[]"):
        nothing: Iterator[Row] = iter(())
        return FileSource(content, if_empty, lambda _: nothing, on_bad_row, may_be_empty=True)
    if not head:
        raise DataError(f"{content.path}: the file is empty, expected JSONL, JSON, CSV or TSV")
    layout, reading = _recognised(content, head)
    return FileSource(content, layout, reading, on_bad_row)


def open_as_written(path: str, *, on_bad_row: OnBadRow = "error") -> FileSource | None:
    """A file of JSON rows whose fields stay as the file has them, also where a layout nests them.

    None: the file is of another form, and :func:`open_source` reads it.
    """
    content = open_content(path)
    head = _head(content) if content.kind == "text" else []
    if not head or head[0][:1] not in (b"{", b"["):
        return None
    if _is_lines(head[0], head[1:]):
        layout = Layout("jsonl", "JSON Lines: an object a line")
        return FileSource(content, layout, lambda rejects: jsonl_rows(content, rejects), on_bad_row)
    value = load_document(content)
    general, document = general_layout(value), Document(lambda: load_document(content), value)
    layout = Layout(general.name, general.reason, unit="row")
    rows = general.elements
    return FileSource(content, layout, lambda rejects: document.rows(rows, rejects), on_bad_row)


def _binary_table(content: Content) -> tuple[Layout, Reading]:
    """An Excel, Parquet or Arrow table; the packages that read them are extras."""
    if content.kind == "xlsx":
        from vlmeval_cli.readers.spreadsheets import workbook_layout, workbook_rows

        layout = workbook_layout(content)
        return _with_row_rule(layout, lambda rejects: workbook_rows(content, rejects), content.path)
    from vlmeval_cli.readers.arrow_tables import arrow_rows, table_layout

    return _with_row_rule(table_layout(content), lambda rejects: arrow_rows(content), content.path)


def _head(content: Content) -> list[bytes]:
    """The first dozen lines that are not blank."""
    lines: list[bytes] = []
    for block in content.line_blocks(_HEAD_BLOCK):
        lines += [line for part in block.split(b"\n") if (line := part.strip())]
        if len(lines) >= _HEAD_LINES:
            break
    return lines[:_HEAD_LINES]


def _recognised(content: Content, head: Sequence[bytes]) -> tuple[Layout, Reading]:
    first, *others = head
    if _is_lines(first, others):
        return _lines(content)
    if first[:1] in (b"{", b"["):
        document = load_document(content)
        return (
            _lines(content)
            if not others and _is_one_row(document)
            else _document(content, document)
        )
    if texts.are_lines(content):
        return texts.LINES, lambda rejects: texts.line_rows(content)
    dialect = find_dialect(content)
    if dialect is None:
        raise DataError(
            f"{content.path}: got plain text, expected JSONL, JSON, CSV or TSV",
            hint='Write an object a line, such as {"id": "a1", "prediction": "two dogs"}, '
            "or a table with a header.",
        )
    return _with_row_rule(
        Layout(dialect.name, f"a table, its cells separated by {dialect.separated}"),
        lambda rejects: table_rows(content, dialect, rejects),
        content.path,
    )


def _is_lines(first: bytes, others: Sequence[bytes]) -> bool:
    """Whether the file has a JSON value a line, some of which may be malformed."""
    complete = sum(line[:1] == b"{" and _is_json(line) for line in others)
    if first[:1] in (b"{", b"["):
        # A document that is printed over several lines opens something in its first line; a line
        # that was cut off hardly ends there.
        if first[-1:] in (b"{", b"[", b",", b":"):
            return False
        return bool(others) and (complete > 0 or _is_json(first))
    return 2 * complete >= max(1, len(others)) or (b"," not in first and _is_json(first))


def _is_json(line: bytes) -> bool:
    try:
        exact_loads(line)
    except MalformedJson:
        return False
    return True


def _is_one_row(document: object) -> bool:
    return is_row(document) or (
        isinstance(document, dict) and any(rule.matches([document]) for rule in ROW_RULES)
    )


def _lines(content: Content) -> tuple[Layout, Reading]:
    return _with_row_rule(
        Layout("jsonl", "JSON Lines: an object a line"),
        lambda rejects: jsonl_rows(content, rejects),
        content.path,
    )


def _document(content: Content, value: object) -> tuple[Layout, Reading]:
    special = (rule for rule in DOCUMENT_RULES if isinstance(value, dict) and rule.matches(value))
    rule = next(special, None)
    if rule is None:
        return _general_document(content, value)
    layout = Layout(rule.name, rule.evidence, rule.task, rule.roles, rule.side, unit="row")
    document = Document(lambda: load_document(content), value)

    def reading(rejects: Rejects) -> Iterator[Row]:
        try:
            yield from document.rows(rule.rows, rejects)
        except BadRowError as error:
            raise DataError(f"{content.path}: {error}", hint="Correct the file.") from error
        except (AttributeError, KeyError, TypeError) as error:
            raise DataError(
                f"{content.path}: looks like {rule.name}, but parts of it are missing or of "
                "another kind",
                hint="Compare it with the original file of that data set.",
            ) from error

    head = _first_rows(reading, Rejects(content.path, layout, "skip"))
    note = rule.note(value) if rule.note is not None and isinstance(value, dict) else ""
    return replace(layout, roles=_present(layout, head), note=note), reading


def _general_document(content: Content, value: object) -> tuple[Layout, Reading]:
    general = general_layout(value)
    layout = Layout(general.name, general.reason, unit="row")
    if general.name == "json_by_id":
        pairs = Document(lambda: load_pairs(content))
        if is_empty(value):
            raise DataError(_without_rows(content.path, []))
        return (
            replace(layout, roles={"id": "id"}),
            lambda rejects: pairs.rows(general.elements, rejects),
        )
    document = Document(lambda: load_document(content), value)
    return _with_row_rule(
        layout, lambda rejects: document.rows(general.elements, rejects), content.path
    )


def _with_row_rule(layout: Layout, reading: Reading, path: str) -> tuple[Layout, Reading]:
    """The layout that the fields of the first rows give; the general one if none does."""
    rejects = Rejects(path, layout, "skip")
    head = _first_rows(reading, rejects)
    if not head and not rejects.found:
        raise DataError(_without_rows(path, []))
    rule = next((rule for rule in ROW_RULES if rule.matches(head)), None)
    if rule is None:
        return layout, reading
    found = replace(
        layout,
        name=rule.name,
        reason=f"{rule.evidence} ({layout.name})",
        task=rule.task,
        roles=rule.roles,
        side=rule.side,
    )
    if rule.fold is not None:
        fold = rule.fold
        return found, lambda rejects: fold(reading(rejects), rejects)
    if rule.convert is None:
        return replace(found, roles=_present(found, head)), reading
    convert = rule.convert

    def converted(rejects: Rejects) -> Iterator[Row]:
        return _converted(reading(rejects), convert, rejects)

    return replace(found, roles=_present(found, _first_rows(converted, rejects))), converted


def _first_rows(reading: Reading, rejects: Rejects) -> list[Fields]:
    return [row.fields for row in islice(reading(rejects), _HEAD_ROWS)]


def _converted(
    rows: Iterator[Row], convert: Callable[[Fields], Fields], rejects: Rejects
) -> Iterator[Row]:
    for line, fields in rows:
        try:
            yield Row(line, convert(fields))
        except BadRowError as error:
            rejects.add(line, str(error))
        except KeyError as error:
            rejects.add(line, f'field "{error.args[0]}" is missing')


def _present(layout: Layout, head: Sequence[Fields]) -> dict[str, str]:
    """Roles whose field is there."""
    return {
        role: name for role, name in layout.roles.items() if any(name in fields for fields in head)
    }


def _without_rows(path: str, bad_rows: Sequence[BadRow]) -> str:
    if not bad_rows:
        return f"{path}: holds no rows"
    return f"{path}: none of its {len(bad_rows)} rows can be read; the first: {bad_rows[0].message}"
