"""Columns of vectors: made by networks, over all items of a run at once.

Names are ``SIDE.token_vectors:MODEL@LAYER``, ``SIDE.sentence_vectors:MODEL`` and
``SIDE.clip_vectors:MODEL``, where SIDE is ``prediction`` or ``references``, or ``image`` for the
last, whose values are the paths in the column ``image.path``. Each different text or image of a
column is encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Column, TextColumn, ValueColumn
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import PluginError, quoted
from vlmeval_cli.core.progress import Progress

if TYPE_CHECKING:
    from vlmeval_cli.models.columns import Provenance, TokenVectors, VectorColumn
    from vlmeval_cli.models.memo import Memo
    from vlmeval_cli.models.text_encoder import TextEncoder

_STRIPPED = ("token_vectors", "sentence_vectors")  # their texts lose what is blank at the ends
_PLAIN = "@plain"  # texts without the prompt of CLIPScore


class Need(NamedTuple):
    """A column of vectors that a metric names.

    Attributes:
        name: the whole of it.
        side: "prediction", "references" or "image".
        kind: what is made.
        model: the network, with what else the kind needs.
        layer: after which the vectors are taken, where the name says it.
        user: the metric that names it, for messages.
    """

    name: str
    side: str
    kind: str
    model: str
    layer: int | None
    user: str = "an embedding metric"

    @property
    def source(self) -> str:
        """The column whose values are encoded."""
        return "image.path" if self.side == "image" else f"{self.side}.text"


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a network made of different values.

    Attributes:
        found: their vectors, in order.
        provenance: the weights, and what else was at work.
        reasons: place of a value → why it has no vectors; its rows count for nothing.
        contents: of images, hash of what each value holds; None where it is not known.
    """

    found: TokenVectors
    provenance: Provenance
    reasons: Mapping[int, str] = field(default_factory=dict)
    contents: Sequence[str | None] = ()


class Means(NamedTuple):
    """What encoding is done with.

    Attributes:
        policy: how networks run.
        progress: told how far it is.
        memo: what was encoded before.
    """

    policy: ModelPolicy
    progress: Progress
    memo: Memo


def need_of(name: str) -> Need | None:
    """What ``name`` asks for; None where it is no column of vectors.

    >>> need_of("prediction.token_vectors:a/b@17")[1:5]
    ('prediction', 'token_vectors', 'a/b', 17)
    """
    column, colon, model = name.partition(":")
    side, _, kind = column.partition(".")
    if not colon or kind not in ENCODERS:
        return None
    if kind != "token_vectors":
        return Need(name, side, kind, model, None)
    model, _, layer = model.rpartition("@")
    return Need(name, side, kind, model, int(layer))


class Encoder:
    """Makes columns of vectors, and keeps the last of each name for runs over the same values."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[list[str | None], VectorColumn]] = {}
        self._memo: Memo | None = None

    def column(
        self, need: Need, source: Column | None, policy: ModelPolicy, progress: Progress
    ) -> VectorColumn:
        """The vectors that ``need`` asks for, of the values of ``source``.

        Raises:
            PluginError: the items have no such values.
        """
        if not isinstance(source, TextColumn | ValueColumn):
            raise PluginError(
                f"a metric needs the column {quoted(need.name)}, and there is no {need.source}",
                hint="It is made of texts, or of the paths of images.",
            )
        values = [*(source.texts if isinstance(source, TextColumn) else source.values)]
        known = self._kept.get(need.name)
        if known is None or known[0] != values:
            known = values, _made(need, values, source, self._means(policy, progress))
            self._kept[need.name] = known
        return replace(known[1], item_offsets=source.item_offsets)

    def _means(self, policy: ModelPolicy, progress: Progress) -> Means:
        from vlmeval_cli.models.memo import Memo

        self._memo = self._memo or Memo()
        return Means(policy, progress, self._memo)


def _made(
    need: Need,
    values: list[str | None],
    source: TextColumn | ValueColumn,
    means: Means,
) -> VectorColumn:
    from vlmeval_cli.models.columns import VectorColumn
    from vlmeval_cli.models.devices import Device

    Device.check(means.policy, need.user)
    if need.kind in _STRIPPED:
        values = [None if value is None else value.strip() for value in values]
    different = [value for value in dict.fromkeys(values) if value is not None]
    encoded = ENCODERS[need.kind](need, different, means)
    number = {value: i for i, value in enumerate(different) if i not in encoded.reasons}
    why = {different[i]: reason for i, reason in encoded.reasons.items()}
    return VectorColumn(
        which=np.array([number.get(value, -1) for value in values], dtype=np.int64),  # type: ignore[arg-type]  # None is no key
        item_offsets=source.item_offsets,
        found=encoded.found,
        provenance=encoded.provenance,
        reasons={i: why[value] for i, value in enumerate(values) if value in why},
        contents=encoded.contents,
    )


def _text_encoder(need: Need, means: Means) -> TextEncoder:
    from vlmeval_cli.models.loading import locate
    from vlmeval_cli.models.text_encoder import TextEncoder

    tell = means.progress.tell
    located = locate(need.model, user=need.user, offline=means.policy.offline, tell=tell)
    return TextEncoder(located, means.policy, need.user, means.progress, means.memo)


def _token_vectors(need: Need, texts: list[str], means: Means) -> Encoded:
    encoder = _text_encoder(need, means)
    return Encoded(encoder.token_vectors(texts, need.layer), encoder.provenance())


def _sentence_vectors(need: Need, texts: list[str], means: Means) -> Encoded:
    from vlmeval_cli.models.columns import whole

    encoder = _text_encoder(need, means)
    vectors, n_cut = encoder.sentence_vectors(texts)
    vectors[[not text.strip() for text in texts]] = 0.0  # an empty text is like no other
    return Encoded(whole(vectors, n_cut), encoder.provenance())


def _clip_vectors(need: Need, values: list[str], means: Means) -> Encoded:
    from vlmeval_cli.models.clip import ClipEncoder
    from vlmeval_cli.models.loading import locate

    model = need.model.removesuffix(_PLAIN)
    tell = means.progress.tell
    located = locate(model, user=need.user, offline=means.policy.offline, tell=tell)
    encoder = ClipEncoder(located, means.policy, need.user, means.progress, means.memo)
    if need.side == "image":
        images = encoder.image_vectors(values)
        return Encoded(images.found, encoder.provenance(), images.reasons, images.contents)
    texts = encoder.text_vectors(values, is_plain=need.model.endswith(_PLAIN))
    return Encoded(texts, encoder.provenance())


# Kind of column → what encodes different texts (or the paths of images) for it.
ENCODERS: Mapping[str, Callable[[Need, list[str], Means], Encoded]] = MappingProxyType(
    {
        "token_vectors": _token_vectors,
        "sentence_vectors": _sentence_vectors,
        "clip_vectors": _clip_vectors,
    }
)
