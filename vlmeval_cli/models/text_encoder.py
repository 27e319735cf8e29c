"""Text encoders: vectors of tokens and of sentences, from the cache where it has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.models.cache import EncodingCache, Entry, Head, keys_of
from vlmeval_cli.models.columns import Provenance, TokenVectors, Vectors
from vlmeval_cli.models.devices import Device
from vlmeval_cli.models.loading import Located
from vlmeval_cli.models.memo import Memo
from vlmeval_cli.models.networks import (
    most_tokens,
    settings_of,
    tokenizer_of,
    versions,
    width_of,
)
from vlmeval_cli.models.passes import Gathered, Pass, Pooling

_REVISION = 1  # raised when the same weights and text give other vectors
_AT_ONCE = 16_384  # texts between two writes to the cache
_NONE = np.zeros(0, dtype=np.int64)
_POOLING_KEYS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
_UNDERSTOOD = ("Transformer", "Pooling", "Normalize")
_SILENT = NoProgress()


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """A text encoder. Its weights are loaded when the cache lacks something.

    Attributes:
        located: the weights.
        policy: where it runs, and whether there is a cache.
        user: what needs it, for messages.
        progress: told how far it is, and when the cache has to be made anew.
        memo: what runs that share it encoded before.
    """

    located: Located
    policy: ModelPolicy
    user: str = "an embedding metric"
    progress: Progress = _SILENT
    memo: Memo = field(default_factory=Memo, compare=False)

    @classmethod
    def of(
        cls,
        located: Located,
        policy: ModelPolicy,
        user: str = "an embedding metric",
        progress: Progress = _SILENT,
    ) -> TextEncoder:
        """The encoder whose weights lie at ``located``, sharing nothing with others."""
        return cls(located, policy, user, progress)

    def token_vectors(self, texts: Sequence[str], layer: int | None = None) -> TokenVectors:
        """Vectors of the tokens of ``texts`` after ``layer``; None is the last one.

        Texts are stripped. The special tokens of the tokenizer are among the tokens, and are all
        that an empty text has.
        """
        found = self._encoded(texts, layer, "tokens", None)
        end_ids, n_added = self._added()
        return replace(found, end_ids=end_ids, n_added=n_added)

    def sentence_vectors(self, texts: Sequence[str]) -> tuple[Vectors, Ints]:
        """A vector of length 1 for each text, shape (n, d), and how many tokens each lost.

        It is the mean of the vectors of the text's tokens, or the vector of its first token where
        the folder of the network says so, as sentence-transformers does.

        Raises:
            ModelError: the network has parts behind the pooling that are not known.
        """
        _check_modules(self.located, self.user)
        pooling: Pooling = "mean"
        for key, kind in _POOLING_KEYS.items():
            if settings_of(self.located.path / "1_Pooling", "config.json").get(key):
                pooling = "cls" if kind == "cls" else "mean"
        most = settings_of(self.located.path, "sentence_bert_config.json").get("max_seq_length")
        found = self._encoded(texts, None, pooling, most if isinstance(most, int) else None)
        norms = np.linalg.norm(found.vectors, axis=1, keepdims=True)
        return found.vectors / np.maximum(norms, np.float32(1e-12)), found.n_cut

    def provenance(self) -> Provenance:
        """The weights and numbers, and the versions of what computes with them."""
        return Provenance(
            {"weights": self.located.digest, "dtype": self.policy.dtype},
            {**versions(), "device": self.policy.device, "model_source": self.located.source},
        )

    def _added(self) -> tuple[tuple[int, ...], int]:
        """The ids of [CLS] and [SEP], and how many tokens every text gets.

        The cache keeps them like the tokens of a text, so that it can do without a tokenizer.
        """
        cache = EncodingCache.of(self.policy, self.progress.tell)
        keys = keys_of(f"{_REVISION}|{self.located.digest}|added", [""])
        known = {} if cache is None else cache.heads(keys)
        if known:
            return tuple(known[0].ids.tolist()), known[0].n_cut
        tokenizer = tokenizer_of(self.located, self.user)
        ends = (tokenizer.cls_token_id, tokenizer.sep_token_id)
        ids = tuple(dict.fromkeys(one for one in ends if one is not None))
        n_added = int(tokenizer.num_special_tokens_to_add())
        if cache is not None:
            no_vectors = np.zeros(0, dtype=np.float32)
            cache.put([Entry(keys[0], np.array(ids, dtype=np.int32), n_added, no_vectors)])
        return ids, n_added

    def _encoded(
        self, texts: Sequence[str], layer: int | None, pooling: Pooling, most: int | None
    ) -> TokenVectors:
        work = _Work([text.strip() for text in texts], pooling)
        space = f"{_REVISION}|{self.located.digest}|{pooling}|{layer}|{most}|{self.policy.dtype}"
        keys = keys_of(space, work.texts)
        cache = EncodingCache.of(self.policy, self.progress.tell)
        known = self.memo.known(keys)
        left = [i for i in range(len(keys)) if i not in known]
        found = {} if cache is None else cache.heads([keys[i] for i in left])
        heads = {left[i]: head for i, head in found.items()}
        work.know(known)
        work.know(heads)
        work.tokenize([i for i in left if i not in heads], self._tokens(most))
        gathered = Gathered(work.rows(), self.memo.held)
        for place, entry in known.items():
            gathered.take(np.array([place]), entry.vectors)
        lacking = left
        if cache is not None and heads:
            lacking = work.take_kept(cache, heads, gathered, left)
        keeper = _Keeper(cache, keys, work)
        self._compute(lacking, work, gathered, layer, keeper)
        vectors = gathered.vectors
        self.memo.keep([*keeper.entries(left, gathered)], vectors)
        if not vectors.size:
            vectors = np.zeros((0, width_of(self.located, self.user)), dtype=np.float32)
        return TokenVectors(vectors, gathered.offsets, work.flat_ids(), work.n_cut)

    def _tokens(self, most: int | None) -> Callable[[list[str]], tuple[list[list[int]], Ints]]:
        """A function that gives the tokens of texts, and how many each text lost."""

        def tokens(texts: list[str]) -> tuple[list[list[int]], Ints]:
            if not texts:
                return [], _NONE
            tokenizer = tokenizer_of(self.located, self.user)
            limit = most_tokens(tokenizer, self.located)
            return _cut(tokenizer, texts, limit if most is None else min(limit, most))

        return tokens

    def _compute(
        self,
        left: Sequence[int],
        work: _Work,
        gathered: Gathered,
        layer: int | None,
        keeper: _Keeper,
    ) -> None:
        """Vectors of the texts that no cache had, so many between two writes."""
        wanted = [i for i in left if work.ids[i].size]  # some tokenizers give an empty text nothing
        if not wanted:
            return
        devices = Device.all_of(self.policy, self.user)
        one = Pass(self.located, layer, work.pooling, self.policy.batch_size, self.user)
        self.progress.start(f"encoding texts ({self.located.name})", len(wanted))
        wanted.sort(key=lambda i: len(work.ids[i]))
        for start in range(0, len(wanted), _AT_ONCE):
            some = np.array(wanted[start : start + _AT_ONCE], dtype=np.int64)
            deliver = partial(_delivered, some, gathered, self.progress, Lock())
            one.run([work.ids[i] for i in some.tolist()], devices, deliver)
            keeper.keep(some, gathered)


def _delivered(
    own: Ints, gathered: Gathered, progress: Progress, lock: Lock, places: Ints, rows: Vectors
) -> None:
    """Take the vectors of the texts at ``places`` of ``own``; several threads may bring some."""
    gathered.take(own[places], rows)
    with lock:
        progress.advance(len(places))


class _Work:
    """Texts on their way to vectors.

    Args:
        texts: stripped.
        pooling: whether a text has a vector for each token or one.
    """

    def __init__(self, texts: list[str], pooling: Pooling) -> None:
        self.texts = texts
        self.pooling = pooling
        self.ids: list[npt.NDArray[np.int32]] = [np.zeros(0, dtype=np.int32)] * len(texts)
        self.n_cut = np.zeros(len(texts), dtype=np.int64)

    def know(self, heads: Mapping[int, Head | Entry]) -> None:
        """Take the tokens that are known."""
        for place, head in heads.items():
            self.ids[place] = head.ids
            self.n_cut[place] = head.n_cut

    def tokenize(
        self, places: list[int], tokens: Callable[[list[str]], tuple[list[list[int]], Ints]]
    ) -> None:
        """Make the tokens of the other texts."""
        ids, n_cut = tokens([self.texts[i] for i in places])
        for place, own in zip(places, ids, strict=True):
            self.ids[place] = np.array(own, dtype=np.int32)
        self.n_cut[places] = n_cut

    def rows(self) -> Ints:
        """How many vectors each text has."""
        if self.pooling != "tokens":
            return np.ones(len(self.texts), dtype=np.int64)
        return np.fromiter(map(len, self.ids), np.int64, len(self.ids))

    def take_kept(
        self,
        cache: EncodingCache,
        heads: dict[int, Head],
        gathered: Gathered,
        wanted: Sequence[int],
    ) -> list[int]:
        """Take the vectors that the cache has; those of the places ``wanted`` that it has not."""
        places = {head.number: place for place, head in heads.items()}
        rows = self.rows()
        left = set(wanted)
        for number, flat in cache.vectors([*places]):
            place = places[number]
            if rows[place] and flat.size and flat.size % rows[place] == 0:
                gathered.take(np.array([place]), flat.reshape(int(rows[place]), -1))
                left.discard(place)
        return sorted(left)

    def flat_ids(self) -> npt.NDArray[np.int32]:
        """Tokens of all texts; none where a text has one vector."""
        if self.pooling != "tokens" or not self.ids:
            return np.zeros(0, dtype=np.int32)
        return np.concatenate(self.ids)


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Writes to the cache, where there is one."""

    cache: EncodingCache | None
    keys: Sequence[bytes]
    work: _Work

    def keep(self, places: Ints, gathered: Gathered) -> None:
        """Keep the vectors of the texts at ``places``."""
        if self.cache is not None:
            self.cache.put(self.entries(places.tolist(), gathered))

    def entries(self, places: Iterable[int], gathered: Gathered) -> Iterator[Entry]:
        """The encodings of the texts at ``places``."""
        at = gathered.offsets
        for i in places:
            vectors = gathered.vectors[at[i] : at[i + 1]]
            yield Entry(self.keys[i], self.work.ids[i], int(self.work.n_cut[i]), vectors)


