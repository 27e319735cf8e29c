"""JSON Lines: one object a line, streamed in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from vlmeval_cli.core.errors import DataError
from vlmeval_cli.readers.base import Chunk, ChunkedRows, Row
from vlmeval_cli.readers.content import Content
from vlmeval_cli.readers.json_values import (
    MalformedJson,
    careful_loads,
    described,
    exact_loads,
    fast_loads,
    may_hold_long_number,
)
from vlmeval_cli.readers.rejects import Rejects

Loads = Callable[[bytes], Any]
_AT_ONCE = 512  # lines parsed before the first is given
_BLOCK_BYTES = 1 << 18  # small enough that lines are parsed while the processor's cache holds them
EXPECTED = 'expected an object such as {"id": …, "prediction": …}'


def jsonl_rows(content: Content, rejects: Rejects) -> ChunkedRows:
    """Rows of a file of lines; blank lines are passed over.

    Memory is bounded by a block and the longest line.
    """
    return ChunkedRows(_chunks(content, rejects))


def _chunks(content: Content, rejects: Rejects) -> Iterator[Chunk]:
    number = 0
    for block in content.line_blocks(_BLOCK_BYTES):
        loads = exact_loads if may_hold_long_number(block) else fast_loads
        lines = block.removesuffix(b"\n").split(b"\n")
        for first in range(0, len(lines), _AT_ONCE):
            some = lines[first : first + _AT_ONCE]
            values = _all_objects(some, loads)
            if values is None:
                yield from _one_by_one(some, number + 1, loads, rejects)
            else:
                yield Chunk(range(number + 1, number + 1 + len(values)), values)
            number += len(some)
        del lines, some, values  # before the next block comes


def _one_by_one(lines: list[bytes], number: int, loads: Loads, rejects: Rejects) -> Iterator[Chunk]:
    """Rows of lines of which some are blank or malformed; ``number`` is that of the first."""
    found: list[Row] = []
    try:
        found.extend(_each(lines, number, loads, rejects))
    except DataError:
        if found:
            yield Chunk.of(found)
        raise
    if found:
        yield Chunk.of(found)


def _each(lines: list[bytes], number: int, loads: Loads, rejects: Rejects) -> Iterator[Row]:
    for place, line in enumerate(lines, number):
        try:
            fields = loads(line)
        except ValueError:
            if line.isspace() or not line:
                continue
            fields = _reread(line, place, rejects)
        if type(fields) is dict:
            yield Row(place, fields)
        elif fields is not _MALFORMED:
            rejects.add(place, f"got {described(fields)}, {EXPECTED}")


def _all_objects(lines: list[bytes], loads: Loads) -> list[Any] | None:
    """The objects of the lines; None where any line is something else."""
    try:
        values = [*map(loads, lines)]
    except ValueError:
        return None
    return values if set(map(type, values)) == {dict} else None


_MALFORMED = object()


def _reread(line: bytes, number: int, rejects: Rejects) -> Any:  # noqa: ANN401  (JSON)
    try:
        return careful_loads(line)
    except MalformedJson as error:
        rejects.add(number, str(error))
        return _MALFORMED
