"""Options read as harnesses read them: every answer as the harness itself read it."""

import json
from pathlib import Path

import pytest

from vlmeval_cli.parsing.choices.options import Options
from vlmeval_cli.parsing.choices.rules import RULES

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "harnesses.json"
FOUND = json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.parametrize("rule", ["ms-vlmeval", "lmms", "lmms-mcq"])
def test_every_answer_is_read_as_the_harness_reads_it(rule):
    nothing = {"Z", "drawn", ""}
    for item, theirs in zip(FOUND["choices"], FOUND["of_choices"], strict=True):
        ours = RULES[rule](item["prediction"], Options.of(tuple(item["options"])))
        expected = None if theirs[rule] in nothing else theirs[rule]
        assert ours.letter == expected, item["prediction"]
