"""The files of a BLEURT checkpoint: its sizes, tokenizer and weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.core.optional import require
from vlmeval_cli.models.bleurt_forward import Weights
from vlmeval_cli.models.bleurt_shape import BleurtShape, check_weights, most_tokens, plain_name
from vlmeval_cli.models.devices import Device
from vlmeval_cli.models.loading import EXTRA, Located
from vlmeval_cli.models.networks import settings_of
from vlmeval_cli.models.pair_tokens import PairTokenizer

_FILES = ("model*.safetensors", "pytorch_model*.bin")  # whole, or in numbered parts
_LOADED: dict[tuple[str, str], Weights] = {}  # by digest and name of the device
_TOKENIZERS: dict[str, PairTokenizer] = {}


def shape_of(located: Located) -> BleurtShape:
    """The sizes that config.json states.

    Raises:
        ModelError: it describes another kind of network.
    """
    file = located.path / "config.json"
    return BleurtShape.of(settings_of(located.path, file.name), str(file))


def limit_of(located: Located) -> int:
    """How many tokens a pair may have."""
    config = settings_of(located.path, "config.json")
    tokenizer = settings_of(located.path, "tokenizer_config.json")
    return most_tokens(shape_of(located), config, tokenizer, located.name)


def pair_tokenizer_of(located: Located, user: str) -> PairTokenizer:
    """The tokenizer, loaded once per process.

    Raises:
        ModelError: there is none that can be read.
    """
    if located.digest not in _TOKENIZERS:
        settings = settings_of(located.path, "tokenizer_config.json")
        _TOKENIZERS[located.digest] = PairTokenizer.of(located.path, settings, user)
    return _TOKENIZERS[located.digest]


def weights_of(located: Located, device: Device, user: str) -> Weights:
    """The weights on the device, float32, loaded once per process.

    Raises:
        ModelError: they are not those that config.json describes.
    """
    key = located.digest, device.name
    if key not in _LOADED:
        found = _read(located.path, user)
        shape = shape_of(located)
        sizes = {name: tuple(tensor.shape) for name, tensor in found.items()}
        check_weights(shape, sizes, str(located.path))
        _LOADED[key] = {name: found[name].float().to(device.name) for name in shape.weights()}
    return _LOADED[key]


def _read(folder: Path, user: str) -> dict[str, Any]:
    """The tensors of the files of weights, by the port's names without its prefix."""
    torch = require("torch", extra=EXTRA, user=user)
    safe = require("safetensors.torch", extra=EXTRA, user=user)
    files = next(filter(None, (sorted(folder.glob(name)) for name in _FILES)), [])
    found: dict[str, Any] = {}
    for file in files:
        try:
            if file.suffix == ".safetensors":
                part = safe.load_file(file)
            else:
                part = torch.load(file, map_location="cpu", weights_only=True)
            found |= {plain_name(name): tensor for name, tensor in part.items()}
        except Exception as error:  # both libraries raise errors of their own for broken files
            reason = str(error).strip().partition("\n")[0]
            raise ModelError(f"{file}: cannot be read as weights ({reason})") from error
    return found
