"""Networks that see texts and images in one space: CLIP, SigLIP, MetaCLIP and the like."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.core.optional import require
from vlmeval_cli.models.batching import OutOfMemory, encode_in_batches
from vlmeval_cli.models.columns import Provenance, TokenVectors, Vectors, whole
from vlmeval_cli.models.devices import EXTRA, Device
from vlmeval_cli.models.images import Picture, Pixels, Preparation, Unreadable, keys, pictures
from vlmeval_cli.models.loading import Located

PROMPT = "A photo depicts "  # in front of every text, as Hessel et al. do
_LIBRARIES = ("torch", "transformers", "tokenizers", "pillow")
_WHOLE_LENGTH = ("siglip", "siglip2")  # trained on texts that are filled up to the model's limit
_BUDGET = {"cpu": 2048, "mps": 8192, "cuda": 65536}  # tokens of a batch
_IMAGES = {"cpu": 32, "mps": 64, "cuda": 256}  # images of a batch
_WAITING = 4  # batches that the device may be behind
_NO_LIMIT = 10**9  # tokenizers without a limit of their own say 1e30
_LOADED: dict[tuple[str, Device], _Loaded] = {}


class _Loaded(NamedTuple):
    """A model ready to encode.

    Attributes:
        model: of transformers.
        tokenizer: its own.
        limit: tokens that it takes, the special ones included.
        fills_up: texts are filled up to the limit, and nothing says which tokens count.
    """

    model: Any
    tokenizer: Any
    limit: int
    fills_up: bool


class ImageVectors(NamedTuple):
    """What a model makes of images.

    Attributes:
        found: one vector for each source.
        reasons: place of a source → why it has none; its row is all zeros.
    """

    found: TokenVectors
    reasons: dict[int, str]


@dataclass(frozen=True, slots=True)
class ClipEncoder:
    """A model of texts and images; its weights are loaded when something must be encoded."""

    located: Located
    policy: ModelPolicy
    user: str = "clip_score"

    def text_vectors(self, texts: Sequence[str], *, is_plain: bool = False) -> TokenVectors:
        """A vector of each text, behind :data:`PROMPT` unless it is to stay plain.

        A text that is too long loses its last words and keeps the tokens of beginning and end.
        """
        given = [*texts] if is_plain else [PROMPT + text for text in texts]
        loaded, device = self._loaded()
        ids, n_cut = _tokens(loaded, given)
        lengths = np.array([*map(len, ids)], dtype=np.int64)
        parts: list[tuple[Ints, Vectors]] = []

        def encode(places: Ints) -> None:
            parts.append(
                (places, _text_features(loaded, device, [ids[i] for i in places.tolist()]))
            )

        encode_in_batches(lengths, _BUDGET[device.name], encode, self.policy.batch_size)
        return whole(_in_order(parts, len(ids)), n_cut)

    def image_vectors(self, sources: Sequence[str]) -> ImageVectors:
        """A vector of each image; sources are files, or addresses where those may be fetched."""
        known = keys(sources)
        alike: dict[str, int] = {}  # content → the first source that has it
        first = [alike.setdefault(key, i) if key else i for i, key in enumerate(known)]
        different = sorted(set(first))
        may_fetch = self.policy.fetch_images and not self.policy.offline
        found = pictures([sources[i] for i in different], self.preparation(), may_fetch=may_fetch)
        reasons: dict[int, str] = {}
        parts = [*self._seen(zip(different, found, strict=True), reasons)]
        vectors = _in_order(parts, len(sources))[first]
        lost = {i: reasons[k] for i, k in enumerate(first) if k in reasons}
        return ImageVectors(whole(vectors), {i: _told(sources[i], lost[i]) for i in lost})

    def preparation(self) -> Preparation:
        """How the model wants its images; as its files say, else as CLIP's own size asks for."""
        own = _json(self.located.path / "preprocessor_config.json")
        own = own or _json(self.located.path / "processor_config.json").get("image_processor", {})
        if own:
            return Preparation.of(own)
        vision = _json(self.located.path / "config.json").get("vision_config") or {}
        return Preparation.of({"size": vision.get("image_size", 224)})

    def provenance(self) -> Provenance:
        """The weights, and the versions of what computes with them."""
        versions = {name: _version(name) for name in _LIBRARIES}
        return Provenance(
            {"weights": self.located.digest, "dtype": self.policy.dtype},
            {**versions, "device": self.policy.device},
        )

    def _seen(
        self, found: Iterable[tuple[int, Picture | Unreadable]], reasons: dict[int, str]
    ) -> Iterator[tuple[Ints, Vectors]]:
        """Places and vectors of the images that can be read; of others the reasons are noted."""
        loaded, device = self._loaded()
        how = self.preparation()
        size = self.policy.batch_size or _IMAGES[device.name]
        readable = _readable(found, reasons)
        waiting: deque[tuple[Ints, Any]] = deque()
        while batch := [*islice(readable, size)]:
            places = np.array([place for place, _ in batch], dtype=np.int64)
            pixels = np.stack([one for _, one in batch])
            waiting.append((places, _image_features(loaded, device, how, pixels)))
            if len(waiting) > _WAITING:  # the device computes while images are decoded
                yield _on_host(*waiting.popleft())
        yield from (_on_host(*one) for one in waiting)

    def _loaded(self) -> tuple[_Loaded, Device]:
        device = Device.of(self.policy, self.user)
        key = self.located.digest, device
        if key not in _LOADED:
            _LOADED[key] = _load(self.located, device, self.user)
        return _LOADED[key], device


