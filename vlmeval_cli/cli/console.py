"""Streams of the command: what goes out, where, and in which dress.

stdout carries the result, stderr everything else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from vlmeval_cli.cli.exits import CLOSED_PIPE, Stopped
from vlmeval_cli.core.errors import OutputError

if TYPE_CHECKING:
    from vlmeval_cli.reports.blocks import Block


class GuardedStream:
    """A text stream whose reader may go away: that ends the command, without a traceback."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (any attribute of a stream)
        """Everything but writing is the stream's own."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write ``text``."""
        if text == "":  # Typer tries this to see what a stream takes, and ignores every failure
            return 0
        try:
            return self._stream.write(text)
        except OSError as error:
            raise self._ended(error) from error

    def flush(self) -> None:
        """Send what was written."""
        try:
            self._stream.flush()
        except OSError as error:
            raise self._ended(error) from error

    def _ended(self, error: OSError) -> BaseException:
        _leave(self._stream)
        if isinstance(error, BrokenPipeError):
            return Stopped(CLOSED_PIPE)
        return OutputError(f"{self._name} cannot be written: {error.strerror}")


def guard_streams() -> None:
    """Make stdout and stderr survive closed readers and text they cannot encode."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # started with the stream closed
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  (lives as long as the process)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, GuardedStream(stream, name))


def write_result(text: str) -> None:
    """Write ``text`` to stdout, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def say(text: str) -> None:
    """Write a line to stderr, without control characters."""
    from vlmeval_cli.cli.safe_text import visible_lines

    sys.stderr.write(f"{visible_lines(text)}\n")
    sys.stderr.flush()


def show(blocks: Sequence[Block], *, no_color: bool = False) -> None:
    """Write ``blocks`` to stdout: dressed for a terminal, whole and plain for everything else."""
    if not sys.stdout.isatty():
        from vlmeval_cli.reports.plain import render_plain

        write_result(render_plain(blocks))
        return
    from rich.console import Console

    from vlmeval_cli.reports.table import render_terminal

    terminal = Console()
    colors = terminal.color_system if wants_color(no_color=no_color) else None
    write_result(render_terminal(blocks, terminal.width, colors))  # type: ignore[arg-type]  # Rich types the names as str


def wants_color(*, no_color: bool = False) -> bool:
    """Whether stdout may carry colour: a terminal, and nobody said no."""
    return not no_color and not os.environ.get("NO_COLOR") and sys.stdout.isatty()


def _leave(stream: TextIO) -> None:
    """Point the stream at nothing, so that the interpreter's last flush does not fail again."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)
