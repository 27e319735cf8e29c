"""The shell completes names of metrics and tasks."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("vlmeval score --metrics rou", ["rouge", "rouge_l"]),
        ("vlmeval score --metrics cider,met", ["cider,meteor", "cider,meteor_1_5"]),
        ("vlmeval score --task cap", ["captioning"]),
        ("vlmeval metrics sacre", ["sacrebleu"]),
    ],
)
def test_names_are_completed(words, expected):
    done = subprocess.run(
        [sys.executable, "-m", "vlmeval_cli"],
        env={
            **os.environ,
            "_VLMEVAL_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == expected
