"""``vlmeval perturb``: noisy copies of questions, whose answers join with the references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vlmeval_cli.cli.completion import noise_names
from vlmeval_cli.cli.console import say, write_result
from vlmeval_cli.core.errors import UsageError, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from vlmeval_cli.runs.perturbing import Copy, PerturbConfig, Perturbed, Tally

_STDOUT = "-"
_LINES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class PerturbOptions:
    """Make noisy copies of questions: typos, case, punctuation, filler, long context and more.

    Ids and all other fields stay, so that what a model answers to the copies joins with the
    original references. The same seed gives the same copies. Numbers, option letters,
    placeholders such as <image>, quotations and code are never touched.
    """

    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Questions, or references with questions; - is stdin."),
    ]
    out: Annotated[
        str | None, typer.Argument(metavar="[OUT]", help="File for a single copy; - is stdout.")
    ] = None
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,…",
            help="typos, case, punctuation, filler, long_context, dropped_words, synonyms.",
            show_default="all",
            autocompletion=noise_names,
        ),
    ] = None
    severity: Annotated[
        str, typer.Option(metavar="N,…", help="From 1 to 5: 3, or 1,3,5, or 1-5.")
    ] = "1-5"
    output: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder for KIND-SEVERITY.jsonl, a file per copy."),
    ] = None
    field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Text to change.", show_default="recognised"),
    ] = None
    id_field: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Id.", show_default="recognised")
    ] = None
    synonyms: Annotated[
        str | None,
        typer.Option(metavar="FILE", help='Table of lines "couch, sofa, settee", or JSON.'),
    ] = None
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the noise.")] = 12345
    on_bad_row: Annotated[
        Literal["error", "skip"], typer.Option(help="Malformed rows: error or skip.")
    ] = "error"
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


def perturb(options: PerturbOptions) -> None:
    """Make the copies, write them, and tell what was done."""
    from vlmeval_cli import api
    from vlmeval_cli.cli.inspect import kept

    config = _config(options)
    names = [f"{kind}-{severity}.jsonl" for kind in config.kinds for severity in config.severities]
    _check(options, names)
    with kept(options.file) as file:
        found = api.perturb_with(file or options.file, config)
        if options.out is None:
            from pathlib import Path

            from vlmeval_cli.reports.copies import write_copies

            write_copies(Path(options.output or "."), names, found.rows)
        else:
            _write_one(options.out, found)
    _tell(found, options)


def _config(options: PerturbOptions) -> PerturbConfig:
    from vlmeval_cli.runs.perturbing import PerturbConfig
    from vlmeval_cli.text.perturbations import KINDS

    named = [part.strip().replace("-", "_") for part in (options.kind or "").split(",")]
    return PerturbConfig(
        kinds=tuple(dict.fromkeys(filter(None, named))) if options.kind is not None else (*KINDS,),
        severities=_severities(options.severity),
        field=options.field,
        id_field=options.id_field,
        synonyms=options.synonyms,
        seed=options.seed,
        on_bad_row=options.on_bad_row,
    )


def _severities(text: str) -> tuple[int, ...]:
    """``1,3`` and ``1-5`` as numbers."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()) or len(first + last) > 2:
            raise UsageError(
                f"--severity: got {quoted(text)}, expected numbers from 1 to 5",
                hint="Such as --severity 3, --severity 1,3,5 or --severity 1-5.",
            )
        found += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(found))


def _check(options: PerturbOptions, names: Sequence[str]) -> None:
    """Refuse an unclear place, an input as output, and anything that exists."""
    from pathlib import Path

    from vlmeval_cli.reports.copies import check_copies

    if (options.out is None) == (options.output is None):
        raise UsageError(
            "got both OUT and --output" if options.out else "no place for the copies is named",
            hint="Name a folder: vlmeval perturb refs.jsonl --output noisy/. "
            "Or a file for one copy: vlmeval perturb refs.jsonl out.jsonl --kind typos "
            "--severity 3",
        )
    if options.output is not None:
        folder = Path(options.output)
        _refuse_inputs([folder / name for name in names], options)
        check_copies(folder, names, force=options.force)
    elif len(names) > 1:
        raise UsageError(
            f"{len(names)} copies do not fit into one file",
            hint="Name one: --kind typos --severity 3. Or a folder: --output noisy/",
        )
    elif options.out != _STDOUT:
        _check_file(Path(options.out or ""), options)


def _check_file(path: Path, options: PerturbOptions) -> None:
    from vlmeval_cli.reports.atomic import check_writable, is_stream

    _refuse_inputs([path], options)
    if path.suffix.lower() in (".json", ".csv", ".tsv", ".xlsx", ".parquet"):
        raise UsageError(
            f"{quoted(str(path))} is not called .jsonl, and JSONL is what is written",
            hint=f"Such as {path.with_suffix('.jsonl')}.",
        )
    if path.is_file() and not is_stream(path) and not options.force:
        raise UsageError(f"{quoted(str(path))} exists", hint="Replace it with --force.")
    check_writable(path)


def _refuse_inputs(paths: Sequence[Path], options: PerturbOptions) -> None:
    from pathlib import Path

    inputs = {Path(name).resolve() for name in (options.file, options.synonyms) if name}
    for path in paths:
        if path.resolve() in inputs:
            raise UsageError(
                f"{quoted(str(path))} would overwrite an input", hint="Name another place."
            )


def _write_one(out: str, found: Perturbed) -> None:
    blocks = _blocks(row for (row,) in found.rows)
    if out == _STDOUT:
        for block in blocks:
            write_result(block.decode("utf-8"))
        return
    from pathlib import Path

    from vlmeval_cli.reports.atomic import from_chunks, write_file

    write_file(Path(out), from_chunks(blocks))


def _blocks(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    from itertools import islice

    from vlmeval_cli.reports.json_bytes import exact_line

    while some := list(islice(rows, _LINES_AT_ONCE)):
        yield b"".join(map(exact_line, some))


def _tell(found: Perturbed, options: PerturbOptions) -> None:
    """What was done, on stderr: stdout may carry the copy."""
    from vlmeval_cli.reports.blocks import Facts, Grid, Heading
    from vlmeval_cli.reports.plain import render_plain

    where = options.output or options.out
    facts = [("text", found.field), ("id", found.id), ("seed", str(options.seed))]
    if where != _STDOUT:
        facts.append(("wrote", str(where)))
    headings = (
        Heading("copy", is_name=True),
        *(Heading(name, is_number=True) for name in ("rows", "changed", "unchanged", "edit rate")),
        Heading("why unchanged"),
    )
    rows = tuple(_cells(copy, tally) for copy, tally in found.tallies.items())
    say(render_plain([Facts(tuple(facts)), Grid("", headings, rows)]).rstrip("\n"))
    say("edit rate: edited characters per character of a changed text, on average")
    for note in found.notes:
        say(f"note: {note}")


def _cells(copy: Copy, tally: Tally) -> tuple[str, ...]:
    rate = tally.mean_edit_rate
    why = "; ".join(f"{n:,} {reason}" for reason, n in tally.unchanged.most_common())
    return (
        copy.name,
        f"{tally.rows:,}",
        f"{tally.changed:,}",
        f"{tally.rows - tally.changed:,}",
        "—" if rate is None else f"{rate:.1%}",
        why,
    )
