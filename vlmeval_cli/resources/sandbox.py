"""Runs generated programs with their unit tests, each in a child process of its own.

A program gets: a new process group that is killed as a whole when its time is up, limits of memory,
file size and open files, no core dump, an empty folder as working and home directory, a bare
environment, no input, and output that goes nowhere. Where the Linux kernel permits it, it has no
network, and its processes cannot outlive it. It has passed only if it hands back a secret that it
can read when its tests are done; ``sys.exit(0)`` or a printed "passed" is no pass.

It is no jail: a program that is written to attack can read and write the user's files, and can find
the secret in its own process. Run models that may do so on a machine that holds nothing else.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from subprocess import DEVNULL, Popen, TimeoutExpired, run
from time import monotonic
from typing import NamedTuple, Self

from vlmeval_cli.core.errors import SandboxError, UsageError

PASSED, FAILED, ERROR = "passed", "failed", "error"
TIMEOUT, OUT_OF_MEMORY, NO_END = "timeout", "out of memory", "no end"
OUTCOMES = (PASSED, FAILED, ERROR, TIMEOUT, OUT_OF_MEMORY, NO_END)

_RUNNER = Path(__file__).with_name("sandbox_runner.py")
_READY = b"ready\n"
_START_SECONDS = 60.0  # for the interpreter, which is not the program's time
_END_SECONDS = 5.0
_MOST_REPORT = 1 << 16
_WORKERS = 2


class Program(NamedTuple):
    """Source of a program, and of the tests that are run in its namespace after it."""

    source: str
    tests: str


class Verdict(NamedTuple):
    """How a program ended: one of :data:`OUTCOMES`, and more about it.

    Attributes:
        outcome: passed; failed (an assertion of the tests); error (any other exception); timeout;
            out of memory; no end (the process ended before the tests did).
        name: the exception, if there was one.
        message: its text, or what happened.
        is_alone: it had no network and could leave no process behind.
    """

    outcome: str
    name: str = ""
    message: str = ""
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may take: seconds of wall time, and MiB of memory."""

    seconds: float = 10.0
    mebibytes: int = 1024


class Ran(NamedTuple):
    """Verdicts in the order of the programs, and whether they were alone (see Verdict)."""

    verdicts: list[Verdict]
    is_alone: bool


_CANARIES = (
    ("a correct program", PASSED, Program("def one():\n    return 1\n", "assert one() == 1\n")),
    ("a wrong program", FAILED, Program("def one():\n    return 2\n", "assert one() == 1\n")),
    ("a program that ends early", NO_END, Program("import os\nos._exit(0)\n", "assert False\n")),
)


def run_programs(
    programs: Sequence[Program],
    limits: Limits,
    advance: Callable[[int], None] | None = None,
) -> Ran:
    """Run every different program once, two at a time.

    Args:
        programs: what to run.
        limits: of each program.
        advance: told of every program that has ended.

    Raises:
        UsageError: this system cannot run them.
        SandboxError: child processes do not behave; then no program has a verdict.
    """
    if os.name != "posix":
        raise UsageError(
            "unit tests cannot be run on this system: it has no process groups and memory limits",
            hint="Run them on Linux or macOS (on Windows: in WSL), or score recorded results.",
        )
    different = list(dict.fromkeys(programs))
    with _Crew(limits) as crew:
        is_alone = _check_canaries(crew)
        found = crew.run(different, advance)
    by_program = dict(zip(different, found, strict=True))
    return Ran([by_program[program] for program in programs], is_alone)


def _check_canaries(crew: _Crew) -> bool:
    """Run programs whose verdict is known.

    Raises:
        SandboxError: one has another verdict, so that no verdict could be believed.
    """
    found = crew.run([program for _, _, program in _CANARIES])
    for (what, expected, _), verdict in zip(_CANARIES, found, strict=True):
        if verdict.outcome != expected:
            raise SandboxError(
                f"the sandbox does not work here: {what} got {told(verdict)}, expected {expected}",
                hint="Raise test_timeout and test_memory in the parse section of --config, or run "
                "the tests on another machine. No program was scored.",
            )
    return found[0].is_alone


def told(verdict: Verdict) -> str:
    """A verdict in words.

    >>> told(Verdict("error", "NameError", "name 'x' is not defined"))
    "error: NameError: name 'x' is not defined"
    """
    return ": ".join(part for part in (verdict.outcome, verdict.name, verdict.message) if part)


