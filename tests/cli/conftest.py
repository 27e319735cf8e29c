"""The command as a process of its own, with the real scoring or a stand-in for it."""

import io
import json
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

import vlmeval_cli

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """
import sys, types
api = types.ModuleType("vlmeval_cli.api")
def run_score(predictions, references, config, progress):
{body}
api.run_score = run_score
import vlmeval_cli
vlmeval_cli.api = sys.modules["vlmeval_cli.api"] = api
from vlmeval_cli.cli.main import main
sys.exit(main())
"""


def environment(**changes):
    """The environment of the test, without what decides about colour or time."""
    unwanted = {"NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "SOURCE_DATE_EPOCH"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PYTHONWARNINGS": "error", **changes}


@pytest.fixture
def command():
    """Run ``vlmeval ARGUMENTS`` to its end."""

    def run(*arguments, cwd=ROOT, text=True, stdin="", **changes):
        return subprocess.run(
            [sys.executable, "-m", "vlmeval_cli", *map(str, arguments)],
            capture_output=True, text=text, cwd=cwd, env=environment(**changes),
            input=stdin if text else stdin.encode(), timeout=60,
        )  # fmt: skip

    return run


@pytest.fixture
def start():
    """Start ``vlmeval ARGUMENTS`` with a stand-in for the scoring; the caller ends it."""
    running = []

    def begin(body, *arguments, **options):
        code = STAND_IN.format(body="".join(f"    {line}\n" for line in body.splitlines()))
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, text=True,
            cwd=options.pop("cwd", ROOT), env=environment(**options),
        )  # fmt: skip
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def files(tmp_path):
    """Predictions and references of three questions."""
    predictions = tmp_path / "preds.jsonl"
    references = tmp_path / "refs.jsonl"
    answers = [("q1", "red", "red", "colour"), ("q2", "two", "2 dogs", "number"),
               ("q3", "a cat", "cat", "other")]  # fmt: skip
    predictions.write_text(
        "".join(json.dumps({"id": i, "prediction": p}) + "\n" for i, p, _, _ in answers)
    )
    references.write_text(
        "".join(
            json.dumps({"id": i, "question": f"What is {i}?", "answers": [r], "kind": kind}) + "\n"
            for i, _, r, kind in answers
        )
    )
    return predictions, references


@pytest.fixture
def inside(monkeypatch):
    """Run ``vlmeval ARGUMENTS`` inside the test: (exit code, stdout, stderr)."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*arguments, score=None):
        from vlmeval_cli.cli.main import main

        if score is not None:
            api = types.ModuleType("vlmeval_cli.api")
            api.run_score = score
            monkeypatch.setitem(sys.modules, "vlmeval_cli.api", api)
            monkeypatch.setattr(vlmeval_cli, "api", api, raising=False)
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        return main(list(map(str, arguments))), out.getvalue(), err.getvalue()

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
