"""Files on a server, fetched span by span into files on disk that a cut leaves to be gone on with.

Proxies are those of the environment (``http_proxy``, ``https_proxy``, ``no_proxy``).
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from socket import gaierror
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request, build_opener

from vlmeval_cli.core.errors import ModelError, quoted
from vlmeval_cli.core.progress import Progress

_CHUNK = 1 << 16
_LONG = 400  # addresses are shown whole
_PARTIAL = 206
_TOO_FAR = 416
_COME_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<size>\d+)")
_SAYS = {401: "it wants a name and a password", 403: "it refuses", 404: "there is no such file"}
_NETWORK = (URLError, HTTPException, ConnectionError)
_KEPT = "What came is kept: the same command goes on from there. "
ELSEWHERE = "Another source can be named: vlmeval download spice --from URL|DIR."


class NoRangesError(Exception):
    """The server gives no parts of files, or does so no longer."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How much is put up with from a network.

    Attributes:
        attempts: how many failures in a row, without a byte between them, end a download.
        timeout_s: how long a connection may be silent.
        pause: waits between attempts, given seconds.
    """

    attempts: int = 5
    timeout_s: float = 60.0
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on a server.

    Attributes:
        address: its URL.
        size: its bytes; None when the server does not say.
        has_ranges: whether parts of it can be had.
    """

    address: str
    size: int | None
    has_ranges: bool

    @property
    def shown(self) -> str:
        """The URL without names and passwords, for messages."""
        return without_password(self.address)


class Fetcher:
    """Fetches into one folder, and counts what came.

    Attributes:
        fetched: bytes that came over the network.
    """

    def __init__(self, folder: Path, progress: Progress, patience: Patience) -> None:
        self._folder = folder
        self._progress = progress
        self._patience = patience
        self.fetched = 0

    def look(self, address: str) -> Remote:
        """Ask for one byte of a file: whether it is there, how large it is, and whether in parts.

        Raises:
            ModelError: it is not there, or the server cannot be reached.
        """
        failures = 0
        while True:
            try:
                with self._asked(address, "bytes=0-0") as answer:
                    found = _RANGE.match(answer.headers.get("Content-Range", ""))
                    if answer.status == _PARTIAL and found is not None:
                        return Remote(address, int(found["size"]), has_ranges=True)
                    return Remote(address, answer.length, has_ranges=False)
            except NoRangesError:
                return Remote(address, None, has_ranges=False)
            except _NETWORK as error:
                failures += 1 if _may_pass(error) else self._patience.attempts
                self._bear(address, error, failures, is_kept=False)

    def whole(self, remote: Remote, label: str) -> Path:
        """The whole file on disk."""
        self._progress.start(label, remote.size)
        try:
            path = self.span(remote, 0, remote.size)
        except NoRangesError:
            path = self.span(replace(remote, has_ranges=False), 0, remote.size)
        self._progress.done()
        return path

    def span(self, remote: Remote, start: int, stop: int | None) -> Path:
        """A file on disk with the bytes from ``start`` to ``stop`` of one on a server.

        What an earlier attempt has left, in this process or one before it, is gone on with.

        Raises:
            ModelError: they cannot be had.
            NoRangesError: the server gives no parts of files.
            OSError: the disk is full.
        """
        path = self._folder / _span_name(remote, start, stop)
        part = path.with_suffix(".part")
        done = path if path.is_file() else part
        self._progress.advance(_size(done))
        if done is part:
            self._fill(remote, part, start, stop)
            part.rename(path)
        return path

    def _fill(self, remote: Remote, part: Path, start: int, stop: int | None) -> None:
        """Get on with a span until it is whole."""
        failures = 0
        while True:
            before = _size(part) if remote.has_ranges else 0  # without ranges it starts again
            self._progress.advance(before - _size(part))
            try:
                return self._go_on(remote, part, start + before, stop)
            except _NETWORK as error:
                is_further = remote.has_ranges and _size(part) > before
                failures = 0 if is_further else failures + 1
                self._bear(remote.address, error, failures, remote.has_ranges)

    def _go_on(self, remote: Remote, part: Path, start: int, stop: int | None) -> None:
        """Add to ``part`` what one answer gives, from byte ``start`` on."""
        if stop is not None and start >= stop:
            part.touch()
            return
        wanted = f"bytes={start}-{'' if stop is None else stop - 1}" if remote.has_ranges else None
        with self._asked(remote.address, wanted) as answer:
            if remote.has_ranges:
                found = _RANGE.match(answer.headers.get("Content-Range", ""))
                if answer.status != _PARTIAL or found is None or int(found["start"]) != start:
                    raise NoRangesError(remote.shown)
            with part.open("ab" if remote.has_ranges else "wb") as stream:
                for chunk in _chunks(answer, None if stop is None else stop - start):
                    stream.write(chunk)
                    self.fetched += len(chunk)
                    self._progress.advance(len(chunk))

    @contextmanager
    def _asked(self, address: str, wanted: str | None) -> Iterator[HTTPResponse]:
        """The answer of a server, unless it is a refusal."""
        request = _request(address)
        if wanted is not None:
            request.add_header("Range", wanted)
        try:
            answer = build_opener().open(request, timeout=self._patience.timeout_s)
        except HTTPError as error:
            with error:
                if error.code in _COME_AGAIN:
                    raise URLError(f"it answers {error.code} {error.reason}") from error
                if error.code == _TOO_FAR:
                    raise NoRangesError(without_password(address)) from error
                raise ModelError(
                    f"spice: {quoted(without_password(address), _LONG)} cannot be fetched: "
                    f"{_SAYS.get(error.code, error.reason)} ({error.code})",
                    hint=ELSEWHERE,
                ) from error
        except URLError:
            raise
        except OSError as error:
            raise URLError(error) from error
        with answer:
            yield answer

    def _bear(self, address: str, error: Exception, failures: int, is_kept: bool) -> None:
        """Wait before the next attempt, longer and longer, or give up."""
        if failures >= self._patience.attempts:
            reason = getattr(error, "reason", None) or error
            raise ModelError(
                f"spice: {quoted(without_password(address), _LONG)} cannot be fetched: {reason}",
                hint=f"{_KEPT if is_kept else ''}{ELSEWHERE}",
            ) from error
        if failures:
            self._patience.pause(2.0 ** (failures - 1))


