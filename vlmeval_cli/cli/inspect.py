"""``vlmeval inspect``: what the tool sees in a file, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vlmeval_cli.cli.console import say, show
from vlmeval_cli.core.errors import VlmevalError

if TYPE_CHECKING:
    from vlmeval_cli.reports.blocks import Block
    from vlmeval_cli.runs.gathering import Gathered

_STDIN = "-"
_ROWS = 1000  # looked at to list the fields
_EXAMPLE = 60  # characters of an example value
_PREVIEW = 3  # items shown as they were joined


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """Tell what a file holds, and why; of two files also how they join."""

    file: Annotated[str, typer.Argument(metavar="FILE", help="File to look into; - reads stdin.")]
    other: Annotated[
        str | None, typer.Argument(metavar="FILE", help="The references, if FILE has none.")
    ] = None
    task: Annotated[str | None, typer.Option(help="Task.", show_default="recognised")] = None
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


def inspect(options: InspectOptions) -> None:
    """Look and print."""
    with kept(options.file) as file, kept(options.other) as other:
        _tell(file, other, options)


@contextmanager
def kept(path: str | None) -> Iterator[str | None]:
    """The path; of standard input and pipes that of a copy, since it is read more than once."""
    from pathlib import Path

    from vlmeval_cli.reports.atomic import is_stream

    if path is None or (path != _STDIN and not is_stream(Path(path))):
        yield path
        return
    import shutil
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile(prefix="stdin-") as copy:
        if path == _STDIN:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        else:
            with Path(path).open("rb") as stream:
                shutil.copyfileobj(stream, copy)
        copy.flush()
        yield copy.name


def _tell(file: str | None, other: str | None, options: InspectOptions) -> None:
    from vlmeval_cli import api
    from vlmeval_cli.core.config import RunConfig

    paths = [path for path in (file, other) if path is not None]
    blocks: list[Block] = []
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    try:
        for path in paths:
            blocks.extend(_file(path))
        found = api.inspect(paths[0], other, RunConfig(task=options.task))
        blocks.extend(_joined(found))
        warnings = found.warnings
        notes = (*found.notes, *api.how_read(found))
    except VlmevalError as error:
        if len(paths) == 2 or not blocks:
            raise
        notes = (f"alone, this file cannot be scored: {error.message}",)
    finally:  # what was seen until it failed
        show(blocks, no_color=options.no_color)
    for warning in warnings:
        say(f"warning: {warning}")
    for note in notes:
        say(f"note: {note}")


def _file(path: str) -> Iterator[Block]:
    """Layout of a file, and its fields with how many rows have them."""
    from itertools import islice

    from vlmeval_cli.core.wording import number_of
    from vlmeval_cli.readers import open_source
    from vlmeval_cli.reports.blocks import Facts, Grid, Heading

    source = open_source(path, on_bad_row="skip")
    rows = list(islice(source.rows(), _ROWS))
    holders: dict[str, list[object]] = {}
    for row in rows:
        for name, value in row.fields.items():
            holders.setdefault(name, []).append(value)
    layout = source.layout
    told = (("file", path), ("layout", f"{layout.name}: {layout.reason}"))
    yield Facts((*told, ("note", layout.note)) if layout.note else told)
    yield Grid(
        f"Fields of the first {number_of(len(rows), 'row')}",
        (Heading("field"), Heading("rows", is_number=True), Heading("first value")),
        tuple((name, f"{len(values):,}", _example(values[0])) for name, values in holders.items()),
    )


def _joined(found: Gathered) -> Iterator[Block]:
    """Task, fields with their reasons, the join, and the first items as they met."""
    from vlmeval_cli.reports.blocks import Facts, Grid, Heading
    from vlmeval_cli.reports.summary import join_pairs

    yield Facts((("task", f"{found.task}: {found.task_reason}"), *join_pairs(found.report)))
    yield Grid(
        "Fields in use",
        (Heading("role"), Heading("field")),
        tuple(found.fields.items()),
    )
    items = found.dataset
    yield Grid(
        "First items",
        (Heading("id"), Heading("prediction"), Heading("references")),
        tuple(
            (items.ids[i], _example(items.predictions[i]), _example(items.references[i]))
            for i in range(min(_PREVIEW, len(items)))
        ),
    )


def _example(value: object) -> str:
    """The start of a value, told as such."""
    text = value if isinstance(value, str) else repr(value)
    more = len(text) - _EXAMPLE
    return text if more <= 0 else f"{text[:_EXAMPLE]} (+ {more:,} characters)"
