"""Networks and tokenizers from folders, each loaded once per process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vlmeval_cli.core.errors import ModelError, UsageError
from vlmeval_cli.core.optional import require
from vlmeval_cli.models.devices import Device
from vlmeval_cli.models.loading import EXTRA, Located

LIBRARIES = ("torch", "transformers", "tokenizers", "sentencepiece")
_PREFIXED = ("Roberta", "GPT2")  # as bert-score does: the first word is " word" to them
_NO_LIMIT = 10**9  # tokenizers without a limit of their own say 1e30
_USUAL_LIMIT = 512
_WIDTHS = ("hidden_size", "d_model", "dim", "n_embd", "emb_dim")
# Networks whose positions begin behind the number of the padding token.
_OFFSET = frozenset({"roberta", "xlm-roberta", "camembert", "longformer", "mpnet"})
_LOADED: dict[tuple[str, int | None, Device], Any] = {}
_TOKENIZERS: dict[str, Any] = {}


def versions() -> dict[str, str]:
    """Versions of the libraries that compute, without importing them."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def transformers_for(user: str) -> Any:  # noqa: ANN401  (the module)
    """The module transformers, which neither talks nor reports.

    Raises:
        MissingExtraError: it is not installed.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    require("torch", extra=EXTRA, user=user)
    transformers = require("transformers", extra=EXTRA, user=user)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def tokenizer_of(located: Located, user: str) -> Any:  # noqa: ANN401  (a tokenizer)
    """The tokenizer in the folder of a network.

    Raises:
        ModelError: there is none that can be read.
    """
    if located.digest not in _TOKENIZERS:
        load = transformers_for(user).AutoTokenizer.from_pretrained
        try:
            found = load(located.path, local_files_only=True)
            if type(found).__name__.startswith(_PREFIXED):
                found = load(located.path, local_files_only=True, add_prefix_space=True)
        except Exception as error:  # each tokenizer fails in its own way
            raise unusable(located, user, "its tokenizer", error) from error
        _TOKENIZERS[located.digest] = found
    return _TOKENIZERS[located.digest]


def network_of(located: Located, layer: int | None, device: Device, user: str) -> Any:  # noqa: ANN401  (a network)
    """The encoder of a network up to ``layer``, on the device; None takes all layers.

    Raises:
        UsageError: it has no such layer.
        ModelError: its weights cannot be read.
    """
    key = located.digest, layer, device
    if key not in _LOADED:
        transformers = transformers_for(user)
        try:
            config = transformers.AutoConfig.from_pretrained(located.path, local_files_only=True)
            _check_layer(config.num_hidden_layers, layer, located, user)
            if layer is not None:
                config.num_hidden_layers = layer  # what lies behind it is not even loaded
            network = transformers.AutoModel.from_pretrained(
                located.path, config=config, dtype=device.torch_dtype, local_files_only=True
            )
        except UsageError:
            raise
        except Exception as error:  # each architecture fails in its own way
            raise unusable(located, user, "its weights", error) from error
        network = network.get_encoder() if config.is_encoder_decoder else network
        _LOADED[key] = network.eval().to(device.name)
    return _LOADED[key]


def forget_networks() -> None:
    """Free the memory of every network that this process holds."""
    _LOADED.clear()
    _TOKENIZERS.clear()


def most_tokens(tokenizer: Any, located: Located) -> int:  # noqa: ANN401  (a tokenizer)
    """How many tokens a text may have, the special ones included.

    The network's own number of positions bounds what the tokenizer says, and stands in for it
    where it says 1e30.
    """
    config = settings_of(located.path, "config.json")
    own = int(min(tokenizer.model_max_length, _NO_LIMIT))
    positions = config.get("max_position_embeddings")
    if not positions:
        return own if own < _NO_LIMIT else _USUAL_LIMIT
    start = int(config.get("pad_token_id", 1)) + 1 if config.get("model_type") in _OFFSET else 0
    return min(own, int(positions) - start)


def width_of(located: Located, user: str) -> int:
    """Numbers of a vector of the network."""
    config = settings_of(located.path, "config.json")
    for name in _WIDTHS:
        if isinstance(config.get(name), int):
            return int(config[name])
    own = transformers_for(user).AutoConfig.from_pretrained(located.path, local_files_only=True)
    return int(own.hidden_size)


def settings_of(folder: Path, name: str) -> Mapping[str, Any]:
    """A JSON file of a network's folder; empty where there is none."""
    try:
        found = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def unusable(located: Located, user: str, what: str, error: Exception) -> ModelError:
    """The error for a network on disk that cannot be used."""
    first = str(error).strip().partition("\n")[0]
    return ModelError(
        f"{user}: {located.name} ({located.path}): {what} cannot be used: {first}",
        hint="Fetch it anew, or name another model.",
    )


def _check_layer(layers: int, layer: int | None, located: Located, user: str) -> None:
    if layer is not None and not 0 <= layer <= layers:
        raise UsageError(
            f"{user}: got layer {layer} of {located.name}, expected one from 0 to {layers}",
            hint="0 are the embeddings, before the first layer.",
        )
