"""Baselines are those of the tables of bert-score, also for folders."""

import json
import sys

import pytest

from vlmeval_cli.core.errors import MissingExtraError, UsageError
from vlmeval_cli.metrics.bert_score import BertScore
from vlmeval_cli.resources.bert_score_baselines import Baseline, baseline

TABLES = (
    "en/roberta-large", "en/roberta-large-mnli", "en/bert-base-uncased", "en/albert-base-v1",
    "en/albert-base-v2", "de/xlm-roberta-base",
)  # fmt: skip
ROBERTA = {
    "model_type": "roberta", "hidden_size": 1024, "num_hidden_layers": 24, "vocab_size": 50265,
    "architectures": ["RobertaForMaskedLM"],
}  # fmt: skip
ALBERT = {
    "model_type": "albert", "hidden_size": 768, "num_hidden_layers": 12, "vocab_size": 30000,
}  # fmt: skip


@pytest.fixture(autouse=True)
def package(tmp_path, monkeypatch):
    """A package bert_score that has nothing but tables: in row i of table t stands t.i."""
    folder = tmp_path / "site" / "bert_score"
    for number, name in enumerate(TABLES):
        table = folder / "rescale_baseline" / f"{name}.tsv"
        table.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            f"{row},0.{number}{row:02d}1,0.{number}{row:02d}2,0.{number}{row:02d}3"
            for row in range(25)
        ]
        table.write_text("LAYER,P,R,F\n" + "\n".join(lines) + "\n", "utf-8")
    (folder / "__init__.py").write_text("raise ImportError('it must not be imported')\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "bert_score", raising=False)
    return folder


def saved(folder, **config):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return str(folder)


def test_the_row_of_the_layer_is_taken():
    assert baseline("roberta-large", 17, "en") == Baseline(0.0171, 0.0172, 0.0173)
    assert baseline("xlm-roberta-base", 9, "de") == Baseline(0.5091, 0.5092, 0.5093)


def test_makers_of_the_hub_are_no_part_of_the_name():
    assert baseline("FacebookAI/roberta-large", 17, "en") == baseline("roberta-large", 17, "en")


def test_a_folder_has_the_baseline_of_its_network(tmp_path):
    folder = saved(tmp_path / "mine", **ROBERTA)
    assert baseline(folder, 17, "en") == baseline("roberta-large", 17, "en")


def test_a_tuned_network_has_a_baseline_of_its_own(tmp_path):
    labels = {"CONTRADICTION": 0, "NEUTRAL": 1, "ENTAILMENT": 2}
    config = {**ROBERTA, "architectures": ["RobertaForSequenceClassification"], "label2id": labels}
    folder = saved(tmp_path / "mine", **config)
    assert baseline(folder, 19, "en") == baseline("roberta-large-mnli", 19, "en")


def test_versions_with_the_same_configuration_are_told_apart_by_name(tmp_path):
    folder = saved(tmp_path / "mine", **ALBERT, _name_or_path="albert-base-v2")
    assert baseline(folder, 9, "en") == baseline("albert-base-v2", 9, "en")
    folder = saved(tmp_path / "albert-base-v1", **ALBERT)
    assert baseline(folder, 9, "en") == baseline("albert-base-v1", 9, "en")
    with pytest.raises(UsageError, match="no baseline of bert-score"):
        baseline(saved(tmp_path / "albert", **ALBERT), 9, "en")


@pytest.mark.parametrize(
    "change",
    [
        {"num_hidden_layers": 6, "hidden_size": 512},
        {"vocab_size": 50000},
        {"architectures": ["RobertaForSequenceClassification"], "label2id": {"POSITIVE": 1}},
    ],
)
def test_another_network_has_none(tmp_path, change):
    folder = saved(tmp_path / "mine", **{**ROBERTA, **change})
    with pytest.raises(UsageError, match="a network that no baseline") as error:
        baseline(folder, 5, "en")
    assert "Leave out rescale" in error.value.hint


def test_what_is_no_configuration_is_refused(tmp_path):
    folder = saved(tmp_path / "mine", model_type="bert", hidden_size="wide")
    with pytest.raises(UsageError, match="expected what Hugging Face saves"):
        baseline(folder, 5, "en")


@pytest.mark.parametrize(
    ("model", "layer", "language", "told"),
    [
        ("minilm", 6, "en", "It has some for roberta-large, albert-base-v1"),
        ("roberta-large", 17, "xx", "only de, en"),
        ("roberta-large", 25, "en", "expected 0 to 24"),
    ],
)
def test_a_baseline_that_is_not_there_is_an_error(model, layer, language, told):
    with pytest.raises(UsageError) as error:
        baseline(model, layer, language)
    assert told in str(error.value)


def test_of_many_baselines_a_few_are_named(package):
    for number in range(30):
        (package / "rescale_baseline" / "en" / f"net-{number}.tsv").write_text("LAYER,P,R,F\n")
    with pytest.raises(UsageError) as error:
        baseline("minilm", 6, "en")
    assert "and 30 others" in error.value.hint
    assert error.value.hint.count(", ") == 4


def test_the_metric_refuses_to_rescale_without_a_baseline():
    with pytest.raises(UsageError, match="no baseline for"):
        BertScore(model="minilm", rescale=True)


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("vlmeval_cli.resources.bert_score_baselines.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as error:
        BertScore(rescale=True)
    assert "pip install bert-score" in error.value.hint


def test_rescaling_moves_an_empty_text_far_below_zero():
    """(0 - b) / (1 - b), each of its own b; and --missing worst counts that."""
    outputs = {output.name: output for output in BertScore(rescale=True).outputs()}
    assert outputs["bert_score_precision"].worst == pytest.approx(-0.0171 / (1 - 0.0171))
    assert outputs["bert_score_f1"].worst == pytest.approx(-0.0173 / (1 - 0.0173))
    assert BertScore(rescale=True).worst_row()[2] == pytest.approx(-0.0173 / (1 - 0.0173))