def _on_host(places: Ints, features: Any) -> tuple[Ints, Vectors]:  # noqa: ANN401  (a tensor)
    """Features that the device has computed, or is waited for to compute."""
    return places, features.float().cpu().numpy()


def _readable(
    found: Iterable[tuple[int, Picture | Unreadable]], reasons: dict[int, str]
) -> Iterator[tuple[int, Pixels]]:
    for place, one in found:
        if isinstance(one, Unreadable):
            reasons[place] = one.reason
        else:
            yield place, one.pixels


def _told(source: str, reason: str) -> str:
    """The name of a file, and what is wrong with it."""
    return f"{source}: {reason}"


def _in_order(parts: Iterable[tuple[Ints, Vectors]], n: int) -> Vectors:
    """Vectors by place, shape (n, d); zeros for those that are not there."""
    known = [*parts]
    width = known[0][1].shape[1] if known else 1
    out = np.zeros((n, width), dtype=np.float32)
    for places, vectors in known:
        out[places] = vectors
    return out


def _load(located: Located, device: Device, user: str) -> _Loaded:
    require("torch", extra=EXTRA, user=user)
    transformers = require("transformers", extra=EXTRA, user=user)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        model = transformers.AutoModel.from_pretrained(
            located.path, dtype=device.torch_dtype, local_files_only=True
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(located.path, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{located.path}: transformers cannot load it: {reason}") from error
    if not hasattr(model, "get_text_features") or not hasattr(model, "get_image_features"):
        raise ModelError(
            f"{user}: {located.name} is no model of texts and images "
            f"(transformers loads a {type(model).__name__})",
            hint="Name a CLIP or SigLIP model, such as openai/clip-vit-base-patch32.",
        )
    limit = _limit(model, tokenizer)
    fills_up = str(model.config.model_type) in _WHOLE_LENGTH
    return _Loaded(model.eval().to(device.name), tokenizer, limit, fills_up)


def _limit(model: Any, tokenizer: Any) -> int:  # noqa: ANN401  (of transformers)
    """How many tokens a text may have, the special ones included."""
    own = int(min(tokenizer.model_max_length, _NO_LIMIT))
    text = getattr(model.config, "text_config", model.config)
    positions = getattr(text, "max_position_embeddings", None)
    return min(own, int(positions)) if positions else own


def _tokens(loaded: _Loaded, texts: Sequence[str]) -> tuple[list[list[int]], Ints]:
    """Token ids of texts, and how many each lost."""
    tokenizer, limit = loaded.tokenizer, loaded.limit
    ids = tokenizer([*texts], add_special_tokens=True).input_ids if texts else []
    n_cut = np.array([max(len(one) - limit, 0) for one in ids], dtype=np.int64)
    long = np.flatnonzero(n_cut).tolist()
    if long:
        shorter = tokenizer(
            [texts[i] for i in long], add_special_tokens=True, truncation=True, max_length=limit
        ).input_ids
        for i, one in zip(long, shorter, strict=True):
            ids[i] = one
    return ids, n_cut


def _text_features(loaded: _Loaded, device: Device, ids: Sequence[Sequence[int]]) -> Vectors:
    import torch

    longest = loaded.limit if loaded.fills_up else max(map(len, ids))
    filler = loaded.tokenizer.pad_token_id or 0
    padded = torch.full((len(ids), longest), filler, dtype=torch.long)
    mask = torch.zeros((len(ids), longest), dtype=torch.long)
    for row, one in enumerate(ids):
        padded[row, : len(one)] = torch.tensor(one)
        mask[row, : len(one)] = 1
    given = {} if loaded.fills_up else {"attention_mask": device.put(mask)}
    with device.inference(), _memory_told():
        found = loaded.model.get_text_features(input_ids=device.put(padded), **given)
    vectors: Vectors = _pooled(found).float().cpu().numpy()
    return vectors


def _image_features(loaded: _Loaded, device: Device, how: Preparation, pixels: Pixels) -> Any:  # noqa: ANN401  (a tensor)
    """Features of images on the device; the half of them at a time where it has no memory."""
    try:
        return _features_of(loaded, device, how, pixels)
    except OutOfMemory:
        if len(pixels) == 1:
            raise
    import torch

    half = (len(pixels) + 1) // 2
    parts = [_image_features(loaded, device, how, some) for some in (pixels[:half], pixels[half:])]
    return torch.cat(parts)


def _features_of(loaded: _Loaded, device: Device, how: Preparation, pixels: Pixels) -> Any:  # noqa: ANN401  (a tensor)
    """Bytes travel to the device, a quarter of what float32 takes, and are normalised there."""
    import torch

    with device.inference(), _memory_told():
        given = device.put(torch.from_numpy(pixels))
        mean, std = (
            torch.tensor(values, device=device.name).reshape(3, 1, 1)
            for values in (how.mean, how.std)
        )
        numbers = (given.permute(0, 3, 1, 2).float() / 255 - mean) / std
        numbers = numbers.contiguous().to(device.torch_dtype)
        return _pooled(loaded.model.get_image_features(pixel_values=numbers))


def _pooled(found: Any) -> Any:  # noqa: ANN401  (of transformers)
    """The projected features: transformers 5 returns them in an object, 4 as they are."""
    return getattr(found, "pooler_output", found)


@contextmanager
def _memory_told() -> Iterator[None]:
    """Turns the out-of-memory errors of torch into :class:`OutOfMemory`."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        torch.cuda.empty_cache()
        raise OutOfMemory from error


def _json(file: Path) -> dict[str, Any]:
    """What a file says, nothing where there is none."""
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
