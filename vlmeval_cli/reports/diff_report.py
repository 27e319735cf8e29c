"""Two reports beside each other: a table of scores, and what else differs; JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vlmeval_cli.core.report_parts import Part, ReportDiff
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.reports.blocks import Block, Facts, Grid, Heading, Paragraph
from vlmeval_cli.reports.figures import UNKNOWN
from vlmeval_cli.reports.json_bytes import json_bytes
from vlmeval_cli.reports.json_report import SCHEMA_VERSION, TOOL, Provenance

_KINDS = ("input", "signature", "score", "interval", "count", "outcome", "group")


def diff_blocks(found: ReportDiff, *, all_scores: bool) -> list[Block]:
    """What a terminal shows.

    Args:
        found: the two reports.
        all_scores: list scores that are equal too.
    """
    blocks: list[Block] = [
        Facts((("first", found.mine), ("second", found.theirs), ("equal", _counted(found.parts))))
    ]
    scores = [part for part in found.parts if part.kind == "score"]
    listed = scores if all_scores else [part for part in scores if not part.is_equal]
    if listed:
        blocks.append(_grid("Scores", listed))
    others = [part for part in found.different() if part.kind != "score"]
    if others:
        blocks.append(_grid("What else differs", others))
    verdict = "the reports agree" if found.is_equal else _differing(found.different())
    blocks.append(Paragraph("", (verdict, *found.notes)))
    return blocks


def diff_json(kind: str, found: ReportDiff, provenance: Provenance) -> bytes:
    """The parts as one JSON document; ``kind`` is verify or diff."""
    value = {
        "schema_version": SCHEMA_VERSION,
        "kind": kind,
        "tool": {"name": TOOL, "version": provenance.version},
        "created": provenance.created.isoformat(timespec="seconds"),
        "command": provenance.command,
        "first": found.mine,
        "second": found.theirs,
        "equal": found.is_equal,
        "parts": [*map(_value, found.parts)],
        "notes": found.notes,
    }
    return json_bytes(value, indent=True) + b"\n"


def _value(part: Part) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "name": part.name,
        "first": part.mine,
        "second": part.theirs,
        "difference": part.difference,
        "equal": part.is_equal,
    }


def _counted(parts: Sequence[Part]) -> str:
    """How many parts of each kind agree."""
    return ", ".join(
        f"{sum(part.is_equal for part in own)} of {number_of(len(own), kind)}"
        for kind in _KINDS
        if (own := [part for part in parts if part.kind == kind])
    )


def _differing(parts: Sequence[Part]) -> str:
    names = [*dict.fromkeys(f"{part.kind} {part.name}" for part in parts)]
    shown = ", ".join(names[:5])
    return f"the reports differ: {shown}" + (f", and {len(names) - 5} more" if names[5:] else "")


def _grid(title: str, parts: Sequence[Part]) -> Grid:
    columns = (
        Heading("part", is_name=True),
        Heading("name", is_name=True),
        Heading("first", is_number=True),
        Heading("second", is_number=True),
        Heading("difference", is_number=True),
    )
    return Grid(title, columns, tuple(_rows(parts)))


def _rows(parts: Sequence[Part]) -> Iterator[tuple[str, ...]]:
    for part in parts:
        change = UNKNOWN if part.difference is None else f"{part.difference:+.6g}"
        told = (UNKNOWN if one is None else one for one in (part.mine, part.theirs))
        yield (part.kind, part.name, *told, change)
