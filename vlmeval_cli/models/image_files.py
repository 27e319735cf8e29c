"""Where the bytes of a picture come from: a file, or an address where that is allowed."""

from __future__ import annotations

from pathlib import Path

MISSING = "image not found"
UNREADABLE = "image cannot be read"
MOST_BYTES = 256 * 2**20
_SECONDS = 30
_ADDRESSES = ("http://", "https://")
_INLINE = "data:"


class ImageError(Exception):
    """A picture that cannot be had or read; the message says why."""


def is_address(source: str) -> bool:
    """Whether it is an address on the web, and no file."""
    return source.lower().startswith(_ADDRESSES)


def is_inline(source: str) -> bool:
    """Whether it is the picture itself, written as a ``data:`` address."""
    return source[: len(_INLINE)].lower() == _INLINE


def content_of(source: str, *, may_fetch: bool) -> bytes:
    """The bytes of a picture.

    Raises:
        ImageError: they cannot be had; the message says why.
    """
    if is_address(source):
        return _fetched(source, may_fetch=may_fetch)
    path = Path(source)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ImageError(f"the file is larger than {MOST_BYTES // 2**20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise ImageError(f"the file cannot be read ({error.strerror or error})") from None
    if not content:
        raise ImageError("the file is empty")
    return content


def _fetched(address: str, *, may_fetch: bool) -> bytes:
    if not may_fetch:
        raise ImageError(
            "it is an address on the web, and only --fetch-images (not --offline) fetches it"
        )
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(address, timeout=_SECONDS) as answer:
            content: bytes = answer.read(MOST_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise ImageError(f"it cannot be fetched ({reason})") from None
    if len(content) > MOST_BYTES:
        raise ImageError(f"it is larger than {MOST_BYTES // 2**20} MiB")
    return content
