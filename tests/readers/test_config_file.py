"""The configuration file: what it sets, and every mistake with its place."""

import pytest

from vlmeval_cli.core.config import (
    FieldChoice,
    JoinPolicy,
    MetricSpec,
    ParsePolicy,
    RunConfig,
    StatisticsPolicy,
)
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.gate import GateConfig
from vlmeval_cli.readers.config import load_config


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(text):
        (tmp_path / "run.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config("run.yaml")

    return read


FULL = """\
task: captioning
metrics:
  - cider
  - bleu:variant=nltk:as=smoothed
  - {name: pass_at_k, k: [1, 10], strict: true, as: first}
fields: {id: image_id, prediction: text, references: captions}
join: {missing: worst, fix_ids: true, on_bad_row: skip}
parse: {reasoning: keep}
statistics: {resamples: 200, confidence: 0.9, seed: 7, cluster_by: none}
by: [answer_type, question_type]
where: {split: val}
limit: 100
output: {json: "-", csv: s.csv, markdown: r.md, samples: s.jsonl, dir: out, percent: yes, worst: 5}
"""


def test_every_key_is_read(load):
    loaded = load(FULL)
    assert loaded.run == RunConfig(
        task="captioning",
        metrics=(
            MetricSpec("cider"),
            MetricSpec("bleu", {"variant": "nltk"}, "smoothed"),
            MetricSpec("pass_at_k", {"k": (1, 10), "strict": True}, "first"),
        ),
        fields=FieldChoice("image_id", "text", "captions"),
        join=JoinPolicy("worst", fix_ids=True, on_bad_row="skip"),
        parse=ParsePolicy("keep"),
        statistics=StatisticsPolicy(200, 0.9, 7, "none"),
        by=("answer_type", "question_type"),
        where={"split": "val"},
        limit=100,
    )
    assert loaded.output == {
        "json": "-",
        "csv": "s.csv",
        "markdown": "r.md",
        "samples": "s.jsonl",
        "dir": "out",
        "percent": True,
        "worst": 5,
    }


def test_a_list_among_the_groupings_crosses_its_fields(load):
    assert load("by: [a, [b, c], 'd,e']\nslices: true\n").run == RunConfig(
        by=("a", ("b", "c"), "d,e"), slices=True
    )
    assert load("by: b,c\n").run.by == ("b,c",)


def test_keys_that_are_given_are_listed(load):
    assert load("task: vqa\njoin: {missing: skip}\noutput: {dir: out}\n").given == {
        "task",
        "join.missing",
        "output.dir",
    }


@pytest.mark.parametrize("text", ["", "# nothing\n", "join:\nwhere:\nlimit: null\n"])
def test_what_is_not_given_has_its_default(load, text):
    assert load(text) == (RunConfig(), {}, frozenset(), GateConfig(), {})


@pytest.mark.parametrize("value", ["007", "yes", "1e5", "2024-01-01", "1:30", "0x1F", "no", "1.0"])
def test_values_of_fields_are_text_as_written(load, value):
    loaded = load(f"where: {{field: {value}}}\nby: {value}\n")
    assert (loaded.run.where, loaded.run.by) == ({"field": value}, (value,))


def test_metrics_may_be_one_text(load):
    names = [spec.name for spec in load("metrics: cider, bleu_4\n").run.metrics]
    assert names == ["cider", "bleu_4"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limit: 5\ntaks: vqa\n", 'run.yaml:2: unknown key "taks"'),
        ("join:\n  mising: skip\n", 'run.yaml:2: unknown key "mising" in "join"'),
        ("task: a\nlimit: 1\ntask: b\n", 'run.yaml:3: "task" is there twice, first in line 1'),
        ("join:\n  missing: wrost", '"join.missing" is "wrost", expected one of error, worst, sk'),
        ("join: {fix_ids: 1}", '"join.fix_ids" is "1", expected true or false'),
        ("join: skip", '"join" is "skip", expected a mapping of keys to values'),
        ("join: [skip]", '"join" is a list of 1, expected a mapping of keys to values'),
        ("limit: 0", '"limit" is "0", expected a whole number of at least 1'),
        ("limit: ten", '"limit" is "ten", expected a whole number of at least 1'),
        ("limit: true", '"limit" is "true", expected a whole number of at least 1'),
        ("statistics: {confidence: 95}", '"statistics.confidence" is "95", expected a number bet'),
        ("task: [a]", '"task" is a list of 1, expected a text'),
        ('task: ""', '"task" is "", expected a text'),
        ("by: {a: b}", '"by" is a mapping, expected a list'),
        ("by: [[a]]", '"by[1]" is a list of 1, expected a text'),
        ("where: [a]", '"where" is a list of 1, expected a mapping of keys to values'),
        ("where: {a: [1]}", '"where.a" is a list of 1, expected a text'),
        ("metrics: [a, {k: 1}]", '"metrics[2]" is a mapping, expected the key "name"'),
        ("metrics: [{name: a, k: {b: 1}}]", '"metrics[1].k" is a mapping, expected a value or a'),
        ("metrics: [{name: a, k: [1, b]}]", '"metrics[1].k" is a list of 2, expected a list of'),
        ("metrics:\n- cider\n- bleu:nltk\n", 'run.yaml:3: metric "bleu:nltk": got "nltk", exp'),
        ("parse:\n  field_rules:\n    d: dat", 'run.yaml:3: field_rules: "d": compare: got "dat"'),
        ("parse:\n  field_rules:\n    d: {weight: -1}", 'run.yaml:3: field_rules: "d": weight:'),
        ("- task", "run.yaml:1: is a list of 1, expected a mapping of keys to values"),
        ("task: [a", "run.yaml:1: not YAML: "),
        ("task: a\n\tlimit: 1", "run.yaml:2: not YAML: "),
        ("task: *a", "run.yaml:1: not YAML: found undefined alias"),
        ("where: &a {a: *a}", "is nested too deeply"),
        ("{[a]: b}", "run.yaml:1: a key is no text"),
        ("task: !!python/name:os.system x", "run.yaml:1: not YAML: could not determine a constr"),
        (b"task: caf\xe9", "run.yaml: not YAML in UTF-8"),
        (b"PAR1....", "run.yaml: got a Parquet file, expected YAML in UTF-8"),
    ],
)
def test_a_mistake_is_told_with_its_place(load, text, message):
    with pytest.raises(UsageError) as caught:
        load(text)
    assert message in caught.value.message
    assert caught.value.message.startswith("run.yaml")
    assert caught.value.hint


def test_an_unknown_key_lists_the_known_ones(load):
    with pytest.raises(UsageError) as caught:
        load("output: {dri: out}")
    assert caught.value.hint == (
        'Did you mean "dir"? Known: csv, dir, json, junit, markdown, percent, samples, worst.'
    )


def test_a_missing_file_is_a_usage_error(load):
    load("")
    with pytest.raises(UsageError) as caught:
        load_config("run.yml")
    assert str(caught.value) == "run.yml: no such file\nDid you mean run.yaml?"
