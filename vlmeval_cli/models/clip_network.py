"""A CLIP-like network on a device: texts and pixels in, vectors of one space out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.models.batching import OutOfMemory
from vlmeval_cli.models.devices import Device
from vlmeval_cli.models.images import Pixels, Preparation
from vlmeval_cli.models.loading import Located
from vlmeval_cli.models.networks import (
    encodable,
    settings_of,
    tokenizer_of,
    transformers_for,
    unusable,
)
from vlmeval_cli.models.whole_networks import load_whole

_USUAL_LIMITS = {"clip": 77, "siglip": 64}  # transformers leaves out what is usual
_WHOLE_LENGTH = ("siglip",)  # trained on texts that are filled up to the limit
_IN_PATCHES = ("siglip2",)  # takes images of any shape, cut into patches
_FOR_TRAINING = ("logit_scale", "logit_bias")  # weights that no vector hangs on
_NO_LIMIT = 10**9  # tokenizers without a limit of their own say 1e30
_LOADED: dict[tuple[str, Device], Any] = {}


@dataclass(frozen=True, slots=True)
class ClipTexts:
    """How texts become tokens for a network of texts and images.

    Attributes:
        tokenizer: its own.
        limit: tokens that the network takes, the special ones included.
        fills_up: texts are filled up to the limit, and nothing says which tokens count.
    """

    tokenizer: Any
    limit: int
    fills_up: bool

    @classmethod
    def of(cls, located: Located, user: str) -> ClipTexts:
        """From the folder of a network."""
        config = settings_of(located.path, "config.json")
        tokenizer = tokenizer_of(located, user)
        kind = str(config.get("model_type"))
        limit = int(min(tokenizer.model_max_length, _NO_LIMIT))
        positions = (config.get("text_config") or config).get("max_position_embeddings")
        if kind in _USUAL_LIMITS:  # tokenizers of models for long texts still say 77
            limit = int(positions or _USUAL_LIMITS[kind])
        elif positions:
            limit = min(limit, int(positions))
        return cls(tokenizer, limit, kind in _WHOLE_LENGTH)

    def tokens(self, texts: Sequence[str]) -> tuple[list[list[int]], Ints]:
        """Tokens of texts, and how many each lost; those of beginning and end are kept."""
        texts = [*map(encodable, texts)]
        ids = self.tokenizer(texts, add_special_tokens=True).input_ids if texts else []
        n_cut = np.array([max(len(own) - self.limit, 0) for own in ids], dtype=np.int64)
        long = np.flatnonzero(n_cut).tolist()
        if long:
            shorter = self.tokenizer(
                [texts[i] for i in long],
                add_special_tokens=True,
                truncation=True,
                max_length=self.limit,
            ).input_ids
            for i, own in zip(long, shorter, strict=True):
                ids[i] = own
        return ids, n_cut

    def filled(self, ids: Sequence[Sequence[int]]) -> tuple[Ints, Ints | None]:
        """Tokens of a batch as one array, and which of them count where that must be said."""
        longest = self.limit if self.fills_up else max(map(len, ids))
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        inside = np.arange(longest) < lengths[:, None]
        filled = np.full(inside.shape, self.tokenizer.pad_token_id or 0, dtype=np.int64)
        filled[inside] = np.concatenate([np.asarray(own, dtype=np.int64) for own in ids])
        return filled, None if self.fills_up or inside.all() else inside.astype(np.int64)


@dataclass(frozen=True, slots=True)
class ClipNetwork:
    """A network of texts and images, on one device."""

    model: Any
    device: Device

    @classmethod
    def of(cls, located: Located, device: Device, user: str) -> ClipNetwork:
        """The network of a folder, loaded once per process and device.

        Raises:
            ModelError: it cannot be loaded, or encodes texts alone.
        """
        key = located.digest, device
        if key not in _LOADED:
            _LOADED[key] = _load(located, device, user)
        return cls(_LOADED[key], device)

    def text_features(self, texts: ClipTexts, ids: Sequence[Sequence[int]]) -> Any:  # noqa: ANN401  (a tensor)
        """Vectors of a batch of texts, on the device.

        Raises:
            OutOfMemory: the device has no memory for them.
        """
        import torch

        filled, inside = texts.filled(ids)
        with self.device.inference():
            given = {"input_ids": self.device.put(torch.from_numpy(filled))}
            if inside is not None:
                given["attention_mask"] = self.device.put(torch.from_numpy(inside))
            return _pooled(self.model.get_text_features(**given))

    def image_features(self, pixels: Pixels, how: Preparation) -> Any:  # noqa: ANN401  (a tensor)
        """Vectors of a batch of images, on the device; of its halves where it has no memory.

        Raises:
            OutOfMemory: the device has no memory for one image.
        """
        import torch

        try:
            return self._seen(pixels, how)
        except OutOfMemory:
            if len(pixels) == 1:
                raise
        half = (len(pixels) + 1) // 2
        return torch.cat(
            [self.image_features(some, how) for some in (pixels[:half], pixels[half:])]
        )

    def _seen(self, pixels: Pixels, how: Preparation) -> Any:  # noqa: ANN401  (a tensor)
        """Bytes travel to the device, a quarter of what float32 takes, and are normalised there."""
        import torch

        device = self.device
        with device.inference():
            given = device.put(torch.from_numpy(pixels)).permute(0, 3, 1, 2).float() / 255
            mean, std = (
                torch.tensor(three, device=device.name).reshape(3, 1, 1)
                for three in (how.mean, how.std)
            )
            numbers = ((given - mean) / std).contiguous().to(device.torch_dtype)
            return _pooled(self.model.get_image_features(pixel_values=numbers))


def forget_clip_networks() -> None:
    """Free the memory of every such network that this process holds."""
    _LOADED.clear()


def _pooled(found: Any) -> Any:  # noqa: ANN401  (of transformers)
    """The projected features: transformers 5 returns them in an object, 4 as they are."""
    return getattr(found, "pooler_output", found)


def _load(located: Located, device: Device, user: str) -> Any:  # noqa: ANN401  (a network)
    transformers = transformers_for(user)
    try:
        network = load_whole(
            transformers.AutoModel.from_pretrained,
            lambda whole: _of_texts_and_images(whole, located, user),
            located,
            user,
            unused=_FOR_TRAINING,
            dtype=device.torch_dtype,
        )
    except ModelError:
        raise
    except Exception as error:  # each architecture fails in its own way
        raise unusable(located, user, "its weights", error) from error
    return network.eval().to(device.name)


def _of_texts_and_images(network: Any, located: Located, user: str) -> Any:  # noqa: ANN401  (a network)
    """The network, if it is one.

    Raises:
        ModelError: it is another kind.
    """
    if network.config.model_type in _IN_PATCHES:
        raise ModelError(
            f"{user}: {located.name} takes images cut into patches, which is not supported",
            hint="Name the variant of fixed size, such as google/siglip2-base-patch16-224.",
        )
    if not all(hasattr(network, f"get_{kind}_features") for kind in ("text", "image")):
        raise ModelError(
            f"{user}: {located.name} is no network of texts and images "
            f"(transformers loads a {type(network).__name__})",
            hint="Name a CLIP or SigLIP model, such as openai/clip-vit-base-patch32.",
        )
    return network
