"""The errors a user can meet, each with the exit code it ends with.

The message says **where: what is wrong, got X, expected Y**; ``hint`` says what to do.
"""

from __future__ import annotations

from os import PathLike
from typing import ClassVar


class VlmevalError(Exception):
    """Any error that is told to the user in one message, without a traceback."""

    exit_code: ClassVar[int] = 70
    kind: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(VlmevalError):
    """Wrong usage or configuration, a file that is not there, an undecidable task or field."""

    exit_code = 2
    kind = "usage"


class DataError(VlmevalError):
    """Input that cannot be scored as it is."""

    exit_code = 3
    kind = "data"


class MissingExtraError(VlmevalError):
    """A package or model that was asked for by name is not installed."""

    exit_code = 4
    kind = "missing_extra"


class ModelError(VlmevalError):
    """The weights of a network are not on disk and cannot be fetched, or cannot be used."""

    exit_code = 4
    kind = "model"


class PluginError(VlmevalError):
    """A metric plugin that cannot be loaded or breaks the metric contract."""

    exit_code = 4
    kind = "plugin"


class SandboxError(VlmevalError):
    """Programs cannot be run here as they must be, so none of them has a verdict."""

    exit_code = 4
    kind = "sandbox"


class OutputError(VlmevalError):
    """A report that cannot be written."""

    exit_code = 74
    kind = "output"


def quoted(value: object, limit: int = 80) -> str:
    r"""``value`` as it stands in an error message: in double quotes, one line, cut at ``limit``.

    >>> quoted("a\nb")
    '"a\\nb"'
    """
    text = str(value) if isinstance(value, str | PathLike) else repr(value)
    text = "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii")
        for mark in text[: limit + 1]
    )
    return f'"{text[:limit]}…"' if len(text) > limit else f'"{text}"'


_MOST_LISTED = 20  # names; more are no hint


def did_you_mean(name: str, known: list[str]) -> str:
    """A hint that names the closest known names, and lists all of them where they are few."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1) or get_close_matches(name.lower(), known, n=1)
    start = f'Did you mean "{close[0]}"? ' if close else ""
    if len(known) <= _MOST_LISTED:
        return f"{start}Known: {', '.join(sorted(set(known)))}."
    held = [one for one in known if name.lower() in one and one not in close][:_MOST_LISTED]
    like = f"Names like it: {', '.join(held)}." if held else ""
    return f"{start}{like}".strip() or "No name is like it."
