"""Results that the SPICE program wrote elsewhere, joined by id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.models.columns import Provenance
from vlmeval_cli.scenes.official.records import found_in
from vlmeval_cli.scenes.tuples import Found, SceneColumn, scene_column

NOT_RECORDED = "not_in_spice_json"
EXTRA = "extra_recorded"
_ID = "image_id"
_EXPECTED = (
    "expected the output of SPICE: a list of objects with image_id and scores, as its option -out "
    "writes it"
)
_MOST_NAMED = 3


def recorded_column(path: str, ids: Sequence[str]) -> SceneColumn:
    """The recorded scenes of the items called ``ids``; those without a record are skipped.

    Raises:
        UsageError: there is no such file.
        DataError: it is no output of SPICE, or has none of the items.
    """
    content = _content(path)
    found = _by_id(path, _records(path, content))
    wanted = set(ids)
    if ids and wanted.isdisjoint(found):
        raise DataError(
            f"{path} has none of the items: got ids such as {_some(found)}, expected such as "
            f"{_some(ids)}",
            hint="They are compared as texts, with image_id of the file.",
        )
    known = [found.get(one, NOT_RECORDED) for one in ids]
    provenance = Provenance(recorded={"spice_json": sha256(content).hexdigest()[:16]})
    facts = {EXTRA: sum(1 for one in found if one not in wanted)}
    return scene_column(known, provenance, facts)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"--spice-json: {quoted(path)} cannot be read: {error.strerror}"
        ) from error


def _records(path: str, content: bytes) -> list[Any]:
    try:
        records = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: no JSON ({error}); {_EXPECTED}") from error
    if not isinstance(records, list):
        raise DataError(f"{path}: got {quoted(records)}, {_EXPECTED}")
    return records


def _by_id(path: str, records: Sequence[Any]) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for i, record in enumerate(records):
        where = f"{path}: record {i + 1}"
        if not isinstance(record, dict) or not _is_id(record.get(_ID)):
            raise DataError(f"{where}: got {quoted(record)}, expected an object with {_ID}")
        own = str(record[_ID])
        if own in found:
            raise DataError(f"{where}: {_ID} {quoted(own)} is there twice, expected once")
        found[own] = found_in(record, where)
    return found


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _some(ids: Sequence[str] | dict[str, Found]) -> str:
    return ", ".join(map(quoted, [*ids][:_MOST_NAMED])) or "none"