def without_password(address: str) -> str:
    """A URL as it may be shown.

    >>> without_password("https://me:secret@repository.example:8443/maven")
    'https://repository.example:8443/maven'
    """
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _may_pass(error: Exception) -> bool:
    """Whether asking again may help: a server that is not there is not waited for."""
    return not isinstance(getattr(error, "reason", error), ConnectionRefusedError | gaierror)


def _request(address: str) -> Request:
    from vlmeval_cli import __version__

    request = Request(without_password(address))
    request.add_header("User-Agent", f"vlmeval/{__version__}")
    request.add_header("Accept-Encoding", "identity")
    parts = urlsplit(address)
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        told = f"Basic {b64encode(pair.encode()).decode('ascii')}"
        request.add_unredirected_header("Authorization", told)  # another server gets none
    return request


def _chunks(answer: HTTPResponse, left: int | None) -> Iterator[bytes]:
    """What an answer brings; an answer that ends too early is an error, one that goes on is cut."""
    told = answer.length if left is None else left
    while told is None or told > 0:
        try:
            chunk = answer.read1(_CHUNK if told is None else min(_CHUNK, told))
        except OSError as error:  # one of the network, which one of the disk must not be taken for
            raise ConnectionError(str(error)) from error
        if not chunk:
            break
        told = None if told is None else told - len(chunk)
        yield chunk
    if told:
        raise ConnectionResetError(f"the connection was cut {told:,} bytes before the end")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _span_name(remote: Remote, start: int, stop: int | None) -> str:
    """The name of a span on disk, which other files and other sizes of the same do not share."""
    of = sha256(f"{remote.shown} {remote.size}".encode()).hexdigest()[:16]
    return f"{of}-{start}-{'end' if stop is None else stop}.bytes"