class _Crew:
    """Two threads that start programs and wait for them; leaving it kills what still runs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sandbox")
        self._running: set[Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_over = True
            for process in self._running:
                _kill(process)
        self._threads.shutdown(cancel_futures=True)

    def run(
        self, programs: Sequence[Program], advance: Callable[[int], None] | None = None
    ) -> list[Verdict]:
        """Verdicts in the order of ``programs``."""
        found = []
        for verdict in self._threads.map(self._verdict, programs):
            found.append(verdict)
            if advance is not None:
                advance(1)
        return found

    def _verdict(self, program: Program) -> Verdict:
        secret = secrets.token_hex(16)
        with (
            _home() as home,
            tempfile.TemporaryFile() as payload,
        ):
            work = {"program": program.source, "tests": program.tests}
            payload.write(json.dumps(work).encode())
            payload.seek(0)
            report, process = self._start(home, payload.fileno(), secret)
            try:
                heard, is_late = _listen(report, self._limits.seconds)
                if not is_late:
                    _wait(process)
            finally:
                os.close(report)
                self._end(process)
        return _judged(heard, is_late, process.returncode, secret)

    def _start(self, home: str, payload: int, secret: str) -> tuple[int, Popen[bytes]]:
        """A child process and the pipe on which it reports."""
        secret_read, secret_write = os.pipe()
        report_read, report_write = os.pipe()
        os.write(secret_write, secret.encode())
        os.close(secret_write)
        handed = (payload, secret_read, report_write)
        numbers = (*handed, ceil(self._limits.seconds) + 1, self._limits.mebibytes)
        try:
            with self._lock:
                if self._is_over:
                    raise SandboxError("the run was stopped")
                process = Popen(
                    [sys.executable, "-s", "-P", "-B", str(_RUNNER), *map(str, numbers)],
                    stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, pass_fds=handed, cwd=home,
                    env=_environment(home), start_new_session=True,
                )  # fmt: skip
                self._running.add(process)
        except OSError as error:
            os.close(report_read)
            raise SandboxError(
                f"a child process cannot be started: {error}",
                hint="Free memory or processes and run it again. No program was scored.",
            ) from error
        finally:
            os.close(secret_read)
            os.close(report_write)
        return report_read, process

    def _end(self, process: Popen[bytes]) -> None:
        with self._lock:
            _kill(process)
            self._running.discard(process)
        process.wait()


@contextmanager
def _home() -> Iterator[str]:
    """An empty folder, which goes with all that a program put there."""
    folder = tempfile.TemporaryDirectory(prefix="vlmeval-", ignore_cleanup_errors=True)
    try:
        yield folder.name
    finally:
        try:
            folder.cleanup()
        except RecursionError:  # before Python 3.13, of thousands of folders in each other
            run(["rm", "-rf", "--", folder.name], stderr=DEVNULL, check=False)


def _environment(home: str) -> dict[str, str]:
    """All that a program knows of its surroundings; hashes and threads are the same every run."""
    return {
        "PATH": os.defpath, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg",
    }  # fmt: skip


def _listen(report: int, seconds: float) -> tuple[bytes, bool]:
    """What a child reports until its second line or its end, and whether time was up before."""
    heard = b""
    deadline = monotonic() + _START_SECONDS
    with DefaultSelector() as selector:
        selector.register(report, EVENT_READ)
        while len(heard) < _MOST_REPORT and heard.count(b"\n") < 2:
            left = deadline - monotonic()
            if left <= 0 or not selector.select(left):
                return heard, True
            chunk = os.read(report, _MOST_REPORT)
            if not chunk:
                break
            if not heard:
                deadline = monotonic() + seconds
            heard += chunk
    return heard, False


def _wait(process: Popen[bytes]) -> None:
    """Let a process that has reported, or closed its pipe, end by itself."""
    try:
        process.wait(_END_SECONDS)
    except TimeoutExpired:
        return


def _kill(process: Popen[bytes]) -> None:
    """Kill the whole process group, also when its first process has ended."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # none is left
        return


def _judged(heard: bytes, is_late: bool, code: int, secret: str) -> Verdict:
    start, _, report = heard.partition(b"\n")
    if start + b"\n" != _READY:
        raise SandboxError(
            f"a child process did not start (exit code {code})",
            hint="Raise test_memory in the parse section of --config. No program was scored.",
        )
    if report.endswith(b"\n"):
        return _reported(report, secret)
    if is_late or code == 128 + signal.SIGXCPU or code == -signal.SIGXCPU:
        return Verdict(TIMEOUT)
    return Verdict(NO_END, message=_ending(code))


def _reported(report: bytes, secret: str) -> Verdict:
    try:
        found = json.loads(report)
        if found.get("secret") == secret:
            return Verdict(PASSED, is_alone=bool(found["is_alone"]))
        outcome = found.get("outcome")
        if outcome in (FAILED, ERROR, OUT_OF_MEMORY):
            return Verdict(outcome, str(found.get("name", "")), str(found.get("message", "")))
    except (ValueError, AttributeError):
        pass
    return Verdict(NO_END, message="it wrote into the report of its own test")


def _ending(code: int) -> str:
    number = -code if code < 0 else code - 128
    if number in {known.value for known in signal.Signals}:
        return f"killed by {signal.Signals(number).name}"
    return f"exit code {code} before the tests were done"
