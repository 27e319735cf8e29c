"""Every end of a command has one clear message and its own exit code."""

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vlmeval_cli.core.errors import (
    DataError,
    MissingExtraError,
    OutputError,
    PluginError,
    UsageError,
)

FAILURES = [
    (UsageError, 2, "usage"),
    (DataError, 3, "data"),
    (MissingExtraError, 4, "missing_extra"),
    (PluginError, 4, "plugin"),
    (OutputError, 74, "output"),
]
BUG = "raise KeyError('oops')"


def ended(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def failing(error):
    def score(*_):
        raise error

    return score


@pytest.mark.parametrize(("kind_of_error", "code", "kind"), FAILURES)
def test_each_error_has_its_exit_code_and_says_what_to_do(inside, kind_of_error, code, kind):
    error = kind_of_error("p.jsonl:3: wrong", hint="Repair it.")
    found = inside("score", "p", score=failing(error))
    assert found == (code, "", "error: p.jsonl:3: wrong\nRepair it.\n")


@pytest.mark.parametrize(("kind_of_error", "code", "kind"), FAILURES)
@pytest.mark.parametrize("option", [["--json", "-"], ["--json=-"]], ids=" ".join)
def test_a_failure_is_one_json_document_where_json_was_asked_for(
    inside, kind_of_error, code, kind, option
):
    error = kind_of_error("wrong", hint="Repair it.")
    found, out, err = inside("score", "p", *option, score=failing(error))
    assert found == code
    assert json.loads(out) == {"error": {"kind": kind, "message": "wrong", "hint": "Repair it."}}
    assert err == "error: wrong\nRepair it.\n"


def test_an_error_is_told_the_same_way_by_the_process(start):
    body = "from vlmeval_cli.core.errors import DataError\nraise DataError('p:3: wrong')"
    assert ended(start(body, "score", "p")) == (3, "", "error: p:3: wrong\n")


def test_our_bug_is_one_line_and_how_to_see_more(inside):
    code, out, err = inside("score", "p", score=failing(KeyError("oops")))
    assert (code, out) == (70, "")
    assert "Traceback" not in err
    assert err.startswith("error: vlmeval has a bug: KeyError: 'oops'\n")
    assert "--debug" in err


def test_debug_shows_the_traceback(start):
    code, _, err = ended(start(BUG, "score", "p", "--debug"))
    assert code == 70
    assert "Traceback (most recent call last)" in err


def test_a_full_disk_below_is_no_bug(inside):
    full = OSError(errno.ENOSPC, "No space left on device")
    assert inside("score", "p", score=failing(full))[0] == 74


def test_an_error_cannot_command_the_terminal(start):
    body = (
        "from vlmeval_cli.core.errors import DataError\n"
        "raise DataError('bad \\x1b]0;own\\x07 \\ud800 id')"
    )
    code, _, err = ended(start(body, "score", "p"))
    assert code == 3
    assert err == "error: bad \\x1b]0;own\\x07 \\ud800 id\n"


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_in_order(start, number, code, word):
    body = "import sys, time\nprint('ready', flush=True)\ntime.sleep(30)"
    process = start(body, "score", "p")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert ended(process) == (code, "", f"error: {word}\n")


def test_a_signal_while_writing_leaves_no_half_written_report(start, tmp_path):
    body = (
        "import time\n"
        "from vlmeval_cli.reports.bundle import RunBundle\n"
        "def slow(*_):\n"
        "    yield b'half'\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(30)\n"
        "RunBundle.content = slow\n"
        "class Result:\n"
        "    pass\n"
        "return Result()"
    )
    process = start(body, "score", "p", "--json", tmp_path / "r.json")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["doctor"], ["metrics"], ["score", "--help"], ["--version"]])
def test_a_closed_pipe_is_exit_141_without_a_word(arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; time.sleep(0.2); sys.argv[0] = 'vlmeval'\n"
         "from vlmeval_cli.cli.main import main\nsys.exit(main())", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(30), err) == (141, "")


@pytest.mark.parametrize("option", [[], ["--json", "-"]], ids=str)
def test_head_ends_the_scoring_without_a_word(files, option):
    words = [sys.executable, "-m", "vlmeval_cli", "score", *map(str, files), "-q", *option]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(30), err) == (141, b"")


@pytest.mark.parametrize(
    "option", [("--output", "run"), ("--samples", "s.jsonl"), ("--json", "r.json")], ids=" ".join
)
def test_a_disk_that_fills_up_leaves_nothing_and_still_shows_the_table(files, tmp_path, option):
    resource = pytest.importorskip("resource", reason="this system has no limits to set")
    place = tmp_path / "place"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "vlmeval_cli", "score", *map(str, files), option[0], option[1]],
        capture_output=True, text=True, cwd=place, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
    )  # fmt: skip
    assert done.returncode == 74
    assert f'error: "{option[1]}" cannot be written: File too large\n' in done.stderr
    assert "exact_match (primary)" in done.stdout
    assert not list(place.iterdir())


def test_a_full_stdout_is_exit_74(start):
    with Path("/dev/full").open("w") as full:
        process = start("pass", "--help", stdout=full)
        code, _, err = ended(process)
    assert code == 74
    assert err.startswith("error: stdout cannot be written: No space left")
    assert "Traceback" not in err


def test_a_closed_stdout_is_no_crash():
    run = f"exec {sys.executable} -m vlmeval_cli --help >&-"
    done = subprocess.run(["sh", "-c", run], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["score"],
        ["score", "p", "--limit", "0"],
        ["score", "p", "--limit", "x"],
        ["score", "p", "--missing", "ignore"],
        ["score", "p", "--bad"],
        ["scor"],
        ["score", "p", "--confidence", "95"],
        ["score", "p", "--where", "split"],
        ["score", "p", "--where", "a=1", "--where", "a=2"],
        ["score", "p", "--csv", "-"],
        ["score", "p", "--metrics", "a,,b"],
        ["score", "p", "--config", "none.yaml"],
        ["metrics", "no_such_metric"],
        ["metrics", "--task", "no_such_task"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_2_without_a_traceback(inside, arguments):
    code, out, err = inside(*arguments, score=failing(AssertionError("scored")))
    assert code == 2
    assert out == ""
    assert err
    assert "Traceback" not in err
