"""Runs one program and its unit tests; started by its path in a process of its own.

It reads the program from one pipe and tells how it ended on another. Passing is told by a secret
that stands in a third pipe until the tests are done, so no exit code and no print stands for it.
What the program may replace (``exec``, ``os.write``, …) is kept in local names before it begins.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from types import CodeType, ModuleType
from typing import NoReturn

READY = b"ready\n"
_ASSERTION = AssertionError  # the program may put another in its place
_FILE_BYTES = 16 << 20
_MOST_OPEN_FILES = 256
_MOST_PROCESSES = 1024  # before Linux 5.14, with all others of the user; root is not bound
_LONGEST_MESSAGE = 200
_SECRET_BYTES = 32
# From <sched.h> and <sys/prctl.h>; the os module names them from Python 3.12 on.
_NEW_USER, _NEW_PROCESSES, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
_DIE_WITH_PARENT = 1


def main() -> None:
    """Run what ``payload`` holds, within limits."""
    payload, secret, report, seconds, mebibytes = map(int, sys.argv[1:])
    with os.fdopen(payload, "rb") as file:
        work = json.load(file)
    is_alone = _isolate(report)
    _limit(seconds, mebibytes)
    if is_alone:  # elsewhere all processes of the user would count
        _limit_one(resource.RLIMIT_NPROC, _MOST_PROCESSES)
    _run(work["program"], work["tests"], secret, report, is_alone)


def _isolate(report: int) -> bool:
    """Cut the network and own all processes to come; False where the system does not let us."""
    if sys.platform != "linux":
        return False
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if libc.unshare(_NEW_USER | _NEW_PROCESSES | _NEW_NETWORK):
        return False
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123  (pathlib costs its import)
            file.write(line)
    if child := os.fork():
        _end_with(child, report)
    libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    # All processes end with the first of them. It waits and does nothing else: a program in its
    # place could leave the group and ask not to die with its parent.
    if child := os.fork():
        _end_with(child, report)
    return True


def _end_with(child: int, report: int) -> NoReturn:
    """Wait for a child, and end as it did."""
    os.close(report)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


def _limit(seconds: int, mebibytes: int) -> None:
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, _MOST_OPEN_FILES),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, mebibytes << 20),
    ):
        _limit_one(what, most)


def _limit_one(what: int, most: int) -> None:
    with suppress(OSError, ValueError):  # macOS knows RLIMIT_AS and refuses it
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _run(program: str, tests: str, secret: int, report: int, is_alone: bool) -> None:
    # Names of our own: the program may put others in the place of these.
    execute, write, read, leave, as_json = exec, os.write, os.read, os._exit, json.dumps
    process, own_process = os.getpid, os.getpid()
    module = ModuleType("program")
    sys.modules["program"] = module
    sys.argv[:] = ["program.py"]
    ending: dict[str, object]
    checks = compile(tests, "tests.py", "exec", dont_inherit=True)
    write(report, READY)
    try:
        execute(_compiled(program), module.__dict__)
        execute(checks, module.__dict__)
        ending = {"secret": read(secret, _SECRET_BYTES).decode(), "is_alone": is_alone}
    except MemoryError:
        ending = {"outcome": "out of memory"}
    except BaseException as error:
        ending = _told(error)
    if process() == own_process:  # not in a process that the program forked
        write(report, as_json(ending).encode() + b"\n")
    leave(0)


def _compiled(program: str) -> CodeType:
    return compile(program, "program.py", "exec", dont_inherit=True)


def _told(error: BaseException) -> dict[str, object]:
    """The exception as a report; its own text may be broken code too."""
    try:
        message = str(error)[:_LONGEST_MESSAGE]
    except BaseException:
        message = ""
    outcome = "failed" if isinstance(error, _ASSERTION) else "error"
    return {"outcome": outcome, "name": type(error).__name__, "message": message}


if __name__ == "__main__":
    main()
