"""A Java that scores some captions after others."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic
from typing import IO, Any, Self

from vlmeval_cli.core.errors import DataError
from vlmeval_cli.scenes.official.captions import Captions, longest_of
from vlmeval_cli.scenes.official.records import found_in
from vlmeval_cli.scenes.tuples import Found

_DONE = "done"
_CACHE = "cache"
_LONG = 60  # words of a sentence, from where its parse takes seconds
_CUBE_S = 180.0 / 100**3  # seconds for each cubed word of a long sentence, on a slow machine
_TOLD = 8  # lines of an error that a message quotes
_LIBRARY = ("lmdbexception", "liblmdbjni")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a Java may be silent.

    Attributes:
        start_s: for its start.
        caption_s: for each caption, beside what long ones need.
    """

    start_s: float = 180.0
    caption_s: float = 1.0

    def for_items(self, items: Sequence[Captions]) -> float:
        """Seconds for some items."""
        captions = sum(1 + len(one.references) for one in items)
        longest = [length for one in items if (length := longest_of(one)) > _LONG]
        return self.start_s + captions * self.caption_s + sum(n**3 * _CUBE_S for n in longest)


class StoppedError(Exception):
    """Java ended, or was ended, before it answered.

    Attributes:
        reason: for the items that it was given.
        told: the last lines that it wrote.
        is_of_cache: whether its cache was the cause.
    """

    def __init__(self, reason: str, told: str, *, is_of_cache: bool = False) -> None:
        super().__init__(f"{reason}: {told}")
        self.reason, self.told, self.is_of_cache = reason, told, is_of_cache


class Worker:
    """A Java in a temporary folder of its own; it ends with the ``with`` block, come what may.

    Args:
        command: how it is started.
        cache: folder for parsed captions; None keeps none.
        patience: how long it may be silent.
    """

    def __init__(self, command: Sequence[str], cache: Path | None, patience: Patience) -> None:
        self._command, self._cache, self._patience = command, cache, patience

    def __enter__(self) -> Self:
        self._temporary = TemporaryDirectory(prefix="vlmeval-spice-", ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        if self._cache is not None:  # the program need not read the path, whatever is in it
            (self._folder / _CACHE).symlink_to(self._cache.absolute(), target_is_directory=True)
        self._errors = (self._folder / "errors.txt").open("wb")
        self._process = self._started()
        self._lines: Queue[str] = Queue()
        self._listener = Thread(
            target=_listen, args=(self._process.stdout, self._lines), daemon=True
        )
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError):  # what could not be written is wanted no more
                stream.close()  # type: ignore[union-attr]  # all three are pipes or files
        self._temporary.cleanup()

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=self._folder,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C is ours to hear
            )
        except OSError as error:
            self._errors.close()
            self._temporary.cleanup()
            raise StoppedError("parser_failed", str(error)) from error

    def score(self, items: Sequence[Captions], threads: int) -> list[Found]:
        """The compared scenes of items, in their order.

        Raises:
            StoppedError: Java ended before it answered, or took too long.
        """
        given, out = self._folder / "in.json", self._folder / "out.json"
        out.unlink(missing_ok=True)
        records = [
            {"image_id": str(i), "test": one.prediction, "refs": one.references}
            for i, one in enumerate(items)
        ]
        given.write_text(json.dumps(records), "ascii")
        arguments = [given.name, "-out", out.name, "-subset", "-detailed", "-silent"]
        arguments += ["-threads", str(threads)]
        arguments += [] if self._cache is None else ["-cache", _CACHE]
        self._ask("\t".join(arguments), self._patience.for_items(items))
        return self._answers(out, len(items))

    def _ask(self, line: str, seconds: float) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended; that there is no answer says so
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        self._wait(monotonic() + seconds, seconds)

    def _wait(self, until: float, seconds: float) -> None:
        """Wait for the answer; what Java itself says on stdout is no answer."""
        said: list[str] = []
        while True:
            try:
                line = self._lines.get(timeout=max(until - monotonic(), 0.0))
            except Empty:
                raise StoppedError("parser_timed_out", f"no answer in {seconds:.0f} s") from None
            if line.strip() == _DONE:
                return
            if not line:
                raise self._stopped("".join(said))
            said.append(line)

    def _stopped(self, said: str) -> StoppedError:
        self._process.wait()
        written = (self._folder / "errors.txt").read_text("utf-8", "replace") + said
        crashed = "".join(
            path.read_text("utf-8", "replace") for path in self._folder.glob("hs_err*.log")
        )
        told = f"{written}{crashed}".lower()
        is_of_cache = self._cache is not None and any(name in told for name in _LIBRARY)
        reason = "parser_out_of_memory" if "OutOfMemoryError" in written else "parser_failed"
        return StoppedError(reason, _last_lines(written), is_of_cache=is_of_cache)

    def _answers(self, out: Path, n: int) -> list[Found]:
        """The answers by our own numbers, whatever order they come in."""
        try:
            told = json.loads(out.read_text("utf-8"))
            found = {_id_of(one): found_in(one, "output of SPICE") for one in told}
            return [found[str(i)] for i in range(n)]
        except (OSError, ValueError, TypeError, KeyError, DataError) as error:
            raise StoppedError("parser_failed", f"no results that can be read: {error}") from error


def _id_of(record: Any) -> str:  # noqa: ANN401  (JSON)
    return str(record["image_id"]) if isinstance(record, Mapping) else ""


def _listen(stream: IO[bytes], lines: Queue[str]) -> None:
    """Pass on lines; an empty one says that there are no more."""
    for line in stream:
        lines.put(line.decode("utf-8", "replace"))
    lines.put("")


def _last_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    faults = [line for line in lines if "Exception" in line or "Error" in line]
    return "; ".join((faults or lines)[-_TOLD:])
