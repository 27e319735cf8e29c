"""How sample data is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path


def write(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """One JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
