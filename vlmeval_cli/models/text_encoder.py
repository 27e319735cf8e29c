"""Text encoders: vectors of tokens and of sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Ints, offsets_of
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.core.optional import require
from vlmeval_cli.models.batching import encode_in_batches
from vlmeval_cli.models.columns import Provenance, TokenVectors, Vectors
from vlmeval_cli.models.devices import EXTRA, Device
from vlmeval_cli.models.loading import Located

_LIBRARIES = ("torch", "transformers", "tokenizers")
_PREFIXED = ("Roberta", "GPT2")  # tokenizers to which the first word is " word", as to bert-score
_NO_LIMIT = 10**9  # tokenizers without a limit of their own say 1e30
_USUAL_LIMIT = 512
_BUDGET = {"cpu": 2048, "mps": 8192, "cuda": 65536}  # tokens of a batch
_LOADED: dict[tuple[str, int | None, Device], Any] = {}
_TOKENIZERS: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """A text encoder; its weights are loaded when something must be encoded."""

    located: Located
    policy: ModelPolicy
    user: str = "an embedding metric"

    @classmethod
    def of(
        cls, located: Located, policy: ModelPolicy, user: str = "an embedding metric"
    ) -> TextEncoder:
        """The encoder whose weights lie at ``located``."""
        return cls(located, policy, user)

    def token_vectors(self, texts: Sequence[str], layer: int | None) -> TokenVectors:
        """Vectors of the tokens of ``texts`` after ``layer``; None is the last one.

        Texts are stripped; the special tokens of the tokenizer are among the tokens, and are all
        that an empty text has.
        """
        coded = self._tokens([text.strip() for text in texts], None)
        lengths = np.array([*map(len, coded.ids)], dtype=np.int64)
        offsets = offsets_of(lengths)
        out = np.zeros((int(offsets[-1]), self._width()), dtype=np.float32)
        for places, states in self._states(coded.ids, lengths, layer, out.shape[1]):
            for place, state in zip(places.tolist(), states, strict=True):
                out[offsets[place] : offsets[place + 1]] = state[: lengths[place]]
        flat = [one for ids in coded.ids for one in ids]
        return TokenVectors(out, offsets, np.array(flat, dtype=np.int32), coded.n_cut)

    def sentence_vectors(self, texts: Sequence[str]) -> tuple[Vectors, Ints]:
        """A vector of length 1 for each text, shape (n, d), and how many tokens each lost.

        It is the mean of the vectors of the text's tokens.
        """
        found = self.token_vectors(texts, None)
        sums = np.add.reduceat(found.vectors.astype(np.float64), found.offsets[:-1], axis=0)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return (sums / np.maximum(norms, 1e-12)).astype(np.float32), found.n_cut

    def provenance(self) -> Provenance:
        """The weights, and the versions of what computes with them."""
        versions = {name: _version(name) for name in _LIBRARIES}
        return Provenance(
            {"weights": self.located.digest, "dtype": self.policy.dtype},
            {**versions, "device": self.policy.device},
        )

    def _width(self) -> int:
        config = json.loads((self.located.path / "config.json").read_text("utf-8"))
        return int(config.get("hidden_size") or config.get("d_model") or config["dim"])

    def _tokens(self, texts: Sequence[str], limit: int | None) -> _Coded:
        tokenizer = _tokenizer(self.located, self.user)
        most = limit or _limit(tokenizer, self.located)
        whole = tokenizer([*texts], add_special_tokens=True).input_ids if texts else []
        cut = np.array([max(len(ids) - most, 0) for ids in whole], dtype=np.int64)
        long = np.flatnonzero(cut).tolist()
        if long:
            shorter = tokenizer(
                [texts[i] for i in long], add_special_tokens=True, truncation=True, max_length=most
            ).input_ids
            for i, ids in zip(long, shorter, strict=True):
                whole[i] = ids
        return _Coded(whole, cut)

    def _states(
        self, ids: Sequence[Sequence[int]], lengths: Ints, layer: int | None, width: int
    ) -> Iterator[tuple[Ints, Any]]:
        import torch

        device = Device.of(self.policy, self.user)
        model = _model(self.located, layer, device, self.user)
        found: list[tuple[Ints, Any]] = []

        def encode(places: Ints) -> None:
            longest = int(lengths[places].max(initial=1))
            padded = torch.zeros((len(places), longest), dtype=torch.long)
            mask = torch.zeros((len(places), longest), dtype=torch.long)
            for row, place in enumerate(places.tolist()):
                padded[row, : lengths[place]] = torch.tensor(ids[place])
                mask[row, : lengths[place]] = 1
            with device.inference():
                states = model(device.put(padded), attention_mask=device.put(mask))[0]
            found.append((places, states.float().cpu().numpy()))

        encode_in_batches(lengths, _BUDGET[device.name], encode, self.policy.batch_size)
        yield from found


@dataclass(frozen=True, slots=True)
class _Coded:
    """Token ids of texts, and how many each lost."""

    ids: list[list[int]]
    n_cut: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def _tokenizer(located: Located, user: str) -> Any:  # noqa: ANN401  (a tokenizer)
    if located.digest not in _TOKENIZERS:
        transformers = _transformers(user)
        load = transformers.AutoTokenizer.from_pretrained
        found = load(located.path, local_files_only=True)
        if type(found).__name__.startswith(_PREFIXED):
            found = load(located.path, local_files_only=True, add_prefix_space=True)
        _TOKENIZERS[located.digest] = found
    return _TOKENIZERS[located.digest]


def _model(located: Located, layer: int | None, device: Device, user: str) -> Any:  # noqa: ANN401  (a model)
    key = located.digest, layer, device
    if key not in _LOADED:
        transformers = _transformers(user)
        config = transformers.AutoConfig.from_pretrained(located.path, local_files_only=True)
        if layer is not None:
            if not 0 <= layer <= config.num_hidden_layers:
                raise ModelError(
                    f"{user}: got layer {layer} of {located.name}, which has "
                    f"{config.num_hidden_layers} layers"
                )
            config.num_hidden_layers = layer
        model = transformers.AutoModel.from_pretrained(
            located.path, config=config, dtype=device.torch_dtype, local_files_only=True
        )
        _LOADED[key] = model.eval().to(device.name)
    return _LOADED[key]


def _transformers(user: str) -> Any:  # noqa: ANN401  (the module)
    require("torch", extra=EXTRA, user=user)
    transformers = require("transformers", extra=EXTRA, user=user)
    transformers.logging.set_verbosity_error()
    return transformers


def _limit(tokenizer: Any, located: Located) -> int:  # noqa: ANN401  (a tokenizer)
    """How many tokens a text may have, the special ones included."""
    config: Mapping[str, Any] = json.loads((located.path / "config.json").read_text("utf-8"))
    own = int(min(tokenizer.model_max_length, _NO_LIMIT))
    positions = config.get("max_position_embeddings")
    if own < _NO_LIMIT:
        return own
    return int(positions) if positions else _USUAL_LIMIT


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
