"""What programs may do in the sandbox, and what no trick of theirs makes a pass."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vlmeval_cli.core.errors import SandboxError, UsageError
from vlmeval_cli.resources import sandbox
from vlmeval_cli.resources.sandbox import Limits, Program, run_programs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the sandbox refuses other systems")
SHORT = Limits(seconds=2.5, mebibytes=512)


def verdicts(programs, limits=SHORT):
    return run_programs([Program(*program) for program in programs], limits).verdicts


WRONG = "assert f(1) == 2\n"
NO_PASS = {
    "exits with 0 on import": ("import sys\nsys.exit(0)", WRONG, "error"),
    "raises SystemExit when called": ("def f(x):\n    raise SystemExit(0)", WRONG, "error"),
    "leaves without cleaning up": ("import os\nos._exit(0)", WRONG, "no end"),
    "leaves when called": ("import os\ndef f(x):\n    os._exit(0)", WRONG, "no end"),
    "prints what it hopes for": ("print('passed')\ndef f(x):\n    return 0", WRONG, "failed"),
    "replaces exec and compile": (
        "import builtins\nbuiltins.exec = builtins.compile = lambda *a, **k: None", WRONG, "error",
    ),
    "replaces AssertionError": (
        "import builtins\nbuiltins.AssertionError = SystemExit\ndef f(x):\n    return 0",
        WRONG, "failed",
    ),
    "writes a report of its own": (
        "import os\nfor n in range(3, 40):\n    try:\n"
        "        os.write(n, b'{\"secret\": \"0\"}\\n')\n    except OSError:\n        pass\n",
        WRONG, "no end",
    ),
    "kills itself": ("import ctypes\nctypes.string_at(0)", WRONG, "no end"),
    "forks, and the first leaves": ("import os\nif os.fork():\n    os._exit(0)", "", "no end"),
    "does not parse": ("def f(x) return x", WRONG, "error"),
    "reads from stdin": ("input()", "", "error"),
    "never ends": ("while True:\n    pass", "", "timeout"),
    "nests folders without end": (
        "import os\nwhile True:\n    os.mkdir('a')\n    os.chdir('a')", "", "timeout",
    ),
    "kills its group": ("import os\nos.kill(0, 9)", "", "no end"),
    "leaves from a thread": (
        "import os, threading, time\ndef f(x):\n"
        "    threading.Thread(target=os._exit, args=(0,)).start()\n    time.sleep(9)",
        WRONG, "no end",
    ),
    "closes every file": ("import os\nos.closerange(3, 65536)", "", "no end"),
    "stops itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "", "timeout"),
    "ignores the end of its time": (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True:\n    pass",
        "", "timeout",
    ),
    "never ends its message": (
        "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\n"
        "def f(x):\n    raise E",
        WRONG, "timeout",
    ),
    "sleeps": ("import time\ntime.sleep(60)", "", "timeout"),
    "forks without end": ("import os\nwhile True:\n    os.fork()", "", "timeout"),
    "takes all memory": (
        "x = []\nwhile True:\n    x.append(bytearray(100 << 20))", "", "out of memory",
    ),
    "writes a large file": ("open('x', 'wb').write(b'0' * (50 << 20))", "", "error"),
    "calls itself for ever": ("def f(x):\n    return f(x)", WRONG, "error"),
    "raises what cannot be printed": (
        "class E(Exception):\n    def __str__(self):\n        raise self\ndef f(x):\n    raise E",
        WRONG, "error",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran():
    found = verdicts([(program, tests) for program, tests, _ in NO_PASS.values()])
    return dict(zip(NO_PASS, found, strict=True))


@pytest.mark.parametrize("trick", NO_PASS)
def test_no_trick_passes(ran, trick):
    assert ran[trick].outcome == NO_PASS[trick][2], ran[trick]


def test_errors_have_the_name_of_their_exception(ran):
    assert ran["does not parse"].name == "SyntaxError"
    assert ran["exits with 0 on import"].name == "SystemExit"


PASSES = {
    "a right program": ("def f(x):\n    return x + 1", WRONG),
    "much output": ("for _ in range(1000):\n    print('x' * 100000)", ""),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int", "assert A(1).x == 1"
    ),
    "an empty folder is home": (
        "import os\nassert os.listdir() == [] and os.getcwd() == os.environ['HOME']", ""
    ),
    "nothing of our environment": ("import os\nassert 'VLMEVAL_SECRET' not in os.environ", ""),
    "equal hashes": ("assert hash('a') == hash('a')", ""),
}  # fmt: skip


def test_right_programs_pass(monkeypatch):
    monkeypatch.setenv("VLMEVAL_SECRET", "x")
    found = verdicts(PASSES.values())
    assert {name: one.outcome for name, one in zip(PASSES, found, strict=True)} == dict.fromkeys(
        PASSES, "passed"
    )


def test_strings_hash_the_same_in_every_run():
    found = verdicts([("raise ValueError(hash('a'))", "")])[0].message
    assert found == verdicts([("raise ValueError(hash('a'))", " ")])[0].message


def test_programs_without_network_cannot_reach_their_own_host():
    program = (
        "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname(), 1)\n"
    )
    ran = run_programs([Program(program, "")], SHORT)
    if not ran.is_alone:
        pytest.skip("this kernel lets no user cut the network")
    assert ran.verdicts[0].outcome == "error"


def pids_of(marker):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_children_that_leave_their_group_are_killed_too():
    marker = "vlmeval-left-behind"
    program = (
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)', {marker!r}],"
        " start_new_session=True)\n"
    )
    ran = run_programs([Program(program, "")], SHORT)
    if not ran.is_alone:
        pytest.skip("this kernel lets no user own processes")
    assert ran.verdicts[0].outcome == "passed"
    assert pids_of(marker) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_program_that_shakes_off_its_parent_does_not_outlive_its_time():
    program = (
        "import ctypes, os, time\n"
        "ctypes.CDLL(None).prctl(1, 0)\n"  # PR_SET_PDEATHSIG: no signal when the parent ends
        "os.setsid()\n"
        "open('/proc/self/comm', 'w').write('left-behind')\n"
        "time.sleep(99)\n"
    )
    ran = run_programs([Program(program, "")], Limits(seconds=0.5))
    if not ran.is_alone:
        pytest.skip("this kernel lets no user own processes")
    deadline = time.monotonic() + 10  # they die at once, and without being waited for
    while "left-behind" in names_of_processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ran.verdicts[0].outcome == "timeout"
    assert "left-behind" not in names_of_processes()


def names_of_processes():
    found = set()
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            found.add(path.read_text().strip())
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_interrupting_the_run_kills_its_children():
    code = (
        "from vlmeval_cli.resources.sandbox import *\n"
        "run_programs([Program('import time\\ntime.sleep(77)', '')], Limits(60.0))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    runner = "sandbox_runner.py"
    deadline = time.monotonic() + 20
    while not (mine := pids_of(runner)) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)  # the canaries are done, and the program sleeps
    mine = pids_of(runner)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert mine
    assert not set(mine) & set(pids_of(runner))


def test_equal_programs_run_once(monkeypatch):
    started = []
    start = sandbox._Crew._start

    def counted(self, *arguments):
        started.append(1)
        return start(self, *arguments)

    monkeypatch.setattr(sandbox._Crew, "_start", counted)
    assert len(verdicts([("x = 1", "")] * 5)) == 5
    assert len(started) == 1 + len(sandbox._CANARIES)


def test_a_machine_that_passes_everything_scores_nothing(monkeypatch):
    monkeypatch.setattr(sandbox._Crew, "_verdict", lambda self, program: sandbox.Verdict("passed"))
    with pytest.raises(SandboxError, match="a wrong program got passed, expected failed"):
        verdicts([("x = 1", "")])


def test_a_machine_that_fails_everything_scores_nothing(monkeypatch):
    monkeypatch.setattr(sandbox, "_RUNNER", Path("/nothing/here.py"))
    with pytest.raises(SandboxError, match="did not start") as caught:
        verdicts([("x = 1", "")])
    assert caught.value.exit_code == 4


def test_other_systems_are_refused(monkeypatch):
    monkeypatch.setattr(sandbox.os, "name", "nt")
    with pytest.raises(UsageError, match="cannot be run on this system"):
        verdicts([("x = 1", "")])


def test_without_rights_of_the_kernel_programs_run_and_it_is_told(monkeypatch, tmp_path):
    runner = tmp_path / "runner.py"
    source = sandbox._RUNNER.read_text("utf-8")
    assert source.count('if sys.platform != "linux":') == 1
    runner.write_text(source.replace('if sys.platform != "linux":', "if True:"), "utf-8")
    monkeypatch.setattr(sandbox, "_RUNNER", runner)
    programs = [("x = 1", "assert x == 1"), ("import os\nos._exit(0)", ""), ("while 1: pass", "")]
    ran = run_programs([Program(*program) for program in programs], Limits(0.5))
    assert not ran.is_alone
    assert [one.outcome for one in ran.verdicts] == ["passed", "no end", "timeout"]
