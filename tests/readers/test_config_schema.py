"""The JSON Schema for editors says what the reader of configurations says."""

import json
import re

import jsonschema
import pytest
import yaml

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.readers.config import load_config
from vlmeval_cli.resources.config_schema import schema_text

SCHEMA = json.loads(schema_text())
SECTIONS = ("fields", "join", "parse", "statistics", "models", "output")
CHECKS = {
    "format_valid": "format_rule", "unparsed": "count_rule", "truncated": "count_rule",
    "missing": "count_rule", "empty": "count_rule", "refused": "count_rule", "loop": "count_rule",
    "n": "size_rule", "newly_wrong": "guard_rule",
}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Whether the reader takes a text; its error otherwise."""

    def attempt(text):
        (tmp_path / "c.yaml").write_text(text, "utf-8")
        try:
            load_config(str(tmp_path / "c.yaml"))
        except UsageError as error:
            return error
        return None

    return attempt


def fits(text):
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))


def known_keys(error):
    return set(re.search(r"Known: (.*)\.$", error.hint)[1].split(", "))


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_it_has_the_keys_of_the_reader(read):
    assert known_keys(read("nonsense: 1")) == set(SCHEMA["properties"])


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_has_the_keys_of_the_reader(read, name):
    keys = known_keys(read(f"{name}: {{nonsense: 1}}"))
    assert keys == set(SCHEMA["properties"][name]["properties"])


def test_rules_have_the_keys_of_the_reader(read):
    metric = known_keys(read("rules: [{metric: anls, nonsense: 1}]"))
    assert metric == set(SCHEMA["$defs"]["metric_rule"]["properties"])
    check = known_keys(read("rules: [{check: n, nonsense: 1}]"))
    kinds = set(CHECKS.values())
    assert check == {key for kind in kinds for key in SCHEMA["$defs"][kind]["properties"]}
    named = {one for kind in kinds for one in SCHEMA["$defs"][kind]["properties"]["check"]["enum"]}
    assert named == set(CHECKS)


def choices(node, path=()):
    """Every list of choices in the schema, with the keys that lead to it."""
    for key, one in node.get("properties", {}).items():
        if "enum" in one:
            yield (*path, key), one["enum"]
        yield from choices(one, (*path, key))


@pytest.mark.parametrize(
    ("path", "values"), [*choices(SCHEMA)], ids=lambda x: ".".join(map(str, x))
)
def test_choices_are_those_of_the_reader(read, path, values):
    section, key = path
    for value in values:
        assert read(f"{section}: {{{key}: {value}}}") is None
    error = read(f"{section}: {{{key}: nonsense}}")
    assert error.message.endswith(f"expected one of {', '.join(values)}")


def test_every_shipped_configuration_fits(root, read):
    files = sorted((root / "configs").glob("*.yaml"))
    assert files
    for file in files:
        assert fits(file.read_text("utf-8")), file.name
        assert read(file.read_text("utf-8")) is None


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "task: vqa",
        "metrics: anls",
        "metrics: [anls, {name: bleu, variant: nltk, as: x}]",
        "statistics: {confidence: 0.9, resamples: 0, correction: holm}",
        "where: {split: val, year: 2020}",
        "by: kind",
        "rules: [{metric: anls, min: 0.8}]",
        "rules: [{metric: anls, by: kind, test: paired, margin: 0.01}]",
        "rules: [{metric: anls, by: {kind: 3}, max_drop_relative: 2%}]",
        "rules: [{metric: anls, by: [kind, size], max_drop: 0}]",
        "rules: [{check: unparsed, max: 2%}, {check: n, min: 5}, {check: newly_wrong, max: 0}]",
        "rules: [{check: format_valid, by: kind, min: 0.95}]",
        "fail_on: []",
        "fail_on: undecided",
        "baseline: runs/main",
    ],
)
def test_both_accept(read, text):
    assert read(text) is None
    assert fits(text)


@pytest.mark.parametrize(
    "text",
    [
        "taks: vqa",
        "limit: 0",
        "statistics: {confidence: 95}",
        "join: {missing: never}",
        "output: {dri: x}",
        "metrics: [{variant: nltk}]",
        "rules: []",
        "rules: [{min: 0.8}]",
        "rules: [{metric: anls}]",
        "rules: [{metric: anls, test: none}]",
        "rules: [{metric: anls, min: high}]",
        "rules: [{metric: anls, max_drop: -1}]",
        "rules: [{metric: anls, max_drop: 1, margin: 1}]",
        "rules: [{metric: anls, check: n, min: 1}]",
        "rules: [{check: format_valid, min: 95}]",
        "rules: [{check: unparsed, min: 1}]",
        "rules: [{check: unparsed, max: 1.5}]",
        "rules: [{check: n, min: 0.5}]",
        "rules: [{check: wrong, max: 1}]",
        "fail_on: [passed]",
        "fail_on: passed",
    ],
)
def test_both_refuse(read, text):
    assert read(text) is not None
    assert not fits(text)
