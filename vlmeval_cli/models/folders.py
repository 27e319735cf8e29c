"""What a folder must hold to be a network: a configuration, whole weights and a tokenizer."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_WEIGHTS = re.compile(r"(model|pytorch_model)(-\d+-of-(?P<of>\d+))?\.(safetensors|bin)")
_TOKENIZER = re.compile(r"tokenizer\.json|vocab\.(txt|json)|bpe\.codes|.*\.model")
_BY_BYTES = ("ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer")  # have no vocabulary


def lack_of(folder: Path) -> str:
    """What is not in the folder, for messages; nothing where it is a whole network."""
    if not (folder / "config.json").is_file():
        return "config.json"
    if not _has_whole_weights(folder):
        return "whole weights (model.safetensors or pytorch_model.bin)"
    if not _has_tokenizer(folder):
        return "a tokenizer (tokenizer.json, vocab.txt, vocab.json or a .model file)"
    return ""


def weights_in(folder: Path) -> Iterator[Path]:
    """The files of weights."""
    return (file for file in folder.iterdir() if _WEIGHTS.fullmatch(file.name))


def _has_whole_weights(folder: Path) -> bool:
    """Of several parts every one."""
    parts = [_WEIGHTS.fullmatch(file.name) for file in weights_in(folder)]
    counts = Counter(part["of"] for part in parts if part)
    return any(of is None or found >= int(of) for of, found in counts.items())


def _has_tokenizer(folder: Path) -> bool:
    if any(_TOKENIZER.fullmatch(file.name) for file in folder.iterdir()):
        return True
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and settings.get("tokenizer_class") in _BY_BYTES
