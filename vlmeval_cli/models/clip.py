"""Vectors of texts and images in one space, from the cache where it has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import cycle, islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.models.batching import OutOfMemory, encode_in_batches
from vlmeval_cli.models.cache import EncodingCache, Entry, keys_of
from vlmeval_cli.models.clip_network import ClipNetwork, ClipTexts
from vlmeval_cli.models.columns import Provenance, TokenVectors, Vectors, whole
from vlmeval_cli.models.devices import Copies, Device
from vlmeval_cli.models.images import Picture, Preparation, Unreadable, keys, pictures
from vlmeval_cli.models.loading import Located
from vlmeval_cli.models.memo import Memo
from vlmeval_cli.models.networks import settings_of, versions
from vlmeval_cli.models.passes import Gathered

PROMPT = "A photo depicts "  # in front of every text, as Hessel et al. do
_REVISION = 1  # raised when the same weights and value give other vectors
_BUDGET = {"cpu": 2_048, "mps": 8_192, "cuda": 65_536}  # tokens of a batch
_IMAGES = {"cpu": 32, "mps": 64, "cuda": 256}  # images of a batch
_AT_ONCE = 4_096  # vectors between two writes to the cache
_NO_IDS: npt.NDArray[np.int32] = np.zeros(0, dtype=np.int32)
_SILENT = NoProgress()


class ImageVectors(NamedTuple):
    """What a network makes of images.

    Attributes:
        found: one vector for each source.
        reasons: place of a source → why it has none, with its name; its row is all zeros.
        contents: hash of what each source holds; None where it cannot be had.
    """

    found: TokenVectors
    reasons: dict[int, str]
    contents: list[str | None]


@dataclass(frozen=True, slots=True)
class ClipEncoder:
    """A network of texts and images. Its weights are loaded when the cache lacks something.

    Attributes:
        located: the weights.
        policy: where it runs, whether there is a cache, whether images may be fetched.
        user: what needs it, for messages.
        progress: told how far it is, and when the cache has to be made anew.
        memo: what runs that share it encoded before.
    """

    located: Located
    policy: ModelPolicy
    user: str = "clip_score"
    progress: Progress = _SILENT
    memo: Memo = field(default_factory=Memo, compare=False)

    def text_vectors(self, texts: Sequence[str], *, is_plain: bool = False) -> TokenVectors:
        """A vector of each text, behind :data:`PROMPT` unless it is to stay plain.

        A text that is too long loses its last words and keeps the tokens of beginning and end.
        """
        given = [*texts] if is_plain else [PROMPT + text for text in texts]
        work = _Work(self._cache(), self.memo, keys_of(self._space("text"), given))
        left = work.take_kept()
        if left:
            self._encode_texts([given[i] for i in left], left, work)
        work.remember()
        return whole(work.vectors(), work.n_cut)

    def image_vectors(self, sources: Sequence[str]) -> ImageVectors:
        """A vector of each image; sources are files, or addresses where those may be fetched.

        Files of equal content are decoded and encoded once.
        """
        contents = keys(sources)
        alike: dict[str, int] = {}  # content → the first source that has it
        first = [alike.setdefault(key, i) if key else i for i, key in enumerate(contents)]
        names = keys_of(self._space("image"), [key or "" for key in contents])
        # What an address holds may change: it is fetched every time.
        kept = [name if key else None for name, key in zip(names, contents, strict=True)]
        work = _Work(self._cache(), self.memo, kept)
        left = work.take_kept(sorted(set(first)))
        reasons = self._encode_images(sources, left, work, contents) if left else {}
        work.remember()
        lost = {i: f"{sources[i]}: {reasons[k]}" for i, k in enumerate(first) if k in reasons}
        return ImageVectors(whole(work.vectors()[first]), lost, contents)

    def preparation(self) -> Preparation:
        """How the network wants its images; as its files say, else as its own size asks for."""
        folder = self.located.path
        own = settings_of(folder, "preprocessor_config.json")
        own = own or settings_of(folder, "processor_config.json").get("image_processor") or {}
        if own:
            return Preparation.of(own)
        vision = settings_of(folder, "config.json").get("vision_config") or {}
        return Preparation.of({"size": vision.get("image_size", Preparation().side)})

    def provenance(self) -> Provenance:
        """The weights and numbers, and the versions of what decodes and computes with them."""
        recorded = {**versions(), "device": self.policy.device}
        recorded["model_source"] = self.located.source
        with suppress(PackageNotFoundError):
            recorded["pillow"] = version("pillow")
        return Provenance({"weights": self.located.digest, "dtype": self.policy.dtype}, recorded)

    def _cache(self) -> EncodingCache | None:
        return EncodingCache.of(self.policy, self.progress.tell)

    def _space(self, kind: str) -> str:
        """All that decides an encoding beside the value."""
        how = f"|{self.preparation()}" if kind == "image" else ""
        return f"clip|{_REVISION}|{self.located.digest}|{kind}|{self.policy.dtype}{how}"

    def _encode_texts(self, given: Sequence[str], places: Sequence[int], work: _Work) -> None:
        texts = ClipTexts.of(self.located, self.user)
        ids, n_cut = texts.tokens(given)
        own = np.array(places, dtype=np.int64)
        work.n_cut[own] = n_cut
        network = ClipNetwork.of(self.located, Device.of(self.policy, self.user), self.user)
        copies = Copies(network.device, work.take)
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        self.progress.start(f"encoding texts ({self.located.name})", len(ids))

        def encode(some: Ints) -> None:
            copies.add(own[some], network.text_features(texts, [ids[i] for i in some.tolist()]))
            self.progress.advance(len(some))

        with self._memory_told(network.device):
            encode_in_batches(lengths, _BUDGET[network.device.kind], encode, self.policy.batch_size)
        copies.finish()
        work.keep()

    def _encode_images(
        self, sources: Sequence[str], left: Sequence[int], work: _Work, contents: list[str | None]
    ) -> dict[int, str]:
        """Encode the images at the places ``left``; where one cannot be read, the reason.

        What the web holds is known once it was fetched, and noted in ``contents``.
        """
        may_fetch = self.policy.fetch_images and not self.policy.offline
        how = self.preparation()
        found = pictures([sources[i] for i in left], how, may_fetch=may_fetch)
        reasons: dict[int, str] = {}
        readable = _readable(zip(left, found, strict=True), reasons, contents)
        devices = Device.all_of(self.policy, self.user)
        lanes = [
            (ClipNetwork.of(self.located, device, self.user), Copies(device, work.take))
            for device in devices
        ]
        size = self.policy.batch_size or _IMAGES[devices[0].kind]
        self.progress.start(f"encoding images ({self.located.name})", len(left))
        for network, copies in cycle(lanes):  # each device computes while the next is given images
            batch = [*islice(readable, size)]
            if not batch:
                break
            places = np.array([place for place, _ in batch], dtype=np.int64)
            with self._memory_told(network.device):
                pixels = np.stack([one.pixels for _, one in batch])
                copies.add(places, network.image_features(pixels, how))
            work.keep(_AT_ONCE)
            self.progress.advance(len(batch))
        for _, copies in lanes:
            copies.finish()
        work.keep()
        return reasons

    @contextmanager
    def _memory_told(self, device: Device) -> Iterator[None]:
        try:
            yield
        except OutOfMemory as error:
            raise ModelError(
                f"{self.user}: {device.name} has no memory for {self.located.name}",
                hint="Take --device cpu, --dtype bf16, or a smaller model.",
            ) from error


def _readable(
    found: Iterable[tuple[int, Picture | Unreadable]],
    reasons: dict[int, str],
    contents: list[str | None],
) -> Iterator[tuple[int, Picture]]:
    """The pictures that could be read, noting their contents; of others the reasons are noted."""
    for place, one in found:
        if isinstance(one, Unreadable):
            reasons[place] = one.reason
        else:
            contents[place] = one.key
            yield place, one


@dataclass(slots=True)
class _Work:
    """Values on their way to one vector each.

    Attributes:
        cache: where vectors are kept, if they are.
        memo: what was encoded before in this comparison.
        keys: of each value, in the cache; None for what is not kept.
        n_cut: tokens that each lost.
    """

    cache: EncodingCache | None
    memo: Memo
    keys: Sequence[bytes | None]
    n_cut: Ints = field(init=False)
    _gathered: Gathered = field(init=False)
    _known: npt.NDArray[np.bool_] = field(init=False)
    _fresh: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        n = len(self.keys)
        self.n_cut = np.zeros(n, dtype=np.int64)
        self._gathered = Gathered(np.ones(n, dtype=np.int64), self.memo.held)
        self._known = np.zeros(n, dtype=np.bool_)

    def take_kept(self, wanted: Sequence[int] | None = None) -> list[int]:
        """Take what is known or kept; the places among ``wanted`` (None: all) that are not."""
        places = [*range(len(self.keys))] if wanted is None else [*wanted]
        for i, entry in self.memo.known([self.keys[i] for i in places]).items():
            self._put(np.array([places[i]]), entry.vectors)
            self.n_cut[places[i]] = entry.n_cut
        places = [i for i in places if not self._known[i]]
        if self.cache is None:
            return places
        named = [(i, key) for i in places if (key := self.keys[i]) is not None]
        heads = self.cache.heads([key for _, key in named])
        owner = {head.number: named[i][0] for i, head in heads.items()}
        width = 0
        for number, flat in self.cache.vectors([*owner]):
            width = width or len(flat)
            if len(flat) == width:  # what is kept under one key of weights has one width
                self._put(np.array([owner[number]]), flat[None])
        for i, head in heads.items():
            self.n_cut[named[i][0]] = head.n_cut
        return [i for i in places if not self._known[i]]

    def take(self, places: Ints, vectors: Vectors) -> None:
        """Vectors that were computed for the values at ``places``."""
        self._put(places, vectors)
        self._fresh.extend(places.tolist())

    def keep(self, at_least: int = 1) -> None:
        """Write what was computed to the cache, once it is so many."""
        if len(self._fresh) < at_least:
            return
        if self.cache is not None:
            self.cache.put(self._entries(self._fresh))
        self._fresh.clear()

    def remember(self) -> None:
        """Give everything to the memo."""
        known = np.flatnonzero(self._known).tolist()
        self.memo.keep([*self._entries(known)], self._gathered.vectors)

    def _entries(self, places: Sequence[int]) -> Iterator[Entry]:
        rows = self._gathered.vectors
        for i in places:
            if (key := self.keys[i]) is not None:
                yield Entry(key, _NO_IDS, int(self.n_cut[i]), rows[i : i + 1])

    def vectors(self) -> Vectors:
        """A row for each value; zeros where there is none."""
        found = self._gathered.vectors
        if not found.size:
            return np.zeros((len(self.keys), 1), dtype=np.float32)
        found[~self._known] = 0.0
        return found

    def _put(self, places: Ints, vectors: Vectors) -> None:
        self._gathered.take(places, vectors)
        self._known[places] = True
