"""What changes when stdout is a terminal: colour, unless somebody said no."""

import os
import subprocess
import sys

import pytest

from vlmeval_cli.cli import progress
from vlmeval_cli.core.progress import NoProgress

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")


def in_terminal(*arguments, **changes):
    """What ``vlmeval ARGUMENTS`` writes to a terminal."""
    ours, theirs = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "vlmeval_cli", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={**kept, "TERM": "xterm-256color", "COLUMNS": "80", **changes},
    )  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # the end of a terminal
        pass
    os.close(ours)
    process.wait(30)
    return written.decode()


def test_a_terminal_gets_colour():
    assert "\x1b[" in in_terminal("doctor")


@pytest.mark.parametrize(("arguments", "changes"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})])
def test_no_colour_means_no_escape_sequence_at_all(arguments, changes):
    text = in_terminal("doctor", *arguments, **changes)
    assert "numpy" in text
    assert "\x1b" not in text


def test_progress_is_silent_where_stderr_is_no_terminal(monkeypatch, capsys):
    with progress.progress_bar(quiet=False) as bar:
        assert isinstance(bar, NoProgress)
        bar.start("x", 3)
        bar.advance(3)
        bar.done()
    assert capsys.readouterr().err == ""


@pytest.fixture
def drawn(monkeypatch):
    """A bar that draws after a tenth of a second, on a list instead of a terminal."""
    monkeypatch.setattr(progress, "_PATIENCE_S", 0.1)
    drawings = []
    monkeypatch.setattr(progress._Bar, "_draw", lambda bar: drawings.append(bar._label))
    return drawings


def test_a_short_phase_shows_nothing(drawn):
    bar = progress._Bar()
    bar.start("reading", None)
    bar.done()
    assert drawn == []


def test_a_phase_that_lasts_is_shown_also_without_a_step(drawn):
    bar = progress._Bar()
    bar.start("reading", None)
    bar._clock.join()
    bar.done()
    assert drawn == ["reading"]


def test_a_bar_counts_the_steps_before_and_after_it_is_drawn(monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE_S", 0.01)
    bar = progress._Bar()
    bar.start("measuring", 10)
    bar.advance(2)
    bar._clock.join()
    bar.advance(3)
    bars, _ = bar._drawn
    shown = [str(column.render(task)) for task in bars.tasks for column in bars.columns[-1:]]
    assert [text.split() for text in shown] == [["5/10"]]
    found = [(task.description, task.completed, task.total) for task in bars.tasks]
    bar.done()
    assert found == [("measuring", 5, 10)]


def test_a_line_that_is_told_does_not_end_the_phase(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_PATIENCE_S", 0.01)
    bar = progress._Bar()
    bar.start("encoding", 10)
    bar.advance(4)
    bar.tell("warning: something")
    bar._clock.join()
    bars, _ = bar._drawn
    found = [(task.description, task.completed, task.total) for task in bars.tasks]
    bar.done()
    bar.tell("after the end")
    assert bar._clock is None
    assert found == [("encoding", 4, 10)]
    assert "warning: something" in capsys.readouterr().err
