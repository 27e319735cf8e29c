"""The console script: one place where errors become text and exit codes.

It must answer ``--version`` and ``--help`` at once, so nothing heavy is imported above.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from itertools import pairwise

from vlmeval_cli import __version__
from vlmeval_cli.cli.console import guard_streams, say, write_result
from vlmeval_cli.cli.exits import BUG, Stopped, stop_on_signals
from vlmeval_cli.core.errors import OutputError, VlmevalError

PROGRAM = "vlmeval"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        The exit code.
    """
    if arguments is None:  # the process is ours
        # Rows and columns hold no cycles; looking for some takes a twentieth of a run.
        gc.disable()
    words = list(sys.argv[1:] if arguments is None else arguments)
    guard_streams()
    stop_on_signals()
    try:
        code = _run(words)
        sys.stdout.flush()
    except Stopped as end:
        return _tell_stop(end, words)
    except Exception as error:
        return _tell_error(error, words)
    return code


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        write_result(f"{PROGRAM} {__version__}\n")
        return 0
    from vlmeval_cli.cli.app import make_app

    try:
        make_app()(words, prog_name=PROGRAM)
    except Stopped:
        raise
    except SystemExit as end:  # Typer ends every command with one
        return end.code if isinstance(end.code, int) else 0
    return 0


def _tell_stop(end: Stopped, words: list[str]) -> int:
    code = int(end.code) if isinstance(end.code, int) else BUG
    if end.reason:
        _tell(VlmevalError(end.reason, hint=""), words, kind="interrupted")
    return code


def _tell_error(error: Exception, words: list[str]) -> int:
    known = error if isinstance(error, VlmevalError) else _as_known(error)
    if "--debug" in words:
        import traceback

        say("".join(traceback.format_exception(error)).rstrip("\n"))
    try:
        _tell(known, words, kind=known.kind)
    except Stopped as end:
        return int(end.code) if isinstance(end.code, int) else BUG
    except OutputError as silent:  # nobody can be told
        return silent.exit_code
    return known.exit_code


def _as_known(error: Exception) -> VlmevalError:
    """What the user is told about an error that we did not foresee."""
    if isinstance(error, OSError) and error.errno is not None:
        hint = "Free some space and run it again." if _is_full(error.errno) else ""
        return OutputError(f"the system refused: {error}", hint=hint)
    if isinstance(error, MemoryError):
        return VlmevalError("out of memory", hint="Score fewer items at a time with --limit.")
    return VlmevalError(
        f"vlmeval has a bug: {type(error).__name__}: {error}",
        hint="Run the same command with --debug to see where, and please report it.",
    )


def _is_full(number: int) -> bool:
    import errno

    return number in (errno.ENOSPC, errno.EDQUOT)


def _tell(error: VlmevalError, words: list[str], *, kind: str) -> None:
    """Prose on stderr, and on stdout the one JSON document that ``--json -`` promises."""
    say(f"error: {error.message}" + (f"\n{error.hint}" if error.hint else ""))
    if _wants_json(words):
        import json

        report = {"kind": kind, "message": error.message, "hint": error.hint}
        write_result(json.dumps({"error": report}) + "\n")


def _wants_json(words: list[str]) -> bool:
    return "--json=-" in words or ("--json", "-") in pairwise(words)
