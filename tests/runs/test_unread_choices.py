"""Choices that the task does not look at are refused, whatever they are."""

import json

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.config import ParsePolicy
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.runs.unread_choices import refuse_unread_choices
from vlmeval_cli.tasks import NAMES, task

STATED = {
    "box_format": ParsePolicy(box_format="1000"),
    "schema": ParsePolicy(schema="invoice.schema.json"),
    "field_rules": ParsePolicy(field_rules={"total": {"compare": "number"}}),
    "labels": ParsePolicy(labels="exact"),
    "run_tests": ParsePolicy(run_tests=True),
    "test_timeout": ParsePolicy(test_timeout=3.0),
    "test_memory": ParsePolicy(test_memory=512),
}
READERS = {
    "box_format": "grounding", "schema": "freeform", "field_rules": "freeform",
    "labels": "classification", "run_tests": "code", "test_timeout": "code", "test_memory": "code",
}  # fmt: skip


@pytest.mark.parametrize("name", STATED)
def test_each_choice_is_read_by_one_task_and_refused_by_the_others(name):
    for own in NAMES:
        if own == READERS[name]:
            refuse_unread_choices(task(own), "", STATED[name])
            continue
        with pytest.raises(UsageError) as error:
            refuse_unread_choices(task(own), "named by the user", STATED[name])
        assert error.value.message == (
            f"{name}: only the task {READERS[name]} reads it, and the task is {own} "
            "(named by the user)"
        )
        assert f"--task {READERS[name]}" in error.value.hint


def test_what_every_task_reads_is_never_refused():
    for own in NAMES:
        refuse_unread_choices(task(own), "", ParsePolicy(reasoning="keep"))


@pytest.mark.parametrize(
    "options", [("--box-format", "1000"), ("--schema", "no-such.json"), ("--run-tests",)]
)
def test_options_of_another_task_are_wrong_usage(tmp_path, capsys, options):
    rows = [{"id": n, "prediction": "a", "references": ["b"]} for n in range(3)]
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows))
    assert main(["score", str(path), "--task", "docqa", *options]) == 2
    assert "and the task is docqa" in capsys.readouterr().err