def _cut(tokenizer: Any, texts: list[str], most: int) -> tuple[list[list[int]], Ints]:  # noqa: ANN401  (a tokenizer)
    """Tokens of texts, at most so many each, special ones kept; and how many each lost."""
    ids: list[list[int]] = tokenizer(texts, add_special_tokens=True).input_ids
    n_cut = np.array([max(len(own) - most, 0) for own in ids], dtype=np.int64)
    long = np.flatnonzero(n_cut).tolist()
    if long:
        shorter = tokenizer(
            [texts[i] for i in long], add_special_tokens=True, truncation=True, max_length=most
        ).input_ids
        for i, own in zip(long, shorter, strict=True):
            ids[i] = own
    return ids, n_cut


def _check_modules(located: Located, user: str) -> None:
    """Refuse sentence encoders that do more than pool and normalise."""
    try:
        modules = (located.path / "modules.json").read_text("utf-8")
    except OSError:
        return
    import json

    types = [str(one.get("type", "")).rpartition(".")[2] for one in json.loads(modules)]
    unknown = [name for name in types if name not in _UNDERSTOOD]
    if unknown:
        raise ModelError(
            f"{user}: {located.name} has the part {unknown[0]}, which is not supported",
            hint=f"Supported are sentence encoders of {', '.join(_UNDERSTOOD)}.",
        )
