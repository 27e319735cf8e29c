"""A progress bar on stderr, for phases that last."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

from vlmeval_cli.cli.console import say
from vlmeval_cli.core.progress import NoProgress, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_PATIENCE_S = 1.0  # shorter phases show nothing


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """A listener that draws on stderr if that is a terminal, and cleans up at the end."""
    if quiet or not sys.stderr.isatty():
        yield NoProgress() if quiet else _Lines()
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.done()


class _Lines(NoProgress):
    """Draws nothing, and writes the lines that the user should read."""

    def tell(self, line: str) -> None:
        say(line)


class _Bar:
    """Waits with the drawing, and with the import of what draws, until a phase lasts.

    A clock of its own starts the drawing, so phases that never report a step are shown too.
    """

    def __init__(self) -> None:
        self._label = ""
        self._total: int | None = None
        self._count = 0
        self._clock: Timer | None = None
        self._drawn: tuple[Bars, TaskID] | None = None

    def start(self, label: str, total: int | None) -> None:
        self.done()
        self._label, self._total, self._count = label, total, 0
        self._wait()

    def _wait(self) -> None:
        self._clock = Timer(_PATIENCE_S, self._draw)
        self._clock.daemon = True
        self._clock.start()

    def advance(self, n: int) -> None:
        self._count += n
        if self._drawn is not None:
            bars, task = self._drawn
            bars.update(task, completed=self._count)

    def done(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock.join()  # it may be about to draw
        if self._drawn is not None:
            self._drawn[0].stop()
        self._clock = self._drawn = None

    def tell(self, line: str) -> None:
        is_running = self._clock is not None
        self.done()
        say(line)
        if is_running:  # the phase goes on
            self._wait()

    def _draw(self) -> None:
        from rich.console import Console
        from rich.progress import MofNCompleteColumn
        from rich.progress import Progress as Bars

        counts = () if self._total is None else (MofNCompleteColumn(),)
        columns = (*Bars.get_default_columns(), *counts)
        bars = Bars(*columns, console=Console(stderr=True), transient=True)
        task = bars.add_task(self._label, total=self._total, completed=self._count)
        bars.start()
        self._drawn = bars, task
