"""A progress bar on stderr, for phases that last."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vlmeval_cli.core.progress import NoProgress, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_PATIENCE_S = 1.0  # shorter phases show nothing


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """A listener that draws on stderr if that is a terminal, and cleans up at the end."""
    if quiet or not sys.stderr.isatty():
        yield NoProgress()
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.done()


class _Bar:
    """Waits with the drawing, and with the import of what draws, until a phase lasts."""

    def __init__(self) -> None:
        self._label = ""
        self._total: int | None = None
        self._count = 0
        self._began = 0.0
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def start(self, label: str, total: int | None) -> None:
        self.done()
        self._label, self._total, self._count = label, total, 0
        self._began = time.monotonic()

    def advance(self, n: int) -> None:
        self._count += n
        if self._bars is None:
            if time.monotonic() - self._began > _PATIENCE_S:
                self._draw()
        elif self._task is not None:
            self._bars.update(self._task, completed=self._count)

    def done(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        self._bars = self._task = None

    def _draw(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Bars

        self._bars = Bars(console=Console(stderr=True), transient=True)
        self._task = self._bars.add_task(self._label, total=self._total, completed=self._count)
        self._bars.start()
