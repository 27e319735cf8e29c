"""Messages that may quote a user's text, made safe for a terminal."""

from __future__ import annotations


def visible_lines(text: str) -> str:
    r"""``text`` with its line ends, every other unprintable character written as an escape.

    >>> visible_lines("a\x1b[0m\nb")
    'a\\x1b[0m\nb'
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(
        mark
        if mark == "\n" or mark.isprintable()
        else mark.encode("unicode_escape").decode("ascii")
        for mark in text
    )
