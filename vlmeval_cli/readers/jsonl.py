"""JSON Lines: one object a line, streamed in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vlmeval_cli.readers.base import Row
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

EXPECTED = 'expected an object such as {"id": …, "prediction": …}'


def jsonl_rows(content: Content, rejects: Rejects) -> Iterator[Row]:
    """Rows of a file of lines; blank lines are passed over.

    Memory is bounded by a block and the longest line.
    """
    number = 0
    for block in content.line_blocks():
        loads = exact_loads if may_hold_long_number(block) else fast_loads
        for line in block.removesuffix(b"\n").split(b"\n"):
            number += 1
            try:
                fields = loads(line)
            except ValueError:
                if line.isspace() or not line:
                    continue
                fields = _reread(line, number, rejects)
            if type(fields) is dict:
                yield Row(number, fields)
            elif fields is not _MALFORMED:
                rejects.add(number, f"got {described(fields)}, {EXPECTED}")


_MALFORMED = object()


def _reread(line: bytes, number: int, rejects: Rejects) -> Any:  # noqa: ANN401  (JSON)
    try:
        return careful_loads(line)
    except MalformedJson as error:
        rejects.add(number, str(error))
        return _MALFORMED
