"""The ends of a command that are no error of the input: signals and closed pipes.

They travel as ``SystemExit``, which no library on the way takes for its own business, so every
``finally`` runs and temporary files go.
"""

from __future__ import annotations

import signal
from types import FrameType

CLOSED_PIPE = 141
BUG = 70


class Stopped(SystemExit):
    """The user or the system ended the command.

    Attributes:
        code: exit code, 128 + number of the signal.
        reason: for the user; empty when nobody listens any more.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code)
        self.reason = reason


def stop_on_signals() -> None:
    """End in order on Ctrl-C and SIGTERM; a second signal ends at once."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and background jobs ignore some
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    reason = "interrupted" if number == signal.SIGINT else "terminated"
    raise Stopped(128 + number, reason)
