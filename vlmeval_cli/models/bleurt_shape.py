"""What a BLEURT checkpoint is made of: sizes from its config.json, and the weights it must have.

Three kinds of checkpoints hold the same network under other names: those of the PyTorch port
(``model_type`` "bleurt"), and conversions to the BERT and RemBERT classes of transformers. Their
names are brought to the port's, without its prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vlmeval_cli.core.errors import ModelError, quoted

ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu")
_KINDS = ("bleurt", "bert", "rembert")
_PREFIX = re.compile(r"^(?:bleurt|bert|rembert)\.")
_NO_WEIGHTS = {"embeddings.position_ids", "embeddings.token_type_ids"}  # counters, saved by habit
_MOST_NAMED = 5
_ENDLESS = 100_000  # tokenizers write 1e30 where they know no limit
_LENGTH_IN_NAME = re.compile(r"-(128|512)$")

Size = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BleurtShape:
    """Sizes of the network.

    Attributes:
        vocabulary: number of token ids.
        positions: most tokens that have a position.
        segments: kinds of segments, 2.
        embedding: width of the embeddings.
        hidden: width of the layers.
        inner: width inside a layer's feed-forward part.
        layers: number of layers.
        heads: attention heads of a layer.
        projected: whether a linear map leads from the embeddings to the layers.
        activation: of the feed-forward part.
        epsilon: added to variances.
    """

    vocabulary: int
    positions: int
    segments: int
    embedding: int
    hidden: int
    inner: int
    layers: int
    heads: int
    projected: bool
    activation: str
    epsilon: float

    @classmethod
    def of(cls, config: Mapping[str, Any], where: str) -> BleurtShape:
        """The sizes that config.json states.

        Raises:
            ModelError: it describes another kind of network.
        """
        if not config:
            raise ModelError(f"{where}: holds no configuration that can be read")
        kind = config.get("model_type")
        if kind not in _KINDS:
            raise ModelError(
                f"{where}: model_type is {quoted(kind)}, expected one of {', '.join(_KINDS)}",
                hint="BLEURT needs a regression checkpoint such as lucadiliello/BLEURT-20-D12; "
                "encoders are for bert_score and semantic_similarity.",
            )
        narrow = config.get("embedding_size", config.get("input_embedding_size"))
        hidden = _whole(config, "hidden_size", where)
        shape = cls(
            vocabulary=_whole(config, "vocab_size", where),
            positions=_whole(config, "max_position_embeddings", where),
            segments=_whole(config, "type_vocab_size", where),
            embedding=hidden if narrow is None else int(narrow),
            hidden=hidden,
            inner=_whole(config, "intermediate_size", where),
            layers=_whole(config, "num_hidden_layers", where),
            heads=_whole(config, "num_attention_heads", where),
            projected=narrow is not None,
            activation=str(config.get("hidden_act", "gelu")),
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
        )
        shape._check(where)
        return shape

    def _check(self, where: str) -> None:
        if self.hidden % self.heads:
            raise ModelError(
                f"{where}: hidden_size {self.hidden} is no multiple of "
                f"num_attention_heads {self.heads}"
            )
        if self.activation not in ACTIVATIONS:
            raise ModelError(
                f"{where}: hidden_act is {quoted(self.activation)}, "
                f"expected one of {', '.join(ACTIVATIONS)}"
            )

    def weights(self) -> dict[str, Size]:
        """Name → shape of every weight there must be."""
        table = {"word": self.vocabulary, "position": self.positions, "token_type": self.segments}
        found: dict[str, Size] = {
            f"embeddings.{name}_embeddings.weight": (rows, self.embedding)
            for name, rows in table.items()
        }
        found |= _norm("embeddings.LayerNorm", self.embedding)
        if self.projected:
            found |= _linear("encoder.embedding_projection", self.hidden, self.embedding)
        for layer in range(self.layers):
            found |= self._layer(f"encoder.layer.{layer}")
        found |= _linear("pooler.dense", self.hidden, self.hidden)
        return found | _linear("classifier", 1, self.hidden)

    def _layer(self, name: str) -> dict[str, Size]:
        wide = self.hidden
        found: dict[str, Size] = {}
        for part in ("query", "key", "value"):
            found |= _linear(f"{name}.attention.self.{part}", wide, wide)
        found |= _linear(f"{name}.attention.output.dense", wide, wide)
        found |= _norm(f"{name}.attention.output.LayerNorm", wide)
        found |= _linear(f"{name}.intermediate.dense", self.inner, wide)
        found |= _linear(f"{name}.output.dense", wide, self.inner)
        return found | _norm(f"{name}.output.LayerNorm", wide)


def plain_name(name: str) -> str:
    """The port's name of a weight, without its prefix.

    >>> plain_name("rembert.encoder.embedding_hidden_mapping_in.weight")
    'encoder.embedding_projection.weight'
    """
    return _PREFIX.sub("", name).replace("embedding_hidden_mapping_in", "embedding_projection")


def check_weights(shape: BleurtShape, found: Mapping[str, Size], where: str) -> None:
    """Refuse a file that lacks weights, has others, or has them in another shape.

    Args:
        shape: what the configuration says.
        found: name → shape of what the file holds, names as :func:`plain_name` gives them.
        where: the file, for the message.

    Raises:
        ModelError: naming what is missing, unexpected and of the wrong shape.
    """
    expected = shape.weights()
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected and name not in _NO_WEIGHTS]
    wrong = [
        f"{name} {found[name]} instead of {size}"
        for name, size in expected.items()
        if name in found and found[name] != size
    ]
    faults = [
        f"{len(names):,} {what} ({_named(names)})"
        for what, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of the wrong shape", wrong),
        )
        if names
    ]
    if faults:
        raise ModelError(
            f"{where}: the weights are not those of the BLEURT network that config.json "
            f"describes: {'; '.join(faults)}",
            hint="Load a checkpoint of BLEURT in PyTorch, such as lucadiliello/BLEURT-20-D12; a "
            "plain encoder has no regression head.",
        )


def most_tokens(
    shape: BleurtShape, config: Mapping[str, Any], tokenizer: Mapping[str, Any], name: str
) -> int:
    """How many tokens a pair may have.

    The English checkpoints of 128 tokens have 512 positions, and their tokenizers state no limit
    (1e30): where none is stated, the end of their name counts, as recorded in the files or asked
    for.
    """
    stated = tokenizer.get("model_max_length")
    if isinstance(stated, int | float) and 0 < stated <= _ENDLESS:
        return min(int(stated), shape.positions)
    for known in (config.get("_name_or_path"), tokenizer.get("name_or_path"), name):
        end = _LENGTH_IN_NAME.search(str(known or "").rstrip("/"))
        if end:
            return min(int(end[1]), shape.positions)
    return shape.positions


def _linear(name: str, out: int, into: int) -> dict[str, Size]:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name: str, wide: int) -> dict[str, Size]:
    return {f"{name}.weight": (wide,), f"{name}.bias": (wide,)}


def _named(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _whole(config: Mapping[str, Any], key: str, where: str) -> int:
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ModelError(
            f"{where}: {key} is {quoted(value)}, expected a whole number of at least 1"
        )
    return value
