"""Baselines for rescaling BERTScore, read from the tables of the installed package bert-score.

A baseline is the score of unrelated sentences in one language, for each encoder and layer. A local
folder is that of an encoder it has a table for if its ``config.json`` describes the same network.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from vlmeval_cli.core.errors import MissingExtraError, UsageError, quoted
from vlmeval_cli.resources.bert_score_layers import short_name

_FOLDER = "rescale_baseline"
_SHOWN = 5  # names in a hint
_USUAL = ("roberta-large", "xlm-roberta-base")  # named first


class Baseline(NamedTuple):
    """Scores of unrelated sentences."""

    precision: float
    recall: float
    f1: float


class _Network(NamedTuple):
    """What a ``config.json`` says of a network, and what it was tuned for ("" for nothing)."""

    kind: str
    width: int
    layers: int
    vocabulary: int
    purpose: str = ""


_NETWORKS: Final[Mapping[_Network, tuple[str, ...]]] = {
    _Network("bert", 768, 12, 30522): ("bert-base-uncased",),
    _Network("bert", 1024, 24, 30522): ("bert-large-uncased",),
    _Network("bert", 768, 12, 28996, "mrpc"): ("bert-base-cased-finetuned-mrpc",),
    _Network("bert", 768, 12, 119547): ("bert-base-multilingual-cased",),
    _Network("bert", 768, 12, 21128): ("bert-base-chinese",),
    _Network("bert", 768, 12, 31090): ("allenai/scibert_scivocab_uncased",),
    _Network("distilbert", 768, 6, 30522): ("distilbert-base-uncased",),
    _Network("distilbert", 768, 6, 30522, "squad"): ("distilbert-base-uncased-distilled-squad",),
    _Network("distilbert", 768, 6, 119547): ("distilbert-base-multilingual-cased",),
    _Network("roberta", 768, 6, 50265): ("distilroberta-base",),
    _Network("roberta", 768, 12, 50265): ("roberta-base",),
    _Network("roberta", 1024, 24, 50265): ("roberta-large",),
    _Network("roberta", 1024, 24, 50265, "mnli"): ("roberta-large-mnli",),
    _Network("xlm-roberta", 768, 12, 250002): ("xlm-roberta-base",),
    _Network("xlm-roberta", 1024, 24, 250002): ("xlm-roberta-large",),
    _Network("xlm", 2048, 12, 30145): ("xlm-mlm-en-2048",),
    _Network("xlm", 1280, 16, 200000): ("xlm-mlm-100-1280",),
    _Network("xlnet", 768, 12, 32000): ("xlnet-base-cased",),
    _Network("xlnet", 1024, 24, 32000): ("xlnet-large-cased",),
    _Network("albert", 768, 12, 30000): ("albert-base-v1", "albert-base-v2"),
    _Network("albert", 1024, 24, 30000): ("albert-large-v1", "albert-large-v2"),
    _Network("albert", 2048, 24, 30000): ("albert-xlarge-v1", "albert-xlarge-v2"),
    _Network("albert", 4096, 12, 30000): ("albert-xxlarge-v1", "albert-xxlarge-v2"),
    _Network("deberta", 768, 12, 50265): ("microsoft/deberta-base",),
    _Network("deberta", 768, 12, 50265, "mnli"): ("microsoft/deberta-base-mnli",),
    _Network("deberta", 1024, 24, 50265): ("microsoft/deberta-large",),
    _Network("deberta", 1024, 24, 50265, "mnli"): ("microsoft/deberta-large-mnli",),
    _Network("deberta", 1024, 48, 50265): ("microsoft/deberta-xlarge",),
    _Network("deberta", 1024, 48, 50265, "mnli"): ("microsoft/deberta-xlarge-mnli",),
}


def baseline(model: str, layer: int, language: str) -> Baseline:
    """The baseline of a layer of an encoder.

    Args:
        model: its name, or the folder that holds it.
        layer: which hidden states are compared.
        language: of the texts, as bert-score calls it: en, de, zh, en-sci, …

    Raises:
        MissingExtraError: bert-score is not installed.
        UsageError: it has no baseline for them.
    """
    folder = _tables() / language
    table = folder / f"{_table_name(model)}.tsv"
    if not table.is_file():
        known = sorted(str(path.relative_to(folder))[:-4] for path in folder.rglob("*.tsv"))
        raise UsageError(
            f"bert_score:rescale: bert-score has no baseline for {quoted(model)} "
            f"in the language {quoted(language)}",
            hint=_offer(known, language),
        )
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if not 0 <= layer < len(rows):
        raise UsageError(
            f"bert_score:rescale: bert-score has no baseline for layer {layer} of {quoted(model)}, "
            f"expected 0 to {len(rows) - 1}"
        )
    return Baseline(*(float(rows[layer][column]) for column in "PRF"))


def _tables() -> Path:
    spec = find_spec("bert_score")  # importing it would load torch, pandas and matplotlib
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise MissingExtraError(
            "bert_score:rescale reads the tables of the package bert-score, which is not installed",
            hint="Run: pip install bert-score",
        )
    return Path(places[0]) / _FOLDER


def _offer(known: list[str], language: str) -> str:
    if known:
        more = f" and {len(known) - _SHOWN} others" if len(known) > _SHOWN else ""
        shown = sorted(known, key=lambda name: (name not in _USUAL, name))[:_SHOWN]
        return f"It has some for {', '.join(shown)}{more}. Or leave out rescale."
    languages = sorted(path.name for path in _tables().iterdir() if path.is_dir())
    return f"It knows no language {quoted(language)}, only {', '.join(languages)}."


def _table_name(model: str) -> str:
    """The encoder whose table is that of ``model``."""
    config = Path(model) / "config.json"
    if not config.is_file():
        return short_name(model)
    try:
        facts = json.loads(config.read_text("utf-8"))
        network = _network(facts)
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{config}: got {quoted(error)}, expected what Hugging Face saves"
        ) from error
    names = _NETWORKS.get(network, ())
    own = {short_name(str(facts.get("_name_or_path"))), Path(model).resolve().name}
    if len(names) > 1:  # versions that differ in nothing but their training
        names = tuple(name for name in names if name in own)
    if len(names) == 1:
        return names[0]
    raise UsageError(
        f"bert_score:rescale: {quoted(config)} describes a network that no baseline of bert-score "
        f"belongs to: {network.kind}, {network.layers} layers of {network.width}, "
        f"{network.vocabulary} tokens{_tuned(network.purpose)}",
        hint="Leave out rescale, or name the encoder it was made from.",
    )


def _tuned(purpose: str) -> str:
    return f", tuned for {purpose}" if purpose else ""


def _network(facts: Mapping[str, Any]) -> _Network:
    def first(*names: str) -> Any:  # noqa: ANN401  (JSON)
        return next((facts[name] for name in names if name in facts), None)

    return _Network(
        str(first("model_type")),
        int(first("hidden_size", "dim", "emb_dim", "d_model") or 0),
        int(first("num_hidden_layers", "n_layers", "n_layer") or 0),
        int(first("vocab_size", "n_words") or 0),
        _purpose(facts),
    )


def _purpose(facts: Mapping[str, Any]) -> str:
    """What an encoder was tuned for, as far as its configuration tells."""
    tasks = " ".join(facts.get("architectures") or ())
    labels = {str(label).lower() for label in (facts.get("label2id") or {})}
    if "entailment" in labels:
        return "mnli"
    if "QuestionAnswering" in tasks:
        return "squad"
    if "Classification" in tasks:
        return str(facts.get("finetuning_task") or "a classification")
    return ""
