"""Zip files read where they lie: on disk, on a server, or inside another zip file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from vlmeval_cli.scenes.official.remote import Fetcher, Remote

_TAIL = 1 << 17  # the list of contents stands at the end of a zip file
_BLOCK = 1 << 16
_GAP = 1 << 16  # shorter gaps between wanted spans are fetched along
_HEADER = 30  # bytes before an entry's name


class Pieces(io.RawIOBase):
    """A part of a file on a server, as a file: what is read is fetched, and fetched once."""

    def __init__(self, fetcher: Fetcher, remote: Remote, start: int, stop: int) -> None:
        self._fetcher = fetcher
        self._remote = remote
        self._start = start
        self._size = stop - start
        self._place = 0
        self._held: list[tuple[int, int, Path]] = []

    def fetch(self, start: int, stop: int) -> None:
        """Bring bytes over before they are read."""
        path = self._fetcher.span(self._remote, self._start + start, self._start + stop)
        self._held.append((start, stop, path))

    @property
    def shown(self) -> str:
        """The URL of the file, for messages."""
        return self._remote.shown

    def inner(self, start: int, size: int) -> Pieces:
        """A part of this part."""
        first = self._start + start
        return Pieces(self._fetcher, self._remote, first, first + size)

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Read on from another place."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, origin + offset)
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill ``buffer`` from one piece."""
        view = memoryview(buffer).cast("B")
        if self._place >= self._size or not view:
            return 0
        start, stop, path = self._piece()
        with path.open("rb") as stream:
            stream.seek(self._place - start)
            n_read = stream.readinto(view[: min(len(view), stop - self._place)])
        self._place += n_read
        return int(n_read)

    def _piece(self) -> tuple[int, int, Path]:
        """The piece that has the next byte."""
        for piece in self._held:
            if piece[0] <= self._place < piece[1]:
                return piece
        tail = max(0, self._size - _TAIL)
        first = tail if self._place >= tail else self._place - self._place % _BLOCK
        self.fetch(first, self._size if first == tail else min(first + _BLOCK, self._size))
        return self._held[-1]


def spans_of(jar: ZipFile, names: Iterable[str]) -> list[tuple[int, int]]:
    """The bytes of a zip file in which entries stand; neighbours in one span.

    Names that the zip file does not have are left out.
    """
    starts = sorted(info.header_offset for info in jar.infolist())
    follows = dict(zip(starts, [*starts[1:], jar.start_dir], strict=True))
    wanted = [info.header_offset for name in names if (info := jar.NameToInfo.get(name))]
    spans: list[tuple[int, int]] = []
    for start in sorted(wanted):
        if spans and start - spans[-1][1] <= _GAP:
            spans[-1] = spans[-1][0], follows[start]
        else:
            spans.append((start, follows[start]))
    return spans


def n_bytes(spans: Sequence[tuple[int, int]]) -> int:
    """The bytes of all spans together."""
    return sum(stop - start for start, stop in spans)


def stored_at(outer: BinaryIO, info: ZipInfo) -> int | None:
    """Where an entry's bytes begin that stand in a zip file as they are; None if packed."""
    if info.compress_type != ZIP_STORED:
        return None
    outer.seek(info.header_offset)
    header = outer.read(_HEADER)
    lengths = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    return info.header_offset + _HEADER + sum(lengths)
