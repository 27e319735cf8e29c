"""``vlmeval convert``: files of any layout as JSONL of one form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vlmeval_cli.cli.completion import task_names
from vlmeval_cli.cli.console import say, show, write_result
from vlmeval_cli.core.errors import UsageError, VlmevalError, quoted
from vlmeval_cli.core.wording import number_of

if TYPE_CHECKING:
    from vlmeval_cli.core.config import RunConfig
    from vlmeval_cli.runs.converting import Converted

_STDOUT = "-"
_LINES_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """Write files of any layout as JSONL: id, prediction, references, question, options, ….

    Of predictions and references together the rows are joined; of one file they have the side that
    it has. Values are written as they were read; every other field is kept.
    """

    files: Annotated[
        list[str],
        typer.Argument(metavar="IN [REFS] OUT", help="One file or two, and the file to write; -"),
    ]
    to: Annotated[Literal["jsonl"], typer.Option(help="Form to write.")] = "jsonl"
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False
    task: Annotated[
        str | None,
        typer.Option(help="Task.", show_default="recognised", autocompletion=task_names),
    ] = None
    id_field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Id; # pairs rows by order.", show_default="recognised"),
    ] = None
    prediction_field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Prediction.", show_default="recognised"),
    ] = None
    reference_field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="References.", show_default="recognised"),
    ] = None
    fix_ids: Annotated[
        bool, typer.Option("--fix-ids", help="Apply the repair of ids that matches more rows.")
    ] = False
    on_bad_row: Annotated[
        Literal["error", "skip"], typer.Option(help="Malformed rows: error or skip.")
    ] = "error"
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


def convert(options: ConvertOptions) -> None:
    """Convert, write, and tell what was recognised."""
    from contextlib import ExitStack

    from vlmeval_cli import api
    from vlmeval_cli.cli.inspect import kept

    *inputs, out = _files(options)
    _check(out, inputs, force=options.force)
    if len(inputs) == 2 and set(inputs) == {_STDOUT}:
        raise UsageError("both files are -, and standard input holds one")
    with ExitStack() as copies:
        mine, theirs = (copies.enter_context(kept(path)) for path in (*inputs, None)[:2])
        _write(api.convert(str(mine), theirs, _config(options)), out, options)


def _write(found: Converted, out: str, options: ConvertOptions) -> None:
    count = _Count()
    blocks = _blocks(count.each(found.rows))
    if out == _STDOUT:
        for block in blocks:
            write_result(block.decode("utf-8"))
    else:
        from pathlib import Path

        from vlmeval_cli.reports.atomic import from_chunks, write_file

        write_file(Path(out), from_chunks(blocks))
        _tell(found, out, count.rows, options)
    for note in found.notes:
        say(f"note: {note}")


def _files(options: ConvertOptions) -> list[str]:
    if len(options.files) not in (2, 3):
        got = number_of(len(options.files), "file name", "file names")
        raise UsageError(
            f"got {got}, expected IN [REFS] OUT",
            hint="Such as: vlmeval convert preds.tsv refs.json both.jsonl",
        )
    return options.files


def _check(out: str, inputs: Iterable[str], *, force: bool) -> None:
    """Refuse to write over an input, or over anything without being told to."""
    from pathlib import Path

    from vlmeval_cli.reports.atomic import check_writable, is_stream

    if out == _STDOUT:
        return
    path = Path(out)
    if any(path.resolve() == Path(name).resolve() for name in inputs if name != "-"):
        raise UsageError(
            f"{quoted(out)} would overwrite an input", hint="Name another file to write."
        )
    if path.suffix.lower() in (".json", ".csv", ".tsv", ".xlsx", ".parquet"):
        raise UsageError(
            f"{quoted(out)} is not called .jsonl, and JSONL is what is written",
            hint=f"Such as {path.with_suffix('.jsonl')}. Files go in this order: IN [REFS] OUT.",
        )
    if path.is_file() and not is_stream(path) and not force:
        raise UsageError(f"{quoted(out)} exists", hint="Replace it with --force.")
    check_writable(path)


def _config(options: ConvertOptions) -> RunConfig:
    from vlmeval_cli.core.config import FieldChoice, JoinPolicy, RunConfig

    fields = FieldChoice(options.id_field, options.prediction_field, options.reference_field)
    join = JoinPolicy(fix_ids=options.fix_ids, on_bad_row=options.on_bad_row)
    return RunConfig(task=options.task, fields=fields, join=join)


class _Count:
    """How many rows went by."""

    def __init__(self) -> None:
        self.rows = 0

    def each(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            self.rows += 1
            yield row


def _blocks(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    from itertools import islice

    from vlmeval_cli.reports.json_bytes import exact_line

    while some := list(islice(rows, _LINES_AT_ONCE)):
        yield b"".join(map(exact_line, some))


def _tell(found: Converted, out: str, rows: int, options: ConvertOptions) -> None:
    from vlmeval_cli.reports.blocks import Facts

    facts = [("wrote", f"{out} ({rows:,} rows)"), *found.fields.items()]
    if {"prediction", "references"} <= found.fields.keys() or found.task is not None:
        facts.append(("to score it", _command(found, out)))
    show([Facts(tuple(facts))], no_color=options.no_color)


def _command(found: Converted, out: str) -> str:
    """The command that scores what was written, with the options that recognition needs."""
    from shlex import quote

    from vlmeval_cli import api
    from vlmeval_cli.core.config import FieldChoice, RunConfig

    words = ["vlmeval", "score", quote(out)]
    has_references = "references" in found.fields
    try:
        again = api.inspect(out)
        is_other = has_references and again.references.field != "references"
        if again.task == found.task and not is_other:
            return " ".join(words)
    except VlmevalError:
        pass
    words += ["--task", found.task] if found.task else []
    named = FieldChoice(
        prediction="prediction", references="references" if has_references else None
    )
    try:
        api.inspect(out, config=RunConfig(task=found.task, fields=named))
    except VlmevalError:  # no field of that name: of language modelling it is another
        return " ".join(words)
    words += ["--prediction-field", "prediction"]
    return " ".join([*words, *(["--reference-field", "references"] if has_references else [])])
