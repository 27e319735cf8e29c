"""BLEURT: a network that reads a reference and a prediction together and gives one number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.models.batching import OutOfMemory, encode_in_batches
from vlmeval_cli.models.bleurt_checkpoint import (
    limit_of,
    pair_tokenizer_of,
    shape_of,
    weights_of,
)
from vlmeval_cli.models.bleurt_forward import regress
from vlmeval_cli.models.bleurt_shape import BleurtShape
from vlmeval_cli.models.cache import EncodingCache
from vlmeval_cli.models.columns import Provenance, Vectors
from vlmeval_cli.models.devices import Copies, Device
from vlmeval_cli.models.kept_scores import KeptScores
from vlmeval_cli.models.loading import Located, locate
from vlmeval_cli.models.networks import versions
from vlmeval_cli.models.pair_scores import Bools
from vlmeval_cli.models.pair_tokens import Pairs

OWNER = "lucadiliello"  # who keeps the PyTorch port's checkpoints on the hub
_MILLIONS = {"BLEURT-20": 579, "BLEURT-20-D12": 167, "BLEURT-20-D6": 45, "BLEURT-20-D3": 30}
_ENGLISH = ("large-512", "large-128", "base-512", "base-128", "tiny-512", "tiny-128")
CHECKPOINTS = (*_MILLIONS, *(f"bleurt-{size}" for size in _ENGLISH))
# Tokens of a batch. On a CPU small batches lose nothing, and little of them is padding.
_BUDGET = {"cpu": 512, "mps": 8_192, "cuda": 65_536}
_AT_ONCE = 1_024  # pairs between two writes to the cache
_REVISION = 1  # raised when the same weights and texts give other scores
_SILENT = NoProgress()


class PairScores(NamedTuple):
    """Scores of pairs, float64, and which pairs were cut; shape (n,) each."""

    scores: Array
    cut: Bools


@dataclass(frozen=True, slots=True)
class Bleurt:
    """A BLEURT checkpoint. Its weights are loaded when the cache lacks a score.

    Attributes:
        located: the weights.
        policy: where it runs, and whether there is a cache.
        user: what needs it, for messages.
        progress: told how far it is, and when the cache has to be made anew.
    """

    located: Located
    policy: ModelPolicy
    user: str = "bleurt"
    progress: Progress = _SILENT

    @classmethod
    def called(
        cls, name: str, policy: ModelPolicy, *, user: str = "bleurt", progress: Progress = _SILENT
    ) -> Bleurt:
        """The checkpoint called ``name``: a folder, or a name on the Hugging Face hub.

        Raises:
            ModelError: it is not there, or is in the original's TensorFlow format.
        """
        if (Path(name).expanduser() / "saved_model.pb").is_file():
            raise ModelError(
                f"{name}: this is BLEURT's original TensorFlow format, expected PyTorch weights",
                hint=f"The same checkpoints in PyTorch: {_names()}.",
            )
        try:
            located = locate(name, user=user, offline=policy.offline, tell=progress.tell)
        except ModelError as error:
            raise ModelError(error.message, hint=f"{error.hint} {_other(name)}") from error
        return cls(located, policy, user, progress)

    def scores(self, references: Sequence[str], predictions: Sequence[str]) -> PairScores:
        """The score of each prediction with the reference at the same place.

        Raises:
            ModelError: the files are no BLEURT checkpoint.
        """
        scores, cut = np.full(len(references), np.nan), np.zeros(len(references), dtype=bool)
        most = limit_of(self.located)
        space = f"bleurt|{_REVISION}|{self.located.digest}|{most}|{self.policy.dtype}"
        cache = EncodingCache.of(self.policy, self.progress.tell)
        kept = KeptScores.of(cache, space, references, predictions)
        left = kept.take(scores, cut)
        if left.size:
            tokenizer = pair_tokenizer_of(self.located, self.user)
            places = left.tolist()
            pairs = tokenizer.pairs(
                [references[i] for i in places], [predictions[i] for i in places], most
            )
            cut[left] = pairs.cut
            shape = shape_of(self.located)
            _check_ids(pairs, shape, self.located)
            self.progress.start(f"rating pairs ({self.located.name})", len(places))
            for some, found in self.rated(pairs, shape):
                self.progress.advance(len(some))
                scores[left[some]] = found
                kept.keep(left[some], scores, cut)
        return PairScores(scores, cut)

    def provenance(self) -> Provenance:
        """The weights and numbers, and the versions of what computes with them."""
        return Provenance(
            {"weights": self.located.digest, "dtype": self.policy.dtype},
            {**versions(), "device": self.policy.device, "model_source": self.located.source},
        )

    def rated(self, pairs: Pairs, shape: BleurtShape) -> Iterator[tuple[Ints, Array]]:
        """Places of pairs and their scores, so many at a time, the longest first.

        Raises:
            ModelError: the device has no memory for one pair.
        """
        device = Device.of(self.policy, self.user)
        order = np.argsort(-pairs.lengths, kind="stable")
        for start in range(0, len(order), _AT_ONCE):
            places = order[start : start + _AT_ONCE]
            try:
                yield places, self._rated_here(pairs, places, shape, device)
            except OutOfMemory as error:
                raise ModelError(
                    f"{self.user}: {device.name} has no memory for {self.located.name} and one "
                    "pair of texts",
                    hint="Take --device cpu, --dtype bf16, or a smaller checkpoint.",
                ) from error

    def _rated_here(self, pairs: Pairs, places: Ints, shape: BleurtShape, device: Device) -> Array:
        import torch

        weights = weights_of(self.located, device, self.user)
        scores = np.full(len(places), np.nan)

        def deliver(own: Ints, found: Vectors) -> None:
            scores[own] = found

        copies = Copies(device, deliver)

        def encode(own: Ints) -> None:
            ids, segments, lengths = map(torch.from_numpy, padded(pairs, places[own]))
            is_padded = bool((lengths < ids.shape[1]).any())
            with device.inference(), _products(device):
                given = device.put(ids), device.put(segments)
                known = device.put(lengths) if is_padded else None
                copies.add(own, regress(weights, shape, *given, known))

        lengths = pairs.lengths[places]
        budget = (self.policy.batch_size or 0) * int(lengths.max()) or _BUDGET[device.kind]
        encode_in_batches(lengths, budget, encode, self.policy.batch_size)
        copies.finish()
        return scores


def padded(pairs: Pairs, places: Ints) -> tuple[Ints, Ints, Ints]:
    """Token ids and segments of the pairs at ``places``, padded at the end, and their lengths.

    Returns:
        Shapes (pairs, longest) twice, and (pairs,).
    """
    lengths = pairs.lengths[places]
    column = np.arange(int(lengths.max(initial=1)))
    inside = column < lengths[:, None]
    ids = np.zeros(inside.shape, dtype=np.int64)
    ids[inside] = np.concatenate([pairs.ids[place] for place in places.tolist()])
    second = inside & (column >= pairs.first[places][:, None])
    return ids, second.astype(np.int64), lengths


def _check_ids(pairs: Pairs, shape: BleurtShape, located: Located) -> None:
    """Refuse a tokenizer that knows more tokens than the network: it is another one's."""
    highest = max((int(ids.max()) for ids in pairs.ids), default=0)
    if highest >= shape.vocabulary:
        raise ModelError(
            f"{located.path}: the tokenizer gives the token {highest}, and the network knows "
            f"{shape.vocabulary:,} tokens",
            hint="Copy the tokenizer and the weights of one checkpoint into the folder.",
        )


def _products(device: Device) -> AbstractContextManager[Any]:
    """Products in the device's numbers; norms and sums stay in float32."""
    import torch

    if device.dtype == "float32":
        return nullcontext()
    casting: AbstractContextManager[Any] = torch.autocast(device.kind, device.torch_dtype)
    return casting


def _other(name: str) -> str:
    """What may have been meant, or can be had."""
    if name in CHECKPOINTS:
        return f'Did you mean "{OWNER}/{name}"?'
    return (
        f"Checkpoints: {_names()}. Light metrics in its place: bert_score:model=minilm, "
        "semantic_similarity:model=minilm."
    )


def _names() -> str:
    """The checkpoints with their sizes in float32, 4 bytes a weight."""
    return ", ".join(
        f"{OWNER}/{name} ({4 * size / 1000:.1f} GB)" for name, size in _MILLIONS.items()
    )
